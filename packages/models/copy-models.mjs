// Copies the released models into the folder `files` of this package, which is not in git. Files that
// are up to date are left alone, since tests of other packages may be reading them.
import { Buffer } from "node:buffer";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

const here = import.meta.dirname;
const release = path.resolve(here, "../../artifacts/release");
const files = path.join(here, "files");

/** The smallest model; the others are in the repository. */
const SMALL = "pocket";

const read = (name) => readFileSync(path.join(release, name));
const { default: best } = JSON.parse(read("index.json").toString());

/** What the folder must contain. */
const wanted = new Map([
  ["index.json", Buffer.from(`${JSON.stringify({ default: "default" })}\n`)],
]);
// Whoever imports this package need not know which model is the default.
for (const [from, to] of [
  [best, "default"],
  [SMALL, "pocket"],
]) {
  wanted.set(`${to}.onnx`, read(`${from}.onnx`));
  // The cards of the other models are not in this package.
  const card = read(`${from}.md`).toString();
  wanted.set(`${to}.md`, Buffer.from(card.replace(/\[([^\]]+)\]\(\w+\.md\)/g, "$1")));
}
for (const name of ["detector.onnx", "embedding.onnx", "README.md", "LICENSE"]) {
  wanted.set(path.join("faces", name), read(path.join("faces", name)));
}

mkdirSync(path.join(files, "faces"), { recursive: true });
for (const entry of readdirSync(files, { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath, entry.name);
  if (entry.isFile() && !wanted.has(path.relative(files, file))) rmSync(file);
}
for (const [name, content] of wanted) {
  const file = path.join(files, name);
  if (existsSync(file) && readFileSync(file).equals(content)) continue;
  writeFileSync(`${file}.part`, content);
  renameSync(`${file}.part`, file);
}
