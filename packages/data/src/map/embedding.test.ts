import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runPython, withoutPython } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FoundImages } from "../explore/galleries.ts";
import { synthesize } from "../synth/synthesize.ts";
import { writeFiles } from "../testing/image-files.ts";
import { embedImages } from "./embedding.ts";
import { chooseMapSample } from "../explore/map-sample.ts";
import { readFeatures } from "./read-features.ts";

const SET = synthesize({ count: 210, seed: 2 });

/** A NumPy file, version 1. */
function npy(values: readonly number[], shape: string, type = "<f4"): Uint8Array {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape}), }\n`;
  const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0]);
  return Buffer.concat([start, Buffer.from(header), Buffer.from(Float32Array.from(values).buffer)]);
}

describe("embedImages", () => {
  it("places all images by their pixels, and compares the splits", () => {
    const { embedding, positions, places } = embedImages(SET, { seed: 1 });
    expect(embedding).toMatchObject({ from: "pixels", path: null, images: 210, width: 576 });
    expect(positions).toHaveLength(210);
    expect(places).toHaveLength(420);
    const parts = embedding.drift.map((drift) => drift.parts.join(" "));
    expect(parts).toEqual([
      "Training PublicTest",
      "Training PrivateTest",
      "PublicTest PrivateTest",
    ]);
    for (const { p, adjustedP } of embedding.drift) {
      expect(adjustedP).toBeGreaterThanOrEqual(p);
      expect(adjustedP).toBeLessThanOrEqual(1);
    }
  });

  it("finds that the images of one split are darker", () => {
    const pixels = SET.pixels.map((value, at) =>
      SET.usage[Math.floor(at / 2304)] === 1 ? value / 2 : value,
    );
    const { drift } = embedImages({ ...SET, pixels }, { seed: 1 }).embedding;
    const found = drift.map(({ parts, adjustedP }) => [parts.join(" "), adjustedP < 0.05]);
    expect(found).toContainEqual(["Training PublicTest", true]);
    expect(found).toContainEqual(["Training PrivateTest", false]);
  });
});

describe("chooseMapSample", () => {
  it("contains all images of rare findings, each image once, and names the rarest finding", () => {
    const row = (i: number) => SET.row[i] ?? 0;
    const finding = (kind: "blank" | "dark", rows: number[]): FoundImages => ({
      ...{ kind, title: kind, text: "", isGrouped: false },
      groups: [{ rows, name: "", pairs: [] }],
    });
    const found = [finding("dark", [1, 2, 3].map(row)), finding("blank", [3].map(row))];
    const { shown, kinds, kindOf } = chooseMapSample(SET, embedImages(SET, { seed: 1 }), {
      ...{ found, seed: 1 },
    });
    expect([...shown].sort((a, b) => a - b)).toEqual(Array.from({ length: 210 }, (_, i) => i));
    expect(kinds).toEqual(["blank", "dark"]);
    const kindOfImage = (image: number) => kinds[kindOf[shown.indexOf(image)] ?? -1];
    expect([1, 2, 3, 4].map(kindOfImage)).toEqual(["dark", "dark", "blank", undefined]);
  });
});

describe("readFeatures", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "mien-features-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.skipIf(withoutPython("numpy"))(
    "reads the file that NumPy writes, and the rows beside it",
    async () => {
      const script = `import json, sys
import numpy as np
np.save(sys.argv[1] + "/features.npy", np.arange(6, dtype=np.float32).reshape(3, 2) / 4)
print(json.dumps(None))`;
      runPython(script, { args: [folder] });
      await writeFiles(folder, { "probabilities.csv": "row,split\n5,Training\n0,Training\n7,x\n" });
      const features = await readFeatures(folder);
      expect([...features.vectors.values]).toEqual([0, 0.25, 0.5, 0.75, 1, 1.25]);
      expect(features).toMatchObject({ vectors: { width: 2 }, rows: [5, 0, 7] });
      const { positions, embedding } = embedImages(SET, { features, seed: 1 });
      expect([...positions]).toEqual([5, 0, 7]);
      expect(embedding).toMatchObject({ from: "features", images: 3, drift: [] });
    },
  );

  it("refuses another form, another number of rows, and rows of another data set", async () => {
    const bad: [string, Uint8Array | string, RegExp][] = [
      ["text.npy", "row,x\n1,2\n", /found another kind of file/],
      ["double.npy", npy([1, 2], "1, 1", "<f8"), /values of the type "<f8"/],
      ["flat.npy", npy([1, 2], "2,"), /found the header .*\(2,\)/],
      ["short.npy", npy([1, 2], "2, 2"), /found 8 bytes of values/],
      ["nan.npy", npy([1, NaN], "1, 2"), /values that are not finite/],
    ];
    for (const [name, content, message] of bad) {
      await writeFiles(folder, { [`bad/${name}`]: content });
      const read = readFeatures(path.join(folder, "bad", name));
      await expect(read).rejects.toMatchObject({
        code: "bad-data",
        message: expect.stringMatching(message) as string,
      });
    }
    await expect(readFeatures(path.join(folder, "none"))).rejects.toMatchObject({
      code: "missing-file",
    });
    await writeFiles(folder, { "rows/features.npy": npy([1, 2], "2, 1"), "rows/probabilities.csv": "row\n1\n" }); // prettier-ignore
    await expect(readFeatures(path.join(folder, "rows"))).rejects.toThrow(/has 1 rows, but/);
    await writeFiles(folder, { "rows/probabilities.csv": "row\n1\n9999\n" });
    const features = await readFeatures(path.join(folder, "rows"));
    expect(() => embedImages(SET, { features, seed: 1 })).toThrow(/no row 9999/);
    await writeFiles(folder, { "few/features.npy": npy([1, 2], "2, 1") });
    const few = await readFeatures(path.join(folder, "few"));
    expect(() => embedImages(SET, { features: few, seed: 1 })).toThrow(/of 2 images, but .* 210/);
  });
});
