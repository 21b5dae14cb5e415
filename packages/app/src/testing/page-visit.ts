import { readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import { expect } from "vitest";
import { launchChromium } from "@mien/bench";
import { readPage, type PageFile } from "../server/page-files.ts";
import { spot, type TestLive } from "./start-live.ts";

const WEB = path.resolve(import.meta.dirname, "../../../web");
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

/** A browser with a synthetic camera. */
export interface CameraBrowser {
  readonly browser: Browser;
  /** Sets the pictures of the camera, as JPEG, while it is off. */
  show(pictures: readonly Buffer[]): Promise<void>;
}

/** Starts Chromium with a camera that shows a spot. */
export async function launchWithCamera(folder: string): Promise<CameraBrowser> {
  const file = path.join(folder, "camera.mjpeg");
  const show = async (pictures: readonly Buffer[]) => {
    // Renamed, since Chromium may still have the file open.
    await writeFile(`${file}.new`, Buffer.concat(pictures));
    await rename(`${file}.new`, file);
  };
  await show([await spot(64).resize(640, 480).jpeg().toBuffer()]);
  return { browser: await launchChromium({ camera: file }), show };
}

/** An open page. */
export interface Visit {
  readonly page: Page;
  /** Addresses of other sites that it requested. */
  readonly foreign: readonly string[];
  /** Errors in the page, and violations of its content security policy. */
  readonly errors: readonly string[];
}

/** Opens the page of a live app. @param options.script runs before the page's own. */
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

/** The accessibility violations that axe-core finds, by rule and element. */
export async function violations(page: Page): Promise<string[]> {
  if (await page.evaluate<boolean>(`globalThis.axe === undefined`)) {
    await page.evaluate(await readFile(AXE, "utf8"));
  }
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(options: object): Promise<{
          violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    // Every rule is checked, but the elements that pass are not listed.
    const { violations: found } = await axe.run({ resultTypes: ["violations"] });
    return found.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
    );
  });
}

/** Evaluated in the page; as text, since this package knows no DOM. */
export const CONFIRMED = `document.querySelector("[data-confirmed]:not([data-confirmed=''])") !== null`;
/** The number of the frame that was drawn last. */
export const FRAME = `globalThis.mienStatistics.frames.at(-1)?.frame`;

/** Waits until an expression is true; not in the page, whose policy forbids to evaluate text. */
export function until(page: Page, condition: string, timeout = 20_000): Promise<void> {
  return expect.poll(() => page.evaluate<boolean>(condition), { timeout, interval: 50 }).toBe(true);
}

/** RGB of a pixel of the picture on the page. */
export function pixel(page: Page, x: number, y: number): Promise<number[]> {
  return page.evaluate<number[]>(
    `Array.from(document.querySelector("canvas.picture").getContext("2d")
      .getImageData(${x}, ${y}, 1, 1).data.slice(0, 3))`,
  );
}
