import { COLOURS, renderChart } from "@mien/plot";
import { pipelineSettings } from "@mien/runtime";
import { type FrameSpeed, measureSpeeds } from "./face-contender.ts";
import type { SceneMaker } from "./face-scene.ts";
import { mienContender, type Models } from "./mien-contenders.ts";

/** One point of a curve. */
export interface Point extends FrameSpeed {
  readonly width: number;
  readonly height: number;
  /** Longer side of the detector's input, in pixels. */
  readonly input: number;
  /** Faces in the picture; `faces` is the number that was read. */
  readonly shown: number;
}

/** Different numbers of faces in one picture. */
const CROWDS = [1, 2, 5, 10, 20];
/** The crowds, then different sizes of the picture with one face. */
const POINTS = [
  ...CROWDS.map((shown) => ({ width: 1280, height: 720, shown })),
  { width: 640, height: 480, shown: 1 },
  { width: 1280, height: 720, shown: 1 },
  { width: 1920, height: 1080, shown: 1 },
  { width: 3840, height: 2160, shown: 1 },
];

/** Measures the time per frame by faces and by pixels, with detection in every frame. */
export async function measureCurves(
  maker: SceneMaker,
  options: {
    readonly models: Models;
    readonly seconds: number;
    readonly threads: number;
    readonly signal: AbortSignal;
  },
): Promise<Point[]> {
  const { models, threads } = options;
  const points: Point[] = [];
  const input = pipelineSettings.detection.inputSize.default.yunet;
  for (const { width, height, shown } of POINTS) {
    const picture = await maker.scene({ width, height, faces: shown });
    const contender = await mienContender(picture, {
      name: `${width}×${height}`,
      models,
      detectEvery: 1,
      threads,
    });
    for (const speed of await measureSpeeds([contender], options)) {
      points.push({ ...speed, width, height, input, shown });
    }
  }
  return points;
}

/** Draws milliseconds per frame by the number of faces, as PNG. */
export function drawFaces(points: readonly Point[]): Buffer {
  const many = points.slice(0, CROWDS.length);
  return renderChart({
    type: "line",
    data: {
      labels: many.map(({ faces }) => faces),
      datasets: [
        { label: "median", data: many.map(({ median }) => median) },
        { label: "99th percentile", data: many.map(({ p99 }) => p99) },
      ].map((set, i) => ({
        ...set,
        borderColor: COLOURS.series[i],
        backgroundColor: COLOURS.series[i],
      })),
    },
    options: {
      plugins: { title: { display: true, text: "Milliseconds a frame, 1280×720, by faces read" } },
      scales: {
        x: { title: { display: true, text: "faces" } },
        y: { beginAtZero: true, title: { display: true, text: "ms" } },
      },
    },
  });
}
