import {
  createPipeline,
  FaceDetector,
  loadOnnxruntime,
  type Picture,
  type Pipeline,
  type PipelineOptions,
} from "@mien/runtime";
import { ownContender, type Contender } from "./turns.ts";

/** The models that are measured. */
export interface Models {
  readonly expression: string;
  readonly detector: string;
}

/** Frames a second of the film that a still picture is shown as. */
const RATE = 30;

/** How a pipeline is measured. */
export type MienOptions = Pick<PipelineOptions, "detectEvery" | "threads" | "detection"> & {
  /** Frames that it is given at a time; two keep two cores busy. Default 1. */
  readonly inFlight?: number;
};

/** A pipeline as a contender: the same picture again and again, as a film. */
export async function mienContender(
  name: string,
  models: Models,
  picture: Picture,
  { inFlight = 1, ...options }: MienOptions,
): Promise<Contender> {
  const pipeline = await createPipeline({ ...models, ...options, background: inFlight > 1 });
  const next = filmOf(pipeline, picture);
  return ownContender(name, async () => (await next()).faces.length, {
    close: () => pipeline.close(),
    inFlight,
  });
}

/** mien as it is used: frame by frame, as fast as two cores allow, and beside a camera. */
export async function mienContenders(models: Models, picture: Picture, threads: number) {
  const rows: readonly [string, MienOptions][] = [
    ["mien, every frame", { detectEvery: 1 }],
    ["mien, every frame, two at a time", { detectEvery: 1, inFlight: 2 }],
    ["mien, default cadence", {}],
    ["mien, default cadence, two at a time", { inFlight: 2 }],
  ];
  const contenders: Contender[] = [];
  for (const [name, options] of rows) {
    contenders.push(await mienContender(name, models, picture, { ...options, threads }));
  }
  return contenders;
}

/** Shows a picture to a pipeline, once a call, as the next frame of a film. */
export function filmOf(pipeline: Pipeline, picture: Picture) {
  let index = 0;
  return () => pipeline.process({ ...picture, index, timeMs: (1000 * index++) / RATE });
}

/**
 * The detector with its pre- and postprocessing beside onnxruntime alone on the same model and an
 * input of the same size.
 */
export async function detectorContenders(
  { detector }: Models,
  picture: Picture,
  threads: number,
): Promise<Contender[]> {
  const [{ InferenceSession, Tensor }, finder] = await Promise.all([
    loadOnnxruntime(),
    FaceDetector.open(detector, { threads }),
  ]);
  const session = await InferenceSession.create(detector, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const scale = 416 / Math.max(picture.width, picture.height);
  const side = (pixels: number) => Math.ceil(Math.round(pixels * scale) / 32) * 32;
  const shape = [1, side(picture.height), side(picture.width), 3];
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i % 256);
  const feeds = { [session.inputNames[0] as string]: new Tensor("float32", data, shape) };
  return [
    ownContender(
      "onnxruntime alone",
      async () => Object.keys(await session.run(feeds)).length && 0,
      { close: () => session.release() },
    ),
    ownContender("mien's detector", async () => (await finder.detect(picture)).length, {
      close: () => finder.close(),
    }),
  ];
}
