import path from "node:path";
import { cacheFolder } from "@mien/cli";
import { type JsonProcess, openJsonProcess } from "./json-process.ts";

/** TensorFlow has a smaller package without GPUs, but not for every machine. */
const TENSORFLOW =
  process.platform === "linux" && process.arch === "x64" ? "tensorflow-cpu" : "tensorflow";

/**
 * The packages for comparisons with Keras, for `peerPython`; all comparisons share one environment.
 */
export const KERAS_REQUIREMENTS: readonly string[] = [
  `${TENSORFLOW}==2.21.0`,
  "keras==3.15.0",
  "tf2onnx==1.17.0",
  "onnx==1.19.1",
];

/**
 * The environment variables of a Python that imports Keras. Without them, Keras writes into the
 * user's home folder.
 */
export function kerasEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, KERAS_HOME: path.join(cacheFolder(), "keras") };
}

/**
 * Starts a Python program that imports Keras.
 *
 * @param python an interpreter that has `KERAS_REQUIREMENTS`.
 * @param args the program's file and its arguments.
 */
export function openKeras(
  python: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): JsonProcess {
  const env = kerasEnvironment();
  return openJsonProcess(python, { name: "Keras", args, env, signal: options.signal });
}
