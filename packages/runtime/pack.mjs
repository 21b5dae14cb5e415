// Packs @mien/runtime as one .tgz that can be installed anywhere: it contains @mien/format and the
// face models. `npm pack` alone leaves out packages that a workspace links.
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
    `@mien/runtime cannot be packed: the face models are not in ${faces}. Run: git checkout -- artifacts/release/faces`,
  );
  process.exit(1);
}
const formatFolder = path.join(root, "packages/format");
compile(formatFolder);
compile(here);
const stage = mkdtempSync(path.join(tmpdir(), "mien-pack-"));

/** Compiled code without its tests. */
const copyDist = (from, to) =>
  cpSync(path.join(from, "dist"), path.join(to, "dist"), {
    recursive: true,
    filter: (file) => !/\.test\.|[\\/]testing$/.test(file),
  });

try {
  copyDist(here, stage);
  cpSync(path.join(here, "README.md"), path.join(stage, "README.md"));
  cpSync(path.join(root, "LICENSE"), path.join(stage, "LICENSE"));
  cpSync(faces, path.join(stage, "models"), {
    recursive: true,
    filter: (file) => !file.endsWith("reference.bin"),
  });
  const manifest = publishedManifest(here);
  const formatManifest = publishedManifest(formatFolder);
  writeManifest(stage, {
    ...manifest,
    // npm must install the dependencies of the bundled package.
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
  const { filename } = npmPack(stage, "--pack-destination", target);
  console.log(path.join(target, filename));
} finally {
  rmSync(stage, { recursive: true, force: true });
}
