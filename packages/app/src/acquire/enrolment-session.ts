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

/** How long a pose is shown before pictures of it are taken, on a live camera, in ms. */
export const POSE_MS = 2000;
/** How long a pose that is checked may fail before pictures are taken anyway, in ms. */
const CHECK_PATIENCE = 4000;
/** How long a pose lasts at most if at least one picture was taken in it, in ms. */
const POSE_TIMEOUT = 10_000;
/** How much wider the face must be after "come closer" than in the first picture. */
const CLOSER = 1.15;

/** One instruction to the person. */
interface Pose {
  readonly direction: NonNullable<Enrolment["pose"]>["direction"];
  readonly text: string;
  /**
   * Whether the person does what is asked, by the width of the face in relation to that in the first
   * picture. Without it, this is not checked: the detector finds no landmarks of the face, which would
   * show where it is turned.
   */
  readonly check?: (width: number) => boolean;
}

/** The poses, which are asked for one after the other, each for the same number of pictures. */
const POSES: readonly [Pose, ...Pose[]] = [
  { direction: "ahead", text: "Look at the camera." },
  { direction: "left", text: "Please turn your head a little to your left." },
  { direction: "right", text: "Please turn your head a little to your right." },
  { direction: "up", text: "Please lift your chin a little." },
  { direction: "down", text: "Please lower your chin a little." },
  { direction: "closer", text: "Come a little closer.", check: (width) => width >= CLOSER },
  { direction: "back", text: "Step back again.", check: (width) => width <= CLOSER },
  { direction: "move", text: "Please smile, speak, look surprised." },
];

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
  /**
   * How long each pose is shown before pictures of it are taken, in ms: `POSE_MS` for a person before a
   * live camera. Default 0, for recordings: poses are only named, and not checked.
   */
  readonly poseMs?: number;
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
  readonly #poseMs: number;
  #guidance = POSES[0].text;
  #lastMs = -Infinity;
  #poseIndex = 0;
  /** Number of pictures that were taken in this pose. */
  #poseTaken = 0;
  /** Time of the first frame of this pose, in ms; undefined before it. */
  #poseSince: number | undefined;
  /** Time until pictures of this pose are taken, in seconds, rounded up. */
  #secondsLeft: number;
  /** Width of the face in the first picture, in pixels. */
  #firstWidth: number | undefined;
  #review = false;
  #busy = false;

  /** @throws {MienError} `usage` for an invalid name or number. */
  constructor({ name, count, poseMs = 0 }: EnrolmentRequest) {
    this.name = checkPersonName(name);
    if (!Number.isSafeInteger(count) || count < 1 || count > MAX_PICTURES) {
      throw new MienError("usage", `expected 1 to ${MAX_PICTURES} pictures, found ${count}`);
    }
    this.wanted = count;
    this.#poseMs = poseMs;
    this.#secondsLeft = Math.ceil(poseMs / 1000);
  }

  /** The state that viewers receive. */
  get state(): Enrolment {
    return {
      type: "enrolment",
      state: this.#review ? "review" : "capturing",
      name: this.name,
      wanted: this.wanted,
      pictures: this.#pictures.map(({ kept }) => kept),
      pose: this.#review
        ? null
        : {
            index: this.#poseIndex,
            count: this.#poses,
            direction: this.#pose.direction,
            secondsLeft: this.#secondsLeft,
            isChecked: this.#poseMs > 0 && this.#pose.check !== undefined,
          },
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
    if (this.#review || this.#busy) return false;
    const before = [this.#guidance, this.#secondsLeft, this.#poseIndex].join();
    const isReady = this.#followPose(frame.timeMs, faces);
    const changed = [this.#guidance, this.#secondsLeft, this.#poseIndex].join() !== before;
    const [face] = faces;
    if (!isReady || face === undefined || frame.timeMs - this.#lastMs < INTERVAL) return changed;
    this.#lastMs = frame.timeMs;
    const quality = measureQuality(frame, face.box);
    const flaw = findFlaw(quality, face.box, this.#qualities);
    this.#guidance = (flaw && REMEDY[flaw]) ?? this.#pose.text;
    if (flaw !== undefined) {
      this.#leftOut.set(flaw, (this.#leftOut.get(flaw) ?? 0) + 1);
      return true;
    }
    this.#busy = true;
    try {
      this.#qualities.push(quality);
      this.#pictures.push({ ...(await cropOf(frame, face)), kept: true });
      this.#firstWidth ??= face.box[2];
      this.#poseTaken++;
      this.#review = this.#pictures.length >= this.wanted;
      if (this.#poseTaken >= this.#poseWanted()) this.nextPose();
    } finally {
      this.#busy = false;
    }
    return true;
  }

  /** Goes on to the next pose, if there is one; its pictures are then taken in the other poses. */
  nextPose(): void {
    if (this.#poseIndex >= this.#poses - 1) return;
    this.#poseIndex++;
    this.#poseTaken = 0;
    this.#poseSince = undefined;
    this.#secondsLeft = Math.ceil(this.#poseMs / 1000);
    this.#guidance = this.#pose.text;
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

  /** Number of poses: not more than pictures. */
  get #poses(): number {
    return Math.min(POSES.length, this.wanted);
  }

  get #pose(): Pose {
    return POSES[this.#poseIndex] ?? POSES[0];
  }

  /** Number of pictures to take in this pose: an equal part of those that are missing. */
  #poseWanted(): number {
    const before = this.#pictures.length - this.#poseTaken;
    return Math.ceil((this.wanted - before) / (this.#poses - this.#poseIndex));
  }

  /**
   * Updates the guidance for a frame: which pose, and for how long.
   *
   * @returns whether a picture may be taken.
   */
  #followPose(timeMs: number, faces: readonly FaceBox[]): boolean {
    this.#poseSince ??= timeMs;
    let inPoseMs = timeMs - this.#poseSince;
    if (this.#poseMs > 0 && this.#poseTaken > 0 && inPoseMs > POSE_TIMEOUT) {
      this.nextPose();
      this.#poseSince ??= timeMs;
      inPoseMs = timeMs - this.#poseSince;
    }
    this.#secondsLeft = Math.max(0, Math.ceil((this.#poseMs - inPoseMs) / 1000));
    const [face] = faces;
    if (face === undefined || faces.length > 1) {
      this.#guidance = face === undefined ? "No face is visible." : "Only one person, please.";
      return false;
    }
    const asked = inPoseMs < this.#poseMs + CHECK_PATIENCE;
    const width = face.box[2] / (this.#firstWidth ?? face.box[2]);
    const isMissing = this.#poseMs > 0 && asked && this.#pose.check?.(width) === false;
    if (this.#secondsLeft > 0 || isMissing) {
      this.#guidance = this.#pose.text;
      return false;
    }
    return true;
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
