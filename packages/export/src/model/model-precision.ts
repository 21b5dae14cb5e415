import { MienError, type NamedTensor } from "@mien/format";
import { calibrate } from "./quantisation-ranges.ts";
import { type Graph, quantize, toHalf } from "@mien/tfjs-to-onnx";

/** The numbers that a model computes with. */
export type Precision = "fp32" | "fp16" | "int8";

/** What each precision is allowed, and what its file is called. */
export interface PrecisionRules {
  /** Ends the file's name. */
  readonly extension: string;
  /** Largest difference of a probability from the trained model's on the reference images. */
  readonly tolerance: number;
  /** The same on the many validation images. */
  readonly validationTolerance: number;
  /** Whether every answer must be the trained model's. */
  readonly sameAnswers: boolean;
  /** Accuracy on the validation part that may be lost, 0–1. */
  readonly accuracyLoss: number;
  /** The newest operator set that onnxruntime's kernels for it take. */
  readonly newestOpset: number;
}

export const PRECISIONS: Readonly<Record<Precision, PrecisionRules>> = {
  fp32: {
    extension: ".onnx",
    tolerance: 1e-5,
    validationTolerance: 1e-5,
    sameAnswers: true,
    accuracyLoss: 0,
    newestOpset: 21,
  },
  fp16: {
    extension: ".fp16.onnx",
    tolerance: 0.02,
    validationTolerance: 0.02,
    sameAnswers: false,
    accuracyLoss: 0.002,
    newestOpset: 21,
  },
  // Single images may move far where the model hesitates; the accuracy may not.
  int8: {
    extension: ".int8.onnx",
    tolerance: 0.5,
    validationTolerance: 1,
    sameAnswers: false,
    accuracyLoss: 0.005,
    newestOpset: 20,
  },
};

/**
 * The graph of a float32 model in another precision.
 *
 * @param images that int8 is calibrated on, float32 [N, height, width, channels].
 * @throws {MienError} `usage` for an operator set that the precision has no kernels for.
 */
export async function inPrecision(
  graph: Graph,
  precision: Precision,
  options: {
    readonly opset: number;
    readonly images: () => Promise<NamedTensor>;
    readonly onProgress?: (share: number) => void;
  },
): Promise<Graph> {
  const { newestOpset } = PRECISIONS[precision];
  if (options.opset > newestOpset) {
    throw new MienError("usage", `${precision} needs opset ${newestOpset} or older`);
  }
  if (precision === "fp32") return graph;
  if (precision === "fp16") return toHalf(graph);
  const ranges = await calibrate(graph, await options.images(), options.onProgress);
  return quantize(graph, ranges);
}
