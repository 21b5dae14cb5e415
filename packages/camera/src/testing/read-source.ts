// A program that reads a source as commands do, for tests of its output, exit code and processes.
import { setTimeout } from "node:timers/promises";
import { defineCommand, runProgram } from "@mien/cli";
import { openSource } from "../open-source.ts";

/** A line of the program's output. */
export type ReadLine =
  | { readonly opened: { readonly kind: string; readonly framesPerSecond: number | null } }
  | { readonly frame: number; readonly timeMs: number; readonly middle: readonly number[] }
  | { readonly notice: string; readonly message: string }
  | { readonly end: number };

const print = (line: ReadLine) => process.stdout.write(`${JSON.stringify(line)}\n`);

const read = defineCommand({
  name: "read",
  summary: "reads a source",
  examples: [],
  options: {
    source: { type: "string", description: "source", default: "" },
    loop: { type: "boolean", description: "for ever" },
    realTime: { type: "boolean", description: "at its own speed" },
    patience: { type: "number", unit: null, description: "milliseconds", default: 10_000 },
    frames: { type: "integer", unit: null, description: "stop after so many", default: 1e9 },
    slow: { type: "number", unit: null, description: "milliseconds a frame", default: 0 },
  },
  async run({ source: text, loop, realTime, patience: patienceMs, frames, slow }, { signal }) {
    const source = await openSource(text, {
      loop,
      realTime,
      patienceMs,
      signal,
      onNotice: ({ kind, message }) => print({ notice: kind, message }),
    });
    print({ opened: { kind: source.kind, framesPerSecond: source.framesPerSecond } });
    let count = 0;
    for await (const { index, timeMs, width, height, pixels } of source.frames()) {
      const at = 3 * (Math.floor(height / 2) * width + Math.floor(width / 2));
      print({ frame: index, timeMs, middle: [...pixels.subarray(at, at + 3)] });
      if (++count === frames) break;
      if (slow > 0) await setTimeout(slow);
    }
    print({ end: count });
  },
});

await runProgram({ name: "test", summary: "for tests", commands: [read] });
