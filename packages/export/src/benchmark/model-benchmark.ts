import { statSync } from "node:fs";
import { alternate, callContender } from "@mien/bench";
import { imageSize, random } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { callRow, type CallRow } from "./call-row.ts";

/** One exported model at one batch size; `name` is its file. */
interface ModelRow extends CallRow {
  /** Size of the file. */
  readonly bytes: number;
  /** How many times as fast as the slowest model at the same batch size, by the medians. */
  readonly factor: number;
}

const BATCHES = [1, 64] as const;

/**
 * Measures exported models in onnxruntime with one thread, in alternating turns.
 *
 * @param options.seconds of measuring for each row.
 * @throws {MienError} `interrupted` if the signal fires; errors of opening a model.
 */
export async function benchmarkModels(
  files: readonly string[],
  options: {
    readonly seconds: number;
    readonly signal?: AbortSignal;
    readonly onProgress?: (share: number) => void;
  },
): Promise<ModelRow[]> {
  const { seconds, signal, onProgress } = options;
  const opened: { readonly file: string; readonly classifier: ExpressionClassifier }[] = [];
  try {
    for (const file of files) {
      opened.push({ file, classifier: await ExpressionClassifier.open(file, { threads: 1 }) });
    }
    const rows: ModelRow[] = [];
    for (const [done, batch] of BATCHES.entries()) {
      const contenders = opened.map(({ file, classifier }) => {
        const pixels = noise(batch * imageSize(classifier.metadata.input));
        return callContender(file, () => classifier.run(pixels, batch));
      });
      const turns = await alternate(contenders, {
        amount: { seconds },
        signal,
        onProgress: (share) => onProgress?.((done + share) / BATCHES.length),
      });
      const measured = contenders.map(({ name }, i) => callRow(name, batch, turns[i] ?? []));
      const slowest = Math.max(...measured.map(({ median }) => median));
      for (const row of measured) {
        rows.push({ ...row, bytes: statSync(row.name).size, factor: slowest / row.median });
      }
    }
    return rows;
  } finally {
    for (const { classifier } of opened) await classifier.close();
  }
}

/** Random pixels; their content does not affect the time. */
function noise(count: number): Float32Array {
  const stream = random("speed", count);
  return Float32Array.from({ length: count }, () => Math.floor(256 * stream.uniform()));
}
