// Copies the released models into the folder `files` of this package, which is not in git.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const here = import.meta.dirname;
const release = path.resolve(here, "../../artifacts/release");
const files = path.join(here, "files");

/** The smallest model; the others are in the repository. */
const SMALL = "pocket";

const { default: best } = JSON.parse(readFileSync(path.join(release, "index.json"), "utf8"));
rmSync(files, { recursive: true, force: true });
mkdirSync(path.join(files, "faces"), { recursive: true });
// Whoever imports this package need not know which model is the default.
for (const [from, to] of [
  [best, "default"],
  [SMALL, "pocket"],
]) {
  cpSync(path.join(release, `${from}.onnx`), path.join(files, `${to}.onnx`));
  // The cards of the other models are not in this package.
  const card = readFileSync(path.join(release, `${from}.md`), "utf8");
  writeFileSync(path.join(files, `${to}.md`), card.replace(/\[([^\]]+)\]\(\w+\.md\)/g, "$1"));
}
writeFileSync(path.join(files, "index.json"), `${JSON.stringify({ default: "default" })}\n`);
for (const name of ["detector.onnx", "embedding.onnx", "README.md", "LICENSE"]) {
  cpSync(path.join(release, "faces", name), path.join(files, "faces", name));
}
