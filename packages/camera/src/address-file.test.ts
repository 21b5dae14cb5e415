import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAddressFile } from "./address-file.ts";
import { openSource } from "./open-source.ts";
import { withoutFfmpeg } from "./testing/tools.ts";

const ADDRESS = "rtsp://me:s3cret@127.0.0.1:1/live";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-address-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileWith(content: string): Promise<string> {
  const file = path.join(folder, "camera.txt");
  await writeFile(file, content);
  return `@${file}`;
}

describe("@FILE", () => {
  it.each([ADDRESS, `${ADDRESS}\n`, `\ufeff${ADDRESS}\r\n`, `\n ${ADDRESS} \n\n`])(
    "with the content %j is the address in it",
    async (content) => {
      expect(await readAddressFile(await fileWith(content))).toBe(ADDRESS);
    },
  );

  it.each([
    ["", 0],
    [" \n", 0],
    [`${ADDRESS}\n${ADDRESS}\n`, 2],
    ["a\r\nb\rc", 3],
  ])("with the content %j is refused: %i lines", async (content, lines) => {
    const error: unknown = await readAddressFile(await fileWith(content)).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: "bad-data",
      message: `${folder}/camera.txt must hold one line, found ${lines}`,
    });
  });

  it("is refused if it cannot be read", async () => {
    await expect(readAddressFile(`@${folder}/none.txt`)).rejects.toMatchObject({
      code: "missing-file",
    });
  });

  it("may be the name of an existing file; other sources stay as they are", async () => {
    for (const text of ["webcam:1", "-", "film.mp4", ADDRESS]) {
      expect(await readAddressFile(text)).toBe(text);
    }
    const home = process.cwd();
    process.chdir(folder);
    try {
      await writeFile("@film.mp4", "");
      expect(await readAddressFile("@film.mp4")).toBe("@film.mp4");
    } finally {
      process.chdir(home);
    }
  });

  it.skipIf(withoutFfmpeg)("does not show the secrets of the address in errors", async () => {
    const error: unknown = await openSource(await fileWith(ADDRESS)).catch((e: unknown) => e);
    expect(String(error)).toContain("rtsp://***@127.0.0.1:1/live");
    expect(String(error)).not.toContain("s3cret");
  });
});
