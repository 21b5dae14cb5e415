import { createHash } from "node:crypto";
import path from "node:path";
import { readBytes, readRunConfig } from "@mien/cli";
import { MienError, RUN_FILES, type NamedTensor, type SourceFile } from "@mien/format";
import { checkpointFile, loadCheckpoint } from "./checkpoint.ts";
import { inputsKey, inputsOf } from "./run-inputs.ts";

/**
 * The file of a finished run's weights, which identifies them among the inputs of a run that starts
 * from them.
 *
 * @throws {MienError} `missing-file` if the run has no model.
 */
export async function identifyStart(run: string): Promise<SourceFile> {
  const file = path.join(run, RUN_FILES.model, "weights.bin");
  const content = await readBytes(file);
  return { path: file, sha256: createHash("sha256").update(content).digest("hex") };
}

/** The folder of the run that a file of weights (`identifyStart`) belongs to. */
export function runOf(file: string): string {
  return path.dirname(path.dirname(file));
}

/**
 * The weights and moving averages of a finished run, by the names of the network's variables.
 *
 * @throws {MienError} `missing-file` if the run has no checkpoint, and the errors of
 * `loadCheckpoint`.
 */
export async function readStartWeights(
  run: string,
): Promise<Readonly<Record<string, NamedTensor>>> {
  const config = await readRunConfig(run);
  const checkpoint = await loadCheckpoint(run, inputsKey(inputsOf(config)));
  if (checkpoint !== undefined) return checkpoint.best;
  throw new MienError("missing-file", `${run} has no checkpoint ${checkpointFile(run)}`, {
    advice: "--start reads the weights from the checkpoint of a finished run.",
  });
}
