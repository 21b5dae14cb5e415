import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { pageTests, withoutChromium } from "./testing/page-tests.ts";
import { CONFIRMED, FRAME, pixel, until, violations, visit } from "./testing/page-visit.ts";
import { spot, spotFolder, type TestLive } from "./testing/start-live.ts";

/** Plays the picture of a spot; for all tests that change nothing about it. */
let spots: TestLive;
const tests = pageTests(async ({ folder, startForAll }) => {
  spots = await startForAll({ source: await spotFolder(folder) });
});

/** A folder with one picture: black, with white squares of 32 pixels. */
async function pictureWith(name: string, corners: readonly (readonly [number, number])[]) {
  const place = path.join(tests.folder, name);
  await mkdir(place);
  const background = { width: 416, height: 320, channels: 3, background: "black" } as const;
  const square = { width: 32, height: 32, channels: 3, background: "white" } as const;
  const input = await sharp({ create: square }).png().toBuffer();
  await sharp({ create: background })
    .composite(corners.map(([left, top]) => ({ input, left, top })))
    .png()
    .toFile(path.join(place, "1.png"));
  return place;
}

describe.skipIf(withoutChromium)("the live page in Chromium", () => {
  it("is less than 300 kB, compressed", () => {
    const sizes = [...tests.files.values()].map(({ gzipped }) => gzipped.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
  });

  it("shows picture, box, bars, the window filling, what is confirmed, and asks nobody else", async () => {
    const { page, foreign, errors } = await visit(tests.chromium.browser, spots);
    const meter = page.getByRole("meter", { name: "Confirmation window" });
    await meter.waitFor();
    await until(page, CONFIRMED);
    expect(await meter.getAttribute("aria-valuenow")).toBe("20");
    expect(await page.locator(".bars li").count()).toBe(5);
    const confirmed = await page.locator(".confirmed").first().textContent();
    expect(spots.app.engine.labels.concat("unsure")).toContain(confirmed);
    // Inside the spot it is white; its box's left edge has a colour.
    expect(Math.min(...(await pixel(page, 80, 110)))).toBeGreaterThan(240);
    expect(Math.max(...(await pixel(page, 300, 250)))).toBeLessThan(16);
    expect(await page.locator(".pill").textContent()).toBe("running");
    await page.locator(".stats", { hasText: /frames\/s[1-9]/ }).waitFor();
    expect(await page.locator(".notice").textContent()).toMatch(/reads facial expressions/);
    expect(await violations(page)).toEqual([]);
    expect(foreign).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("pauses, mirrors, hides pictures, takes snapshots and records, by mouse and key", async () => {
    const { page, errors } = await visit(tests.chromium.browser, spots);
    await page.locator(".face").waitFor();
    const brightness = async (x: number) => Math.min(...(await pixel(page, x, 110)));
    await page.keyboard.press("m");
    await expect.poll(() => brightness(416 - 80)).toBeGreaterThan(240);
    await page.getByRole("button", { name: /Mirror/ }).click();
    await expect.poll(() => brightness(80)).toBeGreaterThan(240);
    await page.keyboard.press("p");
    await expect.poll(() => brightness(80)).toBeLessThan(40);
    await page.keyboard.press("p");
    await page.getByRole("button", { name: /Pause/ }).click();
    await page.getByRole("button", { name: /Go on/ }).waitFor();
    const frame = () => page.evaluate<string>(FRAME);
    const stood = await frame();
    await page.waitForTimeout(300);
    expect(await frame()).toBe(stood);
    const download = page.waitForEvent("download");
    await page.keyboard.press("s");
    const picture = await sharp(await (await download).path()).metadata();
    expect(picture).toMatchObject({ width: 416, height: 320, format: "png" });
    await page.getByRole("button", { name: /Go on/ }).click();
    await until(page, `${FRAME} !== "${stood}"`);
    const recorded = spots.app.engine.meter.totals.frames;
    await page.keyboard.press("r");
    await page.getByText(/Results are written to/).waitFor();
    await expect
      .poll(() => spots.app.engine.meter.totals.frames, { timeout: 20_000 })
      .toBeGreaterThan(recorded + 8);
    await page.getByRole("button", { name: /Stop recording/ }).click();
    await page.getByText(/Results are written to/).waitFor({ state: "detached" });
    const [session] = await readdir(path.join(spots.folder, "sessions"));
    const place = path.join(spots.folder, "sessions", session as string);
    const lines = (await readFile(path.join(place, "results.jsonl"), "utf8")).trim().split("\n");
    expect(lines.length).toBeGreaterThan(5);
    await page.goto(`file://${path.join(place, "report.html")}`);
    expect(await page.locator("svg rect").count()).toBeGreaterThan(1);
    expect(errors).toEqual([]);
  });

  it("shows what the model sees while the mouse rests there", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.getByRole("button", { name: "what the model sees" }).first().hover();
    const image = page.getByAltText("The part of the picture that the model reads").first();
    await image.waitFor();
    await until(page, `document.querySelector(".input img")?.naturalWidth > 0`);
    const { width, height } = spots.app.input;
    const size = await page.evaluate<number[]>(
      `(({ naturalWidth, naturalHeight }) => [naturalWidth, naturalHeight])(document.querySelector(".input img"))`,
    );
    expect(size).toEqual([width, height]);
    await page.mouse.move(0, 0);
    await image.waitFor({ state: "detached" });
  });

  it("says why a Kinect does not come", async () => {
    const live = await tests.start({ source: "kinect" });
    const { page } = await visit(tests.chromium.browser, live);
    await page.getByRole("heading", { name: "No Kinect" }).waitFor({ timeout: 20_000 });
    expect(await page.locator(".message").textContent()).toMatch(/Trying again/);
    expect(await violations(page)).toEqual([]);
  });

  it("says when mien stops, and comes back by itself", async () => {
    const source = await spotFolder(tests.folder);
    const live = await tests.start({ source });
    const { page } = await visit(tests.chromium.browser, live);
    await page.locator(".face").waitFor();
    await live.close();
    await page.getByRole("heading", { name: "mien has stopped" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await tests.start({ source, port: live.port });
    await page.getByRole("heading", { name: "mien has stopped" }).waitFor({ state: "detached" });
    await until(page, `document.querySelector(".pill")?.textContent === "running"`);
  });

  it("has no barrier in light or dark, on a phone or a wide screen, with no face or many", async () => {
    const corners = [32, 128, 224, 320].flatMap((left) =>
      [32, 160, 256].map((top) => [left, top] as const),
    );
    const many = await tests.start({ source: await pictureWith("many", corners) });
    const none = await tests.start({ source: await pictureWith("none", []) });
    for (const [live, colorScheme, width, seen] of [
      [many, "light", 390, ".face"],
      [many, "dark", 2560, ".face"],
      [none, "dark", 390, 'h2:text-is("No face")'],
      [none, "light", 1280, 'h2:text-is("No face")'],
    ] as const) {
      const { page } = await visit(tests.chromium.browser, live, {
        colorScheme,
        viewport: { width, height: 900 },
      });
      await page.locator(seen).first().waitFor();
      expect(await violations(page)).toEqual([]);
      const overflow = await page.evaluate<number>(
        `document.documentElement.scrollWidth - innerWidth`,
      );
      expect(overflow).toBeLessThanOrEqual(0);
      for (const view of ["people", "about"]) {
        await page.goto(`${live.origin}/#${view}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        expect(await violations(page)).toEqual([]);
      }
      await page.close();
    }
  });

  it("merges two entries of one person, and forgets whoever's time is over while it is open", async () => {
    const live = await tests.start({ source: "browser", retentionCheckMs: 200 });
    const consent = { given: new Date().toISOString(), keepDays: 1 };
    const jpeg = await spot(64).jpeg().toBuffer();
    for (const [name, count] of [
      ["Ada", 2],
      ["Countess", 3],
    ] as const) {
      const crops = Array.from({ length: count }, () => ({ jpeg, box: [64, 96, 32, 32] as const }));
      await live.app.store.add(name, crops, consent);
    }
    const { page } = await visit(tests.chromium.browser, live);
    await page.getByRole("link", { name: "People", exact: true }).click();
    const countess = page.locator(".person", { hasText: "Countess" });
    await countess.getByRole("button", { name: "Merge" }).click();
    await countess.getByRole("combobox").selectOption("Ada");
    expect(await violations(page)).toEqual([]);
    await countess.locator("form").getByRole("button", { name: "Merge" }).click();
    await page.getByText(/5 pictures, since/).waitFor();
    expect(await page.locator(".person").count()).toBe(1);
    const places = await readdir(path.join(live.folder, "people"), { recursive: true });
    const record = path.join(
      live.folder,
      "people",
      places.find((p) => p.endsWith("person.json"))!,
    );
    const said = await readFile(record, "utf8");
    await writeFile(record, said.replace(/"keepUntil": "[^"]*"/, `"keepUntil": "2020-01-01"`));
    await page.getByText(/Recognition is off/).waitFor();
    expect(await readdir(path.join(live.folder, "people"))).toEqual([]);
  });
});
