import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { quantile, stopIfAborted } from "@mien/bench";
import {
  drawFaces,
  openSource,
  type SceneName,
  synthesizeRecording,
  type TrueFace,
  TRUTH,
  type Truth,
} from "@mien/camera";
import { random } from "@mien/format";
import { type Box, measureRelief, type Relief } from "@mien/runtime";

const SCENES: readonly SceneName[] = ["head", "people", "flat", "bent", "mixed"];
const KINDS: readonly TrueFace["kind"][] = ["face", "flat", "bent"];
/** Standard deviations of a detector's boxes, as a share of the face: of their place and their size. */
const [SHIFT, STRETCH] = [0.05, 0.1];
/** The quantiles of a figure that are reported, 0–1. */
export const SHARES = [0, 0.01, 0.5, 0.99, 1] as const;

/** The answers of the depth gate to one kind of face in one scene. */
interface DepthRow {
  readonly scene: SceneName;
  /** What is shown: a head, a flat photograph or a bent one. */
  readonly kind: TrueFace["kind"];
  readonly frames: number;
  /** Number of frames by answer. */
  readonly answers: Readonly<Record<Relief["relief"], number>>;
  /** The quantiles `SHARES` of each figure, in millimetres. */
  readonly distanceMm: readonly number[];
  readonly residualMm: readonly number[];
  readonly bulgeMm: readonly number[];
}

interface Seen extends Relief {
  readonly scene: SceneName;
  readonly kind: TrueFace["kind"];
}

/**
 * Measures the depth gate on synthetic recordings: its answers for heads, flat and bent
 * photographs, and the measured values, which are compared with the gate's limits.
 *
 * Recordings are made in a temporary folder as `app:record --synth` makes them. The boxes are the
 * true boxes, displaced and stretched at random like a detector's.
 *
 * @param options.seconds length of a recording.
 * @param options.seeds one recording of each scene is made per seed.
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function measureDepthGate(options: {
  readonly seconds: number;
  readonly seeds: readonly number[];
  readonly signal: AbortSignal;
  readonly onProgress: (share: number, scene: string) => void;
}): Promise<DepthRow[]> {
  const { seconds, seeds, signal, onProgress } = options;
  const seen: Seen[] = [];
  const folder = await mkdtemp(path.join(tmpdir(), "mien-depth-"));
  try {
    const recordings = SCENES.flatMap((scene) => seeds.map((seed) => ({ scene, seed })));
    for (const [done, { scene, seed }] of recordings.entries()) {
      stopIfAborted(signal);
      onProgress(done / recordings.length, scene);
      const recording = path.join(folder, `${scene}-${seed}`);
      const faces = await drawFaces(3, seed);
      await synthesizeRecording(recording, { scene, seconds, seed, faces, signal });
      seen.push(...(await answersTo(recording, scene, seed)));
      await rm(recording, { recursive: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return SCENES.flatMap((scene) =>
    KINDS.flatMap((kind) => {
      const own = seen.filter((one) => one.scene === scene && one.kind === kind);
      return own.length === 0 ? [] : [{ scene, kind, ...figuresOf(own) }];
    }),
  );
}

function figuresOf(seen: readonly Seen[]): Omit<DepthRow, "scene" | "kind"> {
  const count = (relief: Relief["relief"]) => seen.filter((one) => one.relief === relief).length;
  const quantiles = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return SHARES.map((share) => quantile(known, share));
  };
  return {
    frames: seen.length,
    answers: { face: count("face"), flat: count("flat"), unknown: count("unknown") },
    distanceMm: quantiles(seen.map(({ distanceMm }) => distanceMm)),
    residualMm: quantiles(seen.map(({ residualMm }) => residualMm)),
    bulgeMm: quantiles(seen.map(({ bulgeMm }) => bulgeMm)),
  };
}

/** The gate's answers to each face in each frame of a recording. */
async function answersTo(recording: string, scene: SceneName, seed: number): Promise<Seen[]> {
  const lines = (await readFile(path.join(recording, TRUTH), "utf8")).trim().split("\n");
  const truth = lines.map((line) => JSON.parse(line) as Truth);
  const source = await openSource(`kinect:${recording}`);
  const seen: Seen[] = [];
  for await (const frame of source.frames()) {
    for (const { kind, box } of truth[frame.index]?.faces ?? []) {
      if (frame.depth === undefined) continue;
      const stream = random(seed, scene, frame.index, box[0]);
      seen.push({ scene, kind, ...measureRelief(frame.depth, detected(box, stream), frame) });
    }
  }
  return seen;
}

/** A true box with the random errors of a detector. */
function detected([x, y, width, height]: Box, stream: ReturnType<typeof random>): Box {
  const w = width * (1 + STRETCH * stream.normal());
  const h = height * (1 + STRETCH * stream.normal());
  return [
    x + (width - w) / 2 + SHIFT * width * stream.normal(),
    y + (height - h) / 2 + SHIFT * height * stream.normal(),
    w,
    h,
  ];
}
