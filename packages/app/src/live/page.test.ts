import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { personNameProblem } from "@mien/format";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { drawFaces, synthesizeRecording } from "@mien/camera";
import { cameraMessage } from "./testing/camera-message.ts";
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

  it("tells an expression that fills the window from none that does", async () => {
    const live = await tests.start({ source: "browser" });
    const { page } = await visit(tests.chromium.browser, live);
    /** A spot whose upper half is as bright as said, as a page's camera sends it. */
    const half = async (brightness: number) => {
      const { data, info } = await spot(64).raw().toBuffer({ resolveWithObject: true });
      for (let y = 96; y < 112; y++) data.fill(brightness, 3 * (y * 416 + 64), 3 * (y * 416 + 96));
      const raw = { width: info.width, height: info.height, channels: 3 } as const;
      const rgba = await sharp(data, { raw }).ensureAlpha().raw().toBuffer();
      return cameraMessage({ width: 416, height: 320, number: 1 }, rgba);
    };
    const kinds = [await half(255), await half(50)] as const;
    const sender = {};
    let [sent, count] = [0, 2];
    const stop = live.app.engine.listen({
      onFrame: () =>
        setImmediate(() => live.app.engine.offer(sender, kinds[++sent % count] as Buffer)),
    });
    live.app.engine.offer(sender, kinds[0]);
    await page.locator(".confirmed.unsure").waitFor();
    expect(await page.locator(".face").textContent()).toMatch(
      /unsureNo expression fills more than 60 % of the window/,
    );
    count = 1;
    await page.locator('.confirmed[data-confirmed="Even"]:not(.unsure)').waitFor();
    expect(await page.locator(".face").textContent()).not.toMatch(/No expression fills/);
    stop();
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

  it("obeys a key once however long it is held, and not at all where keys are switched off", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    const privacy = page.getByRole("button", { name: /Privacy/ });
    const isOn = () => privacy.getAttribute("aria-pressed");
    await page.locator(".face").waitFor();
    await page.keyboard.down("p");
    await page.keyboard.down("p");
    await page.keyboard.up("p");
    await expect.poll(isOn).toBe("true");
    const keys = page.getByRole("button", { name: "Keys" });
    await keys.click();
    await page.keyboard.press("p");
    await page.waitForTimeout(200);
    expect(await isOn()).toBe("true");
    await page.reload();
    expect(await keys.getAttribute("aria-pressed")).toBe("false");
    expect(await violations(page)).toEqual([]);
  });

  it("keeps pictures hidden while other views are looked at, and gets none while it is hidden itself", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.locator(".face").waitFor();
    await page.keyboard.press("p");
    await page.getByRole("link", { name: "About", exact: true }).click();
    await page.getByRole("heading", { name: "What this is" }).waitFor();
    await page.getByRole("link", { name: "Live", exact: true }).click();
    await page.locator(".face").waitFor();
    expect(Math.min(...(await pixel(page, 80, 110)))).toBeLessThan(40);
    const turn = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));`,
      );
    const frame = () => page.evaluate<string>(FRAME);
    await turn(true);
    await page.waitForTimeout(500);
    const stood = await frame();
    await page.waitForTimeout(500);
    expect(await frame()).toBe(stood);
    await turn(false);
    await until(page, `${FRAME} !== "${stood}"`);
  });

  it("skips to the content of the view that is open", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.getByRole("link", { name: "About", exact: true }).click();
    const title = page.getByRole("heading", { name: "What this is" });
    await title.waitFor();
    await page.getByRole("link", { name: "Skip to the content" }).press("Enter");
    await until(page, `document.activeElement.id === "main"`);
    expect(await title.count()).toBe(1);
  });

  it("shows and asks for depth only while Live shows pictures", async () => {
    const recording = path.join(tests.folder, "kinect");
    const faces = await drawFaces(1, 1);
    await synthesizeRecording(recording, { scene: "people", seconds: 0.1, seed: 1, faces });
    const live = await tests.start({ source: `kinect:${recording}` });
    const { page } = await visit(tests.chromium.browser, live);
    const depth = page.locator(".depth");
    await page.getByRole("button", { name: /Depth/ }).click();
    await depth.waitFor();
    await expect.poll(() => live.app.engine.wantsDepth).toBe(true);
    await page.keyboard.press("p");
    await depth.waitFor({ state: "detached" });
    await expect.poll(() => live.app.engine.wantsDepth).toBe(false);
    await page.keyboard.press("p");
    await depth.waitFor();
    await expect.poll(() => live.app.engine.wantsDepth).toBe(true);
    await page.getByRole("link", { name: "About", exact: true }).click();
    await expect.poll(() => live.app.engine.wantsDepth).toBe(false);
  });

  it("forgets a name also where it stands still", async () => {
    const live = await tests.start({ source: await spotFolder(tests.folder) });
    // Without loss, so that it is the very face.
    const jpeg = await spot(64).png().toBuffer();
    const face = () => live.app.engine.latest?.result.faces[0];
    await expect.poll(face, { timeout: 20_000 }).toBeDefined();
    const { box } = face()!;
    const crops = Array.from({ length: 3 }, () => ({ jpeg, box }));
    await live.app.store.add("Countess", crops, { given: new Date().toISOString(), keepDays: 1 });
    await live.app.renamePerson("Countess", "Ada");
    const { page } = await visit(tests.chromium.browser, live);
    await page.locator(".face h2", { hasText: "Ada" }).waitFor();
    await page.getByRole("button", { name: /Pause/ }).click();
    await page.getByRole("button", { name: /Go on/ }).waitFor();
    const drawn = () =>
      page.evaluate<string>(`document.querySelector("canvas.picture").toDataURL()`);
    const before = await drawn();
    await live.app.deletePerson("Ada");
    await page.locator(".face h2", { hasText: "Unknown" }).waitFor();
    expect(await page.locator("main").innerText()).not.toContain("Ada");
    expect(await drawn()).not.toBe(before);
  });

  it("says that its address is no longer valid when mien comes back with another token", async () => {
    const source = await spotFolder(tests.folder);
    const live = await tests.start({ source, token: "one" });
    const { page } = await visit(tests.chromium.browser, live);
    await page.goto(`${live.origin}/?token=one`);
    await page.locator(".face").waitFor();
    await live.close();
    await page.getByRole("heading", { name: "mien has stopped" }).waitFor();
    await tests.start({ source, port: live.port, token: "two" });
    await page.getByRole("heading", { name: "This address is no longer valid" }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("asks for consent to nothing but what is named", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.route(/consent\?name=Ad&/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 800));
      await route.continue();
    });
    await page.getByRole("link", { name: "People", exact: true }).click();
    const late = page.waitForResponse(/consent\?name=Ad&/);
    await page.getByLabel("Name").fill("Ad");
    await page.waitForRequest(/consent\?name=Ad&/);
    await page.getByLabel("Name").fill("Ada");
    await page.getByText(/the name "Ada"/).waitFor();
    await late;
    await page.waitForTimeout(200);
    expect(await page.locator(".consent").textContent()).toContain(`the name "Ada"`);
  });

  it("says while a name is typed what is wrong with it, as the commands do", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.getByRole("link", { name: "People", exact: true }).click();
    for (const name of ["Ada\u202eB", "-Ada", "CON"]) {
      await page.getByLabel("Name").fill(name);
      const sentence = `This cannot be a name: ${personNameProblem(name)}.`;
      await page.getByText(sentence, { exact: true }).waitFor();
      expect(await page.locator(".consent").count()).toBe(0);
    }
    await page.getByLabel("Name").fill("شاه\u200cرخ");
    await page.locator(".consent").waitFor();
    expect(await page.getByText("This cannot be a name").count()).toBe(0);
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
    const focused = () => page.evaluate<string>(`document.activeElement.tagName`);
    await expect.poll(focused).toBe("SELECT");
    await countess.getByRole("button", { name: "Cancel" }).press("Enter");
    await expect.poll(focused).toBe("H2");
    await countess.getByRole("button", { name: "Merge" }).click();
    await countess.getByRole("combobox").selectOption("Ada");
    expect(await violations(page)).toEqual([]);
    await countess.locator("form").getByRole("button", { name: "Merge" }).press("Enter");
    await page.getByText(/5 pictures, since/).waitFor();
    await page.getByText("Merged.").waitFor();
    await expect.poll(focused).toBe("H1");
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
