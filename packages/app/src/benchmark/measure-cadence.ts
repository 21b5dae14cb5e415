/**
 * Measures what it costs to look for faces in every 2nd, 3rd or 4th frame only: how well the boxes
 * fit, how many faces are missed, how soon a face is seen, and whether the same is read in it.
 *
 *     MIEN_DATA=… node --conditions=source --import tsx packages/app/src/benchmark/measure-cadence.ts [MODEL.onnx]
 *
 * In films of 30 frames a second the heads of people in `MIEN_DATA/faces` sway in front of a noisy
 * wall, or pass by. Every frame is given to the detector once; the tracker gets what each cadence
 * would have shown it, at every phase. With a model, expressions are read too, which takes minutes.
 */
import path from "node:path";
import { dataFolder, formatPercent } from "@mien/cli";
import { MienError, random } from "@mien/format";
import {
  cut,
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
import { findFaceModel } from "../face-models.ts";
import { readFaces, type FaceTexture } from "@mien/camera";

/**
 * How heads move: how far to each side, and how fast at most, in face sizes √(width · height) (a
 * second). Of a real face that is 0.16 m: 0.6 are 0.1 m/s, somebody who listens; 9 are 1.5 m/s,
 * somebody who walks by.
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
/** Of a face √(width · height), in pixels: as in a webcam's picture at 1.2 m. */
const SIZE = 76;
const FRAMES_PER_SECOND = 30;
const CADENCES = [1, 2, 3, 4];
const SECONDS = 5;
const PEOPLE = 5;
/** A box that overlaps the true one less is not that face's. */
const FOUND = 0.3;
/** The head's surroundings that go with it, in face sizes. */
const PATCH = { side: 2.6, down: 0.15 };

interface Shot {
  readonly picture: Picture;
  readonly timeMs: number;
  readonly truth: Box;
  /** Whether the whole face is in the picture. */
  readonly inside: boolean;
  readonly detections: readonly Detection[];
}

/** What is known of the face in one frame; null where it is missed. */
type Seen = { readonly box: Box; readonly track: number; readonly overlap: number } | null;

/** What came of one cadence in all films of one kind. */
class Totals {
  readonly #overlaps: number[] = [];
  readonly #delays: number[] = [];
  #frames = 0;
  #visits = 0;
  #tracks = 0;
  #compared = 0;
  #same = 0;

  /** @param answers what is read, and what is with detection in every frame; null without a box. */
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

  show(): string {
    const sorted = this.#overlaps.toSorted((a, b) => a - b);
    const low = sorted[Math.floor(0.05 * sorted.length)] ?? 0;
    const missed = 1 - this.#overlaps.length / this.#frames;
    return [
      `overlap ${mean(sorted).toFixed(3)}, ${low.toFixed(3)}`,
      `missed ${formatPercent(missed, 2)}`,
      `${(this.#tracks / this.#visits).toFixed(2)} tracks`,
      `after ${mean(this.#delays).toFixed(0)} ms`,
      ...(this.#compared === 0 ? [] : [`same ${formatPercent(this.#same / this.#compared, 1)}`]),
    ].join("; ");
  }
}

const data = await dataFolder();
if (data === undefined)
  throw new MienError("usage", "set MIEN_DATA to the folder that holds faces/");
const textures = (await readFaces(path.join(data, "faces")))
  // Others are enlarged, or turned away.
  .filter(({ name }) => !/partial|john1|obama_and|kit/.test(name))
  .slice(0, PEOPLE);
const detector = await FaceDetector.open(findFaceModel("detector"));
const [model] = process.argv.slice(2);
const classifier = model === undefined ? undefined : await ExpressionClassifier.open(model);

console.log(
  "film, frames from one detection to the next: overlap with the truth (mean, 5th percentile); " +
    "missed frames; tracks a visit; first seen; same expression as with detection in every frame",
);
for (const film of FILMS) {
  const totals = CADENCES.map(() => new Totals());
  for (const [number, texture] of textures.entries()) {
    const shots = await shoot(texture, film, number);
    const always = await read(shots, follow(shots, 1, 0));
    for (const [i, every] of CADENCES.entries()) {
      for (let phase = 0; phase < every; phase++) {
        const seen = follow(shots, every, phase);
        totals[i]?.add(
          shots,
          seen,
          (await read(shots, seen)).map((one, k) => [one, always[k]]),
        );
      }
    }
  }
  for (const [i, every] of CADENCES.entries()) {
    console.log(`${film.name}, ${every}: ${totals[i]?.show()}`);
  }
}
await Promise.all([detector.close(), classifier?.close()]);

async function shoot(
  texture: FaceTexture,
  { reach, speed }: (typeof FILMS)[number],
  number: number,
): Promise<Shot[]> {
  const stream = random("cadence", number);
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
    pixels.forEach((value, i) => (pixels[i] = value + (noise[(shift + i) & 0xffff] as number)));
    const picture = { width: WIDTH, height: HEIGHT, pixels };
    const truth: Box = [left + box[0], top + box[1], box[2], box[3]];
    const inside = truth[0] >= 0 && truth[0] + truth[2] <= WIDTH;
    const detections = await detector.detect(picture);
    shots.push({ picture, timeMs: 1000 * seconds, truth, inside, detections });
  }
  return shots;
}

/** A head as a square picture, its face of the size that is wanted, and where in it the face is. */
async function cutOut(texture: FaceTexture) {
  const [x, y, width, height] = regionOf(texture.box, PATCH);
  const head = cut(texture, [x, y, width, height]);
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

/** What the tracker makes of the detections in every n-th frame. */
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

async function read(shots: readonly Shot[], seen: readonly Seen[]): Promise<(string | null)[]> {
  const answers: (string | null)[] = [];
  for (const [i, { picture }] of shots.entries()) {
    const box = seen[i]?.box;
    const face = box && cut(picture, regionOf(box, EXPRESSION_MARGIN));
    const read = face && (await classifier?.classify(face));
    answers.push(read?.expression ?? null);
  }
  return answers;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
