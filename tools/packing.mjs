// What packing a package takes beyond what npm does.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Compiles a package, or ends this process where that fails. */
export function compile(folder) {
  const prepack = path.join(import.meta.dirname, "prepack.mjs");
  // stdout is for the path of what is packed.
  const { status } = spawnSync(process.execPath, [prepack], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(1);
}

/** A package's manifest without what only this repository needs: nx, tests, and the way to sources. */
export function publishedManifest(folder) {
  const text = readFileSync(path.join(folder, "package.json"), "utf8");
  const manifest = JSON.parse(text, (key, value) =>
    ["nx", "scripts", "devDependencies", "source"].includes(key) ? undefined : value,
  );
  // What led to sources only leads nowhere now.
  const ways = Object.entries(manifest.exports).filter(
    ([, way]) => typeof way === "string" || Object.keys(way).length > 0,
  );
  return { ...manifest, exports: Object.fromEntries(ways) };
}

export function writeManifest(folder, manifest) {
  writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Runs `npm pack` in a folder, and answers what it printed as JSON. */
export function npmPack(folder, ...flags) {
  const printed = execFileSync("npm", ["pack", "--json", "--ignore-scripts", ...flags], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  return JSON.parse(printed)[0];
}
