import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runProgram, writeFileAtomic, writeJson } from "@mien/cli";
import { encodeTensors, random, RUN_FILES, type RunConfig } from "@mien/format";
import { programWords, runInProcess, type Ran } from "@mien/testing";
import { MIEN_NET } from "@mien/tfjs-to-onnx/testing/shape-models";
import { loadTf } from "@mien/tfjs-to-onnx/testing/tf";
import { randomise } from "@mien/tfjs-to-onnx/testing/test-models";
import { afterAll, beforeAll } from "vitest";
import { program } from "../program.ts";

const SIDE = 24;
const CLASSES = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"];
const REFERENCES = 5;
const BIN = path.resolve(import.meta.dirname, "../bin.ts");

/**
 * Creates a workspace as after training: `faces.csv` with 90 images of noise, 60 of them
 * PublicTest, and the finished run `artifacts/runs/<name>` of a small network with random weights.
 */
async function layWorkspace(folder: string, name: string): Promise<void> {
  const stream = random(7, "faces");
  const lines = Array.from({ length: 90 }, (_, i) => {
    const pixels = Array.from({ length: SIDE * SIDE }, () => stream.integer(256));
    return `${stream.integer(7)},${pixels.join(" ")},${i % 3 === 0 ? "Training" : "PublicTest"}`;
  });
  const csv = `emotion,pixels,Usage\n${lines.join("\n")}\n`;
  await writeFileAtomic(path.join(folder, "faces.csv"), csv);
  await writeJson(path.join(folder, "faces.manifest.json"), {
    name: "noise",
    classes: CLASSES,
    image: { height: SIDE, width: SIDE, channels: 1 },
    licence: "MIT",
    source: "random numbers",
  });

  const run = path.join(folder, "artifacts/runs", name);
  const tf = loadTf();
  const model = MIEN_NET.build(tf);
  randomise(tf, model, stream);
  await mkdir(path.join(run, RUN_FILES.model), { recursive: true });
  await model.save(`file://${path.join(run, RUN_FILES.model)}`);
  const data = Float32Array.from({ length: REFERENCES * SIDE * SIDE }, () => stream.integer(256));
  const shape = [REFERENCES, SIDE, SIDE, 1];
  const outputs = tf.tidy(() => {
    const output = model.predict(tf.tensor(data, shape)) as ReturnType<typeof tf.tensor>;
    return output.dataSync<"float32">();
  });
  model.dispose();
  const reference = {
    inputs: { shape, data },
    outputs: { shape: [REFERENCES, CLASSES.length], data: outputs },
  };
  const parts = encodeTensors({ tensors: reference, metadata: {} });
  await writeFileAtomic(path.join(run, RUN_FILES.reference), parts);
  const config: RunConfig = {
    name,
    data: {
      name: "noise",
      sha256: createHash("sha256").update(csv).digest("hex"),
      path: "faces.csv",
      licence: "MIT",
    },
    classes: CLASSES,
    input: { height: SIDE, width: SIDE, channels: 1 },
    split: "official",
    seed: 3,
    hyperparameters: { epochs: 1 },
    code: "0123456789ab",
  };
  await writeJson(path.join(run, RUN_FILES.config), config);
  await writeJson(path.join(run, RUN_FILES.metrics), { validation: { accuracy: 0.5 } });
}

/** Runs a command of this package in a folder, without a process of its own. */
function runCommand(folder: string, argv: readonly string[]): Promise<Ran> {
  return runInProcess(() => runProgram(program, argv), { cwd: folder });
}

/**
 * Runs a command of this package in a folder, in a process of its own with the given flags of Node.
 */
export function startCommand(folder: string, argv: readonly string[], nodeFlags: string[]) {
  const [node, ...words] = programWords(BIN, { nodeFlags });
  const { status, stdout, stderr } = spawnSync(node, [...words, ...argv], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" },
  });
  return { code: status, out: stdout, err: stderr };
}

/**
 * A workspace with the run `tiny` for all tests of a file, which is deleted after them.
 *
 * @param kind part of the folder's name.
 */
export function exportTests(kind: string) {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), `mien ${kind}-`));
    await layWorkspace(folder, "tiny");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const at = (...parts: string[]) => path.join(folder, ...parts);
  return {
    at,
    run: (...argv: string[]) => runCommand(folder, argv),
    readJson: async (file: string) =>
      JSON.parse(await readFile(at(file), "utf8")) as Record<string, unknown>,
  };
}
