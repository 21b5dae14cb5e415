import { ort } from "#ort";
import { messageOf, prepareImages, type RawImage } from "@mien/format";
import { checkModelSource, checkOptions } from "../check-options.ts";
import { ModelRunner, type ModelPurpose } from "../session/model-runner.ts";
import type { ModelSource, Session } from "../session/ort.ts";
import type { SessionOptions } from "../session/session-options.ts";

const EMBEDDING: ModelPurpose = {
  kind: "a face embedding",
  user: "face embedding",
  advice: "Use the face embedding that comes with mien; `npx nx run export:faces` makes it.",
};

/** Computes embeddings of faces: points that are near one another for the same person. */
export class FaceEmbedder {
  /** Length of an embedding. */
  readonly length: number;
  readonly #model: ModelRunner;
  readonly #input: { readonly width: number; readonly height: number; readonly channels: 3 };

  private constructor(model: ModelRunner, shape: { side: number; length: number }) {
    this.#model = model;
    this.#input = { width: shape.side, height: shape.side, channels: 3 };
    this.length = shape.length;
  }

  /**
   * Opens a model and runs it once.
   *
   * @param source a path in Node, an address in the browser; or the content of the file. The model
   * takes float32 [N, side, side, 3], RGB 0–255, and returns float32 [N, length].
   * @throws {MienError} `missing-file` if it cannot be read; `bad-model` if it is no such model;
   * `environment` if onnxruntime cannot start; `usage` for an option that is unknown or out of range.
   */
  static async open(source: ModelSource, options: SessionOptions = {}): Promise<FaceEmbedder> {
    checkModelSource("openEmbedding", source);
    checkOptions("openEmbedding", options);
    const model = await ModelRunner.open(await ort.readModel(source, options), options, EMBEDDING);
    try {
      const embedder = new FaceEmbedder(model, shapeOf(model));
      // Two images, since a single one would not show that the batch size is fixed.
      const grey = { width: 1, height: 1, channels: 3, data: Uint8Array.of(99, 99, 99) } as const;
      await embedder.embed([grey, grey]);
      return embedder;
    } catch (error) {
      await model.close();
      throw error;
    }
  }

  /**
   * Computes the embeddings of faces.
   *
   * @param faces of any size, cropped with `EMBEDDING_MARGIN`.
   * @returns float32 [length] for each face; the Euclidean distance between two embeddings says how
   * different the faces are.
   * @throws {MienError} `bad-image` if a picture is empty or its data does not fit its size;
   * `bad-model` if the model fails; `usage` after `close`.
   */
  async embed(faces: readonly RawImage[]): Promise<Float32Array[]> {
    const batch = prepareImages(faces, this.#input);
    return this.#model.run((session) => this.#compute(session, batch, faces.length));
  }

  /** Frees the model once the calls made so far have ended; calls made later fail. */
  close(): Promise<void> {
    return this.#model.close();
  }

  async #compute(session: Session, batch: Float32Array, count: number): Promise<Float32Array[]> {
    if (count === 0) return [];
    const { width, height, channels } = this.#input;
    const { data } = await session
      .run(batch, [count, height, width, channels])
      .catch((error: unknown) => {
        throw this.#model.error(`onnxruntime cannot run it (${messageOf(error)})`, error);
      });
    if (!(data instanceof Float32Array) || data.length !== count * this.length) {
      throw this.#model.error("its output has another shape than the graph declares");
    }
    return Array.from({ length: count }, (_, i) =>
      data.slice(i * this.length, (i + 1) * this.length),
    );
  }
}

/** @throws {MienError} `bad-model` if the graph is no face embedding. */
function shapeOf(model: ModelRunner): { side: number; length: number } {
  const input = model.session.inputs[0]?.shape ?? [];
  const output = model.session.outputs[0]?.shape ?? [];
  const [count, height, width, channels] = input;
  const length = output[1];
  if (
    input.length !== 4 ||
    typeof count === "number" ||
    typeof width !== "number" ||
    width !== height ||
    channels !== 3 ||
    output.length !== 2 ||
    typeof length !== "number"
  ) {
    const found = `[${input.join(", ")}] → [${output.join(", ")}]`;
    throw model.error(`expected [N, side, side, 3] → [N, length], found ${found}`);
  }
  return { side: width, length };
}
