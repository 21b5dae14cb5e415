import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { drawFaces, synthesizeRecording } from "@mien/camera";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { cameraMessage } from "../testing/camera-message.ts";
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
    const live = await tests.start({ source: "browser" });
    const { page } = await visit(tests.chromium.browser, live);
    /** The message of a page's camera with a spot whose upper half has this brightness, 0–255. */
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
    const sendNext = () =>
      setImmediate(() => live.app.engine.offer(sender, kinds[++sent % count] ?? kinds[0]));
    live.app.on("frame", sendNext);
    live.app.engine.offer(sender, kinds[0]);
    await page.locator(".confirmed.unsure").waitFor();
    expect(await page.locator(".face").textContent()).toMatch(
      /unsureNo expression fills more than 60 % of the confirmation window/,
    );
    count = 1;
    await page.locator('.confirmed[data-confirmed="Even"]:not(.unsure)').waitFor();
    expect(await page.locator(".face").textContent()).not.toMatch(/No expression fills/);
    live.app.off("frame", sendNext);
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
});
