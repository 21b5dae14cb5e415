import type { Browser, Page } from "playwright-core";

/** A page whose frames are counted. */
export interface WatchedPage {
  readonly page: Page;
  /** From the beginning of its loading until it could be used, in milliseconds. */
  usableMs(): Promise<number>;
  /** What was shown since this was asked last. */
  frames(): Promise<ShownFrame[]>;
  /** What the page said of its source, since it was opened, with when. */
  states(): Promise<SaidState[]>;
  close(): Promise<void>;
}

/** A frame that was drawn. */
export interface ShownFrame {
  /** Milliseconds since the page began to load. */
  readonly timeMs: number;
  /** From taking it, or its arrival at the server, until it was drawn. */
  readonly latencyMs: number;
}

/** A word in the corner of the page. */
export interface SaidState {
  readonly timeMs: number;
  readonly state: string;
}

/**
 * Runs in the page; as text, since this package knows no DOM.
 *
 * The page writes the number and the age of a frame on its root once it is drawn.
 */
const WATCH = `{
  const watched = { frames: [], states: [], usable: null, last: undefined };
  globalThis.watched = watched;
  new MutationObserver(() => {
    const { frame, latency } = document.documentElement.dataset;
    if (frame === undefined || frame === watched.last) return;
    watched.last = frame;
    watched.frames.push({ timeMs: performance.now(), latencyMs: Number(latency) });
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-frame"] });
  const usable = new MutationObserver(() => {
    if (document.querySelector(".tools button") === null) return;
    watched.usable = performance.now();
    usable.disconnect();
  });
  usable.observe(document, { subtree: true, childList: true });
  setInterval(() => {
    const state = document.querySelector(".pill")?.textContent ?? "";
    if (state !== watched.states.at(-1)?.state) watched.states.push({ timeMs: performance.now(), state });
  }, 20);
}`;

/** Opens the page and, where it is asked for, starts its camera. */
export async function watchPage(browser: Browser, origin: string): Promise<WatchedPage> {
  const context = await browser.newContext({ permissions: ["camera"] });
  const page = await context.newPage();
  await page.addInitScript(WATCH);
  await page.goto(origin);
  await page.getByRole("toolbar").waitFor();
  return {
    page,
    usableMs: () => page.evaluate<number>("watched.usable"),
    frames: () => page.evaluate<ShownFrame[]>("watched.frames.splice(0)"),
    states: () => page.evaluate<SaidState[]>("watched.states"),
    close: () => context.close(),
  };
}
