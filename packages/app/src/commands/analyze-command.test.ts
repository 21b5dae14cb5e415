import { packagedModels } from "@mien/cli";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { BOX_CONVENTION } from "@mien/format";
import { describe, expect, it } from "vitest";
import {
  analyze,
  analyzeAsProgram,
  analyzeTests,
  left,
  MODEL,
  readResults,
  top,
} from "../testing/analyze-tests.ts";

const tests = analyzeTests();

describe("app:analyze", () => {
  it("writes a line with the labels and a line with the result of one cropped face", async () => {
    await left(60, 50).jpeg().toFile(path.join(tests.folder, "face.jpg"));
    const { code, out, err } = analyzeAsProgram(
      "--source",
      "face.jpg",
      "--cropped",
      "--model",
      MODEL,
      "--json",
      "all.json",
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
      type: "stream",
      source: "face.jpg",
      frameRate: null,
      box: BOX_CONVENTION,
      model: MODEL,
      labels: ["Top", "Bottom", "Left", "Right", "Even"],
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
    expect(JSON.parse(await readFile(path.join(tests.folder, "all.json"), "utf8"))).toMatchObject({
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

  it("merges classes of cropped faces", async () => {
    await left(60, 50).png().toFile(path.join(tests.folder, "merged.png"));
    const flags = ["--source", "merged.png", "--cropped", "--model", MODEL, "--out", "merged"];
    const { out } = await analyze(...flags, "--merge", "Sides=Left,Right;*");
    expect(out).toMatch(/merged\.png +Sides +100\.0 %/);
    const { header, results } = await readResults("merged/results.jsonl");
    expect(header["labels"]).toEqual(["Top", "Bottom", "Sides", "Even"]);
    expect(results[0]!.faces[0]!.probabilities).toHaveLength(4);
  });

  it("prints twenty rows for a large folder and writes all results", async () => {
    const many = path.join(tests.folder, "many");
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

  it("takes the released model, else the newest one, else that of the package, and prints which and why", async () => {
    await top().png().toFile(path.join(tests.folder, "top.png"));
    const flags = ["--source", "top.png", "--cropped", "--out", "by-default"];
    const packaged = packagedModels();
    const none = await analyze(...flags.slice(0, -1), "by-package");
    if (packaged === null) {
      // eslint-disable-next-line vitest/no-conditional-expect
      expect(none.err).toMatch(/^error: no exported model in artifacts\/models\//);
    } else {
      // eslint-disable-next-line vitest/no-conditional-expect
      expect(none.out).toContain(`the default of ${packaged}/index.json`);
    }
    await mkdir(path.join(tests.folder, "artifacts/models"), { recursive: true });
    await copyFile(MODEL, path.join(tests.folder, "artifacts/models/mine.onnx"));
    expect((await analyze(...flags)).out).toContain(
      "model artifacts/models/mine.onnx (the newest in artifacts/models/)",
    );
    await mkdir(path.join(tests.folder, "artifacts/release"));
    await copyFile(MODEL, path.join(tests.folder, "artifacts/release/best.onnx"));
    await writeFile(path.join(tests.folder, "artifacts/release/index.json"), `{"default":"best"}`);
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

  it("exits with 1 and a sentence if nothing can be read", async () => {
    await writeFile(path.join(tests.folder, "text.jpg"), "not a picture");
    await writeFile(path.join(tests.folder, "void.jpg"), "");
    const whole = await left(300, 300).jpeg().toBuffer();
    await writeFile(path.join(tests.folder, "cut.jpg"), whole.subarray(0, 900));
    await mkdir(path.join(tests.folder, "broken"));
    await writeFile(path.join(tests.folder, "broken/a.jpg"), "not a picture");
    await writeFile(path.join(tests.folder, "broken/b.jpg"), "");
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
    expect(existsSync(path.join(tests.folder, "nothing"))).toBe(false);
  });

  it("prints help", async () => {
    const { code, out } = await analyze("--help");
    expect(code).toBe(0);
    expect(out).toMatch(/--source S[^]*--cropped[^]*--model FILE[^]*--out DIR/);
    expect(out.replace(/\s+/g, " ")).toContain("fails only if none can be read");
  });
});
