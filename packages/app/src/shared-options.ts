import type { Options } from "@mien/cli";

/** Flags that mean the same in several commands. */
const options = {
  source: {
    type: "string",
    placeholder: "SOURCE",
    description:
      "Video, image, folder, webcam[:N], kinect[:DIR], URL (rtsp, http), @FILE with a URL, - for stdin",
    group: "input",
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
    choices: ["embedding", "lbph"],
    default: "embedding",
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
  detectEvery: {
    type: "integer",
    unit: "frames",
    min: 1,
    max: 60,
    default: 3,
    description: "Interval between face detections; faces are tracked in between",
    group: "detection",
  },
  window: {
    type: "integer",
    unit: "frames",
    min: 1,
    max: 1000,
    default: 20,
    description: "Length of the confirmation window",
    group: "confirmation",
  },
  quorum: {
    type: "number",
    unit: "share",
    min: 0.01,
    max: 0.99,
    default: 0.6,
    description: "Share of the window that an expression must exceed to be confirmed",
    group: "confirmation",
  },
  threads: {
    type: "integer",
    unit: "threads",
    min: 1,
    max: 64,
    default: 1,
    description: "Threads per model",
    group: "models",
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
  detectEvery: detectEveryOption,
  window: windowOption,
  quorum: quorumOption,
  threads: threadsOption,
  photo: photoOption,
} = options;
