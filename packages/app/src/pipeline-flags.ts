import type { Options, OptionValues } from "@mien/cli";
import { pipelineSettings, type PipelineOptions } from "@mien/runtime";
import { given, settingFlag } from "./setting-flags.ts";

const { detection, confirmation } = pipelineSettings;

/** The flags of pipeline settings that `app:analyze` and `app:live` have, and the page of `app:live`. */
export const pipelineFlags = {
  mirror: settingFlag(pipelineSettings.mirror, { group: "models" }),
  merge: settingFlag(pipelineSettings.merge, { group: "models", placeholder: "GROUPS" }),
  minScore: settingFlag(detection.minScore, { group: "detection", min: 0.01, max: 0.99 }),
  minSize: settingFlag(detection.minSize, { group: "detection", min: 1 }),
  inputSize: settingFlag(detection.inputSize, { group: "detection", whole: true }),
  detectEvery: settingFlag(pipelineSettings.detectEvery, { group: "detection", max: 60 }),
  flat: settingFlag(pipelineSettings.flat, { group: "detection" }),
  smoothing: settingFlag(confirmation.method, { group: "confirmation" }),
  window: settingFlag(confirmation.size, { group: "confirmation" }),
  quorum: settingFlag(confirmation.quorum, { group: "confirmation", min: 0.01, max: 0.99 }),
  unsure: {
    type: "boolean",
    description: 'Confirm "unsure" instead of Neutral below the quorum',
    group: "confirmation",
  },
} as const satisfies Options;

/** The values of these flags; a value that is undefined takes its default. */
export type PipelineValues = Partial<OptionValues<typeof pipelineFlags>>;

/** The settings of a pipeline by the values of the flags. */
export function settingsOf(values: PipelineValues) {
  const { minScore, minSize, inputSize, detectEvery, mirror, merge, flat } = values;
  const { smoothing: method, window: size, quorum, unsure } = values;
  const fallback = unsure ? "unsure" : undefined;
  return {
    ...given({ detectEvery, flat, mirror, merge }),
    detection: given({ minScore, minSize, inputSize }),
    confirmation: given({ method, size, quorum, fallback }),
  } satisfies Partial<PipelineOptions>;
}
