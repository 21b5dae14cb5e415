import { checkPersonName, MienError, type FaceResult, type Frame } from "@mien/format";
import { crop } from "@mien/runtime";
import type { Enrolment } from "@mien/web";
import { toJpeg } from "../jpeg-pictures.ts";
import type { Crop } from "../people/crop-features.ts";
import { MAX_PICTURES } from "./max-pictures.ts";
import { findFlaw, measureQuality, type FaceQuality, type Flaw } from "./picture-quality.ts";

/**
 * Margin that is stored around a face, as a share of the box's width and height. It allows the face
 * to be cropped again with another box.
 */
const MARGIN = 0.5;
/** Smallest time between two pictures, in ms. */
const INTERVAL = 120;

/** Instructions that are shown one after the other, each for the same number of pictures. */
const POSES = [
  "Look at the camera.",
  "Turn your head a little to the left.",
  "Turn your head a little to the right.",
  "Lift your chin a little.",
  "Lower your chin a little.",
  "Come a little closer, then step back.",
  "Smile, speak, look surprised.",
] as const;

/** The instruction that follows a picture with a flaw; without an entry, the pose is repeated. */
const REMEDY: Readonly<Partial<Record<Flaw, string>>> = {
  "too far away": "Come closer.",
  "too dark": "More light on the face, please.",
  "too bright": "Less light on the face, please.",
  blurred: "Hold still for a moment.",
};

/** Whom to enrol, and with how many pictures. */
export interface EnrolmentRequest {
  readonly name: string;
  /** Number of pictures, 1 to `MAX_PICTURES`. */
  readonly count: number;
}

/** A face in a frame. */
type FaceBox = Pick<FaceResult, "box">;

/** Takes pictures of one person from the frames of a source, and holds the useful ones in memory. */
export class EnrolmentSession {
  readonly name: string;
  /** Number of pictures to take. */
  readonly wanted: number;
  /** Reasons why the kept pictures may show the wrong person, in sentences. */
  warnings: readonly string[] = [];
  readonly #pictures: (Crop & { kept: boolean })[] = [];
  readonly #qualities: FaceQuality[] = [];
  readonly #leftOut = new Map<Flaw, number>();
  #guidance: string = POSES[0];
  #lastMs = -Infinity;
  #review = false;
  #busy = false;

  /** @throws {MienError} `usage` for an invalid name or number. */
  constructor({ name, count }: EnrolmentRequest) {
    this.name = checkPersonName(name);
    if (!Number.isSafeInteger(count) || count < 1 || count > MAX_PICTURES) {
      throw new MienError("usage", `expected 1 to ${MAX_PICTURES} pictures, found ${count}`);
    }
    this.wanted = count;
  }

  /** The state that viewers receive. */
  get state(): Enrolment {
    return {
      type: "enrolment",
      state: this.#review ? "review" : "capturing",
      name: this.name,
      wanted: this.wanted,
      pictures: this.#pictures.map(({ kept }) => kept),
      guidance: this.#review
        ? "Delete the pictures that do not show this person well."
        : this.#guidance,
      leftOut: Object.fromEntries(this.#leftOut),
      doubts: this.warnings,
    };
  }

  /** Whether taking pictures has ended, so that the person can review them. */
  get isFull(): boolean {
    return this.#review;
  }

  /**
   * Takes a picture from a frame if it shows exactly one face and is good enough.
   *
   * @returns whether `state` changed.
   */
  async offer(frame: Frame, faces: readonly FaceBox[]): Promise<boolean> {
    if (this.#review || this.#busy || frame.timeMs - this.#lastMs < INTERVAL) return false;
    const [face] = faces;
    if (face === undefined || faces.length > 1) {
      const guidance = face === undefined ? "No face is visible." : "Only one person, please.";
      const changed = guidance !== this.#guidance;
      this.#guidance = guidance;
      return changed;
    }
    this.#lastMs = frame.timeMs;
    const quality = measureQuality(frame, face.box);
    const flaw = findFlaw(quality, face.box, this.#qualities);
    this.#guidance = (flaw && REMEDY[flaw]) ?? this.#pose();
    if (flaw !== undefined) {
      this.#leftOut.set(flaw, (this.#leftOut.get(flaw) ?? 0) + 1);
      return true;
    }
    this.#busy = true;
    try {
      this.#qualities.push(quality);
      this.#pictures.push({ ...(await cropOf(frame, face)), kept: true });
      this.#review = this.#pictures.length >= this.wanted;
    } finally {
      this.#busy = false;
    }
    return true;
  }

  /**
   * Stops taking pictures before the wanted number is reached.
   *
   * @throws {MienError} `usage` if no picture was taken.
   */
  finish(): void {
    if (this.#pictures.length === 0) throw new MienError("usage", "no picture was taken yet");
    this.#review = true;
  }

  /** A picture as JPEG; undefined if there is no picture of this number, counted from 0. */
  picture(index: number): Uint8Array | undefined {
    return this.#pictures[index]?.jpeg;
  }

  /**
   * Marks a picture as deleted or as kept.
   *
   * @throws {MienError} `missing-file` if there is no such picture.
   */
  keep(index: number, kept: boolean): void {
    const picture = this.#pictures[index];
    if (picture === undefined) throw new MienError("missing-file", `there is no picture ${index}`);
    picture.kept = kept;
  }

  /** The kept pictures. */
  crops(): Crop[] {
    return this.#pictures.filter(({ kept }) => kept).map(({ jpeg, box }) => ({ jpeg, box }));
  }

  #pose(): string {
    const index = Math.floor((this.#pictures.length / this.wanted) * POSES.length);
    return POSES[index] ?? POSES[0];
  }
}

/** Cuts a face out of a frame, with a margin. */
async function cropOf(frame: Frame, { box }: FaceBox): Promise<Crop> {
  const [x, y, width, height] = box;
  const left = Math.round(x - MARGIN * width);
  const top = Math.round(y - MARGIN * height);
  const region = [left, top, width * (1 + 2 * MARGIN), height * (1 + 2 * MARGIN)] as const;
  const piece = crop(frame, region);
  const jpeg = await toJpeg({ width: piece.width, height: piece.height, pixels: piece.data });
  return { jpeg, box: [x - left, y - top, width, height] };
}
