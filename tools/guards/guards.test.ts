import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { countCasts } from "./casts.mjs";
import { findCircles } from "./circles.mjs";
import { findFullFolders } from "./folders.mjs";
import { findBrokenLinks, findMissingPaths } from "./links.mjs";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "mien-guards-"));
  for (const folder of ["packages", "tools"]) mkdirSync(path.join(root, folder));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes files, by their paths from the root. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
}

it("finds circles between files, folders and packages, and none through tests", () => {
  write({
    "packages/a/src/index.ts": `export { one } from "./one.ts"; import "@mien/b";`,
    "packages/a/src/one.ts": `import type { Two } from "./two.ts"; export const one = 1;`,
    "packages/a/src/two.ts": `export const load = () => import("./one.ts");`,
    "packages/a/src/one.test.ts": `import "./alone.ts";`,
    "packages/a/src/alone.ts": `import { it } from "./testing/it.ts";`,
    "packages/a/src/testing/it.ts": `import "../alone.ts";`,
    "packages/b/package.json": `{ "imports": { "#here": { "source": "./src/right/c.ts" } } }`,
    "packages/b/src/index.ts": `import "./left/a.ts"; import "@mien/a";`,
    "packages/b/src/left/a.ts": `import "#here";`,
    "packages/b/src/left/b.ts": ``,
    "packages/b/src/right/c.ts": `import "../left/b.ts";`,
  });
  expect(findCircles(root).map((sentence) => sentence.split("\n")[0])).toEqual([
    "packages: a → b → a",
    "packages/a/src: one.ts → two.ts → one.ts",
    "packages/b/src: left → right → left",
  ]);
});

it("counts the files of a folder without its tests", () => {
  const names = Array.from({ length: 20 }, (_, i) => `packages/a/src/file${i}`);
  write(
    Object.fromEntries(
      names.flatMap((name) => [`${name}.ts`, `${name}.test.ts`].map((n) => [n, ""])),
    ),
  );
  expect(findFullFolders(root)).toEqual([]);
  write({ "packages/a/src/more.ts": "", "packages/a/dist/built.js": "" });
  expect(findFullFolders(root)).toEqual([
    expect.stringMatching(/^packages\/a\/src holds 21 files/),
  ]);
});

it("counts casts to types, not to const, and none in tests", () => {
  write({
    "packages/a/src/index.ts":
      "export const a = [1 as number, [2] as const,\n3 as unknown as string];\n",
    "packages/a/src/index.test.ts": "const a = 1 as number;",
    "packages/a/src/testing/help.ts": "const a = 1 as number;",
  });
  expect(countCasts(root)).toEqual([{ name: "a", lines: 2, casts: 3, rate: 1500 }]);
});

it("finds links and paths that lead nowhere", () => {
  write({
    "README.md": [
      "# The `first` one\n\n# Twice\n\n# Twice\n",
      "[1](#the-first-one) [2](#twice-1) [3](docs/a.md#top) [4](docs) [5](https://example.org/x#y)",
      "[6](#third) ![7](a.png) [8](docs/a.md#bottom)\n",
      "`tools/run.mjs`, `tools/gone.mjs`, packages/a/dist/x.js and tools/release/NAME.json.",
    ].join("\n"),
    "docs/a.md": `<a id="top"></a>\n[9](../README.md) [10](b.md)`,
    "tools/run.mjs": "// As tools/run.mjs and docs/b.md say",
    "tools/run.test.ts": "// packages/none",
  });
  expect(findBrokenLinks(root)).toEqual([
    "README.md links to #third, but README.md has no such heading",
    "README.md links to a.png, which is missing",
    "README.md links to docs/a.md#bottom, but docs/a.md has no such heading",
    "docs/a.md links to b.md, which is missing",
  ]);
  expect(findMissingPaths(root)).toEqual([
    "README.md:10 names tools/gone.mjs, which is missing",
    "tools/run.mjs:1 names docs/b.md, which is missing",
  ]);
});
