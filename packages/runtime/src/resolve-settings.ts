import { resolveConfirmation } from "./expression/confirmation.ts";
import type { PipelineOptions } from "./pipeline-options.ts";
import { pipelineSettings, type PipelineSettings } from "./pipeline-settings.ts";
import { resolveSession } from "./session/session-options.ts";
import { resolveTracking } from "./track/tracker.ts";

/** The parts of a pipeline on which the defaults of some settings depend. */
export interface OpenedModels {
  /** Labels of the expression model, after classes are merged. */
  readonly labels: readonly string[];
  /** Settings of the face detector, with every value decided. */
  readonly detection: PipelineSettings["detection"];
}

/** The settings of checked options, with defaults for the settings that are not given. */
export function resolveSettings(
  options: PipelineOptions,
  { labels, detection }: OpenedModels,
): PipelineSettings {
  const {
    stills = pipelineSettings.stills.default,
    detectEvery = pipelineSettings.detectEvery.default,
    recogniseEvery = pipelineSettings.recogniseEvery.default,
    mirror = pipelineSettings.mirror.default,
    merge = pipelineSettings.merge.default,
    flat = pipelineSettings.flat.default,
    rejected = pipelineSettings.rejected.default,
    windows = pipelineSettings.windows.default,
  } = options;
  const { threads, background } = resolveSession(options);
  return {
    threads,
    background,
    stills,
    detectEvery,
    recogniseEvery,
    mirror,
    merge,
    flat,
    rejected,
    windows,
    detection,
    tracking: resolveTracking(options.tracking ?? {}),
    confirmation: resolveConfirmation(options.confirmation ?? {}, labels),
  };
}
