import { mean, quantile, stopIfAborted } from "@mien/bench";
import { type FaceTexture, readFaces } from "@mien/camera";
import { random } from "@mien/format";
import {
  crop,
  EXPRESSION_MARGIN,
  ExpressionClassifier,
  FaceDetector,
  overlap,
  regionOf,
  Tracker,
  type Box,
  type Detection,
  type Picture,
} from "@mien/runtime";
import sharp from "sharp";

/**
 * How heads move: the distance to each side in face sizes √(width · height), and the greatest speed
 * in face sizes per second. The size of a real face is 0.16 m: 0.6 is 0.1 m/s, a person who
 * listens; 9 is 1.5 m/s, a person who walks by.
 */
const FILMS = [
  { name: "sways, 0.6", reach: 1.5, speed: 0.6 },
  { name: "sways, 1.5", reach: 1.5, speed: 1.5 },
  { name: "sways, 3", reach: 2, speed: 3 },
  { name: "sways, 6", reach: 2, speed: 6 },
  { name: "passes by, 6", reach: 6, speed: 6 },
  { name: "passes by, 9", reach: 6, speed: 9 },
] as const;
const [WIDTH, HEIGHT] = [640, 480];
/** Face size √(width · height) in pixels, as in a webcam's picture at 1.2 m. */
const SIZE = 76;
const FRAMES_PER_SECOND = 30;
const CADENCES = [1, 2, 3, 4];
const SECONDS = 5;
const PEOPLE = 5;
/** Smallest overlap with the true box at which a box counts as that face. */
const FOUND = 0.3;
/** The part of the photograph that moves with the face, in face sizes. */
const PATCH = { side: 2.6, down: 0.15 };

/** A frame of a film. */
interface Shot {
  readonly picture: Picture;
  readonly timeMs: number;
  readonly truth: Box;
  /** Whether the whole face is in the picture. */
  readonly inside: boolean;
  readonly detections: readonly Detection[];
}

/** The tracked face in one frame; null where it is missed. */
type Seen = { readonly box: Box; readonly track: number; readonly overlap: number } | null;

/** Collects the results of one cadence in all films of one kind. */
class Totals {
  readonly #overlaps: number[] = [];
  readonly #delays: number[] = [];
  #frames = 0;
  #visits = 0;
  #tracks = 0;
  #compared = 0;
  #same = 0;

  /**
   * @param answers the predicted expression, and the expression predicted with detection in every
   * frame; null without a box.
   */
  add(
    shots: readonly Shot[],
    seen: readonly Seen[],
    answers: readonly (readonly [string | null, string | null | undefined])[],
  ): void {
    let entered: number | null = null;
    const tracks = new Set<number>();
    for (const [i, { inside, timeMs }] of shots.entries()) {
      if (!inside) {
        entered = null;
        continue;
      }
      this.#frames++;
      if (shots[i - 1]?.inside !== true) {
        this.#visits++;
        this.#tracks += tracks.size;
        tracks.clear();
        entered = timeMs;
      }
      const one = seen[i] ?? null;
      if (one === null) continue;
      this.#overlaps.push(one.overlap);
      tracks.add(one.track);
      if (entered !== null) this.#delays.push(timeMs - entered);
      entered = null;
      const [answer, always] = answers[i] ?? [null, null];
      if (answer === null || always === null) continue;
      this.#compared++;
      if (answer === always) this.#same++;
    }
    this.#tracks += tracks.size;
  }

  row(film: string, detectEvery: number): CadenceRow {
    return {
      film,
      detectEvery,
      overlap: mean(this.#overlaps),
      overlapP5: quantile(this.#overlaps, 0.05),
      missed: 1 - this.#overlaps.length / this.#frames,
      tracks: this.#tracks / this.#visits,
      firstSeenMs: mean(this.#delays),
      sameExpression: this.#compared === 0 ? null : this.#same / this.#compared,
    };
  }
}

/** One cadence in all films of one kind. */
interface CadenceRow {
  /** How the heads move, and their greatest speed in face sizes per second. */
  readonly film: string;
  /** Interval between detections, in frames. */
  readonly detectEvery: number;
  /** Overlap of the tracked box with the true one, 0–1: mean and 5th percentile. */
  readonly overlap: number;
  readonly overlapP5: number;
  /** Share of frames, 0–1, in which the face is missed. */
  readonly missed: number;
  /** Number of tracks per visit of a face; 1 is ideal. */
  readonly tracks: number;
  /** From the appearance of a face until it is seen, in milliseconds; mean. */
  readonly firstSeenMs: number;
  /**
   * Share of frames, 0–1, in which the same expression is read as with detection in every frame; null
   * without an expression model.
   */
  readonly sameExpression: number | null;
}

/**
 * Measures the effect of detecting faces in every 2nd, 3rd or 4th frame only: how well the boxes fit,
 * how many faces are missed, how soon a face is seen, and whether the same expression is read.
 *
 * In films of 30 frames per second the heads of people in photographs sway in front of a noisy wall, or
 * pass by. Every frame is given to the detector once; the tracker gets the detections of each cadence,
 * at every phase.
 *
 * @param options.photographs folder of the photographs, with their `boxes.json`.
 * @param options.detector file of the face detector.
 * @param options.expression file of the expression model; without it no expressions are read.
 * @throws {MienError} `interrupted` if the signal fires; errors of reading the photographs and the
 * models.
 */
export async function measureCadence(options: {
  readonly photographs: string;
  readonly detector: string;
  readonly expression: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number, film: string) => void;
}): Promise<CadenceRow[]> {
  const { expression, signal, onProgress } = options;
  const textures = (await readFaces(options.photographs))
    // The other photographs are enlarged, or show faces that are turned away.
    .filter(({ name }) => !/partial|john1|obama_and|kit/.test(name))
    .slice(0, PEOPLE);
  const detector = await FaceDetector.open(options.detector);
  const classifier =
    expression === undefined ? undefined : await ExpressionClassifier.open(expression);
  const rows: CadenceRow[] = [];
  try {
    for (const [film, motion] of FILMS.entries()) {
      const totals = CADENCES.map((every) => ({ every, collected: new Totals() }));
      for (const [person, texture] of textures.entries()) {
        stopIfAborted(signal);
        const shots = await shoot(texture, { motion, person, detector });
        const always = await read(classifier, shots, follow(shots, 1, 0));
        for (const { every, collected } of totals) {
          for (let phase = 0; phase < every; phase++) {
            const seen = follow(shots, every, phase);
            const answers = await read(classifier, shots, seen);
            collected.add(
              shots,
              seen,
              answers.map((one, k) => [one, always[k]]),
            );
          }
        }
        onProgress((film + (person + 1) / textures.length) / FILMS.length, motion.name);
      }
      rows.push(...totals.map(({ every, collected }) => collected.row(motion.name, every)));
    }
    return rows;
  } finally {
    await Promise.all([detector.close(), classifier?.close()]);
  }
}

/** Makes a film of one person, and detects the faces in each frame. */
async function shoot(
  texture: FaceTexture,
  options: {
    readonly motion: (typeof FILMS)[number];
    /** Number of the person, which determines the movement. */
    readonly person: number;
    readonly detector: FaceDetector;
  },
): Promise<Shot[]> {
  const { person, detector } = options;
  const { reach, speed } = options.motion;
  const stream = random("cadence", person);
  const noise = Int8Array.from({ length: 1 << 16 }, () => Math.round(2.5 * stream.normal()));
  const start = 2 * Math.PI * stream.uniform();
  const { patch, side, box } = await cutOut(texture);
  const shots: Shot[] = [];
  for (let frame = 0; frame < SECONDS * FRAMES_PER_SECOND; frame++) {
    const seconds = frame / FRAMES_PER_SECOND;
    const phase = start + (speed / reach) * seconds;
    const left = Math.round(WIDTH / 2 + SIZE * reach * Math.sin(phase) - side / 2);
    const top = Math.round(HEIGHT / 2 + SIZE * 0.15 * reach * Math.sin(2 * phase) - side / 2);
    const pixels = new Uint8ClampedArray(WIDTH * HEIGHT * 3).fill(150);
    const from = Math.max(0, left);
    const to = Math.min(WIDTH, left + side);
    for (let row = 0; row < side && from < to; row++) {
      const line = patch.subarray((row * side + from - left) * 3, (row * side + to - left) * 3);
      pixels.set(line, ((top + row) * WIDTH + from) * 3);
    }
    const shift = stream.integer(1 << 16);
    pixels.forEach((value, i) => (pixels[i] = value + (noise[(shift + i) & 0xffff] ?? 0)));
    const picture = { width: WIDTH, height: HEIGHT, pixels };
    const truth: Box = [left + box[0], top + box[1], box[2], box[3]];
    const inside = truth[0] >= 0 && truth[0] + truth[2] <= WIDTH;
    const detections = await detector.detect(picture);
    shots.push({ picture, timeMs: 1000 * seconds, truth, inside, detections });
  }
  return shots;
}

/** A head as a square picture whose face has the size `SIZE`, and the box of the face in it. */
async function cutOut(texture: FaceTexture) {
  const [x, y, width, height] = regionOf(texture.box, PATCH);
  const head = crop(texture, [x, y, width, height]);
  const scale = SIZE / Math.sqrt(texture.box[2] * texture.box[3]);
  const side = Math.round(width * scale);
  const patch = await sharp(head.data, { raw: head }).resize(side, side).raw().toBuffer();
  const box: Box = [
    (texture.box[0] - x) * scale,
    (texture.box[1] - y) * scale,
    texture.box[2] * scale,
    texture.box[3] * scale,
  ];
  return { patch, side, box };
}

/** The tracked face in each frame if the tracker gets the detections of every n-th frame. */
function follow(shots: readonly Shot[], every: number, phase: number): Seen[] {
  const tracker = new Tracker();
  return shots.map(({ timeMs, truth, detections }, i) => {
    const tracks = tracker.update(timeMs, i % every === phase ? detections : null);
    const best = tracks
      .map(({ id, box }) => ({ box, track: id, overlap: overlap(box, truth) }))
      .sort((a, b) => b.overlap - a.overlap)[0];
    return best !== undefined && best.overlap >= FOUND ? best : null;
  });
}

/** The expression that is read in each frame; null without a face or without a classifier. */
async function read(
  classifier: ExpressionClassifier | undefined,
  shots: readonly Shot[],
  seen: readonly Seen[],
): Promise<(string | null)[]> {
  const answers: (string | null)[] = [];
  for (const [i, { picture }] of shots.entries()) {
    const box = seen[i]?.box;
    const face = box && crop(picture, regionOf(box, EXPRESSION_MARGIN));
    const answer = face && (await classifier?.classify(face));
    answers.push(answer?.expression ?? null);
  }
  return answers;
}
