import type { FrameResult } from "@mien/format";
import { createPipeline } from "../pipeline.ts";
import type { FrameInput } from "../image/picture.ts";
import type { PipelineOptions } from "../pipeline-options.ts";
import { halvesModel, spotModel } from "./models.ts";

/** The models that most tests of the pipeline use. */
export const MODELS = { expression: halvesModel(), detector: spotModel() };

/** Processes frames one by one. */
export async function run(options: Partial<PipelineOptions>, frames: readonly FrameInput[]) {
  const pipeline = await createPipeline({ ...MODELS, ...options });
  try {
    const results: FrameResult[] = [];
    for (const frame of frames) results.push(await pipeline.process(frame));
    return results;
  } finally {
    await pipeline.close();
  }
}

/** Gives all frames at once; returns the result or the error of each. */
export async function runTogether(
  options: Partial<PipelineOptions>,
  frames: readonly FrameInput[],
) {
  const pipeline = await createPipeline({ ...MODELS, ...options });
  const settled = await Promise.allSettled(frames.map((frame) => pipeline.process(frame)));
  await pipeline.close();
  return settled.map((one) => (one.status === "fulfilled" ? one.value : (one.reason as Error)));
}

/** Results without their timings, as they are recorded. */
export const withoutTimings = (results: readonly (FrameResult | Error)[]): unknown[] =>
  results.map((result) =>
    result instanceof Error ? result.message : recorded({ ...result, timings: {} }),
  );

function recorded(result: FrameResult): unknown {
  return JSON.parse(JSON.stringify(result));
}
