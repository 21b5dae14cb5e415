// Builds the package in the current folder before npm packs it. Each publishable package runs this as
// its `prepack` script, so that no tarball lacks its compiled code or holds an old one.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const folder = process.cwd();
const read = () => JSON.parse(readFileSync("package.json", "utf8"));

/** Ends with a sentence instead of a stack trace. */
function refuse(sentence) {
  console.error(sentence);
  process.exit(1);
}

const { name, nx, exports = {}, bin = {} } = read();
if (!existsSync(path.join(root, "node_modules/typescript/bin/tsc"))) {
  refuse(
    `${name} cannot be packed: it is not compiled, and TypeScript is not installed. Run: npm run setup`,
  );
}
const build = nx?.targets?.build?.options?.command ?? "tsc -b {projectRoot}";
try {
  // What was compiled from files that were deleted since would be packed, too.
  rmSync("dist", { recursive: true, force: true });
  rmSync("tsconfig.tsbuildinfo", { force: true });
  execFileSync(build.replaceAll("{projectRoot}", JSON.stringify(folder)), {
    cwd: root,
    shell: true,
    // npm writes what it packed to stdout, which `npm pack --json` must be able to parse.
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
