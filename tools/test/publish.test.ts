import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isLong } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { changelogSection, insertSection } from "../publish/changelog.mjs";
import { contentProblems } from "../publish/published-problems.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");

const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  private: z.boolean().optional(),
  license: z.string(),
  files: z.array(z.string()).default([]),
});
const names = readdirSync(path.join(ROOT, "packages"));
const published = names
  .map((name) => {
    const text = readFileSync(path.join(ROOT, "packages", name, "package.json"), "utf8");
    return { folder: name, ...Manifest.parse(JSON.parse(text)) };
  })
  .filter((manifest) => manifest.private !== true);

let work: string;
beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), "mien-publish-"));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe.each(published)("$name", ({ folder, license, files }) => {
  const at = (file: string) => path.join(ROOT, "packages", folder, file);

  it("has the licence that its manifest names", () => {
    const own = readFileSync(at("LICENSE"), "utf8");
    const isCommon = own === readFileSync(path.join(ROOT, "LICENSE"), "utf8");
    expect(license).toBe(isCommon ? "MIT" : "SEE LICENSE IN LICENSE");
  });

  it("packs only what exists, and no tests", () => {
    // A build makes these; tools/publish.mjs checks their content.
    const made = ["dist", "dist/alone", "dist/**/*.d.ts", "files"];
    const kept = files.filter((file) => !file.startsWith("!") && !made.includes(file));
    expect(kept.filter((file) => !existsSync(at(file)))).toEqual([]);
    expect(files.filter((file) => file.startsWith("!")).join(" ")).toMatch(
      /!dist\/\*\*\/\*\.test\.(\*|d\.ts) !dist\/(\*\*\/)?testing/,
    );
  });
});

it("finds a missing licence, tests, and source maps that are missing or lack their sources", () => {
  const file = (text: string) => Buffer.from(text);
  const code = file("export {};\n//# sourceMappingURL=a.js.map\n");
  const map = (content: object) => file(JSON.stringify({ sources: ["../src/a.ts"], ...content }));
  const whole = map({ sourcesContent: ["export {};"] });
  const licence = ["LICENSE", file("MIT")] as const;
  const problems = (...files: (readonly [string, Buffer])[]) => contentProblems(new Map(files));

  expect(problems(licence, ["dist/a.js", code], ["dist/a.js.map", whole])).toEqual([]);
  expect(problems(["dist/a.js", file("")])).toEqual(["LICENSE is missing"]);
  expect(problems(licence, ["dist/a.test.js", file("")], ["dist/testing/b.js", file("")])).toEqual([
    "dist/a.test.js belongs to tests",
    "dist/testing/b.js belongs to tests",
  ]);
  expect(problems(licence, ["dist/a.js", code])).toEqual([
    "dist/a.js.map is missing, which a file names as its source map",
  ]);
  for (const content of [{}, { sourcesContent: [null] }]) {
    expect(problems(licence, ["dist/a.js", code], ["dist/a.js.map", map(content)])).toEqual([
      "dist/a.js.map lacks the content of its sources",
    ]);
  }
});

describe("the changes", () => {
  it("become a section of the changelog, those that matter most first", () => {
    const change = (type: "major" | "minor" | "patch", summary: string) => ({
      summary,
      releases: [{ type }, { type: "none" as const }],
    });
    const release = { date: "2030-01-02", changesets: [change("patch", "One.\nTwo.")] };
    const first = insertSection("", changelogSection({ version: "1.0.0", ...release }));
    expect(first).toMatch(/^# Changes\n\n.+\n\n## 1\.0\.0 \(2030-01-02\)\n\n### Corrected\n\n/);
    expect(first).toMatch(/- One\.\n {2}Two\.\n$/);

    const changesets = [change("minor", "Small."), change("major", "Large.")];
    const second = changelogSection({ ...release, version: "2.0.0", changesets });
    const both = insertSection(first, second);
    const order = ["# Changes", "2.0.0", "Large.", "Small.", "1.0.0", "One."];
    expect(order.map((word) => both.indexOf(word))).toEqual(
      order.map((word) => both.indexOf(word)).sort((a, b) => a - b),
    );
    expect(both).not.toContain("\n\n\n");
  });

  it("of one package give all packages the same version, of the kind that the change names", () => {
    const clone = path.join(work, "clone");
    for (const name of names) {
      const file = `packages/${name}/package.json`;
      mkdirSync(path.join(clone, path.dirname(file)), { recursive: true });
      cpSync(path.join(ROOT, file), path.join(clone, file));
    }
    mkdirSync(path.join(clone, ".changeset"));
    for (const file of ["package.json", ".changeset/config.json"]) {
      cpSync(path.join(ROOT, file), path.join(clone, file));
    }
    writeFileSync(path.join(clone, "package-lock.json"), "{}");
    writeFileSync(path.join(clone, ".changeset/one.md"), '---\n"@mien/data": minor\n---\n\nNew.\n');
    symlinkSync(path.join(ROOT, "node_modules"), path.join(clone, "node_modules"), "junction");
    const git = (...words: string[]) => execFileSync("git", words, { cwd: clone });
    git("init", "-q", "-b", "main");
    // changesets compares with the last commit.
    const author = ["-c", "user.name=mien", "-c", "user.email=mien@example.org"];
    git(...author, "commit", "-q", "--allow-empty", "-m", "begin");

    const program = path.join(ROOT, "node_modules/@changesets/cli/bin.js");
    const words = [program, "status", "--output=plan.json"];
    const { status, stderr } = spawnSync(process.execPath, words, { cwd: clone, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const Plan = z.object({
      releases: z.array(z.object({ name: z.string(), type: z.string(), newVersion: z.string() })),
    });
    const plan = Plan.parse(JSON.parse(readFileSync(path.join(clone, "plan.json"), "utf8")));
    const [major = 0, minor = 0] = published[0]!.version.split(".").map(Number);
    const version = `${major}.${minor + 1}.0`;
    expect(new Set(plan.releases.map(({ newVersion }) => newVersion))).toEqual(new Set([version]));
    expect(plan.releases.map(({ name }) => name)).toEqual(
      expect.arrayContaining(published.map(({ name }) => name)),
    );
  });
});

it.runIf(isLong)("every package is packed without a problem, with its repository", () => {
  const out = path.join(work, "packages");
  const address = "git+https://example.org/mien.git";
  const script = path.join(ROOT, "tools/publish.mjs");
  const words = [script, "--out", out, "--repository", address];
  const printed = execFileSync(process.execPath, words, { encoding: "utf8" });
  expect(printed.match(/: 0 problems$/gm)).toHaveLength(published.length);
  expect(printed).toContain("Nothing was published.");
  const format = readdirSync(out).find((name) => name.startsWith("mien-format"))!;
  execFileSync("tar", ["-xzf", path.join(out, format), "-C", work]);
  const manifest: unknown = JSON.parse(
    readFileSync(path.join(work, "package/package.json"), "utf8"),
  );
  expect(manifest).toMatchObject({
    repository: { type: "git", url: address, directory: "packages/format" },
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
  });
  expect(JSON.stringify(manifest)).not.toMatch(/"(nx|scripts|devDependencies|source)"/);
});
