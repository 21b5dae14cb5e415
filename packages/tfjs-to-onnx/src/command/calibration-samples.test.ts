import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runPython, withoutPython } from "@mien/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSamples } from "./calibration-samples.ts";

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien samples-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const GREY = { shape: [4, 6, 1], range: { low: 0, high: 255 } };

describe("samples for the quantisation", () => {
  it("are pictures in the size, colours and range of the model's input", async () => {
    await mkdir(at("pictures"));
    for (const [i, value] of [51, 255].entries()) {
      const background = { r: value, g: value, b: value };
      await sharp({ create: { width: 12, height: 8, channels: 3, background } })
        .png()
        .toFile(at("pictures", `${i}.png`));
    }
    await writeFile(at("pictures/notes.txt"), "no picture");
    const grey = await readSamples(at("pictures"), GREY);
    expect(grey.shape).toEqual([2, 4, 6, 1]);
    expect(Array.from(new Set(grey.data))).toEqual([51, 255]);
    const range = { low: -1, high: 1 };
    const colour = await readSamples(at("pictures"), { shape: [4, 6, 3], range });
    expect(colour.shape).toEqual([2, 4, 6, 3]);
    expect(colour.data[0]).toBeCloseTo(-0.6);
    expect(colour.data.at(-1)).toBe(1);
  });

  it.skipIf(withoutPython("numpy"))("are what numpy.save writes", async () => {
    const script = `
import sys, numpy
a = numpy.arange(24).reshape(2, 3, 4)
for name, kind in (("f4", "<f4"), ("f8", "<f8"), ("u1", "u1"), ("i8", "<i8")):
    numpy.save(f"{sys.argv[1]}/{name}.npy", a.astype(kind))
numpy.save(f"{sys.argv[1]}/columns.npy", numpy.asfortranarray(a.astype("<f4")))
print("null")`;
    runPython(script, { args: [folder] });
    const expected = Array.from({ length: 24 }, (_, i) => i);
    for (const name of ["f4", "f8", "u1"]) {
      const { shape, data } = await readSamples(at(`${name}.npy`), GREY);
      expect(shape).toEqual([2, 3, 4]);
      expect(Array.from(data)).toEqual(expected);
    }
    await expect(readSamples(at("i8.npy"), GREY)).rejects.toThrow(/of the type <i8, known are <f4/);
    await expect(readSamples(at("columns.npy"), GREY)).rejects.toThrow(/not stored row by row/);
  });

  it("are refused if there are none, or they do not fit", async () => {
    await mkdir(at("empty"));
    await writeFile(at("text.npy"), "not numpy's");
    await expect(readSamples(at("nowhere"), GREY)).rejects.toThrow(/cannot read .*nowhere/);
    await expect(readSamples(at("empty"), GREY)).rejects.toThrow(/holds no pictures/);
    await expect(readSamples(at("text.npy"), GREY)).rejects.toThrow(/is not a \.npy file/);
    await writeFile(at("empty/a.png"), "not a picture");
    await expect(readSamples(at("empty"), GREY)).rejects.toThrow(/a\.png is not a picture/);
    await expect(readSamples(at("empty"), { ...GREY, shape: [10] })).rejects.toThrow(
      /pictures fit an input \[height, width, 1 or 3\], found \[10\]/,
    );
  });
});
