import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { FrameResult, StreamLine } from "@mien/format";
import { programWords } from "@mien/testing";
import sharp from "sharp";
import { afterAll, beforeAll } from "vitest";
import { analyze as command } from "../commands/analyze-command.ts";
import { runCommand } from "./run-command.ts";

/** Classifies which half of an image is brighter: Top, Bottom, Left, Right, or Even. */
export const MODEL = path.resolve(import.meta.dirname, "../../../runtime/fixtures/halves.onnx");
/** Detects bright squares of 32 pixels as faces. */
export const SPOTS = path.resolve(import.meta.dirname, "../../../runtime/fixtures/spots.onnx");
/** Whether tests that need ffmpeg are skipped; never if `CI` is set. */
export const withoutFfmpeg = !process.env["CI"] && spawnSync("ffmpeg", ["-version"]).status !== 0;

/** The words that start app:analyze as a program of its own. */
export const ANALYZE = [
  ...programWords(path.resolve(import.meta.dirname, "../bin.ts")),
  "analyze",
] as const;

/** What the tests of one file share. */
export interface AnalyzeTests {
  /** The working folder, without links. */
  readonly folder: string;
}

/** Prepares an empty working folder for the tests of a file, and deletes it after them. */
export function analyzeTests(): AnalyzeTests {
  const home = process.cwd();
  const tests = { folder: "" };
  beforeAll(async () => {
    tests.folder = await realpath(await mkdtemp(path.join(tmpdir(), "mien analyze-")));
    process.chdir(tests.folder);
    process.stdout.setMaxListeners(100);
  });
  afterAll(async () => {
    process.chdir(home);
    await rm(tests.folder, { recursive: true, force: true });
  });
  return tests;
}

/** Runs the command in this process, since starting a new process takes longer than the work. */
export const analyze = (...flags: string[]) => runCommand(command, ...flags);

/** Runs the command in a process of its own, in the working folder. */
export function analyzeAsProgram(...flags: string[]) {
  const [program, ...words] = ANALYZE;
  const { status, stdout, stderr } = spawnSync(program, [...words, ...flags], { encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

/** Reads results.jsonl in the working folder. */
export async function readResults(file: string) {
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  const [header, ...results] = lines.map((line) => JSON.parse(line) as unknown);
  return { header: header as StreamLine, results: results as FrameResult[] };
}

/** A picture that is white where the predicate is true, else black. */
export function picture(isBright: (x: number, y: number) => boolean, width = 40, height = 40) {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    return isBright(at % width, Math.floor(at / width)) ? 255 : 0;
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** A picture whose left half is white. */
export const left = (width = 40, height = 40) => picture((x) => x < width / 2, width, height);
/** A picture whose upper half is white. */
export const top = (width = 40, height = 40) => picture((_, y) => y < height / 2, width, height);
