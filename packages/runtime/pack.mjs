// Packs @mien/runtime as one .tgz that can be installed anywhere: it contains @mien/format, since
// `npm pack` alone leaves out packages that a workspace links. Packs @mien/models beside it, and prints
// the paths of both.
//
// It compiles first.
//
//     node packages/runtime/pack.mjs [FOLDER]
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { compile, npmPack, publishedManifest, writeManifest } from "../../tools/packing.mjs";

const here = import.meta.dirname;
const root = path.resolve(here, "../..");
const target = path.resolve(process.argv[2] ?? "artifacts/packages");
const faces = path.join(root, "artifacts/release/faces");
if (!existsSync(path.join(faces, "detector.onnx"))) {
  console.error(
    `@mien/models cannot be packed: the face models are not in ${faces}. Run: git checkout -- artifacts/release/faces`,
  );
  process.exit(1);
}
const models = path.join(root, "packages/models");
const formatFolder = path.join(root, "packages/format");
for (const folder of [formatFolder, models, here]) compile(folder);
const stage = mkdtempSync(path.join(tmpdir(), "mien-pack-"));
mkdirSync(target, { recursive: true });

try {
  packRuntime(path.join(stage, "runtime"));
  packModels(path.join(stage, "models"));
} finally {
  rmSync(stage, { recursive: true, force: true });
}

function packRuntime(folder) {
  copyPackage(here, folder);
  cpSync(path.join(root, "LICENSE"), path.join(folder, "LICENSE"));
  const manifest = publishedManifest(here);
  const formatManifest = publishedManifest(formatFolder);
  writeManifest(folder, {
    ...manifest,
    // npm must install the dependencies of the bundled package.
    dependencies: { ...formatManifest.dependencies, ...manifest.dependencies },
    bundleDependencies: ["@mien/format"],
  });
  const format = path.join(folder, "node_modules/@mien/format");
  copyPackage(formatFolder, format);
  writeManifest(format, formatManifest);
  pack(folder);
}

function packModels(folder) {
  copyPackage(models, folder);
  cpSync(path.join(models, "LICENSE"), path.join(folder, "LICENSE"));
  cpSync(path.join(models, "files"), path.join(folder, "files"), { recursive: true });
  writeManifest(folder, publishedManifest(models));
  pack(folder);
}

/** Copies compiled code without its tests, and the README. */
function copyPackage(from, to) {
  cpSync(path.join(from, "dist"), path.join(to, "dist"), {
    recursive: true,
    filter: (file) => !/\.test\.|[\\/]testing$/.test(file),
  });
  const readme = path.join(from, "README.md");
  if (existsSync(readme)) cpSync(readme, path.join(to, "README.md"));
}

function pack(folder) {
  const { filename } = npmPack(folder, "--pack-destination", target);
  console.log(path.join(target, filename));
}
