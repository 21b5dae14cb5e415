import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, expect, it, vi } from "vitest";
import { compareFolders } from "./compare.mjs";

const root = mkdtempSync(path.join(tmpdir(), "mien-outputs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let printed: string[];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
});

/** A folder of outputs with one command. */
function outputs(
  name: string,
  files: Record<string, unknown>,
  { code = 0, compare = "values", text = "" } = {},
): string {
  const folder = path.join(root, name);
  rmSync(folder, { recursive: true, force: true });
  const outcome = { name: "step", command: "", code, compare, ignore: [], seconds: 0 };
  mkdirSync(path.join(folder, "step/files"), { recursive: true });
  writeFileSync(
    path.join(folder, "steps.json"),
    JSON.stringify({ root: "/repository", folder, outcomes: [outcome] }),
  );
  writeFileSync(path.join(folder, "step/printed.txt"), text);
  for (const [file, content] of Object.entries(files)) {
    const place = path.join(folder, "step/files", file);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

it("ignores times, the version of the code and the place, and nothing else", async () => {
  const base = { code: "a", seconds: 1, timings: { total: 2 }, accuracy: 0.5 };
  const first = outputs("first", { "a.json": { ...base, file: `${root}/first/work/a` } });
  const other = { code: "b", seconds: 3, timings: { total: 4 }, accuracy: 0.5 };
  const second = outputs("second", { "a.json": { ...other, file: `${root}/second/work/a` } });
  expect(await compareFolders(first, second)).toBe(true);

  const third = outputs("third", {
    "a.json": { ...other, accuracy: 0.6, timings: {}, file: "b" },
    "b.bin": "1",
  });
  expect(await compareFolders(first, third)).toBe(false);
  const report = printed.join("\n");
  expect(report).toContain("a.json: accuracy: 0.5 ≠ 0.6");
  expect(report).toContain("a.json: timings.total: 2 ≠ (absent)");
  expect(report).toContain('a.json: file: "<work>/a" ≠ "b"');
  expect(report).toContain("b.bin is new");
});

it("fails on another exit code, binary or CSV, but not on other words", async () => {
  const files = { "a.bin": "1", "a.csv": "x,y\n1,2\n" };
  const first = outputs("first", files, { text: "the model is fine\n" });
  expect(await compareFolders(first, outputs("second", files, { text: "fine\n" }))).toBe(true);
  expect(printed.join("\n")).toContain("text differs");
  expect(await compareFolders(first, outputs("second", files, { code: 1 }))).toBe(false);
  expect(await compareFolders(first, outputs("second", { ...files, "a.bin": "2" }))).toBe(false);
  const csv = "x,y\n1,3\n";
  expect(await compareFolders(first, outputs("second", { ...files, "a.csv": csv }))).toBe(false);
});

it("compares only the keys of a measurement, and only the flags of a help text", async () => {
  const keys = { compare: "keys" };
  const first = outputs("first", { "a-1.json": { rows: [{ ms: 1 }] } }, keys);
  const second = outputs("second", { "a-2.json": { rows: [{ ms: 2 }, { ms: 3 }] } }, keys);
  expect(await compareFolders(first, second)).toBe(true);
  const third = outputs("third", { "a-2.json": { rows: [{ time: 2 }] } }, keys);
  expect(await compareFolders(first, third)).toBe(false);

  const flags = { compare: "flags" };
  const help = outputs("first", {}, { ...flags, text: "  --out DIR   Folder\n  --fast   Skip\n" });
  const worded = outputs("second", {}, { ...flags, text: "  --out DIR   Place\n  --fast   Do\n" });
  expect(await compareFolders(help, worded)).toBe(true);
  const lacking = outputs("third", {}, { ...flags, text: "  --out DIR   Place\n" });
  expect(await compareFolders(help, lacking)).toBe(false);
});

it("pairs files of random names by their content", async () => {
  const picture = (id: string, content: string) => ({ [`people/${id.repeat(16)}/a.txt`]: content });
  const first = outputs("first", { "a/0123456789ab.jpg": "1", "a/ba9876543210.jpg": "2" });
  const second = outputs("second", { "a/aaaaaaaaaaaa.jpg": "2", "a/bbbbbbbbbbbb.jpg": "1" });
  expect(await compareFolders(first, second)).toBe(true);
  const third = outputs("third", { "a/aaaaaaaaaaaa.jpg": "2", "a/bbbbbbbbbbbb.jpg": "3" });
  expect(await compareFolders(first, third)).toBe(false);
  expect(
    await compareFolders(outputs("first", picture("1", "x")), outputs("second", picture("2", "x"))),
  ).toBe(true);
});
