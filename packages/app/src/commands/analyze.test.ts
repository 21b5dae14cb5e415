import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { BOX_CONVENTION, type FrameResult, type StreamLine } from "@mien/format";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analyze as command } from "./analyze.ts";
import { runCommand } from "./testing/run-command.ts";

/** Names the brighter half of an image: Top, Bottom, Left, Right, or Even. */
const MODEL = path.resolve(import.meta.dirname, "../../../runtime/fixtures/halves.onnx");
/** Takes bright squares of 32 pixels for faces. */
const SPOTS = path.resolve(import.meta.dirname, "../../../runtime/fixtures/spots.onnx");
/** Without ffmpeg the test is skipped, except where `CI` is set. */
const withoutFfmpeg = !process.env["CI"] && spawnSync("ffmpeg", ["-version"]).status !== 0;
const BIN = path.resolve(import.meta.dirname, "../bin.ts");
const TSX = fileURLToPath(import.meta.resolve("tsx"));

const home = process.cwd();
let folder: string;
beforeAll(async () => {
  // Without links, as the working folder shows it.
  folder = await realpath(await mkdtemp(path.join(tmpdir(), "mien analyze-")));
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command in the test's folder as a program of its own, as a person would. */
function analyzeAsProgram(...flags: string[]) {
  const argv = ["--conditions=source", "--import", TSX, BIN, "analyze", ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
    cwd: folder,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

/** The same without a process of its own, whose start takes longer than its work. */
const analyze = (...flags: string[]) => runCommand(command, ...flags);

async function readResults(file: string) {
  const lines = (await readFile(path.join(folder, file), "utf8")).trimEnd().split("\n");
  const [header, ...results] = lines.map((line) => JSON.parse(line) as unknown);
  return { header: header as StreamLine, results: results as FrameResult[] };
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
    const { code, out, err } = analyzeAsProgram(
      ...["--source", "face.jpg", "--cropped", "--model", MODEL, "--json", "all.json"],
    );
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain(`model ${MODEL} (as --model says): Top, Bottom, Left, Right, Even`);
    expect(out).toMatch(/image +expression +probability +runner-up/);
    expect(out).toMatch(/face\.jpg +Left +100\.0 % +Even 0\.0 %/);
    expect(out).toMatch(/wrote artifacts\/analyze\/results\.jsonl \(1 image\)/);
    expect(out).toMatch(
      /next {2}npx nx run app:analyze --source \. --cropped --model \S+halves\.onnx/,
    );
    const { header, results } = await readResults("artifacts/analyze/results.jsonl");
    expect(header).toEqual({
      ...{ type: "stream", source: "face.jpg", frameRate: null, box: BOX_CONVENTION },
      ...{ model: MODEL, labels: ["Top", "Bottom", "Left", "Right", "Even"] },
    });
    const number = expect.any(Number) as number;
    const probabilities = results[0]!.faces[0]!.probabilities;
    expect(results).toEqual([
      {
        type: "frame",
        source: "face.jpg",
        frame: 0,
        timeMs: number,
        width: 60,
        height: 50,
        timings: { classify: number, total: number },
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
            quorumReached: null,
          },
        ],
      },
    ]);
    expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    expect(Math.max(...probabilities)).toBe(probabilities[2]);
    expect(JSON.parse(await readFile(path.join(folder, "all.json"), "utf8"))).toMatchObject({
      source: "face.jpg",
      model: MODEL,
      labels: header.labels,
      images: 1,
      faces: 1,
      expressions: { Top: 0, Bottom: 0, Left: 1, Right: 0, Even: 0 },
      failed: [],
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
    const { code, out, err } = await analyze(
      ...["--source", "mixed bag", "--cropped", "--model", MODEL],
      ...["--out", "out/deep er", "--json", "mixed.json"],
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
    const json = JSON.parse(await readFile(path.join(folder, "mixed.json"), "utf8")) as {
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
    expect(await readdir(path.join(folder, "out/deep er"))).toEqual(["results.jsonl"]);
  });

  // Other systems store no name that is not Unicode.
  it.skipIf(process.platform !== "linux")(
    "reads images, folders and films whose names are not UTF-8, and shows their bytes",
    async () => {
      const named = (name: string) =>
        Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, "latin1")]);
      await mkdir(named("b\xe4r"));
      const png = await left().png().toBuffer();
      await writeFile(named("b\xe4r/caf\xe9.png"), png);
      await writeFile(named("b\xe4r/plain.png"), png);
      await writeFile(named("b\xe4r/\xfcber.jpg"), "no image");
      await writeFile(named("b\xe4r/nam\xe9"), png);
      const flags = ["--cropped", "--model", MODEL, "--out", "bytes"];
      const all = await analyze(
        ...["--source", "b\ufffdr", "--annotate", ...flags, "--json", "bytes.json"],
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
      expect(await readdir(path.join(folder, "bytes/annotated"))).toEqual([
        "caf\\xE9.jpg",
        "plain.jpg",
      ]);
      expect(JSON.parse(await readFile(path.join(folder, "bytes.json"), "utf8"))).toMatchObject({
        source: "b\\xE4r",
        failed: [{ file: "b\\xE4r/\\xFCber.jpg" }],
      });
      // As Node decodes it, as it is shown, as a file manager writes it, and told by its content.
      for (const source of [
        "b\ufffdr/caf\ufffd.png",
        "b\\xE4r/caf\\xE9.png",
        `${pathToFileURL(folder).href}/b%E4r/caf%E9.png`,
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
    "reads a film whose name on the command line is not UTF-8",
    async () => {
      const lavfi = "color=black:s=64x48:r=30:d=0.2,drawbox=w=32:h=48:color=white:t=fill";
      // With its index at the end, such a film cannot be read from a pipe.
      const film = path.join(folder, "ascii.mp4");
      spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", lavfi, "-pix_fmt", "yuv420p", film]);
      // The last bytes are the beginning of a character of three.
      const shell =
        "cp ascii.mp4 \"$(printf 'f\\374r \\346\\227.mp4')\"; " +
        'exec "$@" --source "$(printf \'f\\374r \\346\\227.mp4\')"';
      const argv = ["--conditions=source", "--import", TSX, BIN, "analyze", "--cropped"];
      const { status, stdout, stderr } = spawnSync(
        "sh",
        ["-c", shell, "sh", process.execPath, ...argv, "--model", MODEL, "--out", "byte film"],
        { cwd: folder, encoding: "utf8" },
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
    "annotates images whose names are as long as names may be, each in a file of its own",
    async () => {
      const long = path.join(folder, "long names");
      await mkdir(long);
      const png = await left().png().toBuffer();
      const names = [
        `${"a".repeat(250)}.webp`,
        // Of these, those that are annotated as NAME.gif.jpg are cut alike.
        ...["gif", "jpg", "png", "tif"].map((ending) => `${"b".repeat(251)}.${ending}`),
        ...["jpg", "png", "tif"].map((ending) => `${"é".repeat(125)}x.${ending}`),
        ...["gif", "png"].map((ending) => `x${"日".repeat(83)}.${ending}`),
        ...["jpg", "png"].map((ending) => `xyz${"😀".repeat(62)}.${ending}`),
        // Bytes of the name itself, without its ending.
        ...Array.from({ length: 9 }, (_, i) => `${"c".repeat(243 + i)}.png`),
      ];
      expect(Math.max(...names.map((name) => Buffer.byteLength(name)))).toBe(255);
      for (const name of names) await writeFile(path.join(long, name), png);
      const { code, err } = await analyze(
        ...["--source", long, "--cropped", "--model", MODEL, "--annotate", "--out", "long out"],
      );
      expect(err).toBe("");
      expect(code).toBe(0);
      const written = await readdir(path.join(folder, "long out/annotated"));
      expect(written).toHaveLength(names.length);
      for (const name of written) {
        expect(name).toMatch(/^(a+|b+|c+|é+x|x日+|xyz😀+|.*(\.\w+|[bé日😀])-\d+)\.jpg$/u);
        const { width } = await sharp(path.join(folder, "long out/annotated", name)).metadata();
        expect(width).toBe(40);
      }
      const { results } = await readResults("long out/results.jsonl");
      expect(results.map(({ source }) => path.basename(source)).sort()).toEqual(names.sort());
    },
  );

  it("shows twenty rows of a large folder and writes all", async () => {
    const many = path.join(folder, "many");
    await mkdir(many);
    const jpeg = await top().jpeg().toBuffer();
    for (let i = 0; i < 23; i++) await writeFile(path.join(many, `${i}.jpg`), jpeg);
    const { out } = await analyze(
      "--source",
      many,
      "--cropped",
      "--model",
      MODEL,
      "--out",
      "many-out",
    );
    expect(out.match(/\.jpg +Top/g)).toHaveLength(20);
    expect(out).toContain("… and 3 more");
    expect((await readResults("many-out/results.jsonl")).results).toHaveLength(23);
  });

  it("takes the released model, else the newest one, and says which and why", async () => {
    await top().png().toFile(path.join(folder, "top.png"));
    const flags = ["--source", "top.png", "--cropped", "--out", "by-default"];
    const none = await analyze(...flags);
    expect(none.code).toBe(1);
    expect(none.err).toMatch(/^error: no exported model in artifacts\/models\/\nTrain and export/);
    await mkdir(path.join(folder, "artifacts/models"), { recursive: true });
    await copyFile(MODEL, path.join(folder, "artifacts/models/mine.onnx"));
    expect((await analyze(...flags)).out).toContain(
      "model artifacts/models/mine.onnx (the newest in artifacts/models/)",
    );
    await mkdir(path.join(folder, "artifacts/release"));
    await copyFile(MODEL, path.join(folder, "artifacts/release/best.onnx"));
    await writeFile(path.join(folder, "artifacts/release/index.json"), `{"default":"best"}`);
    expect((await analyze(...flags)).out).toContain(
      "model artifacts/release/best.onnx (the default of artifacts/release/index.json)",
    );
    const { header } = await readResults("by-default/results.jsonl");
    expect(header.model).toBe("artifacts/release/best.onnx");
  });

  it("exits with 2 on wrong usage", async () => {
    const noSource = await analyze("--cropped");
    expect(noSource.code).toBe(2);
    expect(noSource.err).toMatch(
      /^error: --source is missing\nWrite --source SOURCE\. Video, image, folder/,
    );
    const unknown = await analyze("--sorce", "x", "--cropped");
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain("Did you mean --source?");
    expect(analyzeAsProgram("--source", "a.jpg", "b.jpg", "--cropped").code).toBe(2);
  });

  it("exits with 1 and a sentence when there is nothing that it can read", async () => {
    await writeFile(path.join(folder, "text.jpg"), "not a picture");
    await writeFile(path.join(folder, "void.jpg"), "");
    const whole = await left(300, 300).jpeg().toBuffer();
    await writeFile(path.join(folder, "cut.jpg"), whole.subarray(0, 900));
    await mkdir(path.join(folder, "broken"));
    await writeFile(path.join(folder, "broken/a.jpg"), "not a picture");
    await writeFile(path.join(folder, "broken/b.jpg"), "");
    const cases: [string[], RegExp][] = [
      [["--source", "none.jpg"], /^error: cannot find none\.jpg: ENOENT/],
      [["--source", "text.jpg"], /^error: text\.jpg is no JPEG, PNG, .* image, or is cut off/],
      [["--source", "cut.jpg"], /^error: cut\.jpg is damaged or cut off/],
      [["--source", "void.jpg"], /^error: void\.jpg is empty/],
      [["--source", "broken"], /^(broken\/.*\n)+error: none of the images in broken can be read/],
      [["--source", "face.jpg", "--model", "void.jpg"], /^error: void\.jpg is not an ONNX model/],
      [["--source", "face.jpg", "--model", "m.onnx"], /^error: no model file at m\.onnx/],
    ];
    for (const [flags, message] of cases) {
      const model = flags.includes("--model") ? [] : ["--model", MODEL];
      const { code, err } = await analyze(...flags, ...model, "--cropped", "--out", "nothing");
      expect(err).toMatch(message);
      expect(err).not.toContain("    at ");
      expect(code).toBe(1);
    }
    expect(existsSync(path.join(folder, "nothing"))).toBe(false);
  });

  it("finds faces in photographs and a film, draws and lists them, and names what it rejects", async () => {
    const spotted = path.join(folder, "spotted");
    await mkdir(spotted);
    const detector = path.join(folder, "spots.onnx");
    await writeFile(detector, await readFile(SPOTS));
    /** One bright square of 32 pixels, which that detector takes for a face. */
    const spot = (at: number) =>
      picture((x, y) => x >= at && x < at + 32 && y >= 96 && y < 128, 416, 320);
    await spot(64).png().toFile(path.join(spotted, "one.png"));
    await spot(-99).png().toFile(path.join(spotted, "two.png"));
    const flags = ["--model", MODEL, "--detector", detector, "--csv", "--annotate", "--rejected"];
    const stills = await analyze(
      "--source",
      spotted,
      ...flags,
      "--out",
      "stills",
      "--min-size",
      "20",
    );
    expect(stills.err).toBe("");
    expect(stills.code).toBe(0);
    expect(stills.out).toMatch(/one\.png +(Even|Bottom)[^]*two\.png +no face/);
    expect(stills.out).toMatch(/2 images with 1 face in /);
    const { results } = await readResults("stills/results.jsonl");
    expect(results.map(({ faces }) => faces.length)).toEqual([1, 0]);
    expect(results[0]!.faces[0]).toMatchObject({ track: null, confirmed: null, person: null });
    const csv = (await readFile(path.join(folder, "stills/faces.csv"), "utf8"))
      .trimEnd()
      .split("\n");
    expect(csv).toHaveLength(2);
    expect(csv[0]).toMatch(
      /^source,frame,timeMs,track,.*,expression,confirmed,quorumReached,p_Top,p_Bottom,/,
    );
    expect(csv[1]!.split(",")).toHaveLength(csv[0]!.split(",").length);
    expect(await readdir(path.join(folder, "stills/annotated"))).toEqual(["one.jpg", "two.jpg"]);
    const drawn = await sharp(path.join(folder, "stills/annotated/one.jpg")).stats();
    expect(drawn.channels[2]!.mean).toBeGreaterThan(drawn.channels[0]!.mean + 1);
    const small = await analyze(
      "--source",
      spotted,
      ...flags,
      "--out",
      "small",
      "--min-size",
      "99",
    );
    expect(small.out).toContain("rejected: 1 smaller");
  });

  it.skipIf(withoutFfmpeg)(
    "reads a film, follows its faces, and gives back a film with them",
    async () => {
      const film = path.join(folder, "film.mp4");
      const lavfi = "color=black:s=416x320:r=30:d=1,drawbox=x=64:y=96:w=32:h=32:color=white:t=fill";
      spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", lavfi, "-pix_fmt", "yuv420p", film]);
      const detector = path.join(folder, "spots.onnx");
      const flags = ["--model", MODEL, "--detector", detector, "--annotate", "--csv"];
      const { code, out, err } = await analyze("--source", film, ...flags, "--out", "film out");
      // On a slow machine it says how far it is.
      expect(err.replaceAll(/^analyze \d+\/\d+\n/gm, "")).toBe("");
      expect(code).toBe(0);
      expect(out).toMatch(/30 frames with 30 faces of 1 track/);
      const { header, results } = await readResults("film out/results.jsonl");
      expect(header).toMatchObject({ type: "stream", source: film, frameRate: 30 });
      for (const { type, width, height } of results) {
        expect({ type, width, height }).toEqual({ type: "frame", width: 416, height: 320 });
      }
      expect(results.map(({ frame }) => frame)).toEqual(results.map((_, i) => i));
      expect(results.map(({ faces: [face] }) => face?.track)).toEqual(results.map(() => 1));
      expect(results.filter(({ faces: [face] }) => face?.confirmed !== null)).toHaveLength(11);
      const again = await analyze(
        "--source",
        path.join(folder, "film out/annotated.mp4"),
        ...flags,
        "--frames",
        "7",
        "--out",
        "again",
      );
      expect(again.out).toMatch(/7 frames with 7 faces/);
      expect((await readdir(path.join(folder, "film out"))).sort()).toEqual([
        "annotated.mp4",
        "faces.csv",
        "results.jsonl",
      ]);
    },
  );

  it("names the detector or the people that are missing, and writes nothing", async () => {
    const flags = ["--source", "face.jpg", "--model", MODEL, "--out", "nobody"];
    const none = await analyze(...flags, "--detector", "no.onnx");
    expect(none.err).toMatch(
      /^error: no face detector at no\.onnx\nMake it with `npx nx run export:faces`/,
    );
    const foreign = await analyze(...flags, "--detector", MODEL);
    expect(foreign.err).toMatch(/cannot be used as a face detector/);
    const nobody = await analyze(...flags, "--detector", "spots.onnx", "--people", "nowhere");
    expect(nobody.err).toMatch(/^error: no folder of people at nowhere/);
    for (const { code } of [none, foreign, nobody]) expect(code).toBe(1);
    expect(existsSync(path.join(folder, "nobody"))).toBe(false);
  });

  it("explains itself", async () => {
    const { code, out } = await analyze("--help");
    expect(code).toBe(0);
    expect(out).toMatch(/--source S[^]*--cropped[^]*--model FILE[^]*--out DIR/);
    expect(out.replace(/\s+/g, " ")).toContain("fails only if none can be read");
  });
});
