import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { synthesize } from "@mien/data";
import { imageAt, type ImageSet } from "@mien/format";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFinishedRun } from "../testing/finished-run.ts";
import { recountReleased } from "./recount-release.ts";
import { releaseModel } from "./release-model.ts";
import { readReleased } from "./released-models.ts";

const IMAGES = 40;
const SIDE = 48;
const SHA256 = "0".repeat(64);

/**
 * 40 PublicTest images, as many PrivateTest images, and 5 Training images: exact copies of the first
 * four PublicTest images, and the mirror image of the fifth.
 */
function leakingSet(): ImageSet {
  const drawn = synthesize({ count: 2 * IMAGES, seed: 3 });
  const mirrored = Uint8Array.from({ length: SIDE * SIDE }, (_, at) => {
    const row = at - (at % SIDE);
    return imageAt(drawn, 4)[row + SIDE - 1 - (at % SIDE)] ?? 0;
  });
  const count = 2 * IMAGES + 5;
  const copies = [0, 1, 2, 3].map((i) => imageAt(drawn, i));
  return {
    ...{ height: SIDE, width: SIDE, channels: 1, classes: ["Happy", "<Sad>"] },
    pixels: new Uint8Array(Buffer.concat([drawn.pixels, ...copies, mirrored])),
    labels: new Uint8Array(count),
    usage: Uint8Array.from({ length: count }, (_, i) => (i < IMAGES ? 1 : i < 2 * IMAGES ? 2 : 0)),
    row: Uint32Array.from({ length: count }, (_, i) => i),
  };
}

/** What the synthetic run predicts: the first 30 of its 40 images right. */
function predict(_: unknown, positions: Uint32Array, right = 30): Promise<Float32Array> {
  const probabilities = Float32Array.from({ length: 2 * positions.length }, (__, at) =>
    (at >> 1 < right ? 0 : 1) === at % 2 ? 0.8 : 0.2,
  );
  return Promise.resolve(probabilities);
}

describe("recountReleased", () => {
  let base: string;
  let out: string;
  const given = { set: leakingSet(), sha256: SHA256, code: "abc", predict };
  beforeEach(async () => {
    base = await mkdtemp(path.join(tmpdir(), "mien-recount-"));
    out = path.join(base, "release");
    const run = path.join(base, "run");
    await writeFinishedRun(run, {
      ...{ right: 30, splits: ["validation", "test"] },
      config: { input: { height: SIDE, width: SIDE, channels: 1 } },
    });
    const file = path.join(base, "m.onnx");
    await writeFile(file, "m");
    const sha256 = createHash("sha256").update("m").digest("hex");
    const files = [{ precision: "fp32", file, sha256, latencyMs: 1, accuracy: 0.75 }];
    await releaseModel(out, { name: "m", run, files, command: "npm run release" });
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it("adds the figures without near-copies on validation, and leaves all others as they are", async () => {
    const before = (await readReleased(out))["m"]!;
    const { figures } = await recountReleased(out, { ...given, cacheFolder: base, final: false });
    expect(figures).toMatchObject([
      { model: "m", split: "validation", by: "labels", leakFree: { images: 36 }, nearLeakFree: { images: 35, accuracy: 25 / 35 } }, // prettier-ignore
    ]);
    const after = (await readReleased(out))["m"]!;
    expect(after.openings).toEqual(before.openings);
    expect(after.metrics.test).toEqual(before.metrics.test);
    const { nearLeakFree, ...others } = after.metrics.validation;
    expect(nearLeakFree).toMatchObject({ images: 35 });
    expect(others).toEqual(before.metrics.validation);
    const card = await readFile(path.join(out, "m.md"), "utf8");
    expect(card).toContain("leaves out the 5 images of PublicTest whose picture occurs there");
    expect(card).toMatch(/without near-copies +\| +35 +\| 71\.4/);
  });

  it("records the access if it counts on the test split", async () => {
    const set = given.set;
    // The recorded test figures leave out the first four images, so these must leak here, too.
    const pixels = set.pixels.slice();
    pixels.copyWithin(IMAGES * SIDE * SIDE, 0, 4 * SIDE * SIDE);
    await recountReleased(out, {
      ...given,
      cacheFolder: base,
      set: { ...set, pixels },
      final: true,
    });
    const { metrics, openings } = (await readReleased(out))["m"]!;
    expect(metrics.test?.nearLeakFree).toMatchObject({ images: 36 });
    expect(openings).toMatchObject([{ run: "run", code: "abc", images: 40, accuracy: 0.75 }]);
    expect(openings[0]?.how).toContain("export:leaks --final");
  });

  it("refuses other data and a file with other figures, and writes nothing then", async () => {
    const before = await readFile(path.join(out, "index.json"), "utf8");
    await expect(
      recountReleased(out, { ...given, cacheFolder: base, sha256: "1".repeat(64), final: false }),
    ).rejects.toMatchObject({ code: "mismatch" });
    const other = (model: unknown, positions: Uint32Array) => predict(model, positions, 20);
    await expect(
      recountReleased(out, { ...given, cacheFolder: base, predict: other, final: false }),
    ).rejects.toThrow(/recorded accuracy of m on validation is 0\.75 .* the file gives 0\.5/);
    expect(await readFile(path.join(out, "index.json"), "utf8")).toBe(before);
    await expect(
      recountReleased(base, { ...given, cacheFolder: base, final: false }),
    ).rejects.toMatchObject({
      code: "missing-file",
    });
  });
});
