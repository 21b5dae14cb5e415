import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import {
  alternate,
  callContender,
  kerasEnvironment,
  stopIfAborted,
  summariseTurns,
} from "@mien/bench";
import { MienError, messageOf, type NamedTensor } from "@mien/format";
import { readNodes } from "@mien/tfjs-to-onnx";
import { openOnnx } from "@mien/runtime";
import { PEERS, PYTHON_FLAGS } from "./keras-predict-peer.ts";

/** One converter and the file that it wrote. */
export interface ConverterRow {
  readonly name: string;
  /** Duration of the conversion, from the start of its process to the end, in seconds. */
  readonly seconds: number;
  readonly bytes: number;
  readonly nodes: number;
  /** Median milliseconds for one face with one thread. */
  readonly median: number;
}

/** The converter's package, whose bundle is what people install. */
const PACKAGE = path.resolve(import.meta.dirname, "../../../tfjs-to-onnx");

/**
 * Converts a LayersModel with our converter and with Keras and tf2onnx, and measures both files in
 * alternating turns.
 *
 * @param folder of the LayersModel.
 * @param image the input of the files, batch 1.
 * @throws {MienError} `environment` if a conversion fails; `interrupted` if the signal fires.
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
        env: kerasEnvironment(),
        maxBuffer: 1e8,
      }).catch((error: unknown) => {
        stopIfAborted(signal);
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
      {
        name: "Keras → tf2onnx",
        program: python,
        args: [...PYTHON_FLAGS, path.join(PEERS, "tf2onnx_convert.py")],
      },
    ];
    const conversions: (Omit<ConverterRow, "median"> & { readonly content: Uint8Array })[] = [];
    for (const [i, { name, program, args }] of ways.entries()) {
      const file = path.join(scratch, `${i}.onnx`);
      const taken = await run(name, program, [...args, folder, file]);
      const content = await readFile(file);
      const { length: bytes } = content;
      conversions.push({ name, seconds: taken, bytes, nodes: readNodes(content).length, content });
    }
    const models = await Promise.all(conversions.map(({ content }) => openOnnx(content)));
    const contenders = models.map((model, i) =>
      callContender(conversions[i]?.name ?? "", () => model.run([image])),
    );
    const turns = await alternate(contenders, { amount: { seconds }, signal });
    await Promise.all(models.map((model) => model.close()));
    return conversions.map(({ name, seconds, bytes, nodes }, i) => ({
      name,
      seconds,
      bytes,
      nodes,
      median: summariseTurns(turns[i] ?? []).median,
    }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
