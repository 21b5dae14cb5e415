import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import { USAGES } from "@mien/format";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/folder.ts";
import { writeFiles } from "../testing/image-files.ts";
import { arrangeImages } from "./arrange-images.ts";
import { listImages } from "./list-images.ts";

/** Makes a folder with empty files, and arranges them. Names are written without `.png`. */
async function arrange(files: readonly string[], prepare?: (root: string) => Promise<unknown>) {
  const root = await temporaryFolder();
  await writeFiles(
    root,
    Object.fromEntries(files.map((name) => [/\.\w+$/.test(name) ? name : `${name}.png`, ""])),
  );
  await prepare?.(root);
  const content = await listImages(root);
  const { images, ...rest } = arrangeImages(root, content);
  const found = images.map(({ file, label, usage }) => {
    return `${file.replace(/\.png$/, "")} ${rest.classes[label]} ${USAGES[usage]}`;
  });
  return { ...rest, ...content, found };
}

describe("a folder of images is recognised with", () => {
  it.each<[layout: string, files: string[], found: string[]]>([
    [
      "classes in train, val and test",
      ["train/angry/1", "train/happy/2", "val/happy/3", "test/angry/4"],
      [
        "test/angry/4 Angry PrivateTest",
        "train/angry/1 Angry Training",
        "train/happy/2 Happy Training",
        "val/happy/3 Happy PublicTest",
      ],
    ],
    [
      "the splits and spellings of others",
      ["Training/anger/1", "Training/Happiness/2", "PublicTest/HAPPY/3", "PrivateTest/0_Angry/4"],
      [
        "PrivateTest/0_Angry/4 Angry PrivateTest",
        "PublicTest/HAPPY/3 Happy PublicTest",
        "Training/Happiness/2 Happy Training",
        "Training/anger/1 Angry Training",
      ],
    ],
    [
      "train and test only",
      ["train/cat/1", "train/dog/1", "test/Cat/1"],
      ["test/Cat/1 Cat PrivateTest", "train/cat/1 Cat Training", "train/dog/1 dog Training"],
    ],
    ["classes only", ["dog/1", "cat/1"], ["cat/1 cat Training", "dog/1 dog Training"]],
    [
      "splits in the classes",
      ["sad/train/1", "sad/test/2", "happy/train/1"],
      ["happy/train/1 Happy Training", "sad/test/2 Sad PrivateTest", "sad/train/1 Sad Training"],
    ],
    [
      "folders below the classes",
      ["happy/ada/1", "happy/ada/smile/2", "happy/3", "sad/bob/1"],
      [
        "happy/3 Happy Training",
        "happy/ada/1 Happy Training",
        "happy/ada/smile/2 Happy Training",
        "sad/bob/1 Sad Training",
      ],
    ],
    [
      "folders of an archive around them",
      ["archive/images/train/happy/1", "archive/images/train/sad/1", "archive/readme.txt"],
      ["archive/images/train/happy/1 Happy Training", "archive/images/train/sad/1 Sad Training"],
    ],
    [
      "numbers as classes",
      ["train/10/1", "train/9/1"],
      ["train/10/1 10 Training", "train/9/1 9 Training"],
    ],
    [
      "an expression's folder alone, which is a class",
      ["train/happy/1", "test/sad/1"],
      ["test/sad/1 Sad PrivateTest", "train/happy/1 Happy Training"],
    ],
    [
      "a class that is called test",
      ["exam/1", "test/1"],
      ["exam/1 exam Training", "test/1 test Training"],
    ],
    [
      "hidden files, and other files",
      ["a/1", "b/1", "a/.2", ".c/1", "__MACOSX/a/._1", "labels.csv", "a/Thumbs.db"],
      ["a/1 a Training", "b/1 b Training"],
    ],
  ])("%s", async (_, files, found) => {
    expect((await arrange(files)).found).toEqual(found);
  });

  it("its layout and what is unusual about it", async () => {
    const made = await arrange(
      [
        "train/anger/1",
        "train/angry/2",
        "train/sad/1",
        "train/3",
        "more/4",
        "5",
        "train/notes.txt",
      ],
      (root) => mkdir(path.join(root, "test/sad"), { recursive: true }),
    );
    expect(made).toMatchObject({
      layout: "SPLIT/CLASS",
      classes: ["Angry", "Sad"],
      otherFiles: ["train/notes.txt"],
      notes: [
        "the folders anger, angry are Angry",
        "left out, because they are in no folder of a class: 1 image in the folder itself",
        "left out, because they are in no folder of a class: 1 image in train/",
        "left out, because they are in no folder of a class: 1 image in more/",
        "test/ has no images",
      ],
    });
  });

  it("links to files and folders, but not to one that contains the link", async () => {
    const made = await arrange(["store/x/1", "train/sad/1", "train/happy/1"], async (root) => {
      await symlink(path.join(root, "store/x"), path.join(root, "train/sad/more"));
      await symlink(path.join(root, "store/x/1.png"), path.join(root, "train/happy/2.png"));
      await symlink("..", path.join(root, "train/happy/loop"));
      await symlink("self.png", path.join(root, "train/happy/self.png"));
      await symlink("nowhere.png", path.join(root, "train/happy/gone.png"));
    });
    expect(made.found).toEqual([
      "train/happy/1 Happy Training",
      "train/happy/2 Happy Training",
      "train/sad/1 Sad Training",
      "train/sad/more/1 Sad Training",
    ]);
    expect(made.leftOut).toEqual([
      { file: "train/happy/gone.png", reason: "is a link to a file that does not exist" },
      { file: "train/happy/loop/", reason: "is a link to a folder that contains it" },
      { file: "train/happy/self.png", reason: "is a link to itself" },
    ]);
  });
});

describe("a folder is refused", () => {
  it.each([
    [
      "without images",
      ["a/notes.txt"],
      "missing-file",
      /no image in the folder .*found a\/notes.txt/,
    ],
    ["with images in one folder", ["happy/1"], "bad-data", /2 to 256 classes, found 1 \(Happy\)/],
    ["with images only", ["1", "2"], "bad-data", /found images without folders/],
    [
      "with more classes than a label has values",
      Array.from({ length: 257 }, (_, i) => `person ${i}/1`),
      "bad-data",
      /found 257 \(person 0, person 1, .* and 252 more\)/,
    ],
  ])("%s", async (_, files, code, message) => {
    await expect(arrange(files)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
      advice: expect.stringContaining("one folder for each class") as string,
    });
  });

  it("with the name of a CSV that is in it", async () => {
    await expect(arrange(["fer2013.csv"])).rejects.toMatchObject({
      advice: expect.stringMatching(/give its path: .*\/fer2013\.csv$/) as string,
    });
  });

  it("that does not exist, or is a file", async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { "faces.zip": "PK" });
    await expect(listImages(path.join(root, "none"))).rejects.toThrow(/no folder at .*none/);
    await expect(listImages(path.join(root, "faces.zip"))).rejects.toThrow(/found a file/);
  });
});
