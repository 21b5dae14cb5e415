import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, symlink } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { RECOGNISERS } from "../people/recognisers.ts";
import {
  analyze,
  analyzeTests,
  left,
  MODEL,
  picture,
  readResults,
  SPOTS,
  withoutFfmpeg,
} from "../testing/analyze-tests.ts";

const FACE_MODELS = path.resolve(import.meta.dirname, "../../../../artifacts/release/faces");

const tests = analyzeTests();

describe("app:analyze with a detector", () => {
  it("finds, draws and lists the faces in images, and prints what it rejects", async () => {
    const spotted = path.join(tests.folder, "spotted");
    await mkdir(spotted);
    /** One bright square of 32 pixels, which this detector detects as a face. */
    const spot = (at: number) =>
      picture((x, y) => x >= at && x < at + 32 && y >= 96 && y < 128, 416, 320);
    await spot(64).png().toFile(path.join(spotted, "one.png"));
    await spot(-99).png().toFile(path.join(spotted, "two.png"));
    const flags = ["--model", MODEL, "--detector", SPOTS, "--csv", "--annotate", "--rejected"];
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
    const csv = (await readFile(path.join(tests.folder, "stills/faces.csv"), "utf8"))
      .trimEnd()
      .split("\n");
    expect(csv).toHaveLength(2);
    expect(csv[0]).toMatch(
      /^source,frame,timeMs,track,.*,expression,confirmed,quorumReached,p_Top,p_Bottom,/,
    );
    expect(csv[1]!.split(",")).toHaveLength(csv[0]!.split(",").length);
    expect(await readdir(path.join(tests.folder, "stills/annotated"))).toEqual([
      "one.jpg",
      "two.jpg",
    ]);
    const drawn = await sharp(path.join(tests.folder, "stills/annotated/one.jpg")).stats();
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
    "tracks the face in a video, and writes an annotated video",
    async () => {
      const film = path.join(tests.folder, "film.mp4");
      const lavfi = "color=black:s=416x320:r=30:d=1,drawbox=x=64:y=96:w=32:h=32:color=white:t=fill";
      spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", lavfi, "-pix_fmt", "yuv420p", film]);
      const flags = ["--model", MODEL, "--detector", SPOTS, "--annotate", "--csv"];
      const { code, out, err } = await analyze("--source", film, ...flags, "--out", "film out");
      // On a slow machine, progress is printed.
      expect(err.replaceAll(/^analyze \d+\/\d+(, .* left)?\n/gm, "")).toBe("");
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
        path.join(tests.folder, "film out/annotated.mp4"),
        ...flags,
        "--frames",
        "7",
        "--out",
        "again",
      );
      expect(again.out).toMatch(/7 frames with 7 faces/);
      expect((await readdir(path.join(tests.folder, "film out"))).sort()).toEqual([
        "annotated.mp4",
        "faces.csv",
        "results.jsonl",
      ]);
    },
  );

  it("fails without detector or people, and writes nothing", async () => {
    await left().jpeg().toFile(path.join(tests.folder, "face.jpg"));
    const flags = ["--source", "face.jpg", "--model", MODEL, "--out", "nobody"];
    const none = await analyze(...flags, "--detector", "no.onnx");
    expect(none.err).toMatch(
      /^error: no face detector at no\.onnx\nMake it with `npx nx run export:faces`/,
    );
    const foreign = await analyze(...flags, "--detector", MODEL);
    expect(foreign.err).toMatch(/cannot be used as a face detector/);
    const nobody = await analyze(...flags, "--detector", SPOTS, "--people", "nowhere");
    expect(nobody.err).toMatch(/^error: no folder of people at nowhere/);
    await mkdir("empty");
    await mkdir("artifacts/release", { recursive: true });
    await symlink(FACE_MODELS, "artifacts/release/faces");
    for (const name of RECOGNISERS) {
      const people = ["--people", "empty", "--recogniser", name];
      const { code, err } = await analyze(...flags, "--detector", SPOTS, ...people);
      expect(err).toMatch(/^error: nobody in empty can be recognised/);
      expect(code).toBe(1);
    }
    for (const { code } of [none, foreign, nobody]) expect(code).toBe(1);
    expect(existsSync(path.join(tests.folder, "nobody"))).toBe(false);
  });
});
