import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findImages, kindByEnding, nameSome } from "./find-images.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-find-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function filled(name: string, files: readonly string[]): Promise<string> {
  const made = path.join(folder, name);
  await mkdir(made, { recursive: true });
  for (const file of files) await writeFile(path.join(made, file), "x");
  return made;
}

describe("the images of a source", () => {
  it("are one file, whatever its name", async () => {
    const made = await filled("one", ["no ending"]);
    const file = path.join(made, "no ending");
    expect(await findImages(file)).toEqual({ isFolder: false, images: [file], skipped: [] });
  });

  it("are distinguished from videos, also from MJPEG, by their extensions", () => {
    expect(["a.JPG", "b.jpeg", "c.gif", "d.tif"].map(kindByEnding)).toEqual(Array(4).fill("image"));
    expect(["a.mjpeg", "b.MP4", "c.mov"].map(kindByEnding)).toEqual(Array(3).fill("video"));
    expect(["a", "b.txt", "jpg"].map(kindByEnding)).toEqual(Array(3).fill(undefined));
  });

  it("are the image files of a folder in natural order; all else is listed as skipped", async () => {
    const pictures = ["2.jpg", "10.JPG", "a 1.png", "a 12.jpeg", "été.webp", "😀.gif", "z.tiff"];
    const others = ["notes.txt", "fer2013.csv", "clip.mp4", "jpg", "a.jpg.part"];
    const made = await filled("mixed", [...pictures, ...others, ".DS_Store", ".hidden.jpg"]);
    await mkdir(path.join(made, "album.png"));
    const found = await findImages(made);
    expect(found.isFolder).toBe(true);
    expect(found.images.map((file) => path.relative(made, file))).toEqual([
      "😀.gif",
      "2.jpg",
      "10.JPG",
      "a 1.png",
      "a 12.jpeg",
      "été.webp",
      "z.tiff",
    ]);
    expect([...found.skipped].sort()).toEqual([...others, "album.png/"].sort());
  });

  it.skipIf(process.platform === "win32")(
    "never include a pipe, which would block, but include a dead link, which is reported when it is read",
    async () => {
      const made = await filled("odd", ["a.png"]);
      execFileSync("mkfifo", [path.join(made, "pipe.jpg")]);
      await symlink(path.join(made, "nowhere"), path.join(made, "b.png"));
      const found = await findImages(made);
      expect(found.images.map((file) => path.basename(file))).toEqual(["a.png", "b.png"]);
      expect(found.skipped).toEqual(["pipe.jpg"]);
      await expect(findImages(path.join(made, "pipe.jpg"))).rejects.toMatchObject({
        code: "unsupported",
      });
    },
  );

  it.skipIf(process.platform !== "linux")(
    "may have names of any bytes, but no two that are shown as the same text",
    async () => {
      const made = await filled("bytes", ["b.png"]);
      await writeFile(Buffer.from(`${made}/\xe9.png`, "latin1"), "x");
      expect((await findImages(made)).images).toEqual([`${made}/\\xE9.png`, `${made}/b.png`]);
      await writeFile(path.join(made, "\\xE9.png"), "x");
      await expect(findImages(made)).rejects.toMatchObject({
        code: "bad-data",
        message: `two files in the folder ${made} are shown as \\xE9.png`,
      });
    },
  );

  it("are reported missing if there are none, with what there is instead", async () => {
    await expect(findImages(path.join(folder, "none"))).rejects.toMatchObject({
      code: "missing-file",
      message: expect.stringContaining(`cannot find ${folder}/none`) as string,
    });
    await expect(findImages(await filled("empty", []))).rejects.toThrow(/it is empty$/);
    await expect(findImages(await filled("text", ["a.txt", "b.txt"]))).rejects.toThrow(
      /found only a\.txt, b\.txt$/,
    );
  });

  it("cannot come from a video", async () => {
    const video = path.join(await filled("video", ["clip.MP4"]), "clip.MP4");
    await expect(findImages(video)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("expected an image or a folder of images") as string,
    });
  });
});

describe("names", () => {
  it("are listed up to a limit", () => {
    expect(nameSome(["a", "b"])).toBe("a, b");
    expect(nameSome(["a", "b", "c", "d", "e", "f", "g"])).toBe("a, b, c, d, e and 2 more");
  });

  it("are shown without control characters", () => {
    expect(nameSome(["a\u001b[31mb\n\u202egpj.txt 😀 é"])).toBe(
      "a\\u001b[31mb\\n\\u202egpj.txt 😀 é",
    );
  });
});
