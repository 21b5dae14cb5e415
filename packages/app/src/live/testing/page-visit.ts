import { readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import { expect } from "vitest";
import { readPage, type PageFile } from "../../server/page-files.ts";
import { launchChromium } from "../../benchmark/live/page-browser.ts";
import { spot, type TestLive } from "./start-live.ts";

const WEB = path.resolve(import.meta.dirname, "../../../../web");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Builds the page into a folder. */
export async function buildPage(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const site = path.join(folder, "site");
  await build({
    configFile: path.join(WEB, "vite.config.js"),
    logLevel: "error",
    build: { outDir: site, emptyOutDir: true },
  });
  return readPage(site);
}

/** A browser with a camera whose pictures can be changed while it is off. */
export interface CameraBrowser {
  readonly browser: Browser;
  show(pictures: readonly Buffer[]): Promise<void>;
}

export async function launchWithCamera(folder: string): Promise<CameraBrowser> {
  const file = path.join(folder, "camera.mjpeg");
  const show = async (pictures: readonly Buffer[]) => {
    // Chromium reads it when the camera is switched on; it may still hold the one before.
    await writeFile(`${file}.new`, Buffer.concat(pictures));
    await rename(`${file}.new`, file);
  };
  await show([await spot(64).resize(640, 480).jpeg().toBuffer()]);
  return { browser: await launchChromium(file), show };
}

/** A page, what it asked others for, and what went wrong in it. */
export interface Visit {
  readonly page: Page;
  readonly foreign: readonly string[];
  readonly errors: readonly string[];
}

export async function visit(
  browser: Browser,
  live: TestLive,
  options: BrowserContextOptions & { readonly script?: string } = {},
): Promise<Visit> {
  const { script, ...rest } = options;
  const context = await browser.newContext({ permissions: ["camera"], ...rest });
  const page = await context.newPage();
  if (script !== undefined) await page.addInitScript(script);
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
export async function violations(page: Page): Promise<string[]> {
  if (await page.evaluate<boolean>(`globalThis.axe === undefined`)) {
    await page.evaluate(await readFile(AXE, "utf8"));
  }
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
export const CONFIRMED = `document.querySelector("[data-confirmed]:not([data-confirmed=''])") !== null`;
/** The number of the frame that is drawn. */
export const FRAME = `document.documentElement.dataset.frame`;

/** Waits; not in the page, whose policy forbids to evaluate text. */
export function until(page: Page, condition: string, timeout = 20_000): Promise<void> {
  return expect.poll(() => page.evaluate<boolean>(condition), { timeout, interval: 50 }).toBe(true);
}

/** RGB of the picture on the page. */
export function pixel(page: Page, x: number, y: number): Promise<number[]> {
  return page.evaluate<number[]>(
    `Array.from(document.querySelector("canvas.picture").getContext("2d")
      .getImageData(${x}, ${y}, 1, 1).data.slice(0, 3))`,
  );
}
