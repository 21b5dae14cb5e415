import { ort } from "#ort";
import { MienError, messageOf, prepareImages, type RawImage } from "@mien/format";
import { checkModelSource, checkOptions } from "../check-options.ts";
import type { ModelSource, Session } from "../session/ort.ts";
import { resolveSession, type SessionChoices } from "../session/session-choices.ts";

/** Turns pictures of faces into points, near one another for the same person. */
export class FaceEmbedder {
  /** Numbers a face. */
  readonly length: number;
  readonly #session: Session;
  readonly #name: string;
  readonly #input: { readonly width: number; readonly height: number; readonly channels: 3 };
  #queue: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(session: Session, name: string, shape: { side: number; length: number }) {
    this.#session = session;
    this.#name = name;
    this.#input = { width: shape.side, height: shape.side, channels: 3 };
    this.length = shape.length;
  }

  /**
   * Opens a model and tries it once.
   *
   * @param source a path in Node, an address in the browser; or the content of the file: float32
   * [N, side, side, 3], RGB 0–255, to float32 [N, length].
   * @throws {MienError} `missing-file` if it cannot be read; `bad-model` if it is no such model;
   * `environment` if onnxruntime cannot start.
   */
  static async open(source: ModelSource, options: SessionChoices = {}): Promise<FaceEmbedder> {
    checkModelSource("openEmbedding", source);
    checkOptions("openEmbedding", options);
    const { bytes, name } = await ort.readModel(source);
    const session = await ort
      .createSession(bytes, resolveSession(options))
      .catch((error: unknown) => {
        if (error instanceof MienError) throw error;
        throw notAnEmbedding(name, `onnxruntime refuses it (${messageOf(error)})`, error);
      });
    const input = session.inputs[0]?.shape ?? [];
    const output = session.outputs[0]?.shape ?? [];
    const [, height, width, channels] = input;
    const length = output[1];
    if (
      input.length !== 4 ||
      typeof width !== "number" ||
      width !== height ||
      channels !== 3 ||
      output.length !== 2 ||
      typeof length !== "number" ||
      typeof input[0] === "number"
    ) {
      await session.release();
      const found = `[${input.join(", ")}] → [${output.join(", ")}]`;
      throw notAnEmbedding(name, `expected [N, side, side, 3] → [N, length], found ${found}`);
    }
    const embedder = new FaceEmbedder(session, name, { side: width, length });
    try {
      // Two, which show a fixed batch size at once.
      const data = Uint8Array.of(99, 99, 99);
      const grey = { width: 1, height: 1, channels: 3, data } as const;
      await embedder.embed([grey, grey]);
      return embedder;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * @param faces cut out as `EMBEDDING_MARGIN` says; of any size.
   * @returns one point a face, float32 [length]; Euclidean distance tells how alike two are.
   * @throws {MienError} `bad-image` if a picture is empty or its data does not fit its size;
   * `bad-model` if the model fails; `usage` after `close`.
   */
  async embed(faces: readonly RawImage[]): Promise<Float32Array[]> {
    if (this.#closing !== undefined) {
      throw new MienError("usage", `the face embedding of ${this.#name} is closed`, {
        advice: "Open another one.",
      });
    }
    if (faces.length === 0) return [];
    const { width, height, channels } = this.#input;
    const batch = prepareImages(faces, this.#input);
    const work = this.#queue.then(async () => {
      const { data } = await this.#session
        .run(batch, [faces.length, height, width, channels])
        .catch((error: unknown) => {
          throw notAnEmbedding(this.#name, `onnxruntime fails on it (${messageOf(error)})`, error);
        });
      if (!(data instanceof Float32Array) || data.length !== faces.length * this.length) {
        throw notAnEmbedding(this.#name, "its answer has another shape than it promises");
      }
      return faces.map((_, i) => data.slice(i * this.length, (i + 1) * this.length));
    });
    this.#queue = work.catch(() => undefined);
    return work;
  }

  /** Frees the model once the calls made so far have ended; calls made later fail. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.then(() => this.#session.release());
    return this.#closing;
  }
}

function notAnEmbedding(name: string, problem: string, cause?: unknown): MienError {
  return new MienError("bad-model", `${name} cannot be used as a face embedding: ${problem}`, {
    advice: "Use the one that comes with mien; `npx nx run export:faces` makes it.",
    cause,
  });
}
