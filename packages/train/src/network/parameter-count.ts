import type { RunConfig } from "@mien/format";
import { z } from "zod";
import { configSchema } from "../config-schema.ts";
import { architecture, type NetworkConfig, type Stage } from "./architecture.ts";

/** The settings that determine the network; a missing one has its default, others are ignored. */
const networkConfig: z.ZodType<NetworkConfig> = z.object(configSchema.shape).pick({
  widths: true,
  depth: true,
  kernelSize: true,
  firstKernelSize: true,
  head: true,
  denseUnits: true,
  normalization: true,
  convDropout: true,
  dropout: true,
});

/**
 * The number of trained values in the network of a run, without moving averages. It follows from
 * the settings, so that it is also known for a run without a model.
 *
 * @returns undefined if this version of mien cannot build a network with these settings.
 */
export function parameterCount(
  run: Pick<RunConfig, "classes" | "input" | "hyperparameters">,
): number | undefined {
  const { data } = networkConfig.safeParse(run.hyperparameters);
  if (data === undefined) return undefined;
  try {
    const stages = architecture(data, run.input, run.classes.length);
    return stages.reduce((sum, stage) => sum + parametersOf(stage), 0);
  } catch {
    return undefined;
  }
}

/** The number of trained values of a stage. Batch normalisation has a scale and an offset. */
function parametersOf(stage: Stage): number {
  if (stage.kind === "normalization") return 2 * stage.channels;
  if (stage.kind !== "convolution" && stage.kind !== "dense") return 0;
  const weights = stage.shape.reduce((product, n) => product * n, 1);
  return weights + (stage.bias ? (stage.shape.at(-1) ?? 0) : 0);
}
