import { checkPersonName, MienError, type FaceResult, type Frame } from "@mien/format";
import { cut } from "@mien/runtime";
import type { Enrolment } from "@mien/web";
import { toJpeg } from "../jpeg-pictures.ts";
import type { Crop } from "../people/person-store.ts";
import { flawOf, lookAt, type Look } from "./quality.ts";

/** Room around a face that is kept, as a share of its box, so that it can be looked at anew. */
const ROOM = 0.5;
/** Pictures are taken at most this often, in milliseconds. */
const INTERVAL = 120;
export const MAX_PICTURES = 500;

/** What to do while a share of the pictures is taken, so that they differ. */
const POSES = [
  "Look at the camera.",
  "Turn your head a little to the left.",
  "Turn your head a little to the right.",
  "Lift your chin a little.",
  "Lower your chin a little.",
  "Come a little closer, then step back.",
  "Smile, speak, look surprised.",
];

const REMEDY: Readonly<Record<string, string>> = {
  "too far away": "Come closer.",
  "too dark": "More light on the face, please.",
  "too bright": "Less light on the face, please.",
  blurred: "Hold still for a moment.",
};

/** What is asked of a person who enrols. */
export interface EnrolmentRequest {
  readonly name: string;
  /** How many pictures, 1 to 500. */
  readonly count: number;
}

/** Takes pictures of one person from the frames of a source, and keeps the useful ones in memory. */
export class EnrolmentSession {
  readonly name: string;
  readonly wanted: number;
  /** What speaks against enrolling these pictures, in sentences. */
  doubts: readonly string[] = [];
  readonly #pictures: (Crop & { kept: boolean })[] = [];
  readonly #looks: Look[] = [];
  readonly #leftOut: Record<string, number> = {};
  #guidance = POSES[0] as string;
  #last = -Infinity;
  #review = false;
  #busy = false;

  /** @throws {MienError} `usage` for an impossible name or number. */
  constructor({ name, count }: EnrolmentRequest) {
    this.name = checkPersonName(name);
    if (!Number.isSafeInteger(count) || count < 1 || count > MAX_PICTURES) {
      throw new MienError("usage", `expected 1 to ${MAX_PICTURES} pictures, found ${count}`);
    }
    this.wanted = count;
  }

  get state(): Enrolment {
    return {
      type: "enrolment",
      state: this.#review ? "review" : "capturing",
      name: this.name,
      wanted: this.wanted,
      pictures: this.#pictures.map(({ kept }) => kept),
      guidance: this.#review ? "Delete what does not show this person well." : this.#guidance,
      leftOut: { ...this.#leftOut },
      doubts: this.doubts,
    };
  }

  get isFull(): boolean {
    return this.#review;
  }

  /** Takes a picture if the frame is worth it. @returns whether the state has changed. */
  async look(frame: Frame, faces: readonly Pick<FaceResult, "box">[]): Promise<boolean> {
    if (this.#review || this.#busy || frame.timeMs - this.#last < INTERVAL) return false;
    const [face] = faces;
    if (face === undefined || faces.length > 1) {
      const guidance = face === undefined ? "No face is seen." : "Only one person, please.";
      const changed = guidance !== this.#guidance;
      this.#guidance = guidance;
      return changed;
    }
    this.#last = frame.timeMs;
    const look = lookAt(frame, face.box);
    const flaw = flawOf(look, face.box, this.#looks);
    const pose = POSES[Math.floor((this.#pictures.length / this.wanted) * POSES.length)] as string;
    this.#guidance = (flaw !== undefined && REMEDY[flaw]) || pose;
    if (flaw !== undefined) {
      this.#leftOut[flaw] = (this.#leftOut[flaw] ?? 0) + 1;
      return true;
    }
    this.#busy = true;
    try {
      this.#looks.push(look);
      this.#pictures.push({ ...(await cropOf(frame, face)), kept: true });
      this.#review = this.#pictures.length >= this.wanted;
    } finally {
      this.#busy = false;
    }
    return true;
  }

  /** Ends taking pictures before there are as many as wanted. */
  finish(): void {
    if (this.#pictures.length === 0) throw new MienError("usage", "no picture was taken yet");
    this.#review = true;
  }

  /** The picture as JPEG; undefined if there is none of that number. */
  picture(index: number): Uint8Array | undefined {
    return this.#pictures[index]?.jpeg;
  }

  /** Deletes a picture, or takes that back. @throws {MienError} `missing-file` if there is none. */
  keep(index: number, kept: boolean): void {
    const picture = this.#pictures[index];
    if (picture === undefined) throw new MienError("missing-file", `there is no picture ${index}`);
    picture.kept = kept;
  }

  /** The pictures that were kept. */
  crops(): Crop[] {
    return this.#pictures.filter(({ kept }) => kept).map(({ jpeg, box }) => ({ jpeg, box }));
  }
}

async function cropOf(frame: Frame, { box }: Pick<FaceResult, "box">): Promise<Crop> {
  const [x, y, width, height] = box;
  const left = Math.round(x - ROOM * width);
  const top = Math.round(y - ROOM * height);
  const room = [left, top, width * (1 + 2 * ROOM), height * (1 + 2 * ROOM)] as const;
  const piece = cut(frame, room);
  const jpeg = await toJpeg({ width: piece.width, height: piece.height, pixels: piece.data });
  return { jpeg, box: [x - left, y - top, width, height] };
}
