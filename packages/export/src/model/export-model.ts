import path from "node:path";
import { encodeModelMetadata, type NamedTensor, RUN_FILES, type RunConfig } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { comparePredictions, requireAgreement, type Agreement } from "./compare-outputs.ts";
import { convertToGraph, encodeOnnxModel, readLayersModel } from "@mien/tfjs-to-onnx";
import { inPrecision, PRECISIONS, type Precision } from "./model-precision.ts";
import { loadPart } from "./run-images.ts";
import { describeRun, readCalibration, readReference, type RunPaths } from "./run-export.ts";
import { temper } from "./apply-temperature.ts";

/** Training images that int8 is calibrated on. */
const CALIBRATION_IMAGES = 512;

/** How a run's model is exported. */
export interface ExportOptions {
  readonly precision: Precision;
  readonly opset: number;
  /** The data set that int8 is calibrated on; by default the run's own. */
  readonly csv?: string | undefined;
  readonly signal?: AbortSignal;
  /** Told how far the calibration is, 0–1. */
  readonly onProgress?: (share: number) => void;
}

/**
 * A run's model as an ONNX file, tried on the run's reference.
 *
 * @throws {MienError} `mismatch` if the file's answers are not those of the trained model.
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
  const images = async (): Promise<NamedTensor> => {
    const limit = CALIBRATION_IMAGES;
    const { pixels, labels } = await loadPart(config, "train", { csv, limit, signal });
    const { height, width, channels } = config.input;
    return {
      shape: [labels.length, height, width, channels],
      data: Float32Array.from(pixels),
    };
  };
  const computing = await inPrecision(graph, precision, {
    opset,
    images,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const metadata = {
    ...encodeModelMetadata(await describeRun(paths, config)),
    "mien.precision": precision,
  };
  const bytes = encodeOnnxModel(computing, { metadata, opset });
  const reference = await readReference(paths, config);
  const classifier = await ExpressionClassifier.open(bytes);
  try {
    const { classes } = config;
    const answers = await classifier.run(reference.inputs, reference.count);
    const expected = temper(reference.outputs, classes.length, temperature);
    const agreement = comparePredictions(expected, answers, classes, PRECISIONS[precision]);
    requireAgreement(agreement, `the trained model and its ONNX file part on the reference`);
    return { bytes, agreement };
  } finally {
    await classifier.close();
  }
}
