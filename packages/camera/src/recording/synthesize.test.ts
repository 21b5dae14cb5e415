import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { MienError, type DepthMap } from "@mien/format";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRecording } from "../kinect/recording-source.ts";
import { drawFaces, readFaces } from "./face-textures.ts";
import type { SceneName, TrueFace } from "./scenes.ts";
import { synthesizeRecording, TRUTH, type Truth } from "./synthesize.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-synth-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function synthesize(
  scene: SceneName,
  name: string,
  { seconds = 0.4, seed = 1 }: { seconds?: number; seed?: number } = {},
) {
  const out = path.join(folder, name);
  await synthesizeRecording(out, { scene, seconds, seed, faces: await drawFaces(3, seed) });
  return out;
}

/**
 * Root mean square distance of the inner 80 % of a face from the best plane in 1/Z, and the median
 * distance from the camera, both in millimetres.
 */
function relief({ millimetres, width, height }: DepthMap, [x, y, w, h]: TrueFace["box"]) {
  const points: [number, number, number][] = [];
  for (let row = Math.ceil(y); row < Math.min(height, y + h); row++) {
    for (let column = Math.ceil(x); column < Math.min(width, x + w); column++) {
      const u = (column - x - w / 2) / (0.4 * w);
      const v = (row - y - h / 2) / (0.4 * h);
      const z = millimetres[row * width + column] ?? 0;
      if (u * u + v * v < 1 && z > 0) points.push([u, v, z]);
    }
  }
  const plane = leastSquares(points.map(([u, v, z]) => [u, v, 1, 1 / z]));
  const rest = points.map(([u, v, z]) => z - 1 / (plane[0] * u + plane[1] * v + plane[2]));
  const residual = Math.sqrt(rest.reduce((sum, r) => sum + r * r, 0) / rest.length);
  const sorted = points.map(([, , z]) => z).sort((a, b) => a - b);
  return { residual, median: sorted[sorted.length >> 1] ?? 0 };
}

/** Coefficients a, b, c of a·u + b·v + c·w = y, by Gauss' normal equations. */
function leastSquares(rows: readonly (readonly number[])[]): [number, number, number] {
  const m = [0, 1, 2].map((i) =>
    [0, 1, 2, 3].map((j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
  );
  for (let i = 0; i < 3; i++) {
    for (let k = 0; k < 3; k++) {
      const factor = m[k]![i]! / m[i]![i]!;
      if (k !== i) m[k] = m[k]!.map((value, j) => value - factor * m[i]![j]!);
    }
  }
  return m.map((row, i) => row[3]! / row[i]!) as [number, number, number];
}

async function reliefs(recording: string) {
  const truth = (await readFile(path.join(recording, TRUTH), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Truth);
  const found: (TrueFace & ReturnType<typeof relief>)[] = [];
  const source = await openRecording(recording);
  for await (const { index, depth } of source.frames()) {
    for (const face of truth[index]?.faces ?? []) {
      if (depth) found.push({ ...face, ...relief(depth, face.box) });
    }
  }
  return found.sort((a, b) => a.residual - b.residual);
}

describe("a synthetic recording", () => {
  it("has heads with more relief than flat or bent photographs", async () => {
    const heads = await reliefs(await synthesize("people", "people"));
    const flat = await reliefs(await synthesize("flat", "flat"));
    const bent = await reliefs(await synthesize("bent", "bent"));
    const typical = (list: typeof heads) => list[list.length >> 1]?.residual ?? 0;
    expect(new Set(heads.map(({ id }) => id)).size).toBe(3);
    expect(typical(heads)).toBeGreaterThan(8.5);
    expect(typical(heads)).toBeLessThan(13);
    expect(typical(flat)).toBeLessThan(7.5);
    expect(typical(bent)).toBeLessThan(8);
    expect(typical(bent)).toBeGreaterThan(typical(flat));
  });

  it("has photographs at the distances in truth.jsonl, within one step of depth", async () => {
    const flat = await reliefs(path.join(folder, "flat"));
    expect(Math.min(...flat.map(({ distanceMm }) => distanceMm))).toBeLessThan(650);
    expect(Math.max(...flat.map(({ distanceMm }) => distanceMm))).toBe(2000);
    for (const { median, distanceMm } of flat) {
      const step = 3.07e-3 * (distanceMm / 1000) ** 2 * 1000;
      // A neighbour replaces a lost depth picture.
      expect(Math.abs(median - distanceMm)).toBeLessThan(step + 0.12 * distanceMm);
    }
    const errors = flat.map(({ median, distanceMm }) => Math.abs(median - distanceMm));
    expect(errors.sort((a, b) => a - b)[errors.length >> 1]).toBeLessThan(8);
  });

  it("is the same for the same seed, and another for another", async () => {
    const hash = async (recording: string) => {
      const sum = createHash("sha256");
      for (const name of (await readdir(recording)).sort()) {
        sum.update(name).update(await readFile(path.join(recording, name)));
      }
      return sum.digest("hex");
    };
    const [first, again, other] = await Promise.all([
      synthesize("mixed", "first", { seconds: 0.1 }).then(hash),
      synthesize("mixed", "again", { seconds: 0.1 }).then(hash),
      synthesize("mixed", "other", { seconds: 0.1, seed: 2 }).then(hash),
    ]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it("leaves no file if it is interrupted, and refuses a folder that is not empty", async () => {
    const out = path.join(folder, "stopped");
    const stop = new AbortController();
    const options = { scene: "head", seconds: 1, seed: 1, faces: await drawFaces(1, 1) } as const;
    const onProgress = () => stop.abort();
    await expect(
      synthesizeRecording(out, { ...options, signal: stop.signal, onProgress }),
    ).rejects.toThrow(/nothing was written/);
    expect(await readdir(out)).toEqual([]);
    await writeFile(path.join(out, "mine.txt"), "mine");
    await expect(synthesizeRecording(out, options)).rejects.toThrow(/is not empty/);
    expect(await readdir(out)).toEqual(["mine.txt"]);
  });
});

describe("faces from pictures", () => {
  const picture = { width: 200, height: 150, channels: 3, background: "#808080" } as const;

  it("are cut out at the places in boxes.json, and scaled to one width", async () => {
    const pictures = path.join(folder, "pictures");
    await rm(pictures, { recursive: true, force: true });
    const { mkdir } = await import("node:fs/promises");
    await mkdir(pictures);
    await sharp({ create: picture }).png().toFile(path.join(pictures, "two.png"));
    await sharp({ create: picture }).png().toFile(path.join(pictures, "none.png"));
    await writeFile(
      path.join(pictures, "boxes.json"),
      JSON.stringify({
        "two.png": [
          [10, 20, 60, 80],
          [100, 20, 30, 40],
        ],
      }),
    );
    const faces = await readFaces(pictures);
    expect(faces.map(({ name, width, box }) => [name, width, box.map(Math.round)])).toEqual([
      ["two.png", 400, [20, 40, 120, 160]],
      ["two.png", 800, [400, 80, 120, 160]],
    ]);
    await writeFile(path.join(pictures, "boxes.json"), '{"two.png": [1]}');
    await expect(readFaces(pictures)).rejects.toThrow(MienError);
  });
});
