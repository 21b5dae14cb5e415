import type { Options } from "@mien/cli";
import { pipelineSettings } from "@mien/runtime";
import { DEFAULT_RECOGNISER, RECOGNISERS } from "./people/recognisers.ts";
import { settingFlag } from "./setting-flags.ts";

/** Flags that mean the same in several commands. */
const options = {
  source: {
    type: "string",
    placeholder: "SOURCE",
    description:
      "Video, image, folder, webcam[:N], kinect[:DIR], URL (rtsp, http), @FILE with a URL, - for stdin",
    group: "input",
    once: true,
  },
  people: {
    type: "string",
    placeholder: "DIR",
    description: "Folder of the enrolled people",
    default: "artifacts/people",
    group: "people",
  },
  recogniser: {
    type: "string",
    choices: RECOGNISERS,
    default: DEFAULT_RECOGNISER,
    description:
      "Method of face recognition: embedding network, or local binary pattern histograms",
    group: "people",
  },
  model: {
    type: "string",
    placeholder: "FILE",
    description: "Expression model, an .onnx file",
    defaultText: "the released model, else the newest in artifacts/models",
    group: "models",
  },
  detector: {
    type: "string",
    placeholder: "FILE",
    description: "Face detector, an .onnx file: mien's own or a YuNet",
    defaultText: "the released detector",
    group: "detection",
  },
  threads: {
    ...settingFlag(pipelineSettings.threads, { group: "models", max: 64 }),
    // Has a value even if the flag is not given, since models outside the pipeline take it, too.
    default: pipelineSettings.threads.default,
  },
  photo: {
    type: "string",
    placeholder: "FILE",
    description: "Photograph that shows a face",
    defaultText: "a photograph in the folder MIEN_DATA",
    group: "input",
  },
} as const satisfies Options;

export const {
  source: sourceOption,
  people: peopleOption,
  recogniser: recogniserOption,
  model: modelOption,
  detector: detectorOption,
  threads: threadsOption,
  photo: photoOption,
} = options;
