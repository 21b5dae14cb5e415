import path from "node:path";
import { MienError, messageOf } from "@mien/format";
import {
  installPeer,
  isWindows,
  runToEnd,
  type Installation,
  type PeerOptions,
} from "./install-peer.ts";

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
  const base = process.env["MIEN_PYTHON_BASE"] ?? (isWindows ? "python" : "python3");
  const version = await pythonVersion(base);
  const interpreter = isWindows ? "Scripts/python.exe" : "bin/python";
  const installation: Installation = {
    kind: "python",
    contents: [version, ...requirements, ...bare],
    async fill(folder, run) {
      await run(base, ["-I", "-m", "venv", folder]);
      const pip = ["-I", "-m", "pip", "install", "--progress-bar", "off"];
      await run(path.join(folder, interpreter), [...pip, ...requirements]);
      if (bare.length > 0) {
        await run(path.join(folder, interpreter), [...pip, "--no-deps", ...bare]);
      }
    },
  };
  return path.join(await installPeer(installation, options), interpreter);
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
