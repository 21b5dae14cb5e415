import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { readBytes } from "@mien/cli";
import {
  decodeModelMetadata,
  encodeModelMetadata,
  MienError,
  type ModelMetadata,
  type PixelValues,
  random,
  readOnnxMetadata,
} from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { decodeOnnxModel, encodeOnnxModel } from "@mien/tfjs-to-onnx";
import { comparePredictions, requireAgreement, type Agreement } from "../model/compare-outputs.ts";
import { PRECISIONS, precisionOf, type Precision } from "../model/model-precision.ts";
import { pixelValuesOf, shiftOf, toHubGraph } from "./hub-graph.ts";

/** Images on which a rewritten model is compared with the given one. */
const IMAGES = 32;
/** Largest difference of a probability in 8 bits, where rounding may change a quantisation step. */
const INT8_TOLERANCE = 0.02;

/** An expression model that was read from a file of mien's own layout. */
export interface SourceModel {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly metadata: ModelMetadata;
  readonly precision: Precision;
}

/** A model in Hugging Face's layout. */
export interface HubModel {
  readonly bytes: Uint8Array;
  /** The comparison with the given model. */
  readonly agreement: Agreement;
}

/**
 * Reads an expression model.
 *
 * @throws {MienError} `missing-file`; `bad-model` if it is no expression model; `usage` if it has
 * another precision, or is in Hugging Face's layout already.
 */
export async function readSourceModel(file: string, precision: Precision): Promise<SourceModel> {
  const bytes = await readBytes(file);
  const props = readOnnxMetadata(bytes, file);
  const metadata = decodeModelMetadata(props, file);
  const found = precisionOf(props["mien.precision"]);
  if (metadata.pixelValues !== undefined) {
    throw new MienError("usage", `${file} is a model in Hugging Face's layout already`);
  }
  if (found !== precision) {
    const names = `expected a model in ${precision}, ${file} is in ${found}`;
    throw new MienError("usage", names, {
      advice: `Give the file without "${PRECISIONS[found].extension.replace(/\.onnx$/, "")}" in its name; the 8-bit file beside it is added.`,
    });
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { file, bytes, sha256, metadata, precision };
}

/**
 * Rewrites models of the same training to Hugging Face's layout, all with the normalisation of the
 * first one, and compares each with its source on random images.
 *
 * @param sources the model in 32 bits first.
 * @returns the normalisation, and a model for each source.
 * @throws {MienError} `mismatch` if labels or inputs of the sources differ, or an output differs from
 * that of its source; the errors of `decodeOnnxModel` and `toHubGraph`.
 */
export async function toHubModels(
  sources: readonly SourceModel[],
): Promise<{ pixelValues: PixelValues; models: HubModel[] }> {
  const decoded = sources.map((source) => ({
    source,
    ...decodeOnnxModel(source.bytes, source.file),
  }));
  const [first] = decoded;
  const shift = first === undefined ? 0 : shiftOf(first.graph);
  const pixelValues = pixelValuesOf(shift);
  const models: HubModel[] = [];
  for (const { source, graph, opset } of decoded) {
    const { metadata, precision, file } = source;
    const { labels, input } = metadata;
    const { metadata: expected } = first?.source ?? source;
    if (!isDeepStrictEqual([labels, input], [expected.labels, expected.input])) {
      throw new MienError(
        "mismatch",
        `${file} has other labels or another input size than ${first?.source.file ?? file}`,
        { advice: "Export both files from the same run." },
      );
    }
    const hub = toHubGraph({ graph, opset, input, name: file }, shift);
    const bytes = encodeOnnxModel(hub.graph, {
      opset: hub.opset,
      metadata: {
        ...encodeModelMetadata({ ...metadata, pixelValues }),
        "mien.precision": precision,
      },
    });
    models.push({ bytes, agreement: await compare(source, bytes) });
  }
  return { pixelValues, models };
}

async function compare(source: SourceModel, bytes: Uint8Array): Promise<Agreement> {
  const { labels, input } = source.metadata;
  const size = input.height * input.width * input.channels;
  const noise = random(1, "hub");
  const batch = Float32Array.from({ length: IMAGES * size }, () => noise.integer(256));
  const [expected, found] = [await probabilities(source.bytes), await probabilities(bytes)];
  const agreement = comparePredictions(expected, found, {
    classes: labels,
    ...(source.precision === "int8" && {
      allowed: { tolerance: INT8_TOLERANCE, samePredictions: false },
    }),
  });
  requireAgreement(agreement, `${source.file} and its form for Hugging Face differ`);
  return agreement;

  async function probabilities(model: Uint8Array): Promise<Float32Array> {
    const classifier = await ExpressionClassifier.open(model);
    return classifier.run(batch, IMAGES).finally(() => classifier.close());
  }
}
