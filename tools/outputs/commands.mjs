// The commands that tools/outputs.mjs runs, as a table. Paths are relative to a working folder, in which
// `packages`, `node_modules` and the like are those of the repository.
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { useDashboard, useLive } from "./servers.mjs";
import { fixture, grainyFaces, oneParameterSpace, pictures, video } from "./inputs.mjs";

/**
 * @typedef {object} Step
 * @property {string} name unique; the folder of its outputs.
 * @property {string[][]} run command lines that begin with `project:target` or the path of a
 *   program. The first one whose target exists is run, so that a command may get another name.
 * @property {string[]} [args] arguments that are appended to the command line.
 * @property {boolean} [json] whether the command has `--json FILE`; default true.
 * @property {number} [exit] its exit code; default 0.
 * @property {"values" | "keys" | "flags"} [compare] `values` (the default) compares everything that
 *   was written; `keys` only the keys of JSON and the names of files, except numbers in names;
 *   `flags` the flags in the help.
 * @property {string[]} [ignore] keys whose values may differ in this step.
 * @property {Record<string, string>} [env]
 * @property {(work: string) => Promise<void> | void} [before] prepares inputs in the working folder.
 * @property {(server: import("./servers.mjs").Server) => Promise<void>} [use] uses a server, which is
 *   then ended by SIGINT.
 * @property {() => string | undefined} [skip] the reason why the step cannot run on this machine;
 *   undefined if it can.
 */

const CSV = "data/synth.csv";
const SMALL = ["--epochs", "2", "--widths", "8,8,16,16", "--dense-units", "32"];
const RUN = "runs/one";
const MODEL = "models/one.onnx";
const STUDY = ["--csv", CSV, "--study", "s", "--out", "tune"];
const WORKED = ["--csv", CSV, "--study", "w", "--out", "worked"];
const PEOPLE = ["--people", "people", "--results", "results"];
const SPOTS = ["--detector", fixture("spots.onnx")];
const KINECT = "kinect:recordings/people";

/** @param {string} name @param {string[]} run @param {Partial<Step>} [more] @returns {Step} */
const step = (name, run, more = {}) => ({ name, run: [run], ...more });

/** Steps whose outputs the steps of both lists below need. @type {Step[]} */
export const FIRST = [
  step("data-synth", ["data:synth", "--count", "210", "--seed", "3", "--out", "data"]),
  step("train-fit", ["train:fit", "--csv", CSV, ...SMALL, "--out", RUN, "--tensorboard"]),
  step("export-fp32", ["export:onnx", RUN, "--out", "models"]),
  step("record-people", [
    ...["app:record", "--synth", "--scene", "people", "--seconds", "0.5"],
    ...["--out", "recordings/people"],
  ]),
];

/** Steps whose whole output is compared. @type {Step[]} */
export const STEPS = [
  step("data-synth-again", ["data:synth", "--count", "210", "--seed", "3", "--out", "data"]),
  step("data-explore", ["data:explore", "--csv", CSV, "--out", "explore"]),
  step("train-fit-again", ["train:fit", "--csv", CSV, ...SMALL, "--out", RUN]),
  step("train-fit-other", [
    ...["train:fit", "--csv", CSV, ...SMALL, "--out", "runs/two", "--seed", "2"],
    ...["--precision", "fp32", "--optimizer", "sgd", "--head", "average", "--mixup", "0.2"],
    ...["--erasing", "0.5", "--label-smoothing", "0.1", "--ema", "0.9", "--schedule", "cosine"],
  ]),
  step("train-evaluate", ["train:evaluate", RUN, "--final"]),
  step("train-evaluate-other", ["train:evaluate", "runs/two"]),
  step("train-runs", ["train:runs", "--runs", "runs", "--sort", "name"]),
  step("train-compare", ["train:compare", RUN, "runs/two", "--out", "compare"]),
  step("train-teach", ["train:teach", RUN, "runs/two", "--out", "teacher.bin"]),
  step("train-fit-taught", [
    ...["train:fit", "--csv", CSV, ...SMALL, "--out", "runs/taught"],
    ...["--teacher", "teacher.bin", "--distillation", "0.5"],
  ]),
  step("export-calibrated", ["export:onnx", RUN, "--out", "models"]),
  step("export-fp16", ["export:onnx", RUN, "--out", "models", "--precision", "fp16"]),
  step("export-int8", ["export:onnx", RUN, "--out", "models", "--precision", "int8"]),
  step("export-web", ["export:onnx", RUN, "--out", "models", "--for", "web"]),
  step("export-hub", ["export:onnx", RUN, "--out", "models", "--for", "hub"]),
  step("export-opset", ["export:onnx", "runs/two", "--out", "models/old", "--opset", "13"]),
  step("export-verify", ["export:verify", RUN, "--model", MODEL, "--layers"]),
  step("export-verify-fp16", ["export:verify", RUN, "--model", "models/one.fp16.onnx"]),
  step("export-verify-int8", ["export:verify", RUN, "--model", "models/one.int8.onnx"]),
  step("export-faces", ["export:faces", "--out", "faces"], { skip: withoutPeers }),
  {
    name: "convert",
    run: [
      ["packages/tfjs-to-onnx/src/bin.ts"],
      ["packages/tfjs-to-onnx/src/convert-bin.ts"],
      ["packages/export/src/convert-bin.ts"],
    ],
    args: [`${RUN}/model`, "converted.onnx", "--opset", "15", "--metadata", "made.by=test"],
    json: false,
  },
  {
    name: "convert-half",
    run: [
      ["packages/tfjs-to-onnx/src/bin.ts"],
      ["packages/tfjs-to-onnx/src/convert-bin.ts"],
      ["packages/export/src/convert-bin.ts"],
    ],
    args: [`${RUN}/model`, "half.onnx", "--half", "--temperature", "1.5", "--input-name", "pixels"],
    json: false,
  },
  step("train-card", [
    ...["train:card", "small", "--run", RUN, "--out", "release", "--description", "A small model"],
    ...["--verification", "export-verify.json,export-verify-int8.json"],
  ]),
  step("train-cards", ["train:card", "--out", "release"]),
  step("tune-search", [
    ...["tune:search", ...STUDY, "--space", "study-case", "--trials", "3"],
    ...["--epochs", "1", "--subset", "0.3", "--pruner", "none"],
  ]),
  step("tune-report", ["tune:report", ...STUDY, "--seeds", "1"]),
  step(
    "tune-search-stopped",
    [
      ...["tune:search", ...WORKED, "--space", "space.json", "--trials", "1", "--timeout", "0.01"],
      ...["--epochs", "1", "--subset", "0.3", "--pruner", "none"],
    ],
    { before: oneParameterSpace },
  ),
  step("tune-worker", ["tune:worker", ...WORKED]),
  step("tune-dashboard", ["tune:dashboard", "--study", "s", "--out", "tune", "--port", "0"], {
    use: useDashboard,
  }),
  step("record-mixed", [
    ...["app:record", "--synth", "--scene", "mixed", "--seconds", "0.2", "--seed", "2"],
    ...["--out", "recordings/mixed"],
  ]),
  step("record-head", [
    ...["app:record", "--synth", "--scene", "head", "--seconds", "0.2"],
    ...["--out", "recordings/head"],
  ]),
  step("analyze-kinect", [
    ...["app:analyze", "--source", KINECT, "--out", "analyze/kinect"],
    ...["--csv", "--rejected", "--detect-every", "2", "--window", "5"],
  ]),
  step(
    "analyze-images",
    [
      ...["app:analyze", "--source", "pictures", "--out", "analyze/images"],
      ...["--csv", "--annotate", "--mirror"],
    ],
    { before: pictures },
  ),
  step("analyze-cropped", [
    ...["app:analyze", "--source", "pictures", "--cropped", "--model", MODEL],
    ...["--out", "analyze/cropped"],
  ]),
  step(
    "analyze-video",
    [
      ...["app:analyze", "--source", "video.avi", "--out", "analyze/video", "--annotate", "--csv"],
      ...["--smoothing", "viterbi", "--unsure"],
    ],
    { before: video },
  ),
  step("analyze-photos", ["app:analyze", "--source", photos() ?? "", "--out", "analyze/photos"], {
    skip: () => (photos() === undefined ? "MIEN_DATA names no folder with faces" : undefined),
  }),
  step(
    "acquire-ada",
    [
      ...["app:acquire", "--name", "Ada", "--source", "ada", "--people", "people", "--consent"],
      ...["--count", "3", ...SPOTS],
    ],
    { before: (work) => grainyFaces(path.join(work, "ada"), 1) },
  ),
  step(
    "acquire-bob",
    [
      ...["app:acquire", "--name", "Bob", "--source", "bob", "--people", "people", "--consent"],
      ...["--count", "3", ...SPOTS],
    ],
    { before: (work) => grainyFaces(path.join(work, "bob"), 50) },
  ),
  step(
    "acquire-refused",
    ["app:acquire", "--name", "Eve", "--source", "ada", "--people", "people"],
    {
      exit: 2,
    },
  ),
  step("people-list", ["app:people", ...PEOPLE]),
  step("analyze-people", [
    ...["app:analyze", "--source", "ada", "--people", "people", "--out", "results", ...SPOTS],
  ]),
  step("people-export", ["app:people", "export", "Ada", "--out", "ada.zip", ...PEOPLE]),
  step(
    "live",
    [
      ...["app:live", "--source", "pictures/0.png", "--port", "0", "--no-open"],
      ...["--people", "people", "--sessions", "sessions"],
    ],
    { use: useLive },
  ),
  step("people-rename", ["app:people", "rename", "Ada", "Ada Lovelace", ...PEOPLE]),
  step("people-merge", ["app:people", "merge", "Bob", "Ada Lovelace", ...PEOPLE]),
  step("people-delete", ["app:people", "delete", "Ada Lovelace", ...PEOPLE]),
  step("people-prune", ["app:people", "prune", ...PEOPLE]),
  step("doctor", ["app:doctor"], { ignore: ["found"] }),
  step("usage-flag", ["train:fit", "--epochz", "2"], { exit: 2 }),
  step("usage-value", ["export:onnx", "--opset", "99"], { exit: 2 }),
  step("missing-file", ["data:explore", "--csv", "nowhere.csv"], { exit: 1 }),
];

const KEYS = /** @type {const} */ ({ compare: "keys" });

/** Steps that measure time, or that depend on it: only keys are compared. @type {Step[]} */
export const MEASUREMENTS = [
  step("data-benchmark", ["data:benchmark", "--csv", CSV, "--rounds", "1"], KEYS),
  step(
    "train-benchmark",
    [...["train:benchmark", "--no-keras", "--seconds", "1", "--batch-size", "4"]],
    KEYS,
  ),
  step("tune-benchmark", ["tune:benchmark", "--trials", "3"], KEYS),
  step(
    "export-benchmark",
    [...["export:benchmark", RUN, "--model", MODEL, "--seconds", "0.2", "--out", "benchmark"]],
    KEYS,
  ),
  {
    name: "export-speed",
    run: [["export:speed"], ["export:benchmark"]],
    args: [MODEL, "--seconds", "0.2"],
    ...KEYS,
  },
  step(
    "app-benchmark",
    [
      ...["app:benchmark", "--no-peers", "--seconds", "0.5", "--soak", "200"],
      ...["--photo", "pictures/0.png", "--out", "benchmark-app"],
    ],
    { ...KEYS, before: pictures },
  ),
  step(
    "app-benchmark-sources",
    [
      ...[
        "app:benchmark-sources",
        "--frames",
        "100",
        "--seconds",
        "1",
        "--out",
        "benchmark-sources",
      ],
    ],
    KEYS,
  ),
  step(
    "app-benchmark-live",
    [
      ...["app:benchmark-live", "--seconds", "1", "--viewers", "2", "--out", "benchmark-live"],
      ...["--photo", "pictures/0.png", "--only", "viewers"],
    ],
    KEYS,
  ),
  step("record-kinect", ["app:record", "--seconds", "0.5", "--out", "recordings/live"], {
    ...KEYS,
    // Fakenect, if installed, plays the recording in place of a Kinect.
    env: { FAKENECT_PATH: "recordings/people" },
  }),
];

/** The photographs beside the data sets. */
function photos() {
  const folder = process.env.MIEN_DATA && path.resolve(process.env.MIEN_DATA, "faces");
  return folder && existsSync(folder) ? folder : undefined;
}

/** The package that `export:faces` converts is downloaded at the first use; a comparison does not do that. */
function withoutPeers() {
  const { MIEN_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = MIEN_CACHE ?? path.join(XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "mien");
  const found =
    existsSync(cache) && readdirSync(cache).some((name) => name.startsWith("peer-npm-"));
  return found ? undefined : "face-api is not in the cache folder; export:faces installs it";
}
