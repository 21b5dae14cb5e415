import { outOption, type Options } from "@mien/cli";
import { pipelineSettings } from "@mien/runtime";
import { settingFlag } from "../setting-flags.ts";
import {
  detectorOption,
  modelOption,
  recogniserOption,
  sourceOption,
  threadsOption,
} from "../shared-options.ts";
import { pipelineFlags } from "../pipeline-flags.ts";

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
  threads: threadsOption,
  detector: detectorOption,
  ...pipelineFlags,
  people: {
    type: "string",
    placeholder: "DIR",
    description: "Folder of the enrolled people to recognise",
    defaultText: "nobody is recognised",
    group: "people",
  },
  recogniser: recogniserOption,
  out: {
    ...outOption("Folder of results.jsonl and the other outputs"),
    default: "artifacts/analyze",
  },
  fresh: {
    type: "boolean",
    description: "Analyse from the beginning; delete what an interrupted analysis left in DIR",
    group: "output",
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
