import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { PageFile } from "../server/page-files.ts";
import { findChromium } from "@mien/bench";
import { buildPage, launchWithCamera, type CameraBrowser } from "./page-visit.ts";
import { startLive, type TestLive, type TestLiveOptions } from "./start-live.ts";

/** Whether tests that need Chromium are skipped; never if `CI` is set. */
export const withoutChromium = findChromium() === undefined && !process.env["CI"];

/** What the tests of one file share. */
export interface PageTests {
  /** A temporary folder. */
  readonly folder: string;
  /** The built page. */
  readonly files: ReadonlyMap<string, PageFile>;
  readonly chromium: CameraBrowser;
  /** Starts a live app that runs until the end of the file. */
  readonly startForAll: (options: Omit<TestLiveOptions, "page">) => Promise<TestLive>;
  /** Starts a live app that runs until the end of the test. */
  readonly start: (options: Omit<TestLiveOptions, "page">) => Promise<TestLive>;
  /** Closes something at the end of the test. */
  readonly closeLater: (one: { close(): Promise<unknown> }) => void;
}

/**
 * Prepares the tests of the page in one file, and cleans up after each and after all of them.
 *
 * @param prepare starts what all tests of the file use.
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
  // The other properties are set before the first test.
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
