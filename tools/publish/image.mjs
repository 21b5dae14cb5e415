/*
 * Makes the folder that the Dockerfile copies into its image: the command `mien`, compiled, and the
 * packages that it needs when it runs, in the versions of package-lock.json, without their files for
 * other systems. The clone must have its npm packages: npm ci --ignore-scripts.
 *
 *   node tools/publish/image.mjs FOLDER
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { compile, npmPack, publishedManifest, writeManifest } from "../packing.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");
const [given] = process.argv.slice(2);
if (given === undefined || existsSync(given)) {
  console.error("Name a folder that does not exist yet: node tools/publish/image.mjs FOLDER");
  process.exit(2);
}
const target = path.resolve(given);

mkdirSync(target, { recursive: true });
for (const file of ["package.json", "package-lock.json", ".npmrc", "LICENSE"]) {
  cpSync(path.join(ROOT, file), path.join(target, file));
}
for (const name of neededPackages("mien")) {
  const folder = path.join(ROOT, "packages", name);
  compile(folder);
  const copy = path.join(target, "packages", name);
  for (const { path: file } of npmPack(folder, "--dry-run").files) {
    cpSync(path.join(folder, file), path.join(copy, file));
  }
  writeManifest(copy, publishedManifest(folder));
}
execFileSync("npm", ["ci", "--omit=dev", "--ignore-scripts", "--workspace=mien"], {
  cwd: target,
  stdio: ["ignore", 2, 2],
  shell: process.platform === "win32",
});
removeUnused(path.join(target, "node_modules"));
removeTypesAndMaps(target);

/** The packages of this repository that a package needs when it runs, and itself. */
function neededPackages(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const file = path.join(ROOT, "packages", name, "package.json");
  const { dependencies = {} } = JSON.parse(readFileSync(file, "utf8"));
  for (const needed of Object.keys(dependencies)) {
    if (needed.startsWith("@mien/")) neededPackages(needed.slice("@mien/".length), found);
  }
  return found;
}

/** onnxruntime comes with its files for all systems, and with its edition for browsers. */
function removeUnused(modules) {
  // Only the build for browsers loads it.
  rmSync(path.join(modules, "onnxruntime-web"), { recursive: true });
  const builds = path.join(modules, "onnxruntime-node/bin/napi-v6");
  for (const system of readdirSync(builds)) {
    for (const processor of readdirSync(path.join(builds, system))) {
      const isUsed = system === process.platform && processor === process.arch;
      if (!isUsed) rmSync(path.join(builds, system, processor), { recursive: true });
    }
  }
}

/** Nobody compiles or debugs in the image. */
function removeTypesAndMaps(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const isUnused = entry.isFile() && /\.(map|d\.[cm]?ts)$/.test(entry.name);
    if (isUnused) rmSync(path.join(entry.parentPath, entry.name));
  }
}
