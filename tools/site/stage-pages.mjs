import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Documents outside of docs/, and their places in the site. */
const OTHERS = {
  "README.md": "overview.md",
  "CONTRIBUTING.md": "contributing.md",
  "datasets/fer2013/README.md": "fer2013.md",
  "artifacts/release/blend.md": "models/blend.md",
  "artifacts/release/fer2013.md": "models/fer2013.md",
  "artifacts/release/ferplus.md": "models/ferplus.md",
  "artifacts/release/pocket.md": "models/pocket.md",
  "artifacts/release/faces/README.md": "models/faces.md",
};

/** Packages with a README. */
const PACKAGES = ["camera", "data", "mien", "models", "runtime", "tfjs-to-onnx"];

/**
 * Copies the documents into the folder that VitePress reads, each under its address in the site, and
 * changes links between them likewise. A link to another file of the repository, which the site does
 * not have, becomes plain text.
 *
 * @param {string} root the repository.
 * @param {string} pages the folder to write.
 */
export function stagePages(root, pages) {
  const places = new Map(Object.entries(OTHERS));
  for (const name of PACKAGES) places.set(`packages/${name}/README.md`, `packages/${name}.md`);
  for (const file of documentsIn(root, "docs")) {
    places.set(file, file.slice("docs/".length).replace(/README\.md$/, "index.md"));
  }
  places.set("docs/README.md", "documents.md");
  for (const [file, place] of places) {
    const text = readFileSync(path.join(root, file), "utf8");
    write(path.join(pages, place), changeLinks(text, { root, file, place, places }));
  }
  cpSync(path.join(root, "docs/images"), path.join(pages, "images"), { recursive: true });
  for (const name of ["index.md"]) {
    const file = `tools/site/pages/${name}`;
    const text = readFileSync(path.join(root, file), "utf8");
    write(path.join(pages, name), text);
  }
}

/**
 * @param {string} root
 * @param {string} folder
 */
function documentsIn(root, folder) {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => path.posix.join(folder, name.replaceAll("\\", "/")))
    .filter((file) => file.endsWith(".md"));
}

/**
 * @param {string} file
 * @param {string} text
 */
function write(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/**
 * @param {string} text
 * @param {{ root: string, file: string, place: string, places: Map<string, string> }} about
 */
function changeLinks(text, { root, file, place, places }) {
  /** @type {(whole: string, words: string, target: string) => string} */
  const change = (whole, words, target) => {
    if (/^(?:[a-z][a-z\d+.-]*:|\/\/|#)/i.test(target)) return whole;
    const [name = "", fragment] = target.split("#");
    const to = path.posix.join(path.posix.dirname(file), decodeURIComponent(name));
    const known = places.get(to) ?? places.get(path.posix.join(to, "README.md"));
    const end = fragment === undefined ? "" : `#${fragment}`;
    if (known !== undefined) return `[${words}](${relative(place, known)}${end})`;
    if (to.startsWith("docs/images/")) {
      return `[${words}](${relative(place, to.slice("docs/".length))})`;
    }
    if (!existsSync(path.join(root, to))) throw new Error(`${file} links to ${target}`);
    return words;
  };
  // Blocks of code stay as they are.
  return text
    .split(/(^```[^]*?^```$)/m)
    .map((part) =>
      part.startsWith("```")
        ? part
        : part
            .replace(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, change)
            // VitePress takes an address without a dot for the name of a package.
            .replaceAll('<img src="images/', '<img src="./images/'),
    )
    .join("");
}

/**
 * @param {string} from
 * @param {string} to
 */
function relative(from, to) {
  const found = path.posix.relative(path.posix.dirname(from), to);
  return found.startsWith(".") ? found : `./${found}`;
}
