// What may differ between two runs of the same commands, and how such differences are ignored.
// Everything else in JSON, JSONL, CSV and binary files must be equal.

/**
 * Keys of JSON objects, at any depth, whose values are not compared: only the presence of the key
 * and the keys inside the value are.
 */
export const VARYING_KEYS = new Map([
  // Times, durations and speeds.
  ["time", "when something was done"],
  ["enrolled", "when a person was enrolled"],
  ["given", "when a person consented"],
  ["keepUntil", "until when a person's data are kept"],
  ["capturedAt", "when a live frame came in"],
  ["modified", "time of a file in the index of the cache"],
  ["hashed", "time of a hash in the index of the cache"],
  ["datetime_start", "when a trial began, in Optuna's journal"],
  ["datetime_complete", "when a trial ended, in Optuna's journal"],
  ["seconds", "how long something took"],
  ["timings", "how long the parts of a frame took"],
  ["latencyMs", "how long a prediction took"],
  ["meanMs", "how long the parts of a frame took in the mean"],
  ["p99Ms", "how long the slowest frames took"],
  ["imagesPerSecond", "speed of a training"],
  ["images_per_second", "the same, in TensorBoard's events"],
  // The code and the process.
  ["code", "hash of the source files"],
  ["worker_id", "process that wrote a line of Optuna's journal"],
]);

/** Files of which only the presence is compared. */
export const VARYING_FILES = [
  // A live session has as many frames as the machine has read until it was stopped.
  /^sessions\//,
];

/** Files that are not compared at all. */
export const IGNORED_FILES = [
  // This file is written again depending on the age of the file that it describes.
  /^artifacts\/data\/cache\/index\.json$/,
  // Locks of Optuna's journal and of its workers, deleted at some time.
  /\.(?:mutex|lock)$/,
];

/**
 * Values that are hashes or sizes of content with a value of the kinds above; by the file and the
 * key's path.
 */
export const VARYING_VALUES = [
  // config.json holds the version of the code, metrics.json the duration of the training.
  { file: /\.made-from\.json$/, key: /^inputs\.(?:config|metrics)\.json$/ },
  // An ONNX file holds the version of the code; its content is compared by itself.
  { file: /(?:verify[^/]*|index)\.json$/, key: /(?:^|\.)sha256$/ },
  // The process that ran a trial.
  { file: /journal\.log$/, key: /user_attr\.worker$/ },
  // A checkpoint's own hash covers its history, which holds speeds.
  { file: /\.safetensors$/, key: /^metadata\.sha256$/ },
  // The position of a live source depends on the time.
  { file: /^live\.json$/, key: /^(?:frames|faces|dropped)$/ },
  { file: /^live\/status\.json$/, key: /^latest\.(?:frame|timeMs|windows)$/ },
  { file: /^live\/status\.json$/, key: /^latest\.faces\.\d+\.(?:track|confirmed|quorumReached)$/ },
];

/** Texts in strings, keys, file names and printed lines that vary. */
export const VARYING_TEXTS = [
  {
    pattern: /\b20\d\d-\d\d-\d\d[T-]\d\d:?\d\d:?\d\d(?:[.-]?\d{3,6})?(?:Z|\+00:00)?/g,
    shown: "<time>",
  },
  { pattern: /\b20\d\d-\d\d-\d\d\b/g, shown: "<date>" },
  // Random names under which a person's data are stored.
  { pattern: /(?<=^people\/)[0-9a-f]{16}(?=\/)/g, shown: "<person>" },
  { pattern: /\b[0-9a-f]{12}(?=\.jpg$)/g, shown: "<picture>" },
  { pattern: /\b127\.0\.0\.1:\d+/g, shown: "<address>" },
];

/** Keys of JSON that hold a text for people, whose wording may change. */
export const WORDED_KEYS = new Set([
  "summary",
  "description",
  "message",
  "advice",
  "text",
  "remedy",
]);
