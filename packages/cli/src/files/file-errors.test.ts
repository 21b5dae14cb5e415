import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { MienError } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileError } from "./file-errors.ts";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-errors-"));
  file = path.join(folder, "file");
  await writeFile(file, "x");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const belowFile = () => path.join(file, "x");
const tooLong = () => path.join(folder, "x".repeat(300));

describe("an error of the file system", () => {
  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "mkdir below a file",
      () => mkdir(belowFile(), { recursive: true }),
      /make the folder .*file.x: not a directory/,
    ],
    [
      "mkdir of a long name",
      () => mkdir(tooLong(), { recursive: true }),
      /make the folder .*: name too long/,
    ],
    ["mkdir over a file", () => mkdir(file), /make the folder .*: file already exists/],
    [
      "mkdtemp in no folder",
      () => mkdtemp(path.join(folder, "none/x")),
      /make the folder .*: no such file/,
    ],
    [
      "writeFile to a folder",
      () => writeFile(folder, "x"),
      /open .*: illegal operation on a directory/,
    ],
    ["writeFile below a file", () => writeFile(belowFile(), "x"), /open .*: not a directory/],
    ["readFile of a long name", () => readFile(tooLong()), /open .*: name too long/],
    ["readdir of a file", () => readdir(file), /list the folder .*: not a directory/],
    ["rename to a long name", () => rename(file, tooLong()), /rename .*xxx: name too long/],
  ])("is explained with path, cause and remedy: %s", async (_, call, message) => {
    const error = fileError(await call().catch((thrown: unknown) => thrown));
    expect(error).toBeInstanceOf(MienError);
    expect(error).toMatchObject({
      code: "environment",
      message: expect.stringMatching(message) as string,
    });
    expect(error?.advice).toMatch(/\.$/);
  });

  it.skipIf(!existsSync("/dev/full"))(
    "is explained without a path if the disk is full",
    async () => {
      const thrown: unknown = await writeFile("/dev/full", "x").catch((error: unknown) => error);
      expect(fileError(thrown)?.message).toBe("cannot write: no space left on device");
    },
  );

  it("is not explained if it is a bug or of another kind", () => {
    const coded = (properties: object) => Object.assign(new Error("x"), properties);
    for (const bug of [
      new TypeError("x"),
      "ENOENT",
      coded({ code: "ENOENT", syscall: "spawn ffmpeg", path: "ffmpeg" }),
      coded({ code: "EBADF", syscall: "read" }),
      coded({ code: "EACCES", syscall: "listen" }),
      coded({ code: "ERR_INVALID_ARG_TYPE" }),
    ]) {
      expect(fileError(bug)).toBeUndefined();
    }
  });
});
