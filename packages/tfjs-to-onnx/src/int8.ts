import { MienError } from "@mien/format";
import { type ConvertOptions, convertToGraph } from "./convert.ts";
import { encodeOnnxModel } from "./graph/onnx-model.ts";
import { type OnnxRuntime, openWith } from "./open-with.ts";
import type { LayersModel } from "./read/read-model.ts";
import { type FloatTensor, measureRanges } from "./rewrite/quantisation-ranges.ts";
import { quantize } from "./rewrite/quantize.ts";

/** The newest operator set in which onnxruntime has integer kernels. */
const NEWEST_OPSET = 20;

/** Options of a conversion to 8 bits. */
export interface Int8Options extends Omit<ConvertOptions, "precision"> {
  /**
   * Samples on which the quantisation ranges are measured: float32 [N, …] for the only input, or a
   * list for several inputs. Some hundred samples, prepared as for the model, are enough.
   */
  readonly calibration: FloatTensor | readonly FloatTensor[];
  /** The module `onnxruntime-node` or `onnxruntime-web`, which runs the model on the samples. */
  readonly ort: OnnxRuntime;
  /** Called with the share of samples that are done, 0–1. */
  readonly onProgress?: (share: number) => void;
}

/**
 * Converts a tfjs LayersModel to an ONNX file that computes convolutions and dense layers with 8-bit
 * integers. Inputs and outputs stay float32.
 *
 * @returns the file, about a quarter as large as in float32.
 * @throws {MienError} the errors of `convertLayersModel`; `bad-config` for an operator set above 20;
 * `bad-data` if the samples do not fit the inputs of the model.
 * @example
 * import * as ort from "onnxruntime-node";
 * const calibration = { shape: [200, 48, 48, 1], data: images };
 * await writeFile("model.int8.onnx", await convertToInt8(model, { calibration, ort }));
 */
export async function convertToInt8(model: LayersModel, options: Int8Options): Promise<Uint8Array> {
  const { calibration, ort, onProgress, ...settings } = options;
  if ((settings.opset ?? 0) > NEWEST_OPSET) {
    throw new MienError("bad-config", `int8 needs opset ${NEWEST_OPSET} or older`);
  }
  const graph = convertToGraph(model, settings);
  const samples = "data" in calibration ? [calibration] : calibration;
  const ranges = await measureRanges(graph, samples, {
    open: openWith(ort),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return encodeOnnxModel(quantize(graph, ranges), settings);
}
