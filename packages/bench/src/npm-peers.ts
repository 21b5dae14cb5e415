import { mkdir } from "node:fs/promises";
import { installPeer, isWindows, type Installation, type PeerOptions } from "./install-peer.ts";

/**
 * Installs npm packages that only a comparison needs into the cache folder, the first time. Their
 * install scripts do not run.
 *
 * @param packages pinned, as npm takes them, e.g. `@vladmandic/face-api@1.7.15`.
 * @param options.onlyFiles whether only their files are used, so that their peer dependencies, which
 * may contradict each other, are not installed. Default false.
 * @returns the folder whose `node_modules` holds them.
 * @throws {MienError} `environment` if npm is missing or fails; `interrupted`.
 */
export async function peerPackages(
  packages: readonly string[],
  options: PeerOptions & { readonly onlyFiles?: boolean },
): Promise<string> {
  const quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"];
  const flags = [
    "--ignore-scripts",
    ...quiet,
    ...(options.onlyFiles ? ["--legacy-peer-deps"] : []),
  ];
  const installation: Installation = {
    kind: "npm",
    contents: packages,
    async fill(folder, run) {
      await mkdir(folder, { recursive: true });
      // Windows starts npm, a batch file, only by a shell.
      await run("npm", ["install", "--prefix", folder, ...flags, ...packages], isWindows);
    },
  };
  return installPeer(installation, options);
}
