import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes, writeFileAtomic } from "@mien/cli";
import {
  decodeTensors,
  encodeTensors,
  MienError,
  messageOf,
  RUN_FILES,
  type EpochRecord,
  type NamedTensor,
  type TensorFile,
} from "@mien/format";

/** Everything that a run needs to go on exactly as if it had not stopped, after whole epochs. */
export interface Checkpoint {
  /** The finished epochs, in order; the number of them is where to go on. */
  readonly history: readonly EpochRecord[];
  /** Weights, moving averages and the optimiser's memory, by name. */
  readonly state: Readonly<Record<string, NamedTensor>>;
  /** Weights and moving averages of the best epoch (`bestEpoch` of the history). */
  readonly best: Readonly<Record<string, NamedTensor>>;
}

const KIND = "mien-checkpoint-1";
const BEST = "best.";

/** Where a run keeps its checkpoint: one file, readable with Python's safetensors. */
export function checkpointFile(runFolder: string): string {
  return path.join(runFolder, RUN_FILES.checkpoint, "last.safetensors");
}

/**
 * Stores a checkpoint whole, in place of the last one, which stays if writing fails.
 *
 * @param inputs what the run is made from, as text; loading compares it.
 * @throws {MienError} `environment` if the disk is full or may not be written.
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
 * @returns undefined if the run has none yet.
 * @throws {MienError} `bad-data` if the file is damaged or no checkpoint, `mismatch` if it belongs
 * to a run with other inputs.
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
    throw new MienError("bad-data", `${file} is no checkpoint of this version of mien`, { advice });
  }
  if (contentHash({ tensors: decoded.tensors, metadata }) !== sha256) {
    throw new MienError("bad-data", `${file} is damaged: its content does not fit its SHA-256`, {
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
    history: JSON.parse(metadata["history"] ?? "[]") as EpochRecord[],
    state,
    best,
  };
}

function contentHash(file: TensorFile): string {
  const hash = createHash("sha256");
  for (const part of encodeTensors(file)) hash.update(part);
  return hash.digest("hex");
}
