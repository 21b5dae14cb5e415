import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { MienError, type FrameResult } from "@mien/format";
import type { FrameDetections } from "@mien/runtime";

/** A frame that an interrupted analysis has read. */
export interface KeptFrame {
  readonly result: FrameResult;
  /** What the detector found in it; null if it did not run. */
  readonly detections: FrameDetections | null;
}

/** The complete lines at the beginning of a file. */
export interface WholeLines {
  readonly count: number;
  /** Their length, with line breaks. */
  readonly bytes: number;
}

/**
 * Counts the complete lines of a file; a killed process leaves a part of a line at its end.
 *
 * @param most lines after these do not count.
 * @returns no line if there is no such file.
 */
export async function wholeLines(file: string, most = Infinity): Promise<WholeLines> {
  let [count, bytes, before] = [0, 0, 0];
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      for (let at = chunk.indexOf(10); at >= 0 && count < most; at = chunk.indexOf(10, at + 1)) {
        count++;
        bytes = before + at + 1;
      }
      before += chunk.length;
      if (count >= most) break;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return { count, bytes };
}

/**
 * Reads the frames that an interrupted analysis has kept, in order.
 *
 * @param files.results a line about the stream, then a `FrameResult` a line.
 * @param files.detections a line about the analysis, then the frame's detections a line.
 * @param count number of frames.
 * @throws {MienError} `bad-data` if a line is not what was written.
 */
export async function* readKeptFrames(
  files: { readonly results: string; readonly detections: string },
  count: number,
): AsyncGenerator<KeptFrame, void> {
  const results = await linesAfterFirst(files.results);
  const detections = await linesAfterFirst(files.detections);
  try {
    for (let frame = 0; frame < count; frame++) {
      const result = parseLine(await results.next(), files.results) as FrameResult;
      const found = parseLine(await detections.next(), files.detections);
      yield { result, detections: found as FrameDetections | null };
    }
  } finally {
    await results.return(undefined);
    await detections.return(undefined);
  }
}

async function linesAfterFirst(file: string): Promise<AsyncGenerator<string>> {
  async function* read(): AsyncGenerator<string> {
    const handle = await open(file);
    try {
      let isFirst = true;
      for await (const line of handle.readLines()) {
        if (!isFirst) yield line;
        isFirst = false;
      }
    } finally {
      await handle.close();
    }
  }
  return Promise.resolve(read());
}

function parseLine(line: IteratorResult<string, unknown>, file: string): unknown {
  try {
    if (line.done !== true) return JSON.parse(line.value);
  } catch {
    // Below.
  }
  throw new MienError("bad-data", `${file} is damaged: a line is not JSON, or is missing`, {
    advice: "Add --fresh to read the source from its beginning.",
  });
}
