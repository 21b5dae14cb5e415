// Packs @mien/runtime as one .tgz that installs anywhere: with @mien/format inside and the face models
// beside it. `npm pack` alone leaves out packages that a workspace links.
//
// It compiles first.
//
//     node packages/runtime/pack.mjs [FOLDER]
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const here = import.meta.dirname;
const root = path.resolve(here, "../..");
const target = path.resolve(process.argv[2] ?? "artifacts/packages");
const faces = path.join(root, "artifacts/release/faces");
if (!existsSync(path.join(faces, "detector.onnx"))) {
  console.error(
    `@mien/runtime cannot be packed: the face models are not in ${faces}. Run: git checkout -- artifacts/release/faces`,
  );
  process.exit(1);
}
const formatFolder = path.join(root, "packages/format");
for (const cwd of [formatFolder, here]) {
  const { status } = spawnSync(process.execPath, [path.join(root, "tools/prepack.mjs")], {
    cwd,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(1);
}
const stage = mkdtempSync(path.join(tmpdir(), "mien-pack-"));

/** Compiled code without its tests. */
const copyDist = (from, to) =>
  cpSync(path.join(from, "dist"), path.join(to, "dist"), {
    recursive: true,
    filter: (file) => !/\.test\.|[\\/]testing$/.test(file),
  });
const readManifest = (folder) =>
  JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
const writeManifest = (folder, manifest) =>
  writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);

/** Without what only this repository needs: nx, tests, and the way to the sources. */
const published = (manifest) =>
  JSON.parse(
    JSON.stringify(manifest, (key, value) =>
      ["nx", "scripts", "devDependencies", "source"].includes(key) ? undefined : value,
    ),
  );

try {
  copyDist(here, stage);
  cpSync(path.join(here, "README.md"), path.join(stage, "README.md"));
  cpSync(path.join(root, "LICENSE"), path.join(stage, "LICENSE"));
  cpSync(faces, path.join(stage, "models"), {
    recursive: true,
    filter: (file) => !file.endsWith("reference.bin"),
  });
  const manifest = published(readManifest(here));
  const formatManifest = published(readManifest(formatFolder));
  writeManifest(stage, {
    ...manifest,
    // npm must install what the bundled package needs.
    dependencies: { ...formatManifest.dependencies, ...manifest.dependencies },
    files: ["dist", "models"],
    exports: { ...manifest.exports, "./models/*": "./models/*" },
    bundleDependencies: ["@mien/format"],
  });
  const format = path.join(stage, "node_modules/@mien/format");
  mkdirSync(format, { recursive: true });
  copyDist(formatFolder, format);
  writeManifest(format, formatManifest);
  mkdirSync(target, { recursive: true });
  const packed = execFileSync(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", target],
    {
      cwd: stage,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    },
  );
  console.log(path.join(target, JSON.parse(packed)[0].filename));
} finally {
  rmSync(stage, { recursive: true, force: true });
}
