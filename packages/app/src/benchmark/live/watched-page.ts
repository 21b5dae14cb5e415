import type { Browser, Page } from "playwright-core";

/** A page whose frames are counted. */
export interface WatchedPage {
  readonly page: Page;
  /** From the beginning of its loading until its tools were there, in milliseconds. */
  usableMs(): Promise<number>;
  /** Frames that were shown since the last call. */
  frames(): Promise<ShownFrame[]>;
  /** States of the source that the page has shown since it was opened. */
  states(): Promise<SaidState[]>;
  close(): Promise<void>;
}

/** A frame that was drawn. */
export interface ShownFrame {
  /** Milliseconds since the page began to load. */
  readonly timeMs: number;
  /** From its capture by the page's camera, or else its arrival at the server, until it was drawn. */
  readonly latencyMs: number;
}

/** A state of the source, as the page named it. */
export interface SaidState {
  readonly timeMs: number;
  readonly state: string;
}

/**
 * Runs in the page; as text, since this package is compiled without the types of the DOM.
 *
 * The page sets the number and the age of a frame as data attributes of its root once it is drawn.
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

/** Opens the page with permission to use its camera. */
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
