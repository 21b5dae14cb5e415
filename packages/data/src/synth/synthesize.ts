import { itemAt, MienError, random, shuffle, type ImageSet } from "@mien/format";
import { CLASSES, drawActions } from "./expression.ts";
import {
  jawOf,
  paintBrows,
  paintCheeks,
  paintEyes,
  paintMouth,
  paintNose,
  type Face,
} from "./features.ts";
import { paintHair, paintHead, projectionOf } from "./head.ts";
import { Raster } from "./raster.ts";
import { paintBackground, paintOcclusion, photograph } from "./scene.ts";
import { drawLight, drawPose, drawTraits } from "./traits.ts";

/** Side of a synthetic image in pixels, as in FER2013. */
const SIZE = 48;

/** Shares of Training, PublicTest and PrivateTest, as in FER2013. */
const SHARES = [0.8, 0.1, 0.1] as const;

/** Smallest number of images; with fewer, a split could lack a class. */
const MIN_COUNT = 10 * CLASSES.length;

/** The size and the seed of a synthetic set. */
export interface SynthOptions {
  /** Number of images, at least 70, so that every split has every class. */
  readonly count: number;
  /** A whole number; the same seed gives the same images. */
  readonly seed: number;
}

/**
 * Draws the built-in data set: parametric faces with FER2013's classes, image size and splits.
 *
 * Image i depends only on the seed and i, so a smaller set is the beginning of a larger one, except
 * for the splits. Drawing uses plain arithmetic, and V8 computes sine, exponential and logarithm in
 * software, so the same seed gives the same bytes on every platform.
 *
 * @throws {MienError} `bad-config` if `count` is below 70 or not whole.
 *
 * @internal
 */
export function synthesize(options: SynthOptions): ImageSet {
  const steps = synthesizeInSteps(options);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/**
 * Like `synthesize`, but in steps of a few milliseconds, between which other work can run.
 *
 * @returns a generator that yields the number of images drawn so far and returns the set.
 */
export function* synthesizeInSteps({ count, seed }: SynthOptions): Generator<number, ImageSet> {
  if (!Number.isSafeInteger(count) || count < MIN_COUNT) {
    const expected = `a whole number of at least ${MIN_COUNT} images`;
    throw new MienError("bad-config", `expected ${expected}, found ${count}`);
  }
  const pixels = new Uint8Array(count * SIZE * SIZE);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = drawLabel(i, seed);
    pixels.set(drawFace(itemAt(labels, i), [seed, i]), i * SIZE * SIZE);
    if (i % 10 === 9) yield i + 1;
  }
  return {
    height: SIZE,
    width: SIZE,
    channels: 1,
    classes: CLASSES,
    pixels,
    labels,
    usage: drawUsage(labels, seed),
    row: Uint32Array.from({ length: count }, (_, i) => i),
  };
}

/** Labels of all images: each block of 14 has every class once and seven random ones. */
function drawLabel(index: number, seed: number): number {
  const stream = random(seed, "labels", Math.floor(index / 14));
  const block = Array.from({ length: 14 }, (_, i) =>
    i < CLASSES.length ? i : stream.integer(CLASSES.length),
  );
  return shuffle(block, stream)[index % 14] as number;
}

/** Divides each class into splits by `SHARES`, at random. */
function drawUsage(labels: Uint8Array, seed: number): Uint8Array {
  const usage = new Uint8Array(labels.length);
  for (let label = 0; label < CLASSES.length; label++) {
    const members = [...labels.keys()].filter((i) => labels[i] === label);
    shuffle(members, random(seed, "usage", label));
    const publicEnd = Math.max(1, Math.round(members.length * SHARES[1]));
    const privateEnd = publicEnd + Math.max(1, Math.round(members.length * SHARES[2]));
    members.slice(0, publicEnd).forEach((i) => (usage[i] = 1));
    members.slice(publicEnd, privateEnd).forEach((i) => (usage[i] = 2));
  }
  return usage;
}

/**
 * Draws one face.
 *
 * @param label index into `CLASSES`.
 * @param keys of the random numbers that determine everything else.
 * @returns [48, 48] row-major, 0–255.
 *
 * @internal
 */
export function drawFace(label: number, keys: readonly number[]): Uint8Array {
  const stream = (purpose: string) => random(...keys, purpose);
  const traits = drawTraits(stream("traits"));
  const pose = drawPose(SIZE, stream("pose"));
  const light = drawLight(stream("light"));
  const actions = drawActions(label, stream("actions"));
  const gaze = stream("gaze");
  const raster = new Raster(SIZE);
  paintBackground(raster, stream("background"));
  const project = projectionOf(traits, pose);
  const { skin, hair } = paintHead(raster, { traits, pose, light }, jawOf(actions));
  const face: Face = { traits, actions, light, project, scale: pose.scale, skin };
  paintHair(raster, { ...face, hair });
  paintCheeks(raster, face);
  paintEyes(raster, face, [gaze.between(-1, 1), gaze.between(-1, 1)]);
  paintBrows(raster, face);
  paintNose(raster, face);
  paintMouth(raster, face);
  paintOcclusion(raster, { traits, pose, project }, stream("occlusion"));
  return photograph(raster.pixels, SIZE, stream("camera"));
}
