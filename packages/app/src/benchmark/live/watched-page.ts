import type { ShownFrame, ShownState } from "@mien/web";
import type { Browser, Page } from "playwright-core";

/** A page whose frames are counted. */
export interface WatchedPage {
  readonly page: Page;
  /** From the beginning of its loading until it could be used, in milliseconds. */
  usableMs(): Promise<number>;
  /** What was shown since this was asked last. */
  frames(): Promise<readonly ShownFrame[]>;
  /** What the page said of its source, since it was opened, with when. */
  states(): Promise<readonly ShownState[]>;
  close(): Promise<void>;
}

/** Runs in the page; as text, since this package knows no DOM. */
const WATCH = `{
  globalThis.watched = { usable: null };
  const usable = new MutationObserver(() => {
    if (document.querySelector(".tools button") === null) return;
    watched.usable = performance.now();
    usable.disconnect();
  });
  usable.observe(document, { subtree: true, childList: true });
}`;

/** Opens the page and, where it is asked for, starts its camera. */
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
    close: () => context.close(),
  };
}
