import { ort } from "#ort";
import {
  MienError,
  decodeModelMetadata,
  describeValue,
  isArrayOf,
  mergeClasses,
  messageOf,
  prepareImages,
  readOnnxMetadata,
  type MergedClasses,
  type ModelMetadata,
  type RawImage,
} from "@mien/format";
import { argmax } from "./argmax.ts";
import { checkModelSource, checkOptions } from "../check-options.ts";
import { checkProbabilities, checkSignature, EXPRESSION_MODEL } from "../session/check-model.ts";
import { ModelRunner } from "../session/model-runner.ts";
import type { ModelSource, Session } from "../session/ort.ts";
import type { OptionsOf } from "../setting.ts";
import { pipelineSettings } from "../pipeline-settings.ts";
import type { SessionOptions } from "../session/session-options.ts";
import { runBatch } from "./run-batch.ts";

/** Images per call of onnxruntime: enough for full speed, few enough to keep memory small. */
const IMAGES_PER_CALL = 64;

/** The expression of one face. */
export interface Expression {
  /** The label with the highest probability. */
  readonly expression: string;
  /** In the order of the model's labels; sums to 1. */
  readonly probabilities: readonly number[];
}

/** How to open a model. */
export interface ClassifierOptions
  extends SessionOptions, OptionsOf<Pick<typeof pipelineSettings, "merge">> {}

/**
 * Reads expressions in images of faces, with a model from one ONNX file.
 *
 * Labels, input size and preprocessing come from the file. Any number of classifiers can be open at
 * a time. Calls of one classifier may overlap; they are processed in order. In Node the computation
 * occupies the thread that called it, unless `background` is set.
 *
 * @example
 * const classifier = await ExpressionClassifier.open("model.onnx");
 * const { expression, probabilities } = await classifier.classify(image);
 * await classifier.close();
 */
export class ExpressionClassifier {
  /** The metadata of the model file. */
  readonly metadata: ModelMetadata;
  readonly #model: ModelRunner;
  readonly #name: string;
  readonly #classes: MergedClasses;

  private constructor(
    model: ModelRunner,
    { metadata, name, merge }: { metadata: ModelMetadata; name: string; merge: string | undefined },
  ) {
    this.#model = model;
    this.metadata = metadata;
    this.#name = name;
    this.#classes = mergeClasses(merge ?? pipelineSettings.merge.default, metadata.labels, {
      what: "merge",
      canDrop: false,
    });
  }

  /**
   * Opens a model and runs it once.
   *
   * @param source a path in Node, an address in the browser; or the content of the file. A path may
   * also be a folder of Hugging Face's layout, whose `onnx/model.onnx` is opened.
   * @throws {MienError} `missing-file` if it cannot be read; `bad-model` if it is no expression
   * model of this format version, is damaged, or its output is not what its metadata declares;
   * `environment` if onnxruntime itself cannot start; `usage` for an option that is unknown or out of
   * range.
   */
  static async open(
    source: ModelSource,
    options: ClassifierOptions = {},
  ): Promise<ExpressionClassifier> {
    checkModelSource("ExpressionClassifier.open", source);
    checkOptions("ExpressionClassifier.open", options);
    const file = await ort.readModel(source, options);
    const { bytes, name } = file;
    const metadata = decodeModelMetadata(readOnnxMetadata(bytes, name), name);
    const model = await ModelRunner.open(file, options, EXPRESSION_MODEL);
    try {
      checkSignature(model.session, metadata, name);
      const classifier = new ExpressionClassifier(model, {
        metadata,
        name,
        merge: options.merge,
      });
      await classifier.#runOnce();
      return classifier;
    } catch (error) {
      await model.close();
      throw error;
    }
  }

  /** Class names in the order of the probabilities, after classes are merged. */
  get labels(): readonly string[] {
    return this.#classes.labels;
  }

  /**
   * Classifies images of any size, already cropped to the face.
   *
   * @returns the expression of each image, in the same order.
   * @throws {MienError} `bad-image` if an image is empty or its data does not fit its size, after
   * which the classifier can be used on; `usage` after `close`.
   */
  classify(image: RawImage): Promise<Expression>;
  classify(images: readonly RawImage[]): Promise<Expression[]>;
  async classify(input: RawImage | readonly RawImage[]): Promise<Expression | Expression[]> {
    const images = isList(input) ? input : [input];
    const batch = prepareImages(images, this.metadata.input);
    const probabilities = await this.run(batch, images.length);
    const { labels } = this;
    const expressions = images.map((_, i) =>
      toExpression(probabilities.subarray(i * labels.length, (i + 1) * labels.length), labels),
    );
    const [first] = expressions;
    return isList(input) || first === undefined ? expressions : first;
  }

  /**
   * Runs the model on images that are already prepared.
   *
   * @param batch float32 [count, height, width, channels] of the model's input size, 0–255. Do not
   * change it until the result is there.
   * @returns probabilities, float32 [count, classes].
   * @throws {MienError} `bad-image` if the batch has another size, `bad-model` if the model fails
   * or its output is not made of probabilities, `usage` after `close`.
   */
  async run(batch: Float32Array, count: number): Promise<Float32Array> {
    const { height, width, channels } = this.metadata.input;
    const size = height * width * channels;
    const isBatch = isArrayOf(batch, "Float32Array") && batch.length === count * size;
    if (!Number.isSafeInteger(count) || !isBatch) {
      throw new MienError(
        "bad-image",
        `expected a Float32Array of ${count}×${height}×${width}×${channels} values, ` +
          `found ${describeValue(batch)}`,
      );
    }
    return this.#model.run((session) => this.#runInParts(session, batch, count));
  }

  /** Frees the model once the calls made so far have ended; calls made later fail. */
  close(): Promise<void> {
    return this.#model.close();
  }

  async #runInParts(session: Session, batch: Float32Array, count: number): Promise<Float32Array> {
    const { metadata } = this;
    const { labels, input } = metadata;
    const size = input.height * input.width * input.channels;
    const probabilities = new Float32Array(count * this.labels.length);
    for (let start = 0; start < count; start += IMAGES_PER_CALL) {
      const n = Math.min(IMAGES_PER_CALL, count - start);
      const part = batch.subarray(start * size, (start + n) * size);
      const output = await runBatch(session, { batch: part, count: n, metadata }).catch(
        (error: unknown) => {
          throw this.#model.error(`onnxruntime cannot run it (${messageOf(error)})`, error);
        },
      );
      const checked = checkProbabilities(output, { count: n, labels, name: this.#name });
      probabilities.set(this.#classes.merge(checked), start * this.labels.length);
    }
    return probabilities;
  }

  /** Runs two images with some contrast, which shows a wrong output or a fixed batch size. */
  async #runOnce(): Promise<void> {
    const { height, width, channels } = this.metadata.input;
    const batch = Float32Array.from({ length: 2 * height * width * channels }, (_, i) => i % 256);
    await this.run(batch, 2);
  }
}

function isList(input: RawImage | readonly RawImage[]): input is readonly RawImage[] {
  return Array.isArray(input);
}

function toExpression(probabilities: Float32Array, labels: readonly string[]): Expression {
  return {
    expression: labels[argmax(probabilities)] ?? "",
    probabilities: Array.from(probabilities),
  };
}
