import { existsSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { counted, takeLock } from "@mien/cli";
import { isRecord, MienError, streamLine, type FrameResult, type StreamHeader } from "@mien/format";
import type { FrameDetections } from "@mien/runtime";
import { eraseInTable } from "../people/erase/erase.ts";
import { csvHeader, csvLines } from "../results/faces-csv.ts";
import { incompleteName, LineFile } from "../results/line-file.ts";
import { readKeptFrames, wholeLines, type KeptFrame } from "./kept-frames.ts";

/** The state of a source that cannot be read a second time, in the file. */
const UNKNOWN = "unknown";

/** What determines the results of an analysis. */
export interface AnalysisInputs {
  /** Name of the source that is shown to people. */
  readonly source: string;
  /** See `sourceState`; undefined for a source that cannot be read a second time. */
  readonly state: string | null | undefined;
  /** Hashes of the models and people, and the settings. */
  readonly models: unknown;
}

/** The results of a source, where and how they are written. */
export interface ResultFolderOptions {
  readonly inputs: AnalysisInputs;
  /** Whether `faces.csv` is written. */
  readonly csv: boolean;
  /** Number of frames of an interrupted analysis that are used at most. Default: all. */
  readonly maxFrames?: number | undefined;
  /** Whether the results of an interrupted analysis are deleted. */
  readonly fresh: boolean;
}

/**
 * The folder of an analysis. Its tables appear when they are complete. Until then they are called
 * `results.incomplete.jsonl` and `faces.incomplete.csv`, and `detections.incomplete.jsonl` holds what
 * a later analysis needs to go on. These files stay if the analysis is interrupted or killed.
 */
export class ResultFolder {
  readonly folder: string;
  /** Number of frames that an interrupted analysis of the same inputs has read. */
  readonly kept: number;
  readonly #options: ResultFolderOptions;
  readonly #keptBytes: { readonly results: number; readonly detections: number };
  #unlock: (() => Promise<void>) | undefined;
  #results: LineFile | undefined;
  #detections: LineFile | undefined;
  #csv: LineFile | undefined;

  private constructor(
    folder: string,
    options: ResultFolderOptions,
    kept: {
      readonly frames: number;
      readonly results: number;
      readonly detections: number;
    },
  ) {
    this.folder = folder;
    this.kept = kept.frames;
    this.#options = options;
    this.#keptBytes = kept;
  }

  /**
   * Looks for the results of an interrupted analysis; makes no folder.
   *
   * @throws {MienError} `conflict` if there are results of other inputs, or if another process writes
   * into the folder.
   */
  static async open(folder: string, options: ResultFolderOptions): Promise<ResultFolder> {
    const nothing = { frames: 0, results: 0, detections: 0 };
    if (!existsSync(folder)) return new ResultFolder(folder, options, nothing);
    const unlock = await lock(folder);
    try {
      const kept = options.fresh ? undefined : await findKept(folder, options);
      const opened = new ResultFolder(folder, options, kept ?? nothing);
      opened.#unlock = unlock;
      return opened;
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /** The kept frames, in order. */
  keptFrames(): AsyncGenerator<KeptFrame, void> {
    const { results, detections } = filesIn(this.folder);
    return readKeptFrames(
      { results: incompleteName(results), detections: incompleteName(detections) },
      this.kept,
    );
  }

  /** Opens the tables for the frames after the kept ones. Call it when there is a frame. */
  async start(header: StreamHeader, frameRate: number | null): Promise<void> {
    const { folder } = this;
    const { inputs, csv } = this.#options;
    await mkdir(folder, { recursive: true });
    this.#unlock ??= await lock(folder);
    const files = filesIn(folder);
    this.#results = await LineFile.create(files.results, this.#keptBytes.results);
    this.#detections = await LineFile.create(files.detections, this.#keptBytes.detections);
    if (this.kept === 0) {
      const { source } = inputs;
      await this.#results.add(JSON.stringify(streamLine({ ...header, source, frameRate })));
      await this.#detections.add(
        JSON.stringify({ ...inputs, state: inputs.state === undefined ? UNKNOWN : inputs.state }),
      );
    }
    await rm(incompleteName(files.csv), { force: true });
    if (!csv) return;
    this.#csv = await LineFile.create(files.csv);
    await this.#csv.add(csvHeader(header.labels));
  }

  /**
   * Adds a frame.
   *
   * @param detections see `ProcessOptions.onDetections`; undefined for a kept frame, which is only
   * added to `faces.csv`.
   */
  async add(result: FrameResult, detections: FrameDetections | null | undefined): Promise<void> {
    if (this.#csv !== undefined) for (const line of csvLines(result)) await this.#csv.add(line);
    if (detections === undefined) return;
    await this.#detections?.add(JSON.stringify(detections));
    // A frame is kept if it is in both files, so a kill loses no frame of the results.
    await this.#results?.add(JSON.stringify(result), async () => this.#detections?.flush());
  }

  /** Erases a person in the tables so far, also when they are complete. */
  async forget(name: string): Promise<void> {
    await this.keep();
    const { results, csv } = filesIn(this.folder);
    for (const file of [results, csv].flatMap((one) => [one, incompleteName(one)])) {
      await eraseInTable(file, name);
    }
  }

  /** Completes the tables. @returns their paths. */
  async finish(): Promise<{ results: string; csv?: string }> {
    const { results, csv } = filesIn(this.folder);
    await this.#csv?.finish();
    await this.#results?.finish();
    await this.#detections?.discard();
    return { results, ...(this.#csv === undefined ? {} : { csv }) };
  }

  /** Writes what was added, without completing the tables. @returns the path of the results. */
  async keep(): Promise<string | undefined> {
    await this.#csv?.flush();
    await this.#detections?.flush();
    await this.#results?.flush();
    return this.#results?.incomplete;
  }

  async close(): Promise<void> {
    await this.#unlock?.();
  }
}

function filesIn(folder: string) {
  return {
    results: path.join(folder, "results.jsonl"),
    detections: path.join(folder, "detections.jsonl"),
    csv: path.join(folder, "faces.csv"),
  };
}

async function lock(folder: string): Promise<() => Promise<void>> {
  const file = path.join(folder, "analyze.lock");
  const taken = await takeLock(file);
  if ("release" in taken) return taken.release;
  const { heldBy } = taken;
  throw new MienError("conflict", `process ${heldBy} is writing into ${folder}`, {
    advice: `Wait until it has ended, or name another folder with --out. If process ${heldBy} is no analysis, delete ${file}.`,
  });
}

/**
 * Finds the frames of an interrupted analysis.
 *
 * @returns undefined if there are none.
 * @throws {MienError} `conflict` if they were read from other inputs.
 */
async function findKept(folder: string, { inputs, maxFrames }: ResultFolderOptions) {
  const files = filesIn(folder);
  const [results, detections] = [incompleteName(files.results), incompleteName(files.detections)];
  if (!existsSync(results)) return undefined;
  const most = maxFrames === undefined ? Infinity : maxFrames + 1;
  const lines = [await wholeLines(results, most), await wholeLines(detections, most)] as const;
  const frames = Math.min(lines[0].count, lines[1].count) - 1;
  if (frames < 1) return undefined;
  const before = await firstLine(detections);
  if (!isDeepStrictEqual(before, JSON.parse(JSON.stringify(inputs)))) {
    const what = `${counted(frames, "frame")} of ${String(before["source"])}`;
    const isSame = before["source"] === inputs.source && before["state"] !== UNKNOWN;
    const why = isSame ? ", read with other models, people or settings, or before it changed" : "";
    const finish =
      before["state"] === UNKNOWN
        ? "It cannot be continued: add"
        : "Run that command again to finish it, add";
    throw new MienError("conflict", `${results} holds ${what}${why}`, {
      advice: `${finish} --fresh to delete it, or name another folder with --out.`,
    });
  }
  const whole = (file: string) => wholeLines(file, frames + 1);
  return {
    frames,
    results: (await whole(results)).bytes,
    detections: (await whole(detections)).bytes,
  };
}

/** The line about the analysis at the beginning of the detections. */
async function firstLine(file: string): Promise<Readonly<Record<string, unknown>>> {
  const handle = await open(file);
  try {
    for await (const line of handle.readLines()) {
      const inputs: unknown = JSON.parse(line);
      if (isRecord(inputs)) return inputs;
      break;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  } finally {
    await handle.close();
  }
  return { source: "an unknown source", state: UNKNOWN };
}
