import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes, writeFileAtomic } from "@mien/cli";
import {
  decodeTensors,
  encodeTensors,
  MienError,
  messageOf,
  parseJson,
  RUN_FILES,
  type EpochRecord,
  type NamedTensor,
  type TensorFile,
} from "@mien/format";
import { isEpochRecord } from "./history.ts";

/** The state after an epoch, from which a run resumes with the same result as without a stop. */
export interface Checkpoint {
  /** The finished epochs, in order; training resumes with the next one. */
  readonly history: readonly EpochRecord[];
  /** Weights, moving averages and the optimiser's slots, by name. */
  readonly state: Readonly<Record<string, NamedTensor>>;
  /** Weights and moving averages of the best epoch (`bestEpoch` of the history). */
  readonly best: Readonly<Record<string, NamedTensor>>;
}

const KIND = "mien-checkpoint-1";
const BEST = "best.";

/** The path of a run's checkpoint: one file in the safetensors format. */
export function checkpointFile(runFolder: string): string {
  return path.join(runFolder, RUN_FILES.checkpoint, "last.safetensors");
}

/**
 * Replaces the checkpoint of a run. If writing fails, the last checkpoint is kept.
 *
 * @param inputs the inputs of the run as text (`inputsKey`); `loadCheckpoint` compares them.
 * @throws {MienError} `environment` if the disk is full or the file cannot be written.
 */
export async function saveCheckpoint(
  runFolder: string,
  checkpoint: Checkpoint,
  inputs: string,
): Promise<void> {
  const { history, state, best } = checkpoint;
  const tensors: Record<string, NamedTensor> = { ...state };
  for (const [name, tensor] of Object.entries(best)) tensors[BEST + name] = tensor;
  const file: TensorFile = {
    tensors,
    metadata: {
      kind: KIND,
      inputs,
      history: JSON.stringify(history),
    },
  };
  const metadata = { ...file.metadata, sha256: contentHash(file) };
  await writeFileAtomic(checkpointFile(runFolder), encodeTensors({ tensors, metadata }));
}

/**
 * Reads a run's checkpoint.
 *
 * @param inputs as given to `saveCheckpoint`.
 * @returns undefined if the run has no checkpoint yet.
 * @throws {MienError} `bad-data` if the file is damaged or not a checkpoint, `mismatch` if it
 * belongs to a run with other inputs.
 */
export async function loadCheckpoint(
  runFolder: string,
  inputs: string,
): Promise<Checkpoint | undefined> {
  const file = checkpointFile(runFolder);
  if (!existsSync(file)) return undefined;
  const advice = `Move ${runFolder} away, or add --fresh to start a new run beside it.`;
  let decoded: TensorFile;
  try {
    decoded = decodeTensors(await readBytes(file), file);
  } catch (error) {
    throw new MienError("bad-data", messageOf(error), { advice, cause: error });
  }
  const { sha256, ...metadata } = decoded.metadata;
  if (metadata["kind"] !== KIND) {
    throw new MienError("bad-data", `${file} is not a checkpoint of this version of mien`, {
      advice,
    });
  }
  if (contentHash({ tensors: decoded.tensors, metadata }) !== sha256) {
    throw new MienError("bad-data", `${file} is damaged: its content does not match its SHA-256`, {
      advice,
    });
  }
  if (metadata["inputs"] !== inputs) {
    throw new MienError("mismatch", `${file} belongs to a run with other data or settings`, {
      advice,
    });
  }
  const state: Record<string, NamedTensor> = {};
  const best: Record<string, NamedTensor> = {};
  for (const [name, tensor] of Object.entries(decoded.tensors)) {
    if (name.startsWith(BEST)) best[name.slice(BEST.length)] = tensor;
    else state[name] = tensor;
  }
  return {
    history: parseHistory(metadata["history"] ?? "[]", file),
    state,
    best,
  };
}

function parseHistory(text: string, file: string): EpochRecord[] {
  const history = parseJson(Buffer.from(text), `the history in ${file}`);
  if (Array.isArray(history) && history.every(isEpochRecord)) return history;
  throw new MienError("bad-data", `${file} does not hold the records of its epochs`);
}

function contentHash(file: TensorFile): string {
  const hash = createHash("sha256");
  for (const part of encodeTensors(file)) hash.update(part);
  return hash.digest("hex");
}
