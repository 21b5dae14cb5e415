// Steps of packing a package that npm does not do.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Compiles a package; ends this process if that fails. */
export function compile(folder) {
  const prepack = path.join(import.meta.dirname, "prepack.mjs");
  // stdout is for the path of the packed file.
  const { status } = spawnSync(process.execPath, [prepack], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(1);
}

/**
 * A package's manifest without the parts that only this repository needs: nx, tests, and the paths
 * of sources.
 */
export function publishedManifest(folder) {
  const text = readFileSync(path.join(folder, "package.json"), "utf8");
  const manifest = JSON.parse(text, (key, value) =>
    ["nx", "scripts", "publishConfig", "devDependencies", "source"].includes(key)
      ? undefined
      : value,
  );
  // Entries that contained only the path of a source are empty now.
  const ways = Object.entries(manifest.exports).filter(
    ([, way]) => typeof way === "string" || Object.keys(way).length > 0,
  );
  return { ...manifest, exports: Object.fromEntries(ways) };
}

export function writeManifest(folder, manifest) {
  writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Runs `npm pack` in a folder and returns the JSON that it printed. */
export function npmPack(folder, ...flags) {
  const printed = execFileSync("npm", ["pack", "--json", "--ignore-scripts", ...flags], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  return JSON.parse(printed)[0];
}

/**
 * Packs a compiled package with the manifest that its users need.
 *
 * @param folder the package.
 * @param options.target the folder of the packed file; it is made if it does not exist.
 * @param options.fields entries that are added to the manifest.
 * @returns the path of the packed file.
 */
export function packPublished(folder, { target, fields = {} }) {
  const stage = mkdtempSync(path.join(tmpdir(), "mien-pack-"));
  try {
    for (const { path: file } of npmPack(folder, "--dry-run").files) {
      cpSync(path.join(folder, file), path.join(stage, file));
    }
    writeManifest(stage, { ...publishedManifest(folder), ...fields });
    mkdirSync(target, { recursive: true });
    return path.join(target, npmPack(stage, "--pack-destination", target).filename);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}
