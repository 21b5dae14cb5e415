import path from "node:path";
import { MienError, messageOf } from "@mien/format";
import { isWindows, peer, runToEnd, type PeerOptions } from "./npm-peers.ts";

/** TensorFlow has a smaller package without GPUs, but not for every machine. */
const TENSORFLOW =
  process.platform === "linux" && process.arch === "x64" ? "tensorflow-cpu" : "tensorflow";

/** What comparisons with Keras need, for `peerPython`: one environment for all of them. */
export const KERAS_REQUIREMENTS: readonly string[] = [
  `${TENSORFLOW}==2.21.0`,
  "keras==3.15.0",
  "tf2onnx==1.17.0",
  "onnx==1.19.1",
];

/**
 * A Python that has packages which only a comparison needs, in a virtual environment in the cache
 * folder, made the first time.
 *
 * @param requirements pinned, as pip takes them, e.g. `tensorflow-cpu==2.21.*`.
 * @param options.bare pinned packages that are installed without what they require, where only a
 * part of that is needed.
 * @returns the path of its interpreter.
 * @throws {MienError} `environment` without Python ≥ 3.10 or where pip fails; `interrupted`.
 */
export async function peerPython(
  requirements: readonly string[],
  { bare = [], ...options }: PeerOptions & { readonly bare?: readonly string[] },
): Promise<string> {
  const base = process.env["MIEN_PYTHON_BASE"] ?? (isWindows ? "python" : "python3");
  const version = await pythonVersion(base);
  const interpreter = isWindows ? "Scripts/python.exe" : "bin/python";
  const contents = [version, ...requirements, ...bare];
  const folder = await peer("python", contents, options, async (aside, run) => {
    await run(base, ["-I", "-m", "venv", aside]);
    const pip = ["-I", "-m", "pip", "install", "--progress-bar", "off"];
    await run(path.join(aside, interpreter), [...pip, ...requirements]);
    if (bare.length > 0) {
      await run(path.join(aside, interpreter), [...pip, "--no-deps", ...bare]);
    }
  });
  return path.join(folder, interpreter);
}

async function pythonVersion(base: string): Promise<string> {
  let version = "";
  const onLine = (line: string) => (version = line.replace("Python ", ""));
  const found = await runToEnd(base, ["-V"], { shell: false, signal: undefined, onLine }).then(
    () => `found ${version}`,
    (error: unknown) => messageOf(error),
  );
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major === 3 && minor >= 10) return version;
  throw new MienError("environment", `Python 3.10 or newer is needed as ${base}; ${found}`, {
    advice: "Install it, or name one by MIEN_PYTHON_BASE.",
  });
}
