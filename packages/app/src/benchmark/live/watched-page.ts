import type { ShownFrame, ShownState } from "@mien/web";
import type { Browser, Page } from "playwright-core";

/** A page whose frames are counted. */
export interface WatchedPage {
  readonly page: Page;
  /** From the beginning of its loading until its tools were there, in milliseconds. */
  usableMs(): Promise<number>;
  /** Frames that were shown since the last call. */
  frames(): Promise<readonly ShownFrame[]>;
  /** States of the source that the page has shown since it was opened. */
  states(): Promise<readonly ShownState[]>;
  /** Slows the page's processor down this many times; 1 for its own speed. */
  slowDown(times: number): Promise<void>;
  close(): Promise<void>;
}

/** Runs in the page; as text, since this package is compiled without the types of the DOM. */
const WATCH = `{
  globalThis.watched = { usable: null };
  const usable = new MutationObserver(() => {
    if (document.querySelector(".tools button") === null) return;
    watched.usable = performance.now();
    usable.disconnect();
  });
  usable.observe(document, { subtree: true, childList: true });
}`;

/** Opens the page with permission to use its camera. */
export async function watchPage(browser: Browser, origin: string): Promise<WatchedPage> {
  const context = await browser.newContext({ permissions: ["camera"] });
  const page = await context.newPage();
  await page.addInitScript(WATCH);
  await page.goto(origin);
  await page.getByRole("toolbar").waitFor();
  let last = -Infinity;
  return {
    page,
    usableMs: () => page.evaluate<number>("watched.usable"),
    async frames() {
      const frames = await page.evaluate(
        (after) => globalThis.mienStatistics.frames.filter(({ timeMs }) => timeMs > after),
        last,
      );
      last = frames.at(-1)?.timeMs ?? last;
      return frames;
    },
    states: () => page.evaluate(() => globalThis.mienStatistics.states),
    async slowDown(rate) {
      const session = await context.newCDPSession(page);
      await session.send("Emulation.setCPUThrottlingRate", { rate });
    },
    close: () => context.close(),
  };
}
