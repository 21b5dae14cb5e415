import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { EventEmitter } from "node:events";
import { drawFaces, synthesizeRecording, type Source } from "@mien/camera";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { CONFIRMED, FRAME, pixel, until, violations, visit } from "../testing/page-visit.ts";
import { spot, spotFolder, type TestLive } from "../testing/start-live.ts";

/** A live app that shows a picture of a spot, for all tests that do not change its state. */
let spots: TestLive;
const tests = pageTests(async ({ folder, startForAll }) => {
  spots = await startForAll({ source: await spotFolder(folder) });
});

describe.skipIf(withoutChromium)("the page Live in Chromium", () => {
  it("is smaller than 300 kB, compressed", () => {
    const sizes = [...tests.files.values()].map(({ gzipped }) => gzipped.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
  });

  it("shows picture, probabilities, confirmation window and confirmed expression, and loads nothing from other sites", async () => {
    const { page, foreign, errors } = await visit(tests.chromium.browser, spots);
    const meter = page.getByRole("meter", { name: "Confirmation window" });
    await meter.waitFor();
    await until(page, CONFIRMED);
    expect(await meter.getAttribute("aria-valuenow")).toBe("20");
    expect(await page.locator(".bars li").count()).toBe(5);
    const confirmed = await page.locator(".confirmed").first().textContent();
    expect(spots.app.engine.labels.concat("unsure")).toContain(confirmed);
    // White inside the spot, black elsewhere.
    expect(Math.min(...(await pixel(page, 80, 110)))).toBeGreaterThan(240);
    expect(Math.max(...(await pixel(page, 300, 250)))).toBeLessThan(16);
    expect(await page.locator(".pill").textContent()).toBe("running");
    await page.locator(".stats", { hasText: /frames\/s[1-9]/ }).waitFor();
    expect(await page.locator(".notice").textContent()).toMatch(/reads facial expressions/);
    expect(await violations(page)).toEqual([]);
    expect(foreign).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("tells a confirmed expression from an unsure one", async () => {
    /** A picture of a spot whose upper half has this brightness, 0–255. */
    const half = async (brightness: number) => {
      const { data } = await spot(64).raw().toBuffer({ resolveWithObject: true });
      for (let y = 96; y < 112; y++) data.fill(brightness, 3 * (y * 416 + 64), 3 * (y * 416 + 96));
      return Uint8Array.from(data);
    };
    const kinds = [await half(255), await half(50)] as const;
    let count = 2;
    const size = { width: 416, height: 320 };
    const source: Source = {
      ...{ name: "two pictures", kind: "live", framesPerSecond: null, length: null, ...size },
      async *frames(signal) {
        for (let index = 0; signal?.aborted !== true; index++) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          const pixels = kinds[index % count] ?? kinds[0];
          yield { index, timeMs: 20 * index, discontinuity: index === 0, ...size, pixels };
        }
      },
      close: () => Promise.resolve(),
    };
    const live = await tests.start({
      source: { name: "two pictures", isKinect: false, source, notices: new EventEmitter() },
    });
    const { page } = await visit(tests.chromium.browser, live);
    await page.locator(".confirmed.unsure").waitFor();
    expect(await page.locator(".face").textContent()).toMatch(
      /unsureNo expression fills more than 60 % of the confirmation window/,
    );
    count = 1;
    await page.locator('.confirmed[data-confirmed="Even"]:not(.unsure)').waitFor();
    expect(await page.locator(".face").textContent()).not.toMatch(/No expression fills/);
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
    await page.getByRole("button", { name: /Resume/ }).waitFor();
    const frame = () => page.evaluate<number>(FRAME);
    const stood = await frame();
    await page.waitForTimeout(300);
    expect(await frame()).toBe(stood);
    const download = page.waitForEvent("download");
    await page.keyboard.press("s");
    const picture = await sharp(await (await download).path()).metadata();
    expect(picture).toMatchObject({ width: 416, height: 320, format: "png" });
    await page.getByRole("button", { name: /Resume/ }).click();
    await until(page, `${FRAME} !== ${stood}`);
    const recorded = spots.app.engine.meter.totals.frames;
    await page.keyboard.press("r");
    await page.getByText(/Results are written to/).waitFor();
    await expect.poll(() => spots.app.engine.meter.totals.frames).toBeGreaterThan(recorded + 8);
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

  it("reacts once to a key that is held, and not at all if keyboard shortcuts are switched off", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    const privacy = page.getByRole("button", { name: /Privacy/ });
    const isOn = () => privacy.getAttribute("aria-pressed");
    await page.locator(".face").waitFor();
    await page.keyboard.down("p");
    await page.keyboard.down("p");
    await page.keyboard.up("p");
    await expect.poll(isOn).toBe("true");
    const shortcuts = page.getByRole("button", { name: "Keyboard shortcuts" });
    await shortcuts.click();
    await page.keyboard.press("p");
    await page.waitForTimeout(200);
    expect(await isOn()).toBe("true");
    await page.reload();
    expect(await shortcuts.getAttribute("aria-pressed")).toBe("false");
    expect(await violations(page)).toEqual([]);
  });

  it("keeps pictures hidden while other views are open, and gets none while the page is hidden", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.locator(".face").waitFor();
    await page.keyboard.press("p");
    await page.getByRole("link", { name: "About", exact: true }).click();
    await page.getByRole("heading", { name: "About mien" }).waitFor();
    await page.getByRole("link", { name: "Live", exact: true }).click();
    await page.locator(".face").waitFor();
    expect(Math.min(...(await pixel(page, 80, 110)))).toBeLessThan(40);
    const turn = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));`,
      );
    const frame = () => page.evaluate<number>(FRAME);
    await turn(true);
    await page.waitForTimeout(500);
    const stood = await frame();
    await page.waitForTimeout(500);
    expect(await frame()).toBe(stood);
    await turn(false);
    await until(page, `${FRAME} !== ${stood}`);
  });

  it("skips to the content of the open view", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.getByRole("link", { name: "About", exact: true }).click();
    const title = page.getByRole("heading", { name: "About mien" });
    await title.waitFor();
    await page.getByRole("link", { name: "Skip to the content" }).press("Enter");
    await until(page, `document.activeElement.id === "main"`);
    expect(await title.count()).toBe(1);
  });

  it("asks for depth only while Live shows it", async () => {
    const recording = path.join(tests.folder, "kinect");
    const faces = await drawFaces(1, 1);
    await synthesizeRecording(recording, { scene: "people", seconds: 0.1, seed: 1, faces });
    const live = await tests.start({ source: `kinect:${recording}` });
    const { page } = await visit(tests.chromium.browser, live);
    const depth = page.locator(".depth");
    await page.getByRole("button", { name: /Depth/ }).click();
    await depth.waitFor();
    await expect.poll(() => live.app.engine.demand.depth).toBe(true);
    const left = async () => (await depth.boundingBox())!.x;
    const before = await left();
    await page.getByRole("group", { name: /Position of the depth picture/ }).press("ArrowLeft");
    await expect.poll(left).toBeLessThan(before);
    const moved = await left();
    const dragged = async () => {
      const box = (await depth.boundingBox())!;
      await page.mouse.move(box.x + 40, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + 10, box.y + 20, { steps: 3 });
      await page.mouse.up();
      return left();
    };
    // Tried again if a message above it has moved it under the mouse.
    await expect.poll(dragged).toBeLessThan(moved);
    await page.getByRole("button", { name: "Show beside" }).click();
    const right = async (locator: typeof depth) => {
      const { x, width } = (await locator.boundingBox())!;
      return x + width;
    };
    await expect.poll(left).toBeGreaterThanOrEqual(await right(page.locator(".stage")));
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Show on the picture" }).click();
    await page.keyboard.press("p");
    await depth.waitFor({ state: "detached" });
    await expect.poll(() => live.app.engine.demand.depth).toBe(false);
    await page.keyboard.press("p");
    await depth.waitFor();
    await expect.poll(() => live.app.engine.demand.depth).toBe(true);
    await page.getByRole("link", { name: "About", exact: true }).click();
    await expect.poll(() => live.app.engine.demand.depth).toBe(false);
  });

  it("shows the input of the model while the mouse is over its button", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    await page.getByRole("button", { name: "Model input" }).first().hover();
    const image = page.getByAltText("The face as the model gets it: cropped and scaled").first();
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

  it("names the picture of a folder, and each broken picture once", async () => {
    const folder = path.join(tests.folder, "broken");
    await mkdir(folder);
    await spot(64).png().toFile(path.join(folder, "good.png"));
    await writeFile(path.join(folder, "bad.png"), "no picture");
    const live = await tests.start({ source: folder });
    const { page } = await visit(tests.chromium.browser, live);
    await page.locator(".source", { hasText: "good.png" }).waitFor();
    // The folder is read again after 3 s.
    const index = () => live.app.engine.latest?.result.faces[0]?.track ?? 0;
    const first = index();
    await expect.poll(index).toBeGreaterThan(first);
    await page.getByText("1 picture cannot be read").click();
    await expect.poll(() => page.locator(".broken li").count()).toBe(1);
    expect(await page.locator(".broken li").textContent()).toMatch(/bad\.png/);
    expect(await violations(page)).toEqual([]);
  });

  it("shows what a plot says under the pointer", async () => {
    const { page } = await visit(tests.chromium.browser, spots);
    const plot = page.locator(".timeline .u-over").first();
    await plot.waitFor({ timeout: 20_000 });
    const values = page.locator(".timeline .values").first();
    const { width } = (await plot.boundingBox())!;
    await plot.hover({ position: { x: width * 0.2, y: 20 } });
    await expect.poll(() => values.textContent()).toMatch(/^\d.*not in the picture$/);
    expect(await violations(page)).toEqual([]);
  });
});
