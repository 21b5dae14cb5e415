import { ort } from "#ort";
import {
  MienError,
  decodeModelMetadata,
  describeValue,
  isArrayOf,
  messageOf,
  prepareImages,
  readOnnxMetadata,
  type ModelMetadata,
  type RawImage,
} from "@mien/format";
import { argmax } from "./confirmation.ts";
import { checkModelSource, checkOptions } from "../check-options.ts";
import { badModel, checkAnswer, checkSignature } from "../session/check-model.ts";
import type { ModelSource, Session } from "../session/ort.ts";
import { resolveSession, type SessionChoices } from "../session/session-choices.ts";

/** Images per call of onnxruntime: enough to be fast, few enough to keep memory small. */
const IMAGES_PER_CALL = 64;

/** What a model reads in one face. */
export interface Expression {
  /** The label with the highest probability. */
  readonly expression: string;
  /** In the order of the model's labels; sums to 1. */
  readonly probabilities: readonly number[];
}

/** How to open a model. */
export type ClassifierOptions = SessionChoices;

/**
 * Reads expressions in images of faces, with a model in one ONNX file.
 *
 * Labels, input size and preprocessing come from the file. Classifiers share nothing, so any number
 * can be open side by side; one classifier takes concurrent calls and works through them in order.
 * In Node the computation occupies the thread that called it.
 */
export class ExpressionClassifier {
  /** Everything that the file says about itself. */
  readonly metadata: ModelMetadata;
  readonly #session: Session;
  readonly #name: string;
  /** Ends when all work so far has ended; never rejects. */
  #queue: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(session: Session, metadata: ModelMetadata, name: string) {
    this.#session = session;
    this.metadata = metadata;
    this.#name = name;
  }

  /**
   * Opens a model and tries it once.
   *
   * @param source a path in Node, an address in the browser; or the content of the file.
   * @throws {MienError} `missing-file` if it cannot be read; `bad-model` if it is no expression
   * model of this format version, is damaged, or answers otherwise than its metadata promises;
   * `environment` if onnxruntime itself cannot start; `usage` for an impossible option.
   */
  static async open(
    source: ModelSource,
    options: ClassifierOptions = {},
  ): Promise<ExpressionClassifier> {
    checkModelSource("ExpressionClassifier.open", source);
    checkOptions("ExpressionClassifier.open", options);
    const resolved = resolveSession(options);
    const { bytes, name } = await ort.readModel(source);
    const metadata = decodeModelMetadata(readOnnxMetadata(bytes, name), name);
    const session = await ort.createSession(bytes, resolved).catch((error: unknown) => {
      if (error instanceof MienError) throw error;
      throw badModel(name, `onnxruntime refuses it (${messageOf(error)})`, error);
    });
    try {
      checkSignature(session, metadata, name);
      const classifier = new ExpressionClassifier(session, metadata, name);
      await classifier.#try();
      return classifier;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** Class names in the order of the probabilities. */
  get labels(): readonly string[] {
    return this.metadata.labels;
  }

  /**
   * Classifies images of any size, already cropped to the face.
   *
   * @returns one answer an image, in the same order.
   * @throws {MienError} `bad-image` if an image is empty or its data does not fit its size; the
   * classifier goes on. `usage` after `close`.
   */
  classify(image: RawImage): Promise<Expression>;
  classify(images: readonly RawImage[]): Promise<Expression[]>;
  async classify(input: RawImage | readonly RawImage[]): Promise<Expression | Expression[]> {
    const images = Array.isArray(input) ? (input as readonly RawImage[]) : [input as RawImage];
    const batch = prepareImages(images, this.metadata.input);
    const answers = await this.run(batch, images.length);
    const { labels } = this;
    const expressions = images.map((_, index) => {
      const row = answers.subarray(index * labels.length, (index + 1) * labels.length);
      return { expression: labels[argmax(row)] as string, probabilities: Array.from(row) };
    });
    return Array.isArray(input) ? expressions : (expressions[0] as Expression);
  }

  /**
   * Runs the model on images that are prepared already.
   *
   * @param batch float32 [count, height, width, channels] of the model's input size, 0–255; not to
   * be changed before the answer is there.
   * @returns probabilities, float32 [count, classes].
   * @throws {MienError} `bad-image` if the batch has another size, `bad-model` if the model fails
   * or its answer is not made of probabilities, `usage` after `close`.
   */
  async run(batch: Float32Array, count: number): Promise<Float32Array> {
    if (this.#closing !== undefined) {
      throw new MienError("usage", `the classifier of ${this.#name} is closed`, {
        advice: "Open another one.",
      });
    }
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
    const work = this.#queue.then(() => this.#runInParts(batch, count));
    this.#queue = work.catch(() => undefined);
    return work;
  }

  /** Frees the model once the calls made so far have ended; calls made later fail. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.then(() => this.#session.release());
    return this.#closing;
  }

  async #runInParts(batch: Float32Array, count: number): Promise<Float32Array> {
    const { height, width, channels } = this.metadata.input;
    const size = height * width * channels;
    const answers = new Float32Array(count * this.labels.length);
    for (let start = 0; start < count; start += IMAGES_PER_CALL) {
      const n = Math.min(IMAGES_PER_CALL, count - start);
      const part = batch.subarray(start * size, (start + n) * size);
      const answer = await this.#session
        .run(part, [n, height, width, channels])
        .catch((error: unknown) => {
          throw badModel(this.#name, `onnxruntime fails on it (${messageOf(error)})`, error);
        });
      answers.set(checkAnswer(answer, n, this.labels, this.#name), start * this.labels.length);
    }
    return answers;
  }

  /** Two images with some contrast: shows a wrong answer or a fixed batch size at once. */
  async #try(): Promise<void> {
    const { height, width, channels } = this.metadata.input;
    const batch = Float32Array.from({ length: 2 * height * width * channels }, (_, i) => i % 256);
    await this.run(batch, 2);
  }
}
