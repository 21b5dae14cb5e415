import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { FrameResult, StreamHeader } from "@mien/format";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Names the brighter half of an image: Top, Bottom, Left, Right, or Even. */
const MODEL = path.resolve(import.meta.dirname, "../../../runtime/fixtures/halves.onnx");
const BIN = path.resolve(import.meta.dirname, "../bin.ts");
const TSX = fileURLToPath(import.meta.resolve("tsx"));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien analyze-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command in the test's folder, as a person would in the repository. */
function analyze(...flags: string[]) {
  const argv = ["--conditions=source", "--import", TSX, BIN, "analyze", ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
    cwd: folder,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

async function readResults(file: string) {
  const lines = (await readFile(path.join(folder, file), "utf8")).trimEnd().split("\n");
  const [header, ...results] = lines.map((line) => JSON.parse(line) as unknown);
  return { header: header as StreamHeader, results: results as FrameResult[] };
}

/** Width × height, white where the predicate holds, else black. */
function picture(isBright: (x: number, y: number) => boolean, width = 40, height = 40) {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    return isBright(at % width, Math.floor(at / width)) ? 255 : 0;
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const left = (width = 40, height = 40) => picture((x) => x < width / 2, width, height);
const top = (width = 40, height = 40) => picture((_, y) => y < height / 2, width, height);

describe("app:analyze", () => {
  it("reads one face: a line with the labels, then the frame's result", async () => {
    await left(60, 50).jpeg().toFile(path.join(folder, "face.jpg"));
    const { code, out, err } = analyze(
      ...["--source", "face.jpg", "--cropped", "--model", MODEL, "--json", "all.json"],
    );
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain(`model ${MODEL} (as --model says): 5 expressions, 8×8 grey`);
    expect(out).toMatch(/image +expression +probability +runner-up/);
    expect(out).toMatch(/face\.jpg +Left +100\.0 % +Even 0\.0 %/);
    expect(out).toMatch(/wrote artifacts\/analyze\/results\.jsonl \(1 image\)/);
    expect(out).toMatch(
      /next {2}npx nx run app:analyze --source \. --cropped --model \S+halves\.onnx/,
    );
    const { header, results } = await readResults("artifacts/analyze/results.jsonl");
    expect(header).toEqual({ labels: ["Top", "Bottom", "Left", "Right", "Even"], model: MODEL });
    const number = expect.any(Number) as number;
    const probabilities = results[0]!.faces[0]!.probabilities;
    expect(results).toEqual([
      {
        source: "face.jpg",
        frame: 0,
        timeMs: number,
        timings: { decode: number, classify: number },
        faces: [
          {
            track: null,
            box: [0, 0, 60, 50],
            score: 1,
            distanceMm: null,
            relief: "unknown",
            person: null,
            probabilities: [number, number, number, number, number],
            expression: "Left",
            confirmed: null,
          },
        ],
      },
    ]);
    expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    expect(Math.max(...probabilities)).toBe(probabilities[2]);
    expect(JSON.parse(await readFile(path.join(folder, "all.json"), "utf8"))).toEqual({
      source: "face.jpg",
      model: MODEL,
      labels: header.labels,
      images: 1,
      expressions: { Top: 0, Bottom: 0, Left: 1, Right: 0, Even: 0 },
      failed: [],
      skipped: [],
      results: "artifacts/analyze/results.jsonl",
    });
  });

  it("reads a folder of all kinds of images, names what it cannot read, and goes on", async () => {
    const mixed = path.join(folder, "mixed bag");
    await mkdir(path.join(mixed, "inner"), { recursive: true });
    const put = (name: string) => path.join(mixed, name);
    const frames = await Promise.all([left().png().toBuffer(), top().png().toBuffer()]);
    await Promise.all([
      left().toColourspace("cmyk").jpeg().toFile(put("cmyk.jpg")),
      top().toColourspace("rgb16").png().toFile(put("deep 2.png")),
      left().toColourspace("grey16").png().toFile(put("deep 10.png")),
      top().greyscale().webp().toFile(put("grey ümläut.webp")),
      // Upright it is bright at the top; a quarter turn clockwise takes that to the right.
      top().withMetadata({ orientation: 6 }).jpeg().toFile(put("turned.jpg")),
      sharp(frames, { join: { animated: true } })
        .gif()
        .toFile(put("moving 😀.gif")),
      // Black all over; the left half is transparent.
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
    const { code, out, err } = analyze(
      ...["--source", "mixed bag", "--cropped", "--model", MODEL],
      ...["--out", "out/deep er", "--json", "mixed.json"],
    );
    expect(code).toBe(0);
    expect(err).toContain("skipped 2 entries that are no image: inner/, notes.txt; 13 images left");
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
    const json = JSON.parse(await readFile(path.join(folder, "mixed.json"), "utf8")) as {
      failed: { file: string; reason: string }[];
    };
    expect(json).toMatchObject({
      images: 10,
      expressions: { Top: 2, Bottom: 0, Left: 6, Right: 1, Even: 1 },
      skipped: ["inner/", "notes.txt"],
    });
    expect(json.failed.map(({ file }) => path.basename(file))).toEqual([
      "cut.jpg",
      "empty.jpg",
      "text.png",
    ]);
    expect(await readdir(path.join(folder, "out/deep er"))).toEqual(["results.jsonl"]);
  });

  it("shows twenty rows of a large folder and writes all", async () => {
    const many = path.join(folder, "many");
    await mkdir(many);
    const jpeg = await top().jpeg().toBuffer();
    for (let i = 0; i < 23; i++) await writeFile(path.join(many, `${i}.jpg`), jpeg);
    const { out } = analyze("--source", many, "--cropped", "--model", MODEL, "--out", "many-out");
    expect(out.match(/\.jpg +Top/g)).toHaveLength(20);
    expect(out).toContain("… and 3 more");
    expect((await readResults("many-out/results.jsonl")).results).toHaveLength(23);
  });

  it("takes the released model, else the newest one, and says which and why", async () => {
    await top().png().toFile(path.join(folder, "top.png"));
    const flags = ["--source", "top.png", "--cropped", "--out", "by-default"];
    const none = analyze(...flags);
    expect(none.code).toBe(1);
    expect(none.err).toMatch(/^error: no exported model in artifacts\/models\/\nTrain and export/);
    await mkdir(path.join(folder, "artifacts/models"), { recursive: true });
    await copyFile(MODEL, path.join(folder, "artifacts/models/mine.onnx"));
    expect(analyze(...flags).out).toContain(
      "model artifacts/models/mine.onnx (the newest in artifacts/models/)",
    );
    await mkdir(path.join(folder, "artifacts/release"));
    await copyFile(MODEL, path.join(folder, "artifacts/release/best.onnx"));
    await writeFile(path.join(folder, "artifacts/release/index.json"), `{"default":"best"}`);
    expect(analyze(...flags).out).toContain(
      "model artifacts/release/best.onnx (the default of artifacts/release/index.json)",
    );
    const { header } = await readResults("by-default/results.jsonl");
    expect(header.model).toBe("artifacts/release/best.onnx");
  });

  it("exits with 2 on wrong usage", () => {
    const noSource = analyze("--cropped");
    expect(noSource.code).toBe(2);
    expect(noSource.err).toMatch(/^error: --source is missing\nName an image or a folder/);
    const unknown = analyze("--sorce", "x", "--cropped");
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain("Did you mean --source?");
    expect(analyze("--source", "a.jpg", "b.jpg", "--cropped").code).toBe(2);
  });

  it("exits with 1 and a sentence when there is nothing that it can read", async () => {
    await writeFile(path.join(folder, "text.jpg"), "not a picture");
    await writeFile(path.join(folder, "void.jpg"), "");
    await mkdir(path.join(folder, "broken"));
    await writeFile(path.join(folder, "broken/a.jpg"), "not a picture");
    await writeFile(path.join(folder, "broken/b.jpg"), "");
    const cases: [string[], RegExp][] = [
      [["--source", "none.jpg"], /^error: cannot find none\.jpg: ENOENT/],
      [["--source", "text.jpg"], /^error: text\.jpg is no JPEG, PNG/],
      [["--source", "void.jpg"], /^error: void\.jpg is empty/],
      [["--source", "broken"], /^error: none of the 2 images in broken can be read, and nothing/],
      [["--source", "webcam"], /^error: "webcam" is not a file .*reads still images only/],
      [["--source", "void.jpg", "--model", "void.jpg"], /^error: void\.jpg is not an ONNX model/],
      [["--source", "void.jpg", "--model", "m.onnx"], /^error: no model file at m\.onnx/],
    ];
    for (const [flags, message] of cases) {
      const model = flags.includes("--model") ? [] : ["--model", MODEL];
      const { code, err } = analyze(...flags, ...model, "--cropped", "--out", "nothing");
      expect(err).toMatch(message);
      expect(err).not.toContain("    at ");
      expect(code).toBe(1);
    }
    expect(existsSync(path.join(folder, "nothing"))).toBe(false);
  });

  it("says that it cannot find faces yet when --cropped is missing", () => {
    const { code, err } = analyze("--source", "face.jpg", "--model", MODEL);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: finding faces .* is not there yet\nCrop .*--cropped/);
  });

  it("explains itself", () => {
    const { code, out } = analyze("--help");
    expect(code).toBe(0);
    expect(out).toMatch(/--source PATH[^]*--cropped[^]*--model FILE[^]*--out DIR/);
    expect(out).toContain("fails only if none can be read");
  });
});
