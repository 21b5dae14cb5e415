import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { PageFile } from "../../server/page-files.ts";
import { findChromium } from "@mien/bench";
import { buildPage, launchWithCamera, type CameraBrowser } from "./page-visit.ts";
import { startLive, type TestLive, type TestLiveOptions } from "./start-live.ts";

/** Where Chromium is missing a person's tests of the page are skipped; CI has it. */
export const withoutChromium = findChromium() === undefined && !process.env["CI"];

/** What the tests of one file share: a folder, the built page, a browser with a camera. */
export interface PageTests {
  readonly folder: string;
  readonly files: ReadonlyMap<string, PageFile>;
  readonly chromium: CameraBrowser;
  /** Starts a live app with the page until the end of the file. */
  readonly startForAll: (options: Omit<TestLiveOptions, "page">) => Promise<TestLive>;
  /** Starts one until the end of the test. */
  readonly start: (options: Omit<TestLiveOptions, "page">) => Promise<TestLive>;
  /** Closes something at the end of the test. */
  readonly closeLater: (one: { close(): Promise<unknown> }) => void;
}

/**
 * Prepares a file's tests of the page, and cleans up after each and after all of them.
 *
 * @param prepare starts what all of the file's tests use.
 */
export function pageTests(prepare?: (tests: PageTests) => Promise<void>): PageTests {
  const ofTest: { close(): Promise<unknown> }[] = [];
  const ofFile: { close(): Promise<unknown> }[] = [];
  const closeAll = async (some: typeof ofTest) => {
    for (const one of some.splice(0).reverse()) await one.close().catch(() => undefined);
  };
  const starting = (some: typeof ofTest) => async (options: Omit<TestLiveOptions, "page">) => {
    const live = await startLive({ ...options, page: tests.files });
    some.push(live);
    return live;
  };
  // Filled before the first test.
  const tests = {
    startForAll: starting(ofFile),
    start: starting(ofTest),
    closeLater: (one: { close(): Promise<unknown> }) => void ofTest.push(one),
  } as { -readonly [Key in keyof PageTests]: PageTests[Key] };
  beforeAll(async () => {
    tests.folder = await mkdtemp(path.join(tmpdir(), "mien-page-"));
    if (withoutChromium) return;
    tests.files = await buildPage(tests.folder);
    tests.chromium = await launchWithCamera(tests.folder);
    await prepare?.(tests);
  });
  afterEach(async () => {
    for (const context of tests.chromium?.browser.contexts() ?? []) await context.close();
    await closeAll(ofTest);
  });
  afterAll(async () => {
    await tests.chromium?.browser.close();
    await closeAll(ofFile);
    await rm(tests.folder, { recursive: true, force: true });
  });
  return tests;
}
