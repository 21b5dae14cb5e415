import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";

/** A kiosk page in a browser. */
export interface KioskPage {
  /** What it shows now. */
  look(): Promise<KioskLook>;
  /** Loads the page again. */
  reload(): Promise<void>;
  /** Ends the page without a word, as a crash does, and opens another. */
  reopen(): Promise<void>;
  /** Bytes of the page's objects, after garbage was collected. */
  heapBytes(): Promise<number>;
  close(): Promise<void>;
}

/** What a kiosk page shows. */
export interface KioskLook {
  /** Time since the last frame was drawn, in ms; null if none was. */
  readonly frameAgeMs: number | null;
  /** Age of that frame when it was drawn, in ms; null if none was. */
  readonly latencyMs: number | null;
  /** The title of the message in place of the picture; null without one. */
  readonly message: string | null;
  /** The confirmed expressions in words, in alphabetical order. */
  readonly words: string;
}

/** Runs in the page; as text, since this package is compiled without the types of the DOM. */
const LOOK = `(() => {
  const frame = globalThis.mienStatistics?.frames.at(-1);
  return {
    frameAgeMs: frame === undefined ? null : performance.now() - frame.timeMs,
    latencyMs: frame?.latencyMs ?? null,
    message: document.querySelector(".message h2")?.textContent ?? null,
    words: [...document.querySelectorAll(".words li")].map((one) => one.textContent).sort().join(", "),
  };
})()`;

const NOTHING: KioskLook = { frameAgeMs: null, latencyMs: null, message: "no page", words: "" };

/** Opens the kiosk page. Its browser keeps it, so that it also opens while the server is away. */
export async function openKiosk(browser: Browser, origin: string): Promise<KioskPage> {
  const context: BrowserContext = await browser.newContext();
  let page: Page = await context.newPage();
  const load = () =>
    page.goto(`${origin}/kiosk`).then(
      () => undefined,
      () => undefined,
    );
  await load();
  return {
    look: () => page.evaluate<KioskLook>(LOOK).catch(() => NOTHING),
    reload: () =>
      page.reload().then(
        () => undefined,
        () => undefined,
      ),
    async reopen() {
      await page.close({ runBeforeUnload: false });
      page = await context.newPage();
      await load();
    },
    async heapBytes() {
      const session: CDPSession = await context.newCDPSession(page);
      await session.send("Performance.enable");
      await session.send("HeapProfiler.collectGarbage");
      const { metrics } = await session.send("Performance.getMetrics");
      await session.detach();
      return metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? 0;
    },
    close: () => context.close(),
  };
}
