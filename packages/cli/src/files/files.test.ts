import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkWritable, readJson, writeFileAtomic, writeJson } from "./files.ts";
import { codeVersion, freshness, recordMadeFrom } from "./made-from.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("files", () => {
  it("are written completely, and missing folders are made", async () => {
    const file = path.join(folder, "a/b/c.bin");
    await writeFileAtomic(file, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
    expect([...(await readFile(file))]).toEqual([1, 2, 3]);
    expect(await readdir(path.dirname(file))).toEqual(["c.bin"]);
  });

  it("keep their old content if writing fails, and the temporary file is deleted", async () => {
    const file = path.join(folder, "kept.txt");
    await writeFile(file, "old");
    const broken = ["not bytes" as never, { not: "bytes" } as never];
    await expect(writeFileAtomic(file, broken)).rejects.toThrow(/cannot write .*kept\.txt/);
    expect(await readFile(file, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["kept.txt"]);
    await mkdir(path.join(folder, "is-a-folder"));
    await expect(writeFileAtomic(path.join(folder, "is-a-folder"), "x")).rejects.toThrow(
      /cannot write/,
    );
  });

  it("are reported with the wrong part of the path and the remedy if they cannot be written", async () => {
    const file = path.join(folder, "file");
    await writeFile(file, "");
    await expect(writeFileAtomic(path.join(file, "x/y.txt"), "")).rejects.toMatchObject({
      code: "environment",
      message: expect.stringMatching(
        /y\.txt: cannot make the folder .*: not a directory$/,
      ) as string,
      advice: "A part of the path is a file, not a folder. Name another path.",
    });
    const long = path.join(folder, "x".repeat(300), "y.txt");
    await expect(checkWritable("--json", long)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/^--json cannot be written to .*: name too long$/) as string,
    });
  });

  it("are named in the error if they are missing or not JSON", async () => {
    const file = path.join(folder, "x.json");
    await writeFile(file, "{");
    await expect(readJson(file)).rejects.toThrow(/x\.json is not JSON/);
    await expect(readJson(path.join(folder, "none.json"))).rejects.toThrow(
      /cannot read .*none\.json/,
    );
  });
});

describe("the record of what an output was made from", () => {
  const inputs = { data: "abc", width: 48, unset: undefined };

  it("is current for the same inputs as long as every output is there", async () => {
    const record = path.join(folder, "made-from.json");
    expect(await freshness(record, inputs, "1")).toBe("stale");
    await writeFile(path.join(folder, "out.png"), "");
    await recordMadeFrom(record, { inputs, code: "1", outputs: ["out.png"] });
    expect(await freshness(record, inputs, "1")).toBe("current");
    expect(await freshness(record, inputs, "2")).toBe("other-code");
    expect(await freshness(record, { ...inputs, width: 64 }, "1")).toBe("stale");
    await rm(path.join(folder, "out.png"));
    expect(await freshness(record, inputs, "1")).toBe("stale");
  });

  it("counts as missing if it is damaged", async () => {
    const record = path.join(folder, "made-from.json");
    await writeFile(record, '{"inputs":');
    expect(await freshness(record, inputs, "1")).toBe("stale");
    await writeJson(record, null);
    expect(await freshness(record, inputs, "1")).toBe("stale");
  });

  it("has a code version that changes with the code, not with tests or permissions", async () => {
    const file = path.join(folder, "a.ts");
    await writeFile(file, "1");
    const before = await codeVersion([folder]);
    await writeFile(path.join(folder, "a.test.ts"), "2");
    await chmod(file, 0o600);
    expect(await codeVersion([folder])).toBe(before);
    await writeFile(file, "2");
    expect(await codeVersion([folder])).not.toBe(before);
  });
});
