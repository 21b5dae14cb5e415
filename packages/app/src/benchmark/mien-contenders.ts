import { callContender } from "@mien/bench";
import {
  createPipeline,
  FaceDetector,
  loadOnnxruntime,
  type Picture,
  type Pipeline,
  type PipelineOptions,
} from "@mien/runtime";
import { closing, type FaceContender } from "./face-contender.ts";

/** Files of the models that are measured. */
export interface Models {
  readonly expression: string;
  readonly detector: string;
}

/** Frames per second of the film that repeats a still picture. */
const RATE = 30;

/** How a pipeline is measured. */
type MienOptions = Pick<PipelineOptions, "detectEvery" | "threads" | "detection"> & {
  readonly name: string;
  readonly models: Models;
  /** Frames that are processed at the same time; two keep two cores busy. Default 1. */
  readonly inFlight?: number;
};

/** A pipeline as a contender: each call processes the same picture, as the next frame of a film. */
export async function mienContender(
  picture: Picture,
  { name, models, inFlight = 1, ...options }: MienOptions,
): Promise<FaceContender> {
  const pipeline = await createPipeline({ ...models, ...options, background: inFlight > 1 });
  const next = filmOf(pipeline, picture);
  const call = async () => (await next()).faces.length;
  return closing(callContender(name, call, { inFlight }), () => pipeline.close());
}

/** The pipeline with detection in every frame and in every 3rd, one frame and two frames at a time. */
export async function mienContenders(
  picture: Picture,
  options: { readonly models: Models; readonly threads: number },
): Promise<FaceContender[]> {
  const rows = [
    { name: "mien, every frame", detectEvery: 1 },
    { name: "mien, every frame, two at a time", detectEvery: 1, inFlight: 2 },
    { name: "mien, default cadence" },
    { name: "mien, default cadence, two at a time", inFlight: 2 },
  ];
  const contenders: FaceContender[] = [];
  for (const row of rows) contenders.push(await mienContender(picture, { ...row, ...options }));
  return contenders;
}

/** A function that processes a picture as the next frame of a film. */
export function filmOf(pipeline: Pipeline, picture: Picture) {
  let index = 0;
  return () => pipeline.process({ ...picture, index, timeMs: (1000 * index++) / RATE });
}

/**
 * onnxruntime alone on the detector's model, and the detector with its pre- and postprocessing; both
 * with an input of the same size.
 */
export async function detectorContenders(
  picture: Picture,
  { models: { detector }, threads }: { readonly models: Models; readonly threads: number },
): Promise<FaceContender[]> {
  const [{ InferenceSession, Tensor }, finder] = await Promise.all([
    loadOnnxruntime(),
    FaceDetector.open(detector, { threads }),
  ]);
  const session = await InferenceSession.create(detector, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const scale = finder.settings.inputSize / Math.max(picture.width, picture.height);
  const side = (pixels: number) => Math.ceil(Math.round(pixels * scale) / 32) * 32;
  const shape = [1, side(picture.height), side(picture.width), 3];
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i % 256);
  const [input = "input"] = session.inputNames;
  const feeds = { [input]: new Tensor("float32", data, shape) };
  const runAlone = async () => {
    await session.run(feeds);
    return 0;
  };
  const detect = async () => (await finder.detect(picture)).length;
  return [
    closing(callContender("onnxruntime alone", runAlone), () => session.release()),
    closing(callContender("mien's detector", detect), () => finder.close()),
  ];
}
