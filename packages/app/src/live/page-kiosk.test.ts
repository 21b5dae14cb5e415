import { writeFile } from "node:fs/promises";
import path from "node:path";
import { launchChromium } from "@mien/bench";
import { isLong } from "@mien/testing";
import { withoutFfmpeg } from "@mien/camera/testing/tools";
import { describe, expect, it } from "vitest";
import { CutKiosk, DEADLINE, randomCuts, type Cut } from "../benchmark/live/kiosk-cuts.ts";
import { startMjpegCamera } from "../benchmark/live/mjpeg-camera.ts";
import { pageTests, withoutChromium } from "../testing/page-tests.ts";
import { until, violations, visit } from "../testing/page-visit.ts";
import { spot, spotFolder } from "../testing/start-live.ts";
import { keepKioskOpen } from "./kiosk-browser.ts";

const FIXTURES = path.resolve(import.meta.dirname, "../../../runtime/fixtures");
const tests = pageTests();

/** Brightness of a pixel of the kiosk's picture, 0–255, and its opacity. */
const PIXEL = (x: number, y: number) =>
  `Array.from(document.querySelector("canvas.picture").getContext("2d").getImageData(${x}, ${y}, 1, 1).data)`;
/** Whether the kiosk shows an expression in words. */
const HAS_WORDS = `document.querySelector(".words li") !== null`;

describe.skipIf(withoutChromium)("the kiosk in Chromium", () => {
  it("shows picture and expressions without controls, in light and dark, on small and wide screens", async () => {
    const live = await tests.start({ source: await spotFolder(tests.folder) });
    for (const [colorScheme, width] of [
      ["light", 390],
      ["dark", 1280],
      ["light", 2560],
    ] as const) {
      const viewport = { width, height: 800 };
      const { page, errors, foreign } = await visit(tests.chromium.browser, live, {
        colorScheme,
        viewport,
      });
      await page.goto(`${live.origin}/kiosk`);
      await until(page, HAS_WORDS, 60_000);
      expect(await page.evaluate(PIXEL(80, 110))).toEqual([255, 255, 255, 255]);
      expect(await page.locator("button, a, input, select").count()).toBe(0);
      expect(await page.locator(".notice").textContent()).toMatch(/reads facial expressions/);
      expect(await violations(page)).toEqual([]);
      expect(
        await page.evaluate(`[document.documentElement.scrollWidth - innerWidth,
          document.documentElement.scrollHeight - innerHeight]`),
      ).toEqual([0, 0]);
      expect([errors, foreign]).toEqual([[], []]);
      await page.close();
    }
  });

  it("requests no pictures in privacy or for an overlay, and draws only boxes", async () => {
    const live = await tests.start({ source: await spotFolder(tests.folder) });
    for (const query of ["?privacy", "?transparent"]) {
      const { page } = await visit(tests.chromium.browser, live);
      await page.goto(`${live.origin}/kiosk${query}`);
      await until(page, HAS_WORDS, 60_000);
      expect(live.app.engine.demand.picturesFor.size).toBe(0);
      expect(await page.evaluate(PIXEL(80, 110))).toEqual([0, 0, 0, 0]);
      const background = await page.evaluate(`getComputedStyle(document.body).backgroundColor`);
      expect(background === "rgba(0, 0, 0, 0)").toBe(query === "?transparent");
      expect(await violations(page)).toEqual([]);
      await page.close();
    }
  });

  it("takes colours from the user's style", async () => {
    const file = path.join(tests.folder, "museum.css");
    await writeFile(file, ":root { --kiosk-background: rgb(1 2 3); }");
    const { readFile } = await import("node:fs/promises");
    const live = await tests.start({
      source: await spotFolder(tests.folder),
      guard: { kioskStyle: () => readFile(file, "utf8") },
    });
    const { page } = await visit(tests.chromium.browser, live);
    await page.goto(`${live.origin}/kiosk`);
    const colour = () => page.evaluate(`getComputedStyle(document.body).backgroundColor`);
    await expect.poll(colour, { timeout: 60_000 }).toBe("rgb(1, 2, 3)");
  });

  it("starts the page's camera by itself, and again when it was stopped", async () => {
    const live = await tests.start({ source: "browser" });
    const { page } = await visit(tests.chromium.browser, live, {
      script: `{
        const { mediaDevices } = navigator;
        const open = mediaDevices.getUserMedia.bind(mediaDevices);
        mediaDevices.getUserMedia = async (wanted) => (globalThis.stream = await open(wanted));
      }`,
    });
    await page.goto(`${live.origin}/kiosk`);
    await until(page, HAS_WORDS, 60_000);
    await page.evaluate(
      `{ const [track] = stream.getVideoTracks(); track.stop(); track.dispatchEvent(new Event("ended")); }`,
    );
    await page.getByRole("heading", { name: "No camera" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await until(page, `${HAS_WORDS} && document.querySelector(".message") === null`);
  });

  it("opens while the server is away, and says so", async () => {
    const source = await spotFolder(tests.folder);
    const live = await tests.start({ source });
    const { page } = await visit(tests.chromium.browser, live);
    await page.goto(`${live.origin}/kiosk`);
    await until(page, `navigator.serviceWorker.controller !== null`, 60_000);
    // From now on, the worker keeps what the page loads.
    await page.reload();
    await until(page, HAS_WORDS, 60_000);
    await live.close();
    await page.getByRole("heading", { name: "One moment" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "One moment" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await tests.start({ source, port: live.port });
    await until(page, HAS_WORDS, 60_000);
  });

  it("is opened again if its browser is killed", async () => {
    const live = await tests.start({ source: await spotFolder(tests.folder) });
    const stop = new AbortController();
    const { spawnedBrowser } = await import("../testing/spawned-browser.ts");
    const browser = spawnedBrowser(path.join(tests.folder, "profile"));
    const kiosks = () => live.app.engine.demand.kiosks;
    try {
      keepKioskOpen(`${live.origin}/kiosk`, {
        isShown: () => kiosks() > 0,
        folder: tests.folder,
        signal: stop.signal,
        browser: browser.command,
      });
      const slow = { timeout: 60_000 };
      await expect.poll(kiosks, slow).toBe(1);
      browser.kill();
      await expect.poll(kiosks, slow).toBe(0);
      await expect.poll(kiosks, slow).toBe(1);
    } finally {
      stop.abort();
    }
  });

  it.skipIf(withoutFfmpeg)(
    "shows the right thing again after camera, server, network and page were cut",
    async () => {
      const camera = await startMjpegCamera(await spot(64).jpeg().toBuffer());
      const place = (name: string) => path.join(tests.folder, name);
      const flags = [
        ...["--source", camera.address, "--model", path.join(FIXTURES, "halves.onnx")],
        ...["--detector", path.join(FIXTURES, "spots.onnx"), "--people", place("cut-people")],
        ...["--sessions", place("cut-sessions"), "--settings", place("cut-settings.json")],
      ];
      const { signal } = new AbortController();
      const browser = await launchChromium();
      tests.closeLater(browser);
      const kiosk = await CutKiosk.open({ browser, flags, signal });
      try {
        const began = performance.now();
        const cuts: Cut[] = [];
        // Ten minutes in the long part.
        const isEnough = () => (isLong ? performance.now() - began > 600_000 : cuts.length >= 4);
        for (const planned of randomCuts(isLong ? 1000 : 4, 1)) {
          cuts.push(await kiosk.cut(planned));
          if (isEnough()) break;
        }
        expect(new Set(cuts.map(({ kind }) => kind)).size).toBe(4);
        // A short run shares the machine with other tests, so that it proves no time.
        const isLate = ({ backMs, saidMs }: Cut) => Math.max(backMs, saidMs) > DEADLINE;
        expect(cuts.filter((cut) => isLong && isLate(cut))).toEqual([]);
      } finally {
        await kiosk.close();
        camera.close();
      }
    },
    isLong ? 900_000 : 180_000,
  );
});
