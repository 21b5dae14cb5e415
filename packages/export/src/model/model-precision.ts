import { MienError } from "@mien/format";
import { openOnnx } from "@mien/runtime";
import { type FloatTensor, type Graph, measureRanges, quantize, toHalf } from "@mien/tfjs-to-onnx";

/** The number format of a model: 32-bit floats, 16-bit floats or 8-bit integers. */
export type Precision = "fp32" | "fp16" | "int8";

/** File name and limits of a precision. */
export interface PrecisionRules {
  /** End of the file's name. */
  readonly extension: string;
  /** Largest difference between a probability and the trained model's on the reference images. */
  readonly tolerance: number;
  /** Largest such difference on the validation images, which are many more. */
  readonly validationTolerance: number;
  /** Whether every prediction must equal the trained model's. */
  readonly samePredictions: boolean;
  /** Largest accepted loss of accuracy on the validation images, 0–1. */
  readonly accuracyLoss: number;
  /** The newest operator set that onnxruntime has kernels for in this precision. */
  readonly newestOpset: number;
}

/** The precisions that a model can be exported in. */
export const PRECISIONS: Readonly<Record<Precision, PrecisionRules>> = {
  fp32: {
    extension: ".onnx",
    tolerance: 1e-5,
    validationTolerance: 1e-5,
    samePredictions: true,
    accuracyLoss: 0,
    newestOpset: 21,
  },
  fp16: {
    extension: ".fp16.onnx",
    tolerance: 0.02,
    validationTolerance: 0.02,
    samePredictions: false,
    accuracyLoss: 0.002,
    newestOpset: 21,
  },
  // Images with two nearly equal probabilities may change a lot; the accuracy may not.
  int8: {
    extension: ".int8.onnx",
    tolerance: 0.5,
    validationTolerance: 1,
    samePredictions: false,
    accuracyLoss: 0.005,
    newestOpset: 20,
  },
};

/** The names of the precisions, float32 first. */
export const PRECISION_NAMES: readonly Precision[] = ["fp32", "fp16", "int8"];

/** The precision of that name; `fp32` for any other text. */
export function precisionOf(name: string | undefined): Precision {
  return PRECISION_NAMES.find((precision) => precision === name) ?? "fp32";
}

/**
 * Converts a float32 graph to another precision.
 *
 * @param options.images called for int8: images to measure the quantisation ranges on, float32
 * [N, height, width, channels].
 * @param options.onProgress called with the share of those images that are done, 0–1.
 * @throws {MienError} `usage` if `options.opset` is newer than onnxruntime's kernels for the precision.
 */
export async function inPrecision(
  graph: Graph,
  precision: Precision,
  options: {
    readonly opset: number;
    readonly images: () => Promise<FloatTensor>;
    readonly onProgress?: (share: number) => void;
  },
): Promise<Graph> {
  const { newestOpset } = PRECISIONS[precision];
  if (options.opset > newestOpset) {
    throw new MienError("usage", `${precision} needs opset ${newestOpset} or older`);
  }
  if (precision === "fp32") return graph;
  if (precision === "fp16") return toHalf(graph);
  const { images, onProgress } = options;
  const ranges = await measureRanges(graph, [await images()], {
    open: openOnnx,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return quantize(graph, ranges);
}
