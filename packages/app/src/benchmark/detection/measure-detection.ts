import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { stopIfAborted } from "@mien/bench";
import { decodeImage } from "@mien/camera";
import type { Box, Picture } from "@mien/runtime";
import sharp from "sharp";
import { countFaces, NOTHING, type FaceCount } from "./count-faces.ts";
import { ALL_SERIES, scenesOf, type Series } from "./detection-series.ts";
import type { Finder } from "./finder.ts";
import { readParts } from "./heads.ts";

/** What one detector found at one point of a series. */
export interface DetectionPoint extends FaceCount {
  readonly detector: string;
  readonly series: Series["name"];
  readonly value: number;
}

/** What one detector found in the photographs, and what it costs. */
interface DetectorRow {
  readonly detector: string;
  readonly licence: string;
  readonly bytes: number;
  /** Median of all pictures. */
  readonly milliseconds: number;
  /** In the photographs of MIEN_DATA/faces, with and without faces. */
  readonly photographs: FaceCount;
}

interface DetectionFigures {
  readonly detectors: readonly DetectorRow[];
  readonly points: readonly DetectionPoint[];
}

/**
 * Measures how many faces detectors find in composed scenes and in photographs, and how often they
 * find a face where none is. Every detector gets the same pictures, in turn.
 *
 * @param options.data the folder MIEN_DATA.
 * @param options.scenes number of scenes of each point.
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function measureDetection(
  finders: readonly Finder[],
  options: {
    readonly data: string;
    readonly scenes: number;
    readonly signal: AbortSignal;
    readonly onProgress: (share: number, what: string) => void;
  },
): Promise<DetectionFigures> {
  const { data, scenes, signal, onProgress } = options;
  const photographs = new Map(finders.map(({ name }) => [name, NOTHING]));
  for (const { picture, boxes } of await readPhotographs(path.join(data, "faces"))) {
    stopIfAborted(signal);
    onProgress(0, "photographs");
    await countAll(finders, photographs, { picture, boxes });
  }
  const parts = await readParts(data);
  const points: DetectionPoint[] = [];
  const count = ALL_SERIES.reduce((sum, { values }) => sum + values.length, 0);
  let done = 0;
  for (const series of ALL_SERIES) {
    for (const value of series.values) {
      onProgress(done++ / count, series.name);
      const counts = new Map(finders.map(({ name }) => [name, NOTHING]));
      for await (const scene of scenesOf(series, value, { parts, scenes })) {
        stopIfAborted(signal);
        await countAll(finders, counts, scene);
      }
      for (const [detector, found] of counts) {
        points.push({ detector, series: series.name, value, ...found });
      }
    }
  }
  const detectors = finders.map((finder) => ({
    detector: finder.name,
    licence: finder.licence,
    bytes: finder.bytes,
    milliseconds: finder.milliseconds(),
    photographs: photographs.get(finder.name) ?? NOTHING,
  }));
  return { detectors, points };
}

async function countAll(
  finders: readonly Finder[],
  counts: Map<string, FaceCount>,
  { picture, boxes }: { readonly picture: Picture; readonly boxes: readonly Box[] },
): Promise<void> {
  for (const finder of finders) {
    const found = await finder.find(picture);
    const before = counts.get(finder.name) ?? NOTHING;
    counts.set(finder.name, countFaces(before, { shown: boxes, found }));
  }
}

/** The photographs with and without faces, and their boxes. */
async function readPhotographs(folder: string) {
  const boxes = JSON.parse(await readFile(path.join(folder, "boxes.json"), "utf8")) as Record<
    string,
    Box[]
  >;
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jpg")).sort();
  return Promise.all(
    names.map(async (name) => {
      const { data, ...raw } = await decodeImage(path.join(folder, name));
      const { width, height } = raw;
      const pixels = await sharp(data, { raw }).toColourspace("srgb").raw().toBuffer();
      return {
        picture: { width, height, pixels: new Uint8Array(pixels) },
        boxes: boxes[name] ?? [],
      };
    }),
  );
}
