import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import sharp from "sharp";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readFaces } from "../recording/face-textures.ts";
import { synthesizeRecording } from "../recording/synthesize.ts";
import { readPage, type PageFile } from "../server/page-files.ts";
import {
  spot,
  spotFolder,
  startLive,
  type TestLive,
  type TestLiveOptions,
} from "./testing/start-live.ts";

const CHROMIUM = findChromium();
const DATA = process.env["MIEN_DATA"];
const WEB = path.resolve(import.meta.dirname, "../../../web");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Chromium or Chrome: `MIEN_CHROMIUM`, else the first on the path. */
function findChromium(): string | undefined {
  if (process.env["MIEN_CHROMIUM"] !== undefined) return process.env["MIEN_CHROMIUM"];
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8", stdio: "pipe" }).trim();
    } catch {
      // The next name.
    }
  }
  return undefined;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-page-"));
  const site = path.join(folder, "site");
  await build({
    configFile: path.join(WEB, "vite.config.js"),
    logLevel: "error",
    build: { outDir: site, emptyOutDir: true },
  });
  files = await readPage(site);
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close().catch(() => undefined);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files: ReadonlyMap<string, PageFile>;
const open: { close(): Promise<unknown> }[] = [];

async function start(options: Omit<TestLiveOptions, "page">): Promise<TestLive> {
  const live = await startLive({ ...options, page: files });
  open.push(live);
  return live;
}

/** A browser whose camera shows the pictures, or that has none. */
async function launch(pictures?: readonly Buffer[]): Promise<Browser> {
  const camera: string[] = [];
  if (pictures !== undefined) {
    const file = path.join(folder, `camera-${open.length}.mjpeg`);
    await writeFile(file, Buffer.concat(pictures));
    camera.push("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${file}`);
  }
  const browser = await chromium.launch({
    executablePath: CHROMIUM ?? "chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", ...camera],
  });
  open.push(browser);
  return browser;
}

/** A page, what it asked others for, and what went wrong in it. */
async function visit(browser: Browser, live: TestLive, options = {}) {
  const context = await browser.newContext({ permissions: ["camera"], ...options });
  const page = await context.newPage();
  const foreign: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(live.origin) && !/^(data|blob):/.test(url)) foreign.push(url);
  });
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Content-Security-Policy/.test(message.text()))
      errors.push(message.text());
  });
  await page.goto(live.origin);
  return { page, foreign, errors };
}

/** What axe-core finds wrong, by rule and place. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, "utf8"));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations: found } = await axe.run();
    return found.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
    );
  });
}

/** Evaluated in the page; as text, since this package knows no DOM. */
const CONFIRMED = `document.querySelector("[data-confirmed]:not([data-confirmed=''])") !== null`;
const FRAME = `document.documentElement.dataset.frame`;

/** Waits; not in the page, whose policy forbids to evaluate text. */
function until(page: Page, condition: string): Promise<void> {
  return expect.poll(() => page.evaluate<boolean>(condition), { timeout: 20_000 }).toBe(true);
}

/** RGB of the picture on the page. */
function pixel(page: Page, x: number, y: number): Promise<number[]> {
  return page.evaluate<number[]>(
    `Array.from(document.querySelector("canvas.picture").getContext("2d")
      .getImageData(${x}, ${y}, 1, 1).data.slice(0, 3))`,
  );
}

describe.skipIf(CHROMIUM === undefined && !process.env["CI"])("the live page in Chromium", () => {
  it("is less than 300 kB, compressed", () => {
    const sizes = [...files.values()].map(({ gzipped }) => gzipped.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
  });

  it("shows picture, box, bars, the window filling, what is confirmed, and asks nobody else", async () => {
    const live = await start({ source: await spotFolder(folder) });
    const { page, foreign, errors } = await visit(await launch(), live);
    const meter = page.getByRole("meter", { name: "Confirmation window" });
    await meter.waitFor();
    await until(page, CONFIRMED);
    expect(await meter.getAttribute("aria-valuenow")).toBe("20");
    expect(await page.locator(".bars li").count()).toBe(5);
    const confirmed = await page.locator(".confirmed").first().textContent();
    expect(live.app.engine.labels.concat("unsure")).toContain(confirmed);
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
    const live = await start({ source: await spotFolder(folder) });
    const { page, errors } = await visit(await launch(), live);
    await page.locator(".face").waitFor();
    await page.keyboard.press("m");
    await page.waitForTimeout(300);
    expect(Math.min(...(await pixel(page, 416 - 80, 110)))).toBeGreaterThan(240);
    await page.getByRole("button", { name: /Mirror/ }).click();
    await page.keyboard.press("p");
    await page.waitForTimeout(300);
    expect(Math.max(...(await pixel(page, 80, 110)))).toBeLessThan(40);
    await page.keyboard.press("p");
    await page.getByRole("button", { name: /Pause/ }).click();
    await page.waitForTimeout(300);
    const frame = () => page.evaluate<string>(FRAME);
    const stood = await frame();
    await page.waitForTimeout(500);
    expect(await frame()).toBe(stood);
    const download = page.waitForEvent("download");
    await page.keyboard.press("s");
    const picture = await sharp(await (await download).path()).metadata();
    expect(picture).toMatchObject({ width: 416, height: 320, format: "png" });
    await page.getByRole("button", { name: /Go on/ }).click();
    await until(page, `${FRAME} !== "${stood}"`);
    await page.keyboard.press("r");
    await page.getByText(/Results are written to/).waitFor();
    await page.waitForTimeout(1000);
    await page.getByRole("button", { name: /Stop recording/ }).click();
    await page.getByText(/Results are written to/).waitFor({ state: "detached" });
    const [session] = await readdir(path.join(live.folder, "sessions"));
    const place = path.join(live.folder, "sessions", session as string);
    const lines = (await readFile(path.join(place, "results.jsonl"), "utf8")).trim().split("\n");
    expect(lines.length).toBeGreaterThan(5);
    const report = path.join(place, "report.html");
    await page.goto(`file://${report}`);
    expect(await page.locator("svg rect").count()).toBeGreaterThan(4);
    expect(errors).toEqual([]);
  });

  it("shows what the model sees while the mouse rests there", async () => {
    const live = await start({ source: await spotFolder(folder) });
    const { page } = await visit(await launch(), live);
    await page.getByRole("button", { name: "what the model sees" }).first().hover();
    const image = page.getByAltText("The part of the picture that the model reads").first();
    await image.waitFor();
    await until(page, `document.querySelector(".input img")?.naturalWidth > 0`);
    const { width, height } = live.app.input;
    const size = await page.evaluate<number[]>(
      `(({ naturalWidth, naturalHeight }) => [naturalWidth, naturalHeight])(document.querySelector(".input img"))`,
    );
    expect(size).toEqual([width, height]);
  });

  it("draws what was shown over time, which can be moved, stands still then, and follows again", async () => {
    const live = await start({ source: "browser" });
    const browser = await launch([await spot(64).resize(640, 480).jpeg().toBuffer()]);
    const { page } = await visit(browser, live);
    await page.getByRole("button", { name: "Start camera" }).click();
    const plot = page.locator(".timeline .u-over");
    await plot.waitFor();
    await page.waitForTimeout(1500);
    const picture = () => page.locator(".timeline .uplot").screenshot();
    await plot.hover();
    await page.mouse.wheel(0, -100);
    await page.mouse.move(0, 0);
    await page.waitForTimeout(700);
    const moved = await picture();
    await page.waitForTimeout(1200);
    expect((await picture()).equals(moved)).toBe(true);
    await plot.dblclick();
    await page.mouse.move(0, 0);
    await page.waitForTimeout(1500);
    expect((await picture()).equals(moved)).toBe(false);
  });

  it("looks through the page's own camera, once a person starts it", async () => {
    const live = await start({ source: "browser" });
    const pictures = await Promise.all(
      [64, 64, 64].map((left) => spot(left).resize(640, 480).jpeg().toBuffer()),
    );
    const browser = await launch(pictures);
    const { page, errors } = await visit(browser, live);
    await page.getByRole("button", { name: "Start camera" }).waitFor();
    expect(await violations(page)).toEqual([]);
    expect(live.app.engine.meter.totals.frames).toBe(0);
    await page.getByRole("button", { name: "Start camera" }).click();
    await page.locator(".face").waitFor();
    await until(page, CONFIRMED);
    await page.getByRole("button", { name: "Stop camera" }).click();
    await page.getByRole("button", { name: "Start camera" }).waitFor();
    expect(errors).toEqual([]);
  });

  it("says so when there is no camera, or it was not allowed", async () => {
    const live = await start({ source: "browser" });
    const { page } = await visit(await launch(), live);
    await page.getByRole("button", { name: "Start camera" }).click();
    await page.getByRole("heading", { name: "No camera" }).waitFor();
    expect(await violations(page)).toEqual([]);
    const other = await visit(await launch([await spot(64).jpeg().toBuffer()]), live, {
      permissions: [],
    });
    await other.page.getByRole("button", { name: "Start camera" }).click();
    await other.page.getByRole("heading", { name: "The camera was not allowed" }).waitFor();
    expect(await violations(other.page)).toEqual([]);
  });

  it("says why a Kinect does not come", async () => {
    const live = await start({ source: "kinect" });
    const { page } = await visit(await launch(), live);
    await page.getByRole("heading", { name: "No Kinect" }).waitFor({ timeout: 20_000 });
    expect(await page.locator(".message").textContent()).toMatch(/Trying again/);
    expect(await violations(page)).toEqual([]);
  });

  it("says when mien stops, and comes back by itself", async () => {
    const source = await spotFolder(folder);
    const live = await startLive({ source, page: files });
    const { page } = await visit(await launch(), live);
    await page.locator(".face").waitFor();
    await live.close();
    await page.getByRole("heading", { name: "mien has stopped" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await start({ source, port: live.port });
    await page.getByRole("heading", { name: "mien has stopped" }).waitFor({ state: "detached" });
    await until(page, `document.querySelector(".pill")?.textContent === "running"`);
  });

  it("has no barrier in light or dark, on a phone or a wide screen, with no face or many", async () => {
    const place = path.join(folder, "many");
    execFileSync("mkdir", ["-p", place]);
    const spots = await sharp({
      create: { width: 416, height: 320, channels: 3, background: "black" },
    })
      .composite(
        await Promise.all(
          [32, 128, 224, 320].flatMap((left) =>
            [32, 160, 256].map(async (top) => ({
              input: await sharp({
                create: { width: 32, height: 32, channels: 3, background: "white" },
              })
                .png()
                .toBuffer(),
              left,
              top,
            })),
          ),
        ),
      )
      .png()
      .toBuffer();
    await writeFile(path.join(place, "1.png"), spots);
    const none = path.join(folder, "none");
    execFileSync("mkdir", ["-p", none]);
    await sharp({ create: { width: 416, height: 320, channels: 3, background: "black" } })
      .png()
      .toFile(path.join(none, "1.png"));
    const browser = await launch();
    for (const [source, colorScheme, width, seen] of [
      [place, "light", 390, ".face"],
      [place, "dark", 2560, ".face"],
      [none, "dark", 390, ".empty-card"],
      [none, "light", 1280, ".empty-card"],
    ] as const) {
      const live = await start({ source });
      const { page } = await visit(browser, live, {
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
});

describe.skipIf((CHROMIUM === undefined || DATA === undefined) && !process.env["CI"])(
  "the live page with photographs of MIEN_DATA",
  () => {
    it.skipIf(DATA === undefined)(
      "enrols a person who agrees, then shows, hides, renames, exports and deletes",
      async () => {
        const photograph = path.join(DATA ?? "", "faces/scene_astronaut.jpg");
        // The camera pans, so that the pictures differ.
        const pictures = await Promise.all(
          Array.from({ length: 40 }, (_, i) =>
            sharp(photograph)
              .rotate(((i % 9) - 4) * 1.5, { background: "#888888" })
              .resize(700, 525, { fit: "cover" })
              .extract({ left: i, top: (i * 7) % 40, width: 640, height: 480 })
              .modulate({ brightness: 0.9 + (i % 5) / 20 })
              .jpeg()
              .toBuffer(),
          ),
        );
        const live = await start({ source: "browser", realFaces: true });
        const { page, errors } = await visit(await launch(pictures), live);
        await page.getByRole("button", { name: "Start camera" }).click();
        await page.locator(".face h2", { hasText: "Unknown" }).first().waitFor();
        await page.getByRole("link", { name: "People", exact: true }).click();
        const take = page.getByRole("button", { name: "Take pictures" });
        await page.getByLabel("Name").fill("<b>Ada");
        await page.getByLabel("Pictures").fill("8");
        await page.getByText(/mien stores, on this computer only/).waitFor();
        expect(await take.isDisabled()).toBe(true);
        await page.getByRole("checkbox").check();
        expect(await violations(page)).toEqual([]);
        await take.click();
        await page
          .getByRole("alert")
          .getByText(/cannot be a name/)
          .waitFor();
        await page.getByLabel("Name").fill("Ada");
        await page.getByText(/the name "Ada"/).waitFor();
        await page.getByRole("checkbox").check();
        await take.click();
        await page.getByText(/of 8 pictures of Ada/).waitFor();
        expect(await violations(page)).toEqual([]);
        await page.locator(".grid img").nth(7).waitFor({ timeout: 30_000 });
        await page.getByRole("button", { name: "Delete picture 2", exact: true }).click();
        await page.getByRole("button", { name: "Enrol Ada with 7 pictures" }).waitFor();
        await page.getByRole("button", { name: "Undo" }).click();
        await page.getByRole("button", { name: "Delete picture 3", exact: true }).click();
        expect(await violations(page)).toEqual([]);
        await page.getByRole("button", { name: "Enrol Ada with 7 pictures" }).click();
        await page.getByText(/7 pictures, since/).waitFor();
        await page.getByText(/of strangers are taken for one of them/).waitFor();
        expect(await violations(page)).toEqual([]);
        await page.getByRole("link", { name: "Live", exact: true }).click();
        await page.locator(".face h2", { hasText: "Ada" }).first().waitFor();
        await page.locator(".timeline", { hasText: "Ada" }).first().waitFor();
        await page.keyboard.press("p");
        await page.locator(".face h2", { hasText: "Face" }).first().waitFor();
        expect(await page.locator("main").innerText()).not.toContain("Ada");
        await page.keyboard.press("p");
        await page.keyboard.press("r");
        await page.waitForTimeout(1000);
        await page.keyboard.press("r");
        await page.getByRole("link", { name: "People", exact: true }).click();
        const download = page.waitForEvent("download");
        await page.getByRole("link", { name: "Export" }).click();
        expect((await readFile(await (await download).path())).subarray(0, 2).toString()).toBe(
          "PK",
        );
        await page.getByRole("button", { name: "Rename", exact: true }).click();
        await page.getByLabel("New name").fill("Ada Lovelace");
        await page.locator("form").getByRole("button", { name: "Rename", exact: true }).click();
        await page.getByRole("heading", { name: "Ada Lovelace" }).waitFor();
        await page.getByRole("button", { name: "Delete", exact: true }).click();
        await page.getByRole("button", { name: "Delete Ada Lovelace" }).click();
        await page.getByText(/Recognition is off/).waitFor();
        for (const entry of await readdir(live.folder, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile()) continue;
          const content = await readFile(path.join(entry.parentPath, entry.name), "latin1");
          expect([entry.name, content.includes("Ada")]).toEqual([entry.name, false]);
        }
        expect(await readdir(path.join(live.folder, "people"))).toEqual([]);
        expect(errors).toEqual([]);
      },
    );

    it.skipIf(DATA === undefined)(
      "shows a Kinect's depth, the distance of faces, and which pictures of faces it rejects",
      async () => {
        const recording = path.join(folder, "kinect");
        const all = await readFaces(path.join(DATA ?? "", "faces"));
        await synthesizeRecording(recording, {
          scene: "mixed",
          seconds: 1.5,
          seed: 1,
          faces: all.slice(0, 6),
          signal: new AbortController().signal,
        });
        const live = await start({ source: `kinect:${recording}`, realFaces: true });
        const { page } = await visit(await launch(), live);
        await page
          .locator(".facts", { hasText: /\d\.\d\d m/ })
          .first()
          .waitFor();
        await page.locator(".rejected", { hasText: /flat|plane|bent/ }).waitFor();
        await page.keyboard.press("d");
        await page.getByText("depth: near is light").waitFor();
        const lit = await page.evaluate<number>(
          `document.querySelector(".depth canvas").getContext("2d").getImageData(0, 0, 320, 240)
        .data.filter((value, i) => i % 4 === 0 && value > 40).length`,
        );
        expect(lit).toBeGreaterThan(5000);
        expect(await violations(page)).toEqual([]);
      },
    );
  },
);
