import path from "node:path";
import { encodeModelMetadata, RUN_FILES, type RunConfig } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { comparePredictions, requireAgreement, type Agreement } from "./compare-outputs.ts";
import {
  convertToGraph,
  encodeOnnxModel,
  type FloatTensor,
  readLayersModel,
} from "@mien/tfjs-to-onnx";
import { inPrecision, PRECISIONS, type Precision } from "./model-precision.ts";
import { loadSplit } from "./load-split.ts";
import { describeRun, readCalibration, readReference, type RunPaths } from "./run-export.ts";
import { applyTemperature } from "./apply-temperature.ts";

/** Number of training images on which the quantisation ranges of int8 are measured. */
const RANGE_IMAGES = 512;

/** Settings of an export. */
export interface ExportOptions {
  readonly precision: Precision;
  /** The ONNX operator set, 13–21; int8 at most 20. */
  readonly opset: number;
  /**
   * Path of the data set whose training images give the quantisation ranges of int8; default: the
   * file that the run was trained on.
   */
  readonly csv?: string | undefined;
  readonly signal?: AbortSignal;
  /** Called while the quantisation ranges are measured, with the share of images done, 0–1. */
  readonly onProgress?: (share: number) => void;
}

/**
 * Converts a run's model to ONNX and tests it on the run's reference images.
 *
 * @returns the content of the file, and the comparison with the reference outputs.
 * @throws {MienError} `mismatch` if the outputs of the file differ from those of the trained model;
 * `usage` for an operator set that the precision does not support; the errors of reading the run and
 * the data set.
 */
export async function exportModel(
  paths: RunPaths,
  config: RunConfig,
  options: ExportOptions,
): Promise<{ bytes: Uint8Array; agreement: Agreement }> {
  const { precision, opset, csv, signal, onProgress } = options;
  const trained = await readLayersModel(path.join(paths.run, RUN_FILES.model));
  const { temperature = 1 } = (await readCalibration(paths)) ?? {};
  const graph = convertToGraph(trained, { outputName: "probabilities", temperature, opset });
  const images = async (): Promise<FloatTensor> => {
    const limit = RANGE_IMAGES;
    const { pixels, labels } = await loadSplit(config, "train", { csv, limit, signal });
    const { height, width, channels } = config.input;
    return {
      shape: [labels.length, height, width, channels],
      data: Float32Array.from(pixels),
    };
  };
  const converted = await inPrecision(graph, precision, {
    opset,
    images,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const metadata = {
    ...encodeModelMetadata(await describeRun(paths, config)),
    "mien.precision": precision,
  };
  const bytes = encodeOnnxModel(converted, { metadata, opset });
  const reference = await readReference(paths, config);
  const classifier = await ExpressionClassifier.open(bytes);
  try {
    const { classes } = config;
    const outputs = await classifier.run(reference.inputs, reference.count);
    const expected = applyTemperature(reference.outputs, classes.length, temperature);
    const agreement = comparePredictions(expected, outputs, {
      classes,
      allowed: PRECISIONS[precision],
    });
    requireAgreement(
      agreement,
      `the trained model and its ONNX file differ on the reference images`,
    );
    return { bytes, agreement };
  } finally {
    await classifier.close();
  }
}
