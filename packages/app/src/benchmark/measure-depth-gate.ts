/**
 * Measures the depth gate on synthetic recordings: how far heads, flat and bent photographs are from
 * its limits, and what it answers.
 *
 *     node --conditions=source --import tsx packages/app/src/benchmark/measure-depth-gate.ts [SECONDS [SEED…]]
 *
 * Recordings are made in a temporary folder as `app:record --synth` makes them, and read as any other
 * is. The boxes are the true ones, displaced and stretched at random as a detector's are.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { random } from "@mien/format";
import { type Box, judgeRelief, type Relief } from "@mien/runtime";
import {
  drawFaces,
  openSource,
  type SceneName,
  synthesizeRecording,
  type TrueFace,
  TRUTH,
  type Truth,
} from "@mien/camera";

const SCENES: readonly SceneName[] = ["head", "people", "flat", "bent", "mixed"];
/** Standard deviations of a detector's boxes, as a share of the face: of their place and their size. */
const [SHIFT, STRETCH] = [0.05, 0.1];

const [seconds = "3", ...given] = process.argv.slice(2);
const seeds = given.length === 0 ? [1, 2] : given.map(Number);

interface Seen extends Relief {
  readonly scene: SceneName;
  readonly kind: TrueFace["kind"];
}

const seen: Seen[] = [];
const folder = await mkdtemp(path.join(tmpdir(), "mien-depth-"));
try {
  for (const scene of SCENES) {
    for (const seed of seeds) {
      const recording = path.join(folder, `${scene}-${seed}`);
      const faces = await drawFaces(3, seed);
      await synthesizeRecording(recording, { scene, seconds: Number(seconds), seed, faces });
      await judge(recording, scene, seed);
      await rm(recording, { recursive: true });
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function judge(recording: string, scene: SceneName, seed: number): Promise<void> {
  const lines = (await readFile(path.join(recording, TRUTH), "utf8")).trim().split("\n");
  const truth = lines.map((line) => JSON.parse(line) as Truth);
  const source = await openSource(`kinect:${recording}`);
  for await (const frame of source.frames()) {
    for (const { kind, box } of truth[frame.index]?.faces ?? []) {
      if (frame.depth === undefined) continue;
      const stream = random(seed, scene, frame.index, box[0]);
      seen.push({ scene, kind, ...judgeRelief(frame.depth, detected(box, stream), frame) });
    }
  }
}

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

const range = (values: readonly (number | null)[], digits = 1) => {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const at = (share: number) => known[Math.round(share * (known.length - 1))]?.toFixed(digits);
  return `${at(0)} … ${at(0.01)} … ${at(0.5)} … ${at(0.99)} … ${at(1)}`;
};
console.log("least … 1 % … median … 99 % … greatest");
for (const scene of SCENES) {
  for (const kind of ["face", "flat", "bent"] as const) {
    const some = seen.filter((one) => one.scene === scene && one.kind === kind);
    if (some.length === 0) continue;
    const count = (relief: Relief["relief"]) => some.filter((one) => one.relief === relief).length;
    console.log(
      `${scene}, ${kind}: ${some.length} frames; ` +
        `${count("face")} face, ${count("flat")} flat, ${count("unknown")} unknown`,
    );
    console.log(
      `  distance ${range(
        some.map((one) => one.distanceMm),
        0,
      )} mm`,
    );
    console.log(`  residual ${range(some.map((one) => one.residualMm))} mm`);
    console.log(`  bulge    ${range(some.map((one) => one.bulgeMm))} mm`);
  }
}
