import { rm } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf } from "@mien/format";
import {
  installPeer,
  isWindows,
  runToEnd,
  type Installation,
  type PeerOptions,
} from "./install-peer.ts";

const INTERPRETER = isWindows ? "Scripts/python.exe" : "bin/python";
const PIP_INSTALL = ["-I", "-m", "pip", "install", "--progress-bar", "off"];

/**
 * Installs Python packages that only a comparison needs into a virtual environment in the cache
 * folder, the first time.
 *
 * @param requirements pinned, as pip takes them, e.g. `tensorflow-cpu==2.21.*`.
 * @param options.bare pinned packages that are installed without their dependencies, if only some
 * of these are needed.
 * @returns the path of its interpreter.
 * @throws {MienError} `environment` if Python ≥ 3.10 is missing or pip fails; `interrupted`.
 */
export async function peerPython(
  requirements: readonly string[],
  { bare = [], ...options }: PeerOptions & { readonly bare?: readonly string[] },
): Promise<string> {
  const base = basePython();
  const version = await pythonVersion(base);
  const installation: Installation = {
    kind: "python",
    contents: [version, ...requirements, ...bare],
    async fill(folder, run) {
      await run(base, ["-I", "-m", "venv", folder]);
      const interpreter = path.join(folder, INTERPRETER);
      await run(interpreter, [...PIP_INSTALL, ...requirements]);
      if (bare.length > 0) {
        await run(interpreter, [...PIP_INSTALL, "--no-deps", ...bare]);
      }
    },
  };
  return path.join(await installPeer(installation, options), INTERPRETER);
}

/** A wheel of a package for one system and one version of Python. */
export interface Wheel {
  /** Pinned, as pip takes it, e.g. `yuface==2023.5.1`. */
  readonly requirement: string;
  /** Platform tag, e.g. `manylinux2014_x86_64`. */
  readonly platform: string;
  /** Version of CPython, e.g. `3.11`. */
  readonly python: string;
}

/**
 * Unpacks a wheel without its dependencies into the cache folder, the first time, to read files in
 * it. It may be for another system or another Python than this one.
 *
 * @returns the folder of its files.
 * @throws {MienError} `environment` if Python ≥ 3.10 is missing or pip fails; `interrupted`.
 */
export async function peerWheel(
  { requirement, platform, python }: Wheel,
  options: PeerOptions,
): Promise<string> {
  const base = basePython();
  await pythonVersion(base);
  const tag = ["--platform", platform, "--python-version", python, "--implementation", "cp"];
  const installation: Installation = {
    kind: "wheel",
    contents: [requirement, platform, python],
    async fill(folder, run) {
      // An environment of its own, since Debian's Python comes without pip.
      const environment = path.join(folder, "python");
      await run(base, ["-I", "-m", "venv", environment]);
      const target = path.join(folder, "files");
      const only = ["--no-deps", "--only-binary=:all:", ...tag, "--target", target];
      await run(path.join(environment, INTERPRETER), [...PIP_INSTALL, ...only, requirement]);
      await rm(environment, { recursive: true });
    },
  };
  return path.join(await installPeer(installation, options), "files");
}

/** The Python that makes environments; MIEN_PYTHON_BASE names another one. */
function basePython(): string {
  return process.env["MIEN_PYTHON_BASE"] ?? (isWindows ? "python" : "python3");
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
