import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { programWords } from "@mien/testing";
import { expect } from "vitest";
import type { ReadLine } from "./read-source.ts";

const PROGRAM = path.join(import.meta.dirname, "read-source.ts");

/** A process that reads a source and prints what it reads. */
export interface Reader {
  readonly pid: number;
  readonly lines: ReadLine[];
  /** The process's output on standard error. */
  readonly err: () => string;
  /**
   * Waits for a line.
   *
   * @throws {Error} after 20 s.
   */
  until(found: (line: ReadLine) => boolean): Promise<ReadLine>;
  /** Waits for a new frame. */
  nextFrame(): Promise<ReadLine>;
  /** The ids of the processes that it started: ffmpeg, the Kinect's process. */
  children(): number[];
  kill(signal: NodeJS.Signals): void;
  /** Waits for the end of the process. */
  readonly exit: Promise<number | null>;
}

/**
 * Starts the program.
 *
 * @param environment variables that are added to this process's; undefined removes a variable.
 * @param input a file for its standard input.
 */
export function startReader(
  flags: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
  input?: { readonly pipe: string } | { readonly redirect: string },
): Reader {
  const mark = `MIEN_TEST_MARK=${randomUUID()}`;
  const [node, ...words] = programWords(PROGRAM);
  const redirected =
    input !== undefined && "redirect" in input ? openSync(input.redirect, "r") : undefined;
  const child = spawn(node, [...words, "read", ...flags], {
    env: { ...process.env, ...environment, MIEN_TEST_MARK: mark.split("=")[1] },
    stdio: [redirected ?? (input === undefined ? "ignore" : "pipe"), "pipe", "pipe"],
  });
  if (redirected !== undefined) closeSync(redirected);
  if (input !== undefined && "pipe" in input) {
    // The source may be refused before it is read.
    child.stdin?.on("error", () => undefined).end(readFileSync(input.pipe));
  }
  const lines: ReadLine[] = [];
  let rest = "";
  let err = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts.map((line) => JSON.parse(line) as ReadLine));
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const until: Reader["until"] = async (found) => {
    for (let waited = 0; waited < 20_000; waited += 20) {
      const line = lines.find(found);
      if (line !== undefined) return line;
      if (child.exitCode !== null) break;
      await setTimeout(20);
    }
    throw new Error(`no such line among ${lines.length}; ${err}`);
  };
  return {
    pid: child.pid ?? 0,
    lines,
    err: () => err,
    until,
    nextFrame() {
      const known = lines.length;
      return until((line) => "frame" in line && lines.indexOf(line) >= known);
    },
    children: () => markedProcesses(mark).filter((pid) => pid !== child.pid),
    kill: (signal) => void child.kill(signal),
    exit,
  };
}

/** The ids of ffmpeg and Kinect processes that inherited a variable; works only on Linux. */
function markedProcesses(mark: string): number[] {
  if (!existsSync("/proc/self/environ")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        const isOurs = /ffmpeg|kinect-child/.test(command);
        return isOurs && readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark);
      } catch {
        return false; // gone meanwhile, or somebody else's
      }
    })
    .map(Number);
}

export const isFrame = (line: ReadLine) => "frame" in line;

/** Expects that the reader ends with code 1 and a message, without a frame or a running process. */
export async function expectRefusal(reader: Reader, sentence: RegExp): Promise<void> {
  expect(await reader.exit).toBe(1);
  expect(reader.err()).toMatch(sentence);
  expect(reader.err()).not.toMatch(/This is a bug|\n {4}at /);
  expect(reader.lines.filter(isFrame)).toEqual([]);
  expect(reader.children()).toEqual([]);
}

/** Expects a notice `lost` after an interruption, and, after its end, a notice `back` and frames. */
export async function expectReturn(
  reader: Reader,
  interrupt: () => unknown,
  resume?: () => unknown,
): Promise<void> {
  await reader.until(isFrame);
  const from = reader.lines.length;
  const later = (kind: string) => (line: ReadLine) =>
    "notice" in line && line.notice === kind && reader.lines.indexOf(line) >= from;
  interrupt();
  await reader.until(later("lost"));
  resume?.();
  await reader.until(later("back"));
  await reader.nextFrame();
}
