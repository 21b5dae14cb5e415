import path from "node:path";
import { writeFileAtomic } from "@mien/cli";
import { MienError, random } from "@mien/format";
import { DEFAULT_CAMERA_PARAMETERS } from "../kinect/camera-parameters.ts";
import type { FaceTexture } from "./face-textures.ts";
import { RecordingWriter } from "./recording-writer.ts";
import { kinectCameras, renderColour, renderDepth } from "./render.ts";
import { boxOf, sceneAt, type SceneName, type TrueFace } from "./scenes.ts";
import { noiseTable, senseDepth } from "./sensor.ts";

/** A line of `truth.jsonl`: the faces in one colour picture. */
export interface Truth {
  /** Number of the colour picture, from 0. */
  readonly frame: number;
  readonly timeMs: number;
  readonly faces: readonly TrueFace[];
}

/** Name of the file of truths in a recording's folder. */
export const TRUTH = "truth.jsonl";
export const FRAMES_PER_SECOND = 30;

/**
 * The folder of the code that determines a synthetic recording; its version is part of
 * `made-from.json`.
 */
export const SYNTHESIS_CODE = import.meta.dirname;
/** Time of the first picture in seconds since 1970; fixed, so that the same options give the same files. */
const START = 1_700_000_000;
/** Ticks of the device's clock per second. */
const CLOCK = 60e6;
/** By how much each depth picture precedes its colour picture, in seconds. */
const DEPTH_LEAD = 0.005;
/** Share of the depth pictures that are left out, 0–1, as a Kinect loses some. */
const LOST_DEPTH = 0.01;
/** Standard deviation of the noise of colour values, which are 0–255. */
export const COLOUR_NOISE = 2.5;

/** What to synthesise. */
export interface SynthesisOptions {
  readonly scene: SceneName;
  readonly seconds: number;
  readonly seed: number;
  readonly faces: readonly FaceTexture[];
  /** Leaves out no depth picture and adds no tilt, for measurements. Default false. */
  readonly lossless?: boolean;
  readonly signal?: AbortSignal;
  /** Called after each frame with the number of frames done. */
  readonly onProgress?: (done: number) => void;
}

/**
 * Writes a synthetic Kinect recording of a scene, and the truth about its faces.
 *
 * The same options give the same bytes.
 *
 * @returns the number of colour pictures and the bytes written.
 * @throws {MienError} `conflict` if the folder is not empty; `interrupted` if the signal fires, after
 * which nothing is left.
 */
export async function synthesizeRecording(
  folder: string,
  options: SynthesisOptions,
): Promise<{ frames: number; bytes: number }> {
  const { scene, seed, faces, lossless = false, signal, onProgress } = options;
  const cameraParameters = DEFAULT_CAMERA_PARAMETERS;
  const cameras = kinectCameras(cameraParameters);
  const frames = Math.round(options.seconds * FRAMES_PER_SECOND);
  const writer = await RecordingWriter.create(folder, cameraParameters);
  const depthNoise = noiseTable(seed, "depth");
  const colourNoise = noiseTable(seed, "colour");
  const truth: Truth[] = [];
  try {
    for (let frame = 0; frame < frames; frame++) {
      if (signal?.aborted) throw new MienError("interrupted", "synthesising; nothing was written");
      const chance = random("frame", seed, frame);
      const moment = sceneAt(scene, faces, frame / frames);
      const seconds = START + frame / FRAMES_PER_SECOND;
      const clock = Math.round((frame * CLOCK) / FRAMES_PER_SECOND);
      if (chance.uniform() >= LOST_DEPTH || frame === 0 || lossless) {
        const view = renderDepth(moment.objects, cameras.depth);
        const senses = { noise: depthNoise, chance };
        const raw = senseDepth(view, cameraParameters, senses);
        await writer.addDepth({ seconds: seconds - DEPTH_LEAD, clock }, raw);
      }
      const start = chance.integer(1 << 16);
      const pixels = renderColour(
        moment.objects,
        cameras.colour,
        (at) => COLOUR_NOISE * colourNoise(start + at),
      );
      await writer.addColour({ seconds, clock }, pixels);
      if (!lossless) await writer.addTilt({ seconds: seconds + DEPTH_LEAD, clock }, [0, 819, 0]);
      truth.push({
        frame,
        timeMs: Math.round((1e6 * frame) / FRAMES_PER_SECOND) / 1e3,
        faces: moment.faces.map(({ truth: { id, kind, picture, ...rest }, pose }) => ({
          id,
          kind,
          picture,
          box: boxOf(pose, kind, cameras.colour),
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
