import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Written when an installation is whole. */
const RECORD = "installed.json";

/**
 * Installs npm packages into a folder of their own, unless exactly these are there, without their
 * scripts. Ends this process if that fails; the next call then begins anew.
 *
 * @param {string} folder
 * @param {{ dependencies: Record<string, string>, overrides?: Record<string, string>, type?: "module" }} manifest
 * @param {string[]} [flags] further flags of `npm install`.
 */
export function installOnce(folder, manifest, flags = []) {
  const wanted = JSON.stringify({ private: true, ...manifest });
  const record = path.join(folder, RECORD);
  if (readIfThere(record) === wanted) return;
  mkdirSync(folder, { recursive: true });
  rmSync(record, { force: true });
  writeFileSync(path.join(folder, "package.json"), wanted);
  const words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...flags];
  const { status } = spawnSync("npm", words, {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error(`error: npm could not install ${Object.keys(manifest.dependencies).join(", ")}`);
    process.exit(1);
  }
  writeFileSync(record, wanted);
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
