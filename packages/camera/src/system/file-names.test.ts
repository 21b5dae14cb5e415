import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findTyped, onDisk, pathOfAddress, shownName } from "./file-names.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-names-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Bytes of a file's name, without the bytes that no name contains: 0 and the slash. */
const names = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).map((text) => Buffer.from(text)),
    fc.string({ minLength: 1, maxLength: 40 }).map((text) => Buffer.from(text, "latin1")),
  )
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0 && byte !== 0x2f)))
  .filter((bytes) => bytes.length > 0);

describe("a name", () => {
  it.each([
    ["caf\xe9.jpg", "caf\\xE9.jpg"],
    ["\xfc\xfc", "\\xFC\\xFC"],
    // The first two bytes of a character of three.
    ["\xe6\x97.png", "\\xE6\\x97.png"],
    ["\xed\xa0\x80", "\\xED\\xA0\\x80"],
    ["a\x80b", "a\\x80b"],
  ])("in Latin-1, %j, is shown as %s", (latin1, shown) => {
    expect(shownName(Buffer.from(latin1, "latin1"))).toBe(shown);
  });

  it("in UTF-8 is shown as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        expect(shownName(Buffer.from(name))).toBe(name);
      }),
    );
  });

  it.skipIf(process.platform === "win32")("of any bytes is found again as it is shown", () => {
    fc.assert(
      fc.property(names, (bytes) => {
        const shown = shownName(bytes);
        // Escapes that are part of the name itself are distinguished when files are listed, not
        // here.
        fc.pre(!/\\x[89A-F][0-9A-F]/.test(bytes.toString("latin1")));
        expect(Buffer.from(onDisk(shown)).equals(bytes)).toBe(true);
      }),
    );
  });

  it.skipIf(process.platform === "win32")("with percent-encoded bytes is read as bytes", () => {
    fc.assert(
      fc.property(names, (bytes) => {
        const encoded = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
        for (const host of ["", "localhost"]) {
          expect(pathOfAddress(`file://${host}/a/${encoded}`)).toBe(`/a/${shownName(bytes)}`);
        }
      }),
    );
  });
});

// Other systems store no name that is not Unicode.
describe.skipIf(process.platform !== "linux")("a path that Node has decoded", () => {
  const put = async (...parts: string[]) => {
    const bytes = parts.map((part) => Buffer.from(`/${part}`, "latin1"));
    await writeFile(Buffer.concat([Buffer.from(folder), ...bytes]), parts.join());
  };

  it("is found with the bytes of its files and folders", async () => {
    await mkdir(Buffer.concat([Buffer.from(folder), Buffer.from("/\xfcber", "latin1")]));
    await put("\xfcber", "caf\xe9.jpg");
    await put("\xfcber", "plain.jpg");
    const typed = path.join(folder, "\ufffdber/caf\ufffd.jpg");
    const found = await findTyped(typed);
    expect(found).toBe(path.join(folder, "\\xFCber/caf\\xE9.jpg"));
    expect(await readFile(onDisk(found), "utf8")).toBe("\xfcber,caf\xe9.jpg");
    expect(await findTyped(path.relative(process.cwd(), typed))).toBe(
      path.relative(process.cwd(), found),
    );
    const plain = await findTyped(path.join(folder, "\ufffdber/plain.jpg"));
    expect(await readFile(onDisk(plain), "utf8")).toBe("\xfcber,plain.jpg");
  });

  it("stays as it is if no file or exactly this file exists", async () => {
    const missing = path.join(folder, "none\ufffd.jpg");
    expect(await findTyped(missing)).toBe(missing);
    expect(await findTyped(`${missing}/below\ufffd`)).toBe(`${missing}/below\ufffd`);
    const real = path.join(folder, "real\ufffd.jpg");
    await writeFile(real, "");
    expect(await findTyped(real)).toBe(real);
    const escaped = path.join(folder, "a\\xE9.jpg");
    await writeFile(escaped, "");
    expect(onDisk(escaped)).toBe(escaped);
  });

  it("is refused if it may be several files", async () => {
    await put("tw\xe9.jpg");
    await put("tw\xe8.jpg");
    await writeFile(path.join(folder, "tw\ufffd.jpg"), "");
    await expect(findTyped(path.join(folder, "tw\ufffd.jpg"))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/may be any of 3 files: .*tw\\xE8\.jpg/) as string,
    });
  });
});
