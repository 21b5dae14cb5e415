// Builds the package in the current folder before npm packs it. Each publishable package runs this as
// its `prepack` script, so that no tarball lacks its compiled code or holds an old one.
// Since `.npmrc` turns scripts off, npm runs it only with the package's `publishConfig` (`npm publish`)
// or with `npm pack --ignore-scripts=false`; packages/*/pack.mjs run it themselves.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const folder = process.cwd();
const read = () => JSON.parse(readFileSync("package.json", "utf8"));

/** Ends with a sentence instead of a stack trace. */
function refuse(sentence) {
  console.error(sentence);
  process.exit(1);
}

/**
 * Deletes the files in `dist` that no source compiles to, as they would be packed, too. Deletes all
 * of `dist` and the record of the last compilation if `tsc -b`, which trusts that record, would take
 * a file for compiled that is missing or was changed since.
 */
async function deleteStaleOutputs() {
  const { default: ts } = await import("typescript");
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} };
  const config = ts.getParsedCommandLineOfConfigFile(path.resolve("tsconfig.json"), {}, host);
  // `tsc -b` reports the error in the file.
  if (config === undefined) return;
  const { fileNames } = config;
  const outputs = fileNames.flatMap((file) => ts.getOutputFileNames(config, file, false));
  const record = "tsconfig.tsbuildinfo";
  const compiled = statSync(record, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  const isChanged = (file) =>
    (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > compiled;
  if (outputs.some(isChanged)) {
    rmSync("dist", { recursive: true, force: true });
    rmSync(record, { force: true });
    return;
  }
  const kept = new Set(outputs.map((file) => path.resolve(file)));
  for (const entry of readdirSync("dist", { recursive: true, withFileTypes: true })) {
    const file = path.resolve(entry.parentPath, entry.name);
    if (!entry.isDirectory() && !kept.has(file)) rmSync(file);
  }
}

const { name, nx, exports = {}, bin = {} } = read();
if (!existsSync(path.join(root, "node_modules/typescript/bin/tsc"))) {
  refuse(
    `${name} cannot be packed: it is not compiled, and TypeScript is not installed. Run: npm run setup`,
  );
}
const build = nx?.targets?.build?.options?.command ?? "tsc -b {projectRoot}";
try {
  await deleteStaleOutputs();
  execFileSync(build.replaceAll("{projectRoot}", JSON.stringify(folder)), {
    cwd: root,
    shell: true,
    // stdout is for npm, which prints JSON with `npm pack --json`.
    stdio: ["ignore", 2, 2],
    env: {
      ...process.env,
      PATH: `${path.join(root, "node_modules/.bin")}${path.delimiter}${process.env.PATH}`,
    },
  });
} catch {
  refuse(
    `${name} cannot be packed: it does not compile. The reason is above; the command was: ${build}`,
  );
}
const needed = [exports["."]?.default, exports["."]?.types, ...Object.values(bin)];
const missing = needed.filter((file) => file !== undefined && !existsSync(file));
if (missing.length > 0) {
  refuse(`${name} cannot be packed: its build did not make ${missing.join(", ")}.`);
}
