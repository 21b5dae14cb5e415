import path from "node:path";
import { writeFileAtomic } from "@mien/cli";
import { MienError, random } from "@mien/format";
import { DEFAULT_CALIBRATION } from "../kinect/camera-parameters.ts";
import type { FaceTexture } from "./face-textures.ts";
import { RecordingWriter } from "./recording-writer.ts";
import { kinectCameras, renderColour, renderDepth } from "./render.ts";
import { boxOf, sceneAt, type SceneName, type TrueFace } from "./scenes.ts";
import { noiseTable, senseDepth } from "./sensor.ts";

/** A line of `truth.jsonl`: what one colour picture shows. */
export interface Truth {
  /** Place of the colour picture among the colour pictures. */
  readonly frame: number;
  readonly timeMs: number;
  readonly faces: readonly TrueFace[];
}

/** Where the truth stands in a recording's folder. */
export const TRUTH = "truth.jsonl";
export const FRAMES_PER_SECOND = 30;

/** The folder of the code that decides what a synthetic recording shows. */
export const SYNTHESIS_CODE = import.meta.dirname;
/** Arbitrary, so that the same options give the same files. */
const START = 1_700_000_000;
/** Ticks of the device's clock in a second. */
const CLOCK = 60e6;
/** Depth comes this much before the colour, in seconds. */
const DEPTH_LEAD = 0.005;
/** Share of the depth pictures that a Kinect loses. */
const LOST_DEPTH = 0.01;
const COLOUR_NOISE = 2.5;

/** What is to be synthesised. */
export interface SynthesisOptions {
  readonly scene: SceneName;
  readonly seconds: number;
  readonly seed: number;
  readonly faces: readonly FaceTexture[];
  /** Loses no depth picture and adds no tilt, for measurements. Default false. */
  readonly lossless?: boolean;
  readonly signal?: AbortSignal;
  /** Told after each frame how many are done. */
  readonly onProgress?: (done: number) => void;
}

/**
 * Writes a recording of a scene that never was, and the truth about it.
 *
 * The same options give the same bytes.
 *
 * @returns the number of colour pictures and the bytes written.
 * @throws {MienError} `conflict` if the folder is not empty; `interrupted`, after which nothing is
 * left, when the signal fires.
 */
export async function synthesizeRecording(
  folder: string,
  { scene, seconds, seed, faces, lossless = false, signal, onProgress }: SynthesisOptions,
): Promise<{ frames: number; bytes: number }> {
  const calibration = DEFAULT_CALIBRATION;
  const cameras = kinectCameras(calibration);
  const frames = Math.round(seconds * FRAMES_PER_SECOND);
  const writer = await RecordingWriter.create(folder, calibration);
  const depthNoise = noiseTable(seed, "depth");
  const colourNoise = noiseTable(seed, "colour");
  const truth: Truth[] = [];
  try {
    for (let frame = 0; frame < frames; frame++) {
      if (signal?.aborted) throw new MienError("interrupted", "synthesising; nothing was written");
      const chance = random("frame", seed, frame);
      const moment = sceneAt(scene, faces, frame / frames);
      const time = START + frame / FRAMES_PER_SECOND;
      const clock = Math.round((frame * CLOCK) / FRAMES_PER_SECOND);
      if (chance.uniform() >= LOST_DEPTH || frame === 0 || lossless) {
        const view = renderDepth(moment.objects, cameras.depth);
        const senses = { noise: depthNoise, chance };
        const raw = senseDepth(view, moment.objects, calibration, senses);
        await writer.addDepth(time - DEPTH_LEAD, clock, raw);
      }
      const start = chance.integer(1 << 16);
      const pixels = renderColour(
        moment.objects,
        cameras.colour,
        (at) => COLOUR_NOISE * colourNoise(start + at),
      );
      await writer.addColour(time, clock, pixels);
      if (!lossless) await writer.addTilt(time + DEPTH_LEAD, clock, [0, 819, 0]);
      truth.push({
        frame,
        timeMs: Math.round((1e6 * frame) / FRAMES_PER_SECOND) / 1e3,
        faces: moment.faces.map(({ id, kind, picture, ...rest }, i) => ({
          ...{ id, kind, picture },
          box: boxOf(moment.poses[i] as (typeof moment.poses)[number], kind, cameras.colour),
          ...rest,
        })),
      });
      onProgress?.(frame + 1);
    }
    const lines = truth.map((line) => `${JSON.stringify(line)}\n`);
    await writeFileAtomic(path.join(folder, TRUTH), lines.join(""));
    await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
  return { frames, bytes: writer.bytes };
}
