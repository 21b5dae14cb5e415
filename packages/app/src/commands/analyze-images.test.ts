import { spawnSync } from "node:child_process";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  ANALYZE,
  analyze,
  analyzeTests,
  left,
  MODEL,
  picture,
  readResults,
  top,
  withoutFfmpeg,
} from "../testing/analyze-tests.ts";

const tests = analyzeTests();

describe("app:analyze of images", () => {
  it("reads a folder of many kinds of images, and names and skips those it cannot read", async () => {
    const mixed = path.join(tests.folder, "mixed bag");
    await mkdir(path.join(mixed, "inner"), { recursive: true });
    const put = (name: string) => path.join(mixed, name);
    const frames = await Promise.all([left().png().toBuffer(), top().png().toBuffer()]);
    await Promise.all([
      left().toColourspace("cmyk").jpeg().toFile(put("cmyk.jpg")),
      top().toColourspace("rgb16").png().toFile(put("deep 2.png")),
      left().toColourspace("grey16").png().toFile(put("deep 10.png")),
      top().greyscale().webp().toFile(put("grey ümläut.webp")),
      // Bright at the top; turned clockwise by its orientation, at the right.
      top().withMetadata({ orientation: 6 }).jpeg().toFile(put("turned.jpg")),
      sharp(frames, { join: { animated: true } })
        .gif()
        .toFile(put("moving 😀.gif")),
      // Black, with a transparent left half.
      picture(() => false)
        .joinChannel(
          await picture((x) => x >= 20)
            .extractChannel(0)
            .png()
            .toBuffer(),
        )
        .png()
        .toFile(put("alpha'quote.png")),
      picture(() => true, 1, 1)
        .png()
        .toFile(put("one pixel.png")),
      left().tiff().toFile(put("scan.tif")),
      left().avif().toFile(put("new.avif")),
      writeFile(put("empty.jpg"), ""),
      writeFile(put("text.png"), "not a picture"),
      writeFile(put("cut.jpg"), (await left(300, 300).jpeg().toBuffer()).subarray(0, 900)),
      writeFile(put("notes.txt"), "skip me"),
      writeFile(put(".DS_Store"), "skip me silently"),
    ]);
    const { code, out, err } = await analyze(
      "--source",
      "mixed bag",
      "--cropped",
      "--model",
      MODEL,
      "--out",
      "out/deep er",
      "--json",
      "mixed.json",
    );
    expect(code).toBe(0);
    expect(err).toContain("skipped 2 entries that are no image: inner/, notes.txt");
    expect(err).toMatch(/^mixed bag\/cut\.jpg is damaged or cut off/m);
    expect(err).toMatch(/^mixed bag\/empty\.jpg is empty/m);
    expect(err).toMatch(/^mixed bag\/text\.png is no JPEG, PNG, .* image, or is cut off$/m);
    expect(err).toContain("left out 3 of 13 images");
    expect(out).toMatch(/Left +6 +60\.0 %/);
    const { results } = await readResults("out/deep er/results.jsonl");
    const found = results.map(({ source, frame, faces: [face] }) => [
      source.replace("mixed bag/", ""),
      frame,
      face!.expression,
    ]);
    expect(found).toEqual([
      ["alpha'quote.png", 0, "Left"],
      ["cmyk.jpg", 1, "Left"],
      ["deep 2.png", 3, "Top"],
      ["deep 10.png", 4, "Left"],
      ["grey ümläut.webp", 6, "Top"],
      ["moving 😀.gif", 7, "Left"],
      ["new.avif", 8, "Left"],
      ["one pixel.png", 9, "Even"],
      ["scan.tif", 10, "Left"],
      ["turned.jpg", 12, "Right"],
    ]);
    const json = JSON.parse(await readFile(path.join(tests.folder, "mixed.json"), "utf8")) as {
      failed: { file: string; reason: string }[];
    };
    expect(json).toMatchObject({
      images: 10,
      expressions: { Top: 2, Bottom: 0, Left: 6, Right: 1, Even: 1 },
    });
    expect(json.failed.map(({ file }) => path.basename(file))).toEqual([
      "cut.jpg",
      "empty.jpg",
      "text.png",
    ]);
    expect(await readdir(path.join(tests.folder, "out/deep er"))).toEqual(["results.jsonl"]);
  });

  // Other systems only store Unicode names.
  it.skipIf(process.platform !== "linux")(
    "reads images and folders whose names are not UTF-8, and prints their bytes",
    async () => {
      const named = (name: string) =>
        Buffer.concat([Buffer.from(`${tests.folder}/`), Buffer.from(name, "latin1")]);
      await mkdir(named("b\xe4r"));
      const png = await left().png().toBuffer();
      await writeFile(named("b\xe4r/caf\xe9.png"), png);
      await writeFile(named("b\xe4r/plain.png"), png);
      await writeFile(named("b\xe4r/\xfcber.jpg"), "no image");
      await writeFile(named("b\xe4r/nam\xe9"), png);
      const flags = ["--cropped", "--model", MODEL, "--out", "bytes"];
      const all = await analyze(
        "--source",
        "b\ufffdr",
        "--annotate",
        ...flags,
        "--json",
        "bytes.json",
      );
      expect(all.code).toBe(0);
      expect(all.err).toContain("skipped 1 entry that is no image: nam\\xE9");
      expect(all.err).toContain("b\\xE4r/\\xFCber.jpg is no JPEG");
      expect(all.out).toMatch(/^caf\\xE9\.png +Left/m);
      const { header, results } = await readResults("bytes/results.jsonl");
      expect(header.source).toBe("b\\xE4r");
      expect(results.map(({ source }) => source)).toEqual([
        "b\\xE4r/caf\\xE9.png",
        "b\\xE4r/plain.png",
      ]);
      expect(await readdir(path.join(tests.folder, "bytes/annotated"))).toEqual([
        "caf\\xE9.jpg",
        "plain.jpg",
      ]);
      expect(
        JSON.parse(await readFile(path.join(tests.folder, "bytes.json"), "utf8")),
      ).toMatchObject({
        source: "b\\xE4r",
        failed: [{ file: "b\\xE4r/\\xFCber.jpg" }],
      });
      // As Node decodes it, as mien prints it, as a file manager writes it, and without an ending.
      for (const source of [
        "b\ufffdr/caf\ufffd.png",
        "b\\xE4r/caf\\xE9.png",
        `${pathToFileURL(tests.folder).href}/b%E4r/caf%E9.png`,
        "b\ufffdr/nam\ufffd",
      ]) {
        const one = await analyze("--source", source, ...flags);
        expect(one.err).toBe("");
        expect(one.out).toMatch(/(caf|nam)\\xE9\S* +Left/);
      }
      await writeFile(named("b\xe4r/caf\xe8.png"), png);
      const two = await analyze("--source", "b\ufffdr/caf\ufffd.png", ...flags);
      expect(two.code).toBe(2);
      expect(two.err).toMatch(/may be any of 2 files: caf\\xE\d\.png, caf\\xE\d\.png\nTheir names/);
    },
  );

  it.skipIf(process.platform !== "linux" || withoutFfmpeg)(
    "reads a video whose name on the command line is not UTF-8",
    async () => {
      const lavfi = "color=black:s=64x48:r=30:d=0.2,drawbox=w=32:h=48:color=white:t=fill";
      // The index of this video is at its end, so it cannot be read from a pipe.
      const film = path.join(tests.folder, "ascii.mp4");
      spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", lavfi, "-pix_fmt", "yuv420p", film]);
      // The last bytes are an incomplete character of three bytes.
      const shell =
        "cp ascii.mp4 \"$(printf 'f\\374r \\346\\227.mp4')\"; " +
        'exec "$@" --source "$(printf \'f\\374r \\346\\227.mp4\')"';
      const { status, stdout, stderr } = spawnSync(
        "sh",
        ["-c", shell, "sh", ...ANALYZE, "--cropped", "--model", MODEL, "--out", "byte film"],
        { encoding: "utf8" },
      );
      expect(stderr).toBe("");
      expect(status).toBe(0);
      expect(stdout).toMatch(/6 frames with 6 faces/);
      expect(stdout).toContain("--source 'f\\xFCr \\xE6\\x97.mp4'");
      const { header } = await readResults("byte film/results.jsonl");
      expect(header.source).toBe("f\\xFCr \\xE6\\x97.mp4");
    },
  );

  // Windows and macOS count characters, not bytes.
  it.skipIf(process.platform !== "linux")(
    "annotates images with the longest possible names, each in a file of its own",
    async () => {
      const long = path.join(tests.folder, "long names");
      await mkdir(long);
      const png = await left().png().toBuffer();
      const names = [
        `${"a".repeat(250)}.webp`,
        // Names that are annotated as NAME.gif.jpg are shortened to the same name.
        ...["gif", "jpg", "png", "tif"].map((ending) => `${"b".repeat(251)}.${ending}`),
        ...["jpg", "png", "tif"].map((ending) => `${"é".repeat(125)}x.${ending}`),
        ...["gif", "png"].map((ending) => `x${"日".repeat(83)}.${ending}`),
        ...["jpg", "png"].map((ending) => `xyz${"😀".repeat(62)}.${ending}`),
        // Lengths of the name without its ending.
        ...Array.from({ length: 9 }, (_, i) => `${"c".repeat(243 + i)}.png`),
      ];
      expect(Math.max(...names.map((name) => Buffer.byteLength(name)))).toBe(255);
      for (const name of names) await writeFile(path.join(long, name), png);
      const { code, err } = await analyze(
        "--source",
        long,
        "--cropped",
        "--model",
        MODEL,
        "--annotate",
        "--out",
        "long out",
      );
      expect(err).toBe("");
      expect(code).toBe(0);
      const written = await readdir(path.join(tests.folder, "long out/annotated"));
      expect(written).toHaveLength(names.length);
      for (const name of written) {
        expect(name).toMatch(/^(a+|b+|c+|é+x|x日+|xyz😀+|.*(\.\w+|[bé日😀])-\d+)\.jpg$/u);
        const { width } = await sharp(
          path.join(tests.folder, "long out/annotated", name),
        ).metadata();
        expect(width).toBe(40);
      }
      const { results } = await readResults("long out/results.jsonl");
      expect(results.map(({ source }) => path.basename(source)).sort()).toEqual(names.sort());
    },
  );
});
