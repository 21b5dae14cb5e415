import { ort } from "#ort";
import { messageOf } from "@mien/format";
import { isInside, suppress } from "../image/box.ts";
import { checkModelSource, checkOptions } from "../check-options.ts";
import { DETECTOR_KINDS, type Detection, type DetectorKind } from "./detector-kinds.ts";
import { checkPicture, type Picture } from "../image/picture.ts";
import { ModelRunner, type ModelPurpose } from "../session/model-runner.ts";
import { pipelineSettings } from "../pipeline-settings.ts";
import type { OptionsOf, ResolvedOptions } from "../setting.ts";
import type { SessionOptions } from "../session/session-options.ts";
import type { ModelSource, Session } from "../session/ort.ts";
import { Resizer, type InputLayout } from "../image/resize.ts";

/** Sides of the model's input are multiples of this, in pixels. */
const SIDE_MULTIPLE = 32;
/** Small pictures are enlarged by at most this factor. */
const MAX_ENLARGEMENT = 2;
/**
 * The resolutions at which faces can be sought, as shares of the full one. The lowest one finds faces
 * that fill the picture, which are too large for the full one.
 */
const SCALES = [1 / 4, 1 / 2, 1] as const;
const LOWEST = SCALES[0];
/**
 * Where a picture is searched at the full and at the lowest resolution, a face below this size in
 * pixels of the full input counts only if the full resolution shows it. It finds every such face that
 * the lowest one finds, while hands may look like faces at the lowest one.
 */
const SEEN_IN_FULL = 200;

const DETECTOR: ModelPurpose = {
  kind: "a face detector",
  user: "face detector",
  advice:
    "Use the detector that comes with mien (`npx nx run export:faces` makes it) or a YuNet as ONNX.",
};

const settings = pipelineSettings.detection;

/** Which detections count as faces, and how onnxruntime runs the detector. */
export interface DetectorOptions
  extends SessionOptions, OptionsOf<(typeof pipelineSettings)["detection"]> {}

/** A detection that does not count as a face. */
export interface RejectedDetection extends Detection {
  /** Why, in words. */
  readonly reason: string;
}

/**
 * Detects faces in pictures with the tiny face detector or any YuNet, from an ONNX file. The kind
 * of the detector is recognised by the graph in the file.
 *
 * Calls may overlap; they are processed in order.
 *
 * @example
 * const detector = await FaceDetector.open("detector.onnx", { minSize: 40 });
 * for (const { box, score } of await detector.detect(picture)) console.log(box, score);
 * await detector.close();
 */
export class FaceDetector {
  /** The settings of the detection with every value decided. */
  readonly settings: ResolvedOptions<(typeof pipelineSettings)["detection"]>;
  readonly #model: ModelRunner;
  readonly #kind: DetectorKind;
  readonly #order: InputLayout["order"];
  /** Resizers and input buffers by scale, since each keeps what it computed for one size. */
  readonly #inputs = new Map<number, { readonly resizer: Resizer; data: Float32Array }>();

  private constructor(model: ModelRunner, kind: DetectorKind, options: DetectorOptions) {
    this.#model = model;
    this.#kind = kind;
    this.#order = model.session.inputs[0]?.shape[3] === 3 ? "hwc" : "chw";
    const {
      minScore = kind.minScore,
      minSize = settings.minSize.default,
      maxOverlap = settings.maxOverlap.default,
      inputSize = kind.inputSize,
    } = options;
    this.settings = { minScore, minSize, maxOverlap, inputSize };
  }

  /**
   * Opens a detector and runs it once.
   *
   * @param source a path in Node, an address in the browser; or the content of the file.
   * @throws {MienError} `missing-file` if it cannot be read; `bad-model` if it is neither a tiny face
   * detector nor a YuNet; `environment` if onnxruntime cannot start; `usage` for an option that is
   * unknown or out of range.
   */
  static async open(source: ModelSource, options: DetectorOptions = {}): Promise<FaceDetector> {
    checkModelSource("FaceDetector.open", source);
    checkOptions("FaceDetector.open", options);
    const model = await ModelRunner.open(await ort.readModel(source, options), options, DETECTOR);
    try {
      const detector = new FaceDetector(model, kindOf(model), options);
      await detector.detect({ width: 64, height: 64, pixels: new Uint8Array(64 * 64 * 3) });
      return detector;
    } catch (error) {
      await model.close();
      throw error;
    }
  }

  /** The kind of the detector: `tiny face detector` or `YuNet`. */
  get kind(): string {
    return this.#kind.name;
  }

  /**
   * Detects the faces in a picture. A YuNet also searches it at a quarter of the resolution, for faces
   * that fill the picture.
   *
   * @param smallestFace size √(width · height) of the smallest face to find, in pixels of the picture.
   * The picture is searched once, at the lowest resolution at which such a face is found reliably;
   * smaller faces may be missed. Default: every face that the detector can find.
   * @param onRejected is called for each detection that does not count as a face. Detections that
   * overlap a better one of the same face are left out without a call.
   * @returns best score first.
   * @throws {MienError} `bad-image` if the pixels do not fit the size, after which the detector can be
   * used on; `usage` after `close`.
   */
  async detect(
    picture: Picture,
    onRejected?: (rejected: RejectedDetection) => void,
    smallestFace = 0,
  ): Promise<Detection[]> {
    checkPicture(picture);
    return this.#model.run(async (session) => {
      const [first, ...others] = this.#scalesFor(picture, smallestFace);
      const seenInFull = SEEN_IN_FULL / this.#scaleOf(picture);
      const found = await this.#search(session, picture, first);
      for (const scale of others) {
        const faces = await this.#search(session, picture, scale);
        found.push(...faces.filter(({ box: [, , w, h] }) => w * h >= seenInFull ** 2));
      }
      return this.#select(found, picture, onRejected);
    });
  }

  /** Frees the model once the calls made so far have ended; calls made later fail. */
  close(): Promise<void> {
    return this.#model.close();
  }

  #scalesFor(picture: Picture, smallestFace: number): readonly [number, ...number[]] {
    const { reliableSize } = this.#kind;
    if (reliableSize === undefined) return [1];
    if (smallestFace === 0) return [1, LOWEST];
    const size = smallestFace * this.#scaleOf(picture);
    return [SCALES.find((scale) => size * scale >= reliableSize) ?? 1];
  }

  /** Searches the picture at one resolution. @returns many boxes per face, in pixels of the picture. */
  async #search(session: Session, picture: Picture, scale: number): Promise<Detection[]> {
    const layout = this.#layoutFor(picture, scale);
    const found = await this.#runModel(session, picture, { layout, scale });
    // One scale for each axis: the two differ a little, since the size is rounded to whole pixels.
    const scaleX = picture.width / layout.filled.width;
    const scaleY = picture.height / layout.filled.height;
    return found.map(({ box: [x, y, width, height], score }) => ({
      box: [x * scaleX, y * scaleY, width * scaleX, height * scaleY],
      score,
    }));
  }

  /** Keeps one box per face, and rejects what does not count as a face. */
  #select(
    found: readonly Detection[],
    picture: Picture,
    onRejected?: (rejected: RejectedDetection) => void,
  ): Detection[] {
    const { minSize, maxOverlap } = this.settings;
    const faces: Detection[] = [];
    for (const { box, score } of suppress(found, maxOverlap)) {
      const face: Detection = { box: this.#kind.toFaceBox(box), score };
      const [x, y, width] = face.box;
      if (width < minSize) onRejected?.({ ...face, reason: `smaller than ${minSize} pixels` });
      else if (!isInside(face.box, picture.width, picture.height) || !Number.isFinite(x + y)) {
        onRejected?.({ ...face, reason: "mostly outside the picture" });
      } else faces.push(face);
    }
    return faces;
  }

  /** Pixels of the full input per pixel of the picture. */
  #scaleOf({ width, height }: Picture): number {
    return Math.min(MAX_ENLARGEMENT, this.settings.inputSize / Math.max(width, height));
  }

  #layoutFor(picture: Picture, share: number): InputLayout {
    const scale = share * this.#scaleOf(picture);
    const width = Math.max(1, Math.round(picture.width * scale));
    const height = Math.max(1, Math.round(picture.height * scale));
    return {
      filled: { width, height },
      width: Math.ceil(width / SIDE_MULTIPLE) * SIDE_MULTIPLE,
      height: Math.ceil(height / SIDE_MULTIPLE) * SIDE_MULTIPLE,
      order: this.#order,
      bgr: this.#kind.bgr,
    };
  }

  async #runModel(
    session: Session,
    picture: Picture,
    { layout, scale }: { readonly layout: InputLayout; readonly scale: number },
  ): Promise<Detection[]> {
    const { width, height, filled, order } = layout;
    const length = width * height * 3;
    const input = this.#inputs.get(scale) ?? { resizer: new Resizer(), data: new Float32Array() };
    this.#inputs.set(scale, input);
    if (input.data.length !== length) input.data = new Float32Array(length);
    // The padding may still hold values of a picture of another shape.
    else if (filled.width < width || filled.height < height) clearPadding(input.data, layout);
    input.resizer.resize(picture, layout, input.data);
    const shape = order === "hwc" ? [1, height, width, 3] : [1, 3, height, width];
    try {
      const outputs = await session.runAll(input.data, shape);
      return this.#kind.decode(outputs, layout, this.settings.minScore);
    } catch (error) {
      throw this.#model.error(`it fails on a picture (${messageOf(error)})`, error);
    }
  }
}

/** @throws {MienError} `bad-model` if the graph is of no known kind. */
function kindOf(model: ModelRunner): DetectorKind {
  const { inputs, outputs } = model.session;
  const kind = DETECTOR_KINDS.find((candidate) => candidate.matches(model.session));
  const input = inputs[0]?.shape;
  if (kind !== undefined && (input?.[1] === 3 || input?.[3] === 3)) return kind;
  const found = outputs.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ");
  throw model.error(`its input is [${input?.join(", ")}], its outputs are ${found}`);
}

function clearPadding(input: Float32Array, { width, filled, order }: InputLayout): void {
  if (order === "chw") {
    input.fill(0);
    return;
  }
  const stride = width * 3;
  input.fill(0, filled.height * stride);
  if (filled.width === width) return;
  for (let y = 0; y < filled.height; y++) {
    input.fill(0, y * stride + filled.width * 3, (y + 1) * stride);
  }
}
