import { ort } from "#ort";
import { MienError, messageOf } from "@mien/format";
import { isInside, suppress } from "../image/box.ts";
import { checkModelSource, checkOptions } from "../check-options.ts";
import { DETECTOR_KINDS, type Detection, type DetectorKind } from "./detector-kinds.ts";
import { checkPicture } from "../image/picture.ts";
import { resolveSession, type SessionChoices } from "../session/session-choices.ts";
import type { ModelSource, Session } from "../session/ort.ts";
import { Shrinker, type Layout, type Picture } from "../image/shrink.ts";

/** Sides of the input are multiples of this. */
const MULTIPLE = 32;

/** What counts as a face. */
export interface DetectorOptions extends SessionChoices {
  /** Least score, 0–1; default 0.5 for the tiny detector, 0.7 for YuNet. */
  readonly minScore?: number;
  /** Least width in pixels of the picture; default 16. */
  readonly minSize?: number;
  /** Intersection over union, 0–1, above which two boxes are one face; default 0.4. */
  readonly maxOverlap?: number;
  /**
   * Longer side to which pictures are scaled, 64–2048; default 416 for the tiny detector, 640 for
   * YuNet. Smaller is faster and misses small faces. Pictures are never enlarged beyond twice.
   */
  readonly inputSize?: number;
}

/** What a detector left out, and why. */
export interface Dropped extends Detection {
  readonly reason: string;
}

/**
 * Finds faces in pictures, with the tiny face detector or any YuNet as an ONNX file; which of the
 * two a file is shows in its graph.
 */
export class FaceDetector {
  readonly #session: Session;
  readonly #kind: DetectorKind;
  readonly #name: string;
  readonly #order: Layout["order"];
  readonly #options: Required<
    Pick<DetectorOptions, "minScore" | "minSize" | "maxOverlap" | "inputSize">
  >;
  readonly #shrinker = new Shrinker();
  #input = new Float32Array();
  #queue: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(
    session: Session,
    kind: DetectorKind,
    name: string,
    options: DetectorOptions,
  ) {
    this.#session = session;
    this.#kind = kind;
    this.#name = name;
    this.#order = session.inputs[0]?.shape[3] === 3 ? "hwc" : "chw";
    const {
      minScore = kind.minScore,
      minSize = 16,
      maxOverlap = 0.4,
      inputSize = kind.inputSize,
    } = options;
    this.#options = { minScore, minSize, maxOverlap, inputSize };
  }

  /**
   * @param source a path in Node, an address in the browser; or the content of the file.
   * @throws {MienError} `missing-file` if it cannot be read; `bad-model` if it is no face detector
   * that mien knows; `environment` if onnxruntime cannot start; `usage` for an impossible option.
   */
  static async open(source: ModelSource, options: DetectorOptions = {}): Promise<FaceDetector> {
    checkModelSource("FaceDetector.open", source);
    checkOptions("FaceDetector.open", options);
    const { bytes, name } = await ort.readModel(source);
    const session = await ort
      .createSession(bytes, resolveSession(options))
      .catch((error: unknown) => {
        if (error instanceof MienError) throw error;
        throw notADetector(name, `onnxruntime refuses it (${messageOf(error)})`, error);
      });
    try {
      const kind = DETECTOR_KINDS.find((candidate) => candidate.fits(session));
      const input = session.inputs[0]?.shape;
      if (kind === undefined || (input?.[1] !== 3 && input?.[3] !== 3)) {
        const outputs = session.outputs.map((o) => `${o.name} [${o.shape.join(", ")}]`).join(", ");
        throw notADetector(name, `its input is [${input?.join(", ")}], its outputs are ${outputs}`);
      }
      const detector = new FaceDetector(session, kind, name, options);
      await detector.detect({ width: 64, height: 64, pixels: new Uint8Array(64 * 64 * 3) });
      return detector;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** The family of the model: `tiny face detector` or `YuNet`. */
  get kind(): string {
    return this.#kind.name;
  }

  /**
   * Finds the faces in a picture.
   *
   * @param dropped is told of boxes that are left out, if anybody wants to know; boxes that another
   * box of the same face outdid are not mentioned.
   * @returns best score first.
   * @throws {MienError} `bad-image` if the pixels do not fit the size; the detector goes on.
   * `usage` after `close`.
   */
  detect(picture: Picture, dropped?: (one: Dropped) => void): Promise<Detection[]> {
    checkPicture(picture);
    if (this.#closing !== undefined) {
      return Promise.reject(
        new MienError("usage", `the face detector of ${this.#name} is closed`, {
          advice: "Open another one.",
        }),
      );
    }
    // One after the other, since they share the input buffer.
    const work = this.#queue.then(() => this.#detect(picture, dropped));
    this.#queue = work.catch(() => undefined);
    return work;
  }

  /** Frees the model once the calls made so far have ended; calls made later fail. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.then(() => this.#session.release());
    return this.#closing;
  }

  async #detect(picture: Picture, dropped?: (one: Dropped) => void): Promise<Detection[]> {
    const { minScore, minSize, maxOverlap, inputSize } = this.#options;
    const scale = Math.min(2, inputSize / Math.max(picture.width, picture.height));
    const size = {
      width: Math.max(1, Math.round(picture.width * scale)),
      height: Math.max(1, Math.round(picture.height * scale)),
    };
    const layout: Layout = {
      width: Math.ceil(size.width / MULTIPLE) * MULTIPLE,
      height: Math.ceil(size.height / MULTIPLE) * MULTIPLE,
      order: this.#order,
      bgr: this.#kind.bgr,
    };
    const length = layout.width * layout.height * 3;
    if (this.#input.length === length) {
      // A picture of another shape may have left something where this one is padded.
      if (size.width < layout.width || size.height < layout.height)
        this.#clearPadding(size, layout);
    } else {
      this.#input = new Float32Array(length);
    }
    this.#shrinker.shrink(picture, size, layout, this.#input);
    const shape =
      this.#order === "hwc"
        ? [1, layout.height, layout.width, 3]
        : [1, 3, layout.height, layout.width];
    let found: Detection[];
    try {
      const answers = await this.#session.runAll(this.#input, shape);
      found = this.#kind.decode(answers, layout, minScore);
    } catch (error) {
      throw notADetector(this.#name, `it fails on a picture (${messageOf(error)})`, error);
    }
    // Both scales, since rounding the size to whole pixels makes them differ a little.
    const across = picture.width / size.width;
    const down = picture.height / size.height;
    const faces: Detection[] = [];
    for (const { box, score } of suppress(found, maxOverlap)) {
      const [x, y, width, height] = this.#kind.tighten([
        box[0] * across,
        box[1] * down,
        box[2] * across,
        box[3] * down,
      ]);
      const face: Detection = { box: [x, y, width, height], score };
      if (width < minSize) dropped?.({ ...face, reason: `smaller than ${minSize} pixels` });
      else if (!isInside(face.box, picture.width, picture.height) || !Number.isFinite(x + y)) {
        dropped?.({ ...face, reason: "mostly outside the picture" });
      } else faces.push(face);
    }
    return faces;
  }

  #clearPadding(size: { width: number; height: number }, layout: Layout): void {
    if (layout.order === "chw") {
      this.#input.fill(0);
      return;
    }
    const stride = layout.width * 3;
    this.#input.fill(0, size.height * stride);
    if (size.width === layout.width) return;
    for (let y = 0; y < size.height; y++) {
      this.#input.fill(0, y * stride + size.width * 3, (y + 1) * stride);
    }
  }
}

function notADetector(name: string, problem: string, cause?: unknown): MienError {
  return new MienError("bad-model", `${name} cannot be used as a face detector: ${problem}`, {
    advice:
      "Use the detector that comes with mien (`npx nx run export:faces` makes it) or a YuNet as ONNX.",
    cause,
  });
}
