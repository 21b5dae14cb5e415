/*
 * Tries the packed packages @mien/runtime and @mien/models where people use them: Node 20, 22 and 24,
 * Bun and Deno; as ES module and by require; in TypeScript; and in pages that Vite, webpack, esbuild and
 * Next.js build, opened in Chromium. Each must find the same faces and expressions in a picture as this
 * repository does. Prints a table; fails if one of them does not.
 *
 *   node tools/matrix.mjs [NAME…]    all, or those whose name contains NAME, such as "node" or "vite"
 *
 * The programs are installed from npm into .cache/matrix the first time, about 1.5 GB.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inChromium } from "./matrix/in-chromium.mjs";
import {
  ADDRESSES,
  CJS,
  ESM,
  HTML,
  NEXT_LAYOUT,
  NEXT_PAGE,
  PAGE,
  TYPED,
} from "./matrix/programs.mjs";
import { installOnce } from "./setup/install-once.mjs";
import { drawExample } from "./site/draw-example.mjs";

const ROOT = path.resolve(import.meta.dirname, "..");
const WORK = path.join(ROOT, ".cache/matrix");
const PROJECT = path.join(WORK, "project");
/** Programs, by the names of npm packages that hold them for this system. */
const SYSTEM = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
const engines = [
  ["Node 20", `node-${SYSTEM}`, "20.20.2", "bin/node", []],
  ["Node 22", `node-${SYSTEM}`, "22.23.5", "bin/node", []],
  ["Node 24", `node-${SYSTEM}`, "24.22.3", "bin/node", []],
  ["Bun", `@oven/bun-${SYSTEM}`, "1.4.5", "bin/bun", []],
  ["Deno", `@deno/${SYSTEM}${process.platform === "linux" ? "-glibc" : ""}`, "2.9.6", "deno", ["run", "-A", "--no-prompt"]], // prettier-ignore
];
const LIBRARIES = {
  "onnxruntime-node": "1.30.0",
  "onnxruntime-web": "1.30.0",
  sharp: "0.34.5",
  typescript: "6.0.3",
  "@types/node": "20.19.43",
  vite: "8.3.8",
  webpack: "5.113.0",
  "webpack-cli": "7.3.1",
  esbuild: "0.28.2",
  next: "16.4.6",
  react: "19.3.1",
  "react-dom": "19.3.1",
};

const wanted = process.argv.slice(2).map((name) => name.toLowerCase());
const isWanted = (name) => wanted.length === 0 || wanted.some((one) => name.toLowerCase().includes(one)); // prettier-ignore

mkdirSync(PROJECT, { recursive: true });
prepare();
const expected = await reference();
const rows = [];
for (const [name, packageName, version, program, flags] of engines) {
  for (const [kind, file] of [
    ["ES module", "run.mjs"],
    ["require", "run.cjs"],
  ]) {
    await attempt(`${name}, ${kind}`, () => {
      const folder = path.join(WORK, "engines", `${path.basename(packageName)}-${version}`);
      installOnce(folder, { dependencies: { [packageName]: version } }, ["--force"]);
      const binary = path.join(folder, "node_modules", packageName, program);
      const { status, stdout, stderr } = spawnSync(binary, [...flags, file], {
        cwd: PROJECT,
        encoding: "utf8",
        env: { ...process.env, ORT_DISABLE_TELEMETRY: "1", DO_NOT_TRACK: "1" },
      });
      if (status !== 0) throw new Error(lastLines(stderr));
      return JSON.parse(stdout.trim().split("\n").at(-1));
    });
  }
}
for (const [name, flags] of [
  ["TypeScript, nodenext", ["--module", "nodenext"]],
  ["TypeScript, bundler", ["--module", "esnext", "--moduleResolution", "bundler"]],
]) {
  await attempt(name, () => {
    const lib = [
      "--ignoreConfig",
      "--lib",
      "es2023,dom",
      "--types",
      "node",
      "--strict",
      "--noEmit",
      "--skipLibCheck",
    ];
    bin("tsc", [...flags, "--target", "es2022", ...lib, "typed.ts"]);
    return expected;
  });
}
await attempt("Vite", async () => {
  write("vite/index.html", HTML);
  write("vite/page.js", PAGE("{ stills: true }"));
  bin("vite", ["build", "vite", "--outDir", path.join(PROJECT, "out/vite"), "--emptyOutDir"]);
  return inChromium(PROJECT, "out/vite");
});
await attempt("webpack", async () => {
  write("page.js", PAGE(ADDRESSES));
  const out = path.join(PROJECT, "out/webpack");
  bin("webpack", ["--mode", "production", "--entry", "./page.js", "-o", out, "--output-filename", "page.js"]); // prettier-ignore
  return inChromium(PROJECT, "out/webpack");
});
await attempt("esbuild", async () => {
  write("page.js", PAGE(ADDRESSES));
  bin("esbuild", ["page.js", "--bundle", "--format=esm", "--outfile=out/esbuild/page.js"]);
  return inChromium(PROJECT, "out/esbuild");
});
await attempt("a page without a bundler", async () => {
  mkdirSync(path.join(PROJECT, "out/plain"), { recursive: true });
  cpSync(path.join(PROJECT, "node_modules/@mien/runtime/dist/page"), path.join(PROJECT, "out/plain"), { recursive: true }); // prettier-ignore
  write("out/plain/page.js", PAGE(ADDRESSES).replace('"@mien/runtime"', '"./mien.js"'));
  return inChromium(PROJECT, "out/plain");
});
await attempt("Next.js", async () => {
  write("next/app/layout.jsx", NEXT_LAYOUT);
  write("next/app/page.jsx", NEXT_PAGE);
  write("next/next.config.mjs", `export default { output: "export" };`);
  write("next/package.json", `{"private":true}`);
  bin("next", ["build", "next"], { NEXT_TELEMETRY_DISABLED: "1" });
  rmSync(path.join(PROJECT, "out/next"), { recursive: true, force: true });
  cpSync(path.join(PROJECT, "next/out"), path.join(PROJECT, "out/next"), { recursive: true });
  return inChromium(PROJECT, "out/next", { ownPage: true });
});

const width = Math.max(...rows.map(([name]) => name.length));
for (const [name, answer] of rows) console.log(`${name.padEnd(width)}  ${answer}`);
if (rows.some(([, answer]) => !answer.startsWith("the same"))) process.exitCode = 1;

/** Runs one entry, and compares its answer. */
async function attempt(name, work) {
  if (!isWanted(name)) return;
  console.error(name);
  const start = performance.now();
  try {
    const found = await work();
    const problem = difference(found);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    rows.push([name, problem ?? `the same ${expected.length} faces, ${seconds} s`]);
  } catch (error) {
    rows.push([name, `FAILED: ${error.message}`]);
  }
}

function difference(found) {
  if (!Array.isArray(found) || found.length !== expected.length) {
    return `other faces: ${JSON.stringify(found)}`;
  }
  const far = found.some(({ box, expression }, i) => {
    const other = expected[i];
    return expression !== other.expression || box.some((value, k) => Math.abs(value - other.box[k]) > 1); // prettier-ignore
  });
  return far ? `other answers: ${JSON.stringify(found)}` : undefined;
}

/** Packs the packages, and makes the project that all entries share. */
function prepare() {
  const packed = path.join(WORK, "packed");
  rmSync(packed, { recursive: true, force: true });
  run(process.execPath, [path.join(ROOT, "packages/runtime/pack.mjs"), packed], { cwd: ROOT });
  const tarballs = readdirSync(packed).map((name) => path.join(packed, name));
  installOnce(PROJECT, { dependencies: LIBRARIES }, ["--force"]);
  // Unpacked beside the libraries, as npm would do it, but always anew.
  for (const tarball of tarballs) {
    const name = /mien-(\w+)-/.exec(path.basename(tarball))?.[1] ?? "";
    const folder = path.join(PROJECT, "node_modules/@mien", name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    run("tar", ["-xzf", tarball, "-C", folder, "--strip-components=1"]);
  }
  write("run.mjs", ESM);
  write("run.cjs", CJS);
  write("typed.ts", TYPED);
}

/** Draws the picture, and finds its faces with the code of this repository. */
async function reference() {
  await drawExample(ROOT, path.join(PROJECT, "picture.png"));
  const { createPipeline } = await import("../packages/runtime/dist/index.js");
  const pipeline = await createPipeline({ stills: true });
  const { faces } = await pipeline.process(path.join(PROJECT, "picture.png"));
  await pipeline.close();
  if (faces.length === 0) throw new Error("no face is found in the picture of this repository");
  return faces.map(({ box, expression }) => ({ box, expression }));
}

function bin(name, args, variables = {}) {
  run(path.join(PROJECT, "node_modules/.bin", name), args, { cwd: PROJECT, env: { ...process.env, ...variables } }); // prettier-ignore
}

function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    ...options,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${path.basename(program)}: ${lastLines(stderr || stdout)}`);
}

function lastLines(text) {
  return text.trim().split("\n").slice(-6).join(" | ");
}

function write(name, text) {
  mkdirSync(path.dirname(path.join(PROJECT, name)), { recursive: true });
  writeFileSync(path.join(PROJECT, name), text);
}
