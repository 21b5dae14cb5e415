/*
 * Builds the documentation site: the documents of this repository, the reference of its packages from
 * their doc comments, and a first page that reads expressions in a photograph or a camera.
 *
 *   npm run site                builds artifacts/site, which any web server can serve
 *   npm run site -- --serve     builds it and serves it to this machine
 *
 * VitePress and TypeDoc are installed into .cache/site the first time. The site needs no other server:
 * search, fonts, models and WebAssembly are in its folder.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { compile } from "./packing.mjs";
import { installOnce } from "./setup/install-once.mjs";
import { checkSite } from "./site/check-site.mjs";
import { stageDemo } from "./site/stage-demo.mjs";
import { stagePages } from "./site/stage-pages.mjs";

const ROOT = path.resolve(import.meta.dirname, "..");
/** Installed packages, and the pages as VitePress reads them. */
const WORK = path.join(ROOT, ".cache/site");
const PAGES = path.join(WORK, "pages");
const PACKAGES = {
  vitepress: "1.6.4",
  typedoc: "0.28.20",
  "typedoc-plugin-markdown": "4.14.1",
  typescript: "6.0.3",
};
/** Packages whose exported names are documented. */
const API = ["runtime", "tfjs-to-onnx", "format", "camera", "models", "data", "train"];

const { out, serve, port } = readOptions();
install();
// The first page runs the compiled runtime.
compile(path.join(ROOT, "packages/runtime"));
rmSync(PAGES, { recursive: true, force: true });
stagePages(ROOT, PAGES);
await stageDemo(ROOT, path.join(PAGES, "public"));
run("typedoc", [
  ...["--plugin", "typedoc-plugin-markdown", "--logLevel", "Error"],
  ...["--out", path.join(PAGES, "api"), "--name", "Reference of the packages"],
  ...["--entryPoints", ...API.map((name) => path.join(WORK, `api/${name}.ts`))],
  ...["--tsconfig", path.join(WORK, "tsconfig.json"), "--skipErrorChecking"],
  ...["--excludeInternal", "--disableSources", "--readme", "none"],
  ...["--router", "module", "--entryFileName", "index", "--useHTMLAnchors"],
]);
run("vitepress", ["build", WORK, "--outDir", out]);
const broken = checkSite(out);
for (const sentence of broken) console.error(sentence);
if (broken.length > 0) process.exit(1);
console.log(`wrote ${path.relative(process.cwd(), out)}/index.html`);
if (serve)
  spawn("npx", ["--no-install", "vite", "preview", "--outDir", out, "--host", "127.0.0.1", "--port", port], { cwd: ROOT, stdio: "inherit" }); // prettier-ignore
else console.log("next  npm run site -- --serve  to look at it");

/** Installs the programs, and writes the files by which they find each other. */
function install() {
  installOnce(WORK, { type: "module", dependencies: PACKAGES });
  mkdirSync(path.join(WORK, ".vitepress"), { recursive: true });
  const config = JSON.stringify(path.join(import.meta.dirname, "site/config.mjs"));
  writeFileSync(path.join(WORK, ".vitepress/config.mjs"), `export { default } from ${config};\n`);
  const theme = path.join(WORK, ".vitepress/theme");
  rmSync(theme, { recursive: true, force: true });
  mkdirSync(theme);
  for (const name of ["index.mjs", "Demo.vue"]) {
    const source = path.join(import.meta.dirname, "site/theme", name);
    writeFileSync(path.join(theme, name), readFileSync(source));
  }
  const options = { types: ["node"], typeRoots: [path.join(ROOT, "node_modules/@types")] };
  const tsconfig = {
    extends: path.join(ROOT, "tsconfig.base.json"),
    compilerOptions: { ...options, lib: ["ES2023", "DOM"], noEmit: true, composite: false },
    include: ["api"],
  };
  // Each page of the reference has the name of a file.
  mkdirSync(path.join(WORK, "api"), { recursive: true });
  for (const name of API) {
    const source = JSON.stringify(path.join(ROOT, `packages/${name}/src/index.ts`));
    writeFileSync(path.join(WORK, `api/${name}.ts`), `export * from ${source};\n`);
  }
  writeFileSync(path.join(WORK, "tsconfig.json"), JSON.stringify(tsconfig));
}

function run(name, args) {
  const program = path.join(WORK, "node_modules/.bin", name);
  check(name, spawnSync(program, args, { cwd: ROOT, stdio: "inherit" }).status);
}

function check(name, status) {
  if (status === 0) return;
  console.error(`error: ${name} failed; its messages are above`);
  process.exit(1);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        out: { type: "string", default: path.join(ROOT, "artifacts/site") },
        serve: { type: "boolean", default: false },
        port: { type: "string", default: "4173" },
      },
    });
    return { ...values, out: path.resolve(values.out) };
  } catch (error) {
    console.error(
      `error: ${error.message}\nusage: npm run site -- [--out DIR] [--serve] [--port N]`,
    );
    process.exit(2);
  }
}
