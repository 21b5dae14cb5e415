// Packs the converter as one .tgz that can be installed anywhere and needs no other package. `npm
// pack` alone neither compiles it nor removes the paths of its sources from package.json.
//
//     node packages/tfjs-to-onnx/pack.mjs [FOLDER]
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { compile, npmPack, publishedManifest, writeManifest } from "../../tools/packing.mjs";

const here = import.meta.dirname;
const target = path.resolve(process.argv[2] ?? path.join(here, "../../artifacts/packages"));
compile(here);
const stage = mkdtempSync(path.join(tmpdir(), "mien-pack-"));
try {
  for (const { path: file } of npmPack(here, "--dry-run").files) {
    cpSync(path.join(here, file), path.join(stage, file));
  }
  writeManifest(stage, publishedManifest(here));
  mkdirSync(target, { recursive: true });
  const { filename } = npmPack(stage, "--pack-destination", target);
  console.log(path.join(target, filename));
} finally {
  rmSync(stage, { recursive: true, force: true });
}
