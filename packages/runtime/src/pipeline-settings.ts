import type { ResolvedOptions, SettingsTable } from "./setting.ts";

/**
 * Every setting of a pipeline. The types of the options, their defaults and their ranges come from
 * here, and so do the flags of commands that pass them on.
 *
 * @example
 * const { default: size, min, max } = pipelineSettings.confirmation.size;
 * console.log(`The confirmation window has ${size} frames (${min} to ${max}).`);
 */
export const pipelineSettings = {
  /**
   * Number of threads that onnxruntime uses inside one operation; small models are fastest with one
   * thread. In the browser, all models of a page have the number of threads of the first model. More
   * than one thread needs `wasmPath` and a cross-origin isolated page; other pages use one thread.
   */
  threads: {
    type: "integer",
    unit: "threads",
    min: 1,
    max: 256,
    default: 1,
    description: "Threads per model",
  },
  /**
   * Each model computes on a thread of its own, so that several work at the same time and the thread
   * that calls them is free. Costs about 10 MB of memory and 50 ms when a model is opened. In a
   * browser, the file `session-worker-web.js` of this package must be beside the script; bundlers
   * that know `new Worker(new URL(…))`, such as Vite, put it there.
   */
  background: {
    type: "boolean",
    default: false,
    description: "Compute each model on a thread of its own",
  },
  /** Results have neither tracks nor confirmed expressions, and faces are detected in every picture. */
  stills: {
    type: "boolean",
    default: false,
    description: "Treat every picture on its own, without tracking and confirmation",
  },
  /**
   * Faces are detected in every n-th frame and tracked in between. If fewer than 30 frames per
   * second arrive, faces are detected at the latest n/30 s after the last detection.
   */
  detectEvery: {
    type: "integer",
    unit: "frames",
    min: 1,
    max: 1000,
    default: 3,
    description: "Interval between face detections; faces are tracked in between",
  },
  /**
   * A new track is recognised in each of its first three frames, since the first may be blurred.
   */
  recogniseEvery: {
    type: "integer",
    unit: "frames",
    min: 1,
    max: 1000,
    default: 15,
    description: "Interval between recognitions of a face that is being tracked",
  },
  /** Classifies each face and its mirror image and takes the mean: a little more accurate, twice the work. */
  mirror: {
    type: "boolean",
    default: false,
    description: "Average over the mirrored face: slower, slightly more accurate",
  },
  /**
   * Groups of labels, as in `Negative=Angry,Disgust,Fear;Other=*`, in the form of train:fit --classes
   * (`mergeClasses` of @mien/format). The probabilities of a group are added up, and the group takes the
   * place of its first label. Results, windows and confirmed expressions contain the merged classes.
   */
  merge: {
    type: "string",
    default: "",
    description: "Classes to merge, as in Negative=Angry,Fear;Other=*",
  },
  /**
   * With depth images: `reject` leaves photographs of faces out, `tell` keeps them with
   * `relief: "flat"`, `off` skips the check.
   */
  flat: {
    type: "string",
    choices: ["reject", "tell", "off"],
    default: "reject",
    description:
      "With depth images: reject photographs of faces, only mark them, or skip the check",
  },
  /** Results list the rejected boxes in `rejected`, each with the reason. */
  rejected: {
    type: "boolean",
    default: false,
    description: "List rejected faces and the reasons",
  },
  /**
   * Results have the field `windows`: by track and label, the number of the last frames in which this
   * label was the most probable.
   */
  windows: {
    type: "boolean",
    default: false,
    description: "List the label counts of the confirmation windows",
  },
  /** Which detections count as faces. */
  detection: {
    /** Smallest score of a detection; a lower value finds more faces and more false ones. */
    minScore: {
      type: "number",
      unit: "score",
      min: 0,
      max: 1,
      exclusive: true,
      default: { tiny: 0.5, yunet: 0.65 },
      description: "Lowest score of a detected face",
    },
    /** Smallest width of a face, in pixels of the picture. */
    minSize: {
      type: "number",
      unit: "pixels",
      min: 0,
      max: Infinity,
      default: 16,
      description: "Smallest width of a detected face",
    },
    /** Intersection over union above which two boxes are taken for the same face. */
    maxOverlap: {
      type: "number",
      unit: null,
      min: 0,
      max: 1,
      default: 0.4,
      description: "Overlap (intersection over union) above which two boxes are one face",
    },
    /**
     * Longer side to which pictures are scaled before detection. A smaller one is faster and misses
     * small faces. Pictures are enlarged to at most twice their size.
     */
    inputSize: {
      type: "number",
      unit: "pixels",
      min: 64,
      max: 2048,
      default: { tiny: 416, yunet: 640 },
      description: "Longer side of the detector's input; larger values find smaller faces",
    },
  },
  /** How faces are followed from frame to frame. */
  tracking: {
    /** Intersection over union from which a detection belongs to a track. */
    minOverlap: {
      type: "number",
      unit: null,
      min: 0,
      max: 1,
      exclusive: true,
      default: 0.25,
      description: "Overlap (intersection over union) from which a detection continues a track",
    },
    /** A face that is not detected keeps its track, at the predicted place, for this long. */
    bridgeMs: {
      type: "number",
      unit: "ms",
      min: 0,
      max: Infinity,
      default: 400,
      description: "Time for which a track continues without a detection",
    },
  },
  /** How a confirmed expression is computed from the expressions of single frames. */
  confirmation: {
    /**
     * - `window`: the expression that fills more than `quorum` of the last `size` frames;
     * - `exponential`: the highest of exponentially smoothed probabilities, if above `quorum`;
     * - `viterbi`: the last state of the likeliest sequence of expressions, which change seldom.
     */
    method: {
      type: "string",
      choices: ["window", "exponential", "viterbi"],
      default: "window",
      description: "Method that confirms an expression from the predictions of single frames",
    },
    /** Frames after which a first expression is confirmed; also the length of the window. */
    size: {
      type: "integer",
      unit: "frames",
      min: 1,
      max: 1000,
      default: 20,
      description: "Length of the confirmation window",
    },
    /** Share that must agree; `viterbi` does not use it. */
    quorum: {
      type: "number",
      unit: "share",
      min: 0,
      max: 1,
      exclusive: true,
      default: 0.6,
      description: "Share of the window that an expression must exceed to be confirmed",
    },
    /** If the default is not a label of the model, `unsure` takes its place. */
    fallback: {
      type: "string",
      default: "Neutral",
      description: "What is confirmed where no expression exceeds the quorum",
    },
    /** Used by `viterbi` only. */
    change: {
      type: "number",
      unit: "probability",
      min: 0,
      max: 0.5,
      exclusive: true,
      default: 1e-8,
      description: "viterbi: probability that the expression changes from one frame to the next",
    },
  },
} as const satisfies SettingsTable;

/** Every setting of a pipeline with its value. */
export type PipelineSettings = ResolvedOptions<typeof pipelineSettings>;
