import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { MienError, messageOf, type NamedTensor } from "@mien/format";
import { readNodes } from "@mien/tfjs-to-onnx";
import { openOnnx } from "@mien/runtime";
import { PEERS } from "./keras-peer.ts";
import { contender, timeAlternating } from "./export-timing.ts";

/** One converter's file. */
export interface ConverterRow {
  readonly name: string;
  /** Seconds that the conversion takes as a whole process. */
  readonly seconds: number;
  readonly bytes: number;
  readonly nodes: number;
  /** Median milliseconds for one face, one thread. */
  readonly median: number;
}

/** The converter's package, whose bundle is what people install. */
const PACKAGE = path.resolve(import.meta.dirname, "../..");

/**
 * Converts a LayersModel by ours and by way of Keras and tf2onnx, and times both files in turns.
 *
 * @param folder of the LayersModel.
 * @param image that the files are timed on, batch 1.
 * @throws {MienError} `environment` if a conversion fails; `interrupted` on the signal.
 */
export async function compareConverters(
  folder: string,
  image: NamedTensor,
  options: { readonly python: string; readonly seconds: number; readonly signal?: AbortSignal },
): Promise<ConverterRow[]> {
  const { python, seconds, signal } = options;
  const scratch = await mkdtemp(path.join(tmpdir(), "mien-converters-"));
  try {
    const run = async (name: string, program: string, args: readonly string[]) => {
      const start = performance.now();
      await promisify(execFile)(program, args, {
        ...(signal === undefined ? {} : { signal }),
        maxBuffer: 1e8,
      }).catch((error: unknown) => {
        if (signal?.aborted) throw new MienError("interrupted", "the benchmark was stopped");
        throw new MienError("environment", `${name} failed: ${messageOf(error).slice(-800)}`);
      });
      return (performance.now() - start) / 1000;
    };
    await run("bundling", process.execPath, [path.join(PACKAGE, "bundle.mjs")]);
    const ways = [
      {
        name: "mien",
        program: process.execPath,
        args: [path.join(PACKAGE, "dist/alone/bin.js")],
      },
      { name: "Keras → tf2onnx", program: python, args: [path.join(PEERS, "tf2onnx_convert.py")] },
    ];
    const rows: Omit<ConverterRow, "median">[] = [];
    const files: Uint8Array[] = [];
    for (const [i, { name, program, args }] of ways.entries()) {
      const file = path.join(scratch, `${i}.onnx`);
      const taken = await run(name, program, [...args, folder, file]);
      const bytes = await readFile(file);
      files.push(bytes);
      rows.push({ name, seconds: taken, bytes: bytes.length, nodes: readNodes(bytes).length });
    }
    const models = await Promise.all(files.map((bytes) => openOnnx(bytes)));
    const contenders = models.map((model, i) =>
      contender((rows[i] as ConverterRow).name, () => model.run([image])),
    );
    const timings = await timeAlternating(contenders, { seconds }, { signal });
    await Promise.all(models.map((model) => model.close()));
    return rows.map((row, i) => ({ ...row, median: timings[i]?.median ?? NaN }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
