import { outOption, type Options } from "@mien/cli";
import { pipelineSettings } from "@mien/runtime";
import { settingFlag } from "../setting-flags.ts";
import {
  detectEveryOption,
  detectorOption,
  modelOption,
  quorumOption,
  recogniserOption,
  sourceOption,
  threadsOption,
  windowOption,
} from "../shared-options.ts";

const { detection, confirmation } = pipelineSettings;

/** The flags of `app:analyze`. */
export const analyzeOptions = {
  source: { ...sourceOption, required: true },
  cropped: {
    type: "boolean",
    description: "Each picture is one cropped face; skip face detection",
    group: "input",
  },
  frames: {
    type: "integer",
    unit: "frames",
    min: 1,
    description: "Number of frames to read",
    defaultText: "all",
    group: "input",
  },
  model: modelOption,
  mirror: settingFlag(pipelineSettings.mirror, { group: "models" }),
  threads: threadsOption,
  detector: detectorOption,
  minScore: settingFlag(detection.minScore, { group: "detection", min: 0.01, max: 0.99 }),
  minSize: settingFlag(detection.minSize, { group: "detection", min: 1 }),
  inputSize: settingFlag(detection.inputSize, { group: "detection", whole: true }),
  detectEvery: detectEveryOption,
  flat: settingFlag(pipelineSettings.flat, { group: "detection" }),
  people: {
    type: "string",
    placeholder: "DIR",
    description: "Folder of the enrolled people to recognise",
    defaultText: "nobody is recognised",
    group: "people",
  },
  recogniser: recogniserOption,
  smoothing: settingFlag(confirmation.method, { group: "confirmation" }),
  window: windowOption,
  quorum: quorumOption,
  unsure: {
    type: "boolean",
    description: 'Confirm "unsure" instead of Neutral below the quorum',
    group: "confirmation",
  },
  out: {
    ...outOption("Folder of results.jsonl and the other outputs"),
    default: "artifacts/analyze",
  },
  rejected: settingFlag(pipelineSettings.rejected, {
    group: "output",
    description: "Also write rejected faces and the reasons",
  }),
  csv: {
    type: "boolean",
    description: "Also write DIR/faces.csv, with one row per face",
    group: "output",
  },
  annotate: {
    type: "boolean",
    description: "Also write annotated pictures: DIR/annotated.mp4, or files in DIR/annotated/",
    group: "output",
  },
} as const satisfies Options;
