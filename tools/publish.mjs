/*
 * Packs every package that is published, and checks the packed files. Publishes only with --send.
 *
 *   node tools/publish.mjs [--out DIR] [--repository URL] [--send]
 *
 * --out: folder of the packed files (default: artifacts/packages).
 * --repository: address of the repository, which each manifest states. On GitHub, the default is the
 * repository of the workflow, as npm's provenance demands it.
 * --send: publishes the versions that the registry does not have. The release workflow does this.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { compile, packPublished } from "./packing.mjs";
import { send } from "./publish/send.mjs";

const ROOT = path.resolve(import.meta.dirname, "..");
const { values } = parseArgs({
  options: {
    out: { type: "string", default: path.join(ROOT, "artifacts/packages") },
    repository: { type: "string" },
    send: { type: "boolean", default: false },
  },
});
const address = values.repository ?? addressOnGitHub();
if (values.send && address === undefined) {
  console.error("The address of the repository is not known. Name it: --repository URL");
  process.exit(2);
}

const target = path.resolve(values.out);
const packed = [];
// It checks with a package of mien, which is compiled first.
compile(path.join(ROOT, "packages/testing"));
const { publishedProblems } = await import("./publish/published-problems.mjs");
for (const name of readdirSync(path.join(ROOT, "packages")).sort()) {
  const folder = path.join(ROOT, "packages", name);
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  if (manifest.private) continue;
  compile(folder);
  const file = packPublished(folder, { target, fields: { repository: repository(name) } });
  const problems = await publishedProblems(file);
  console.log(`${path.relative(process.cwd(), file)}: ${problems.length} problems`);
  for (const problem of problems) console.log(`  ${problem}`);
  packed.push({ ...manifest, file, problems });
}
if (packed.some(({ problems }) => problems.length > 0)) {
  console.error("Nothing was published: correct the problems above, and run this again.");
  process.exit(1);
}
if (values.send) for (const one of packed) send(one);
else console.log("Nothing was published. The packed files can be tried: npm install FILE");

/** The field `repository` of a package; undefined, and so left out, if the address is not known. */
function repository(name) {
  return address === undefined
    ? undefined
    : { type: "git", url: address, directory: `packages/${name}` };
}

/** The variables are set where a workflow of GitHub runs. */
function addressOnGitHub() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  return server && name ? `git+${server}/${name}.git` : undefined;
}
