import { COLOURS, renderChart } from "@mien/plot";
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

/** Default of the longer side of the detector's input. */
const USUAL_INPUT = 416;
/** For crowds, whose faces are too small at the default. */
const CROWD_INPUT = 832;
/** Different numbers of faces in one picture, then different sizes of the picture with one face. */
const POINTS = [
  ...[1, 2, 5, 10, 20].map((shown) => ({ width: 1280, height: 720, input: CROWD_INPUT, shown })),
  { width: 640, height: 480, input: USUAL_INPUT, shown: 1 },
  { width: 1280, height: 720, input: USUAL_INPUT, shown: 1 },
  { width: 1920, height: 1080, input: USUAL_INPUT, shown: 1 },
  { width: 3840, height: 2160, input: USUAL_INPUT, shown: 1 },
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
  for (const { width, height, input, shown } of POINTS) {
    const picture = await maker.scene({ width, height, faces: shown });
    const contender = await mienContender(picture, {
      name: `${width}×${height}`,
      models,
      detectEvery: 1,
      threads,
      detection: { inputSize: input },
    });
    for (const speed of await measureSpeeds([contender], options)) {
      points.push({ ...speed, width, height, input, shown });
    }
  }
  return points;
}

/** Draws milliseconds per frame by the number of faces, as PNG. */
export function drawFaces(points: readonly Point[]): Buffer {
  const many = points.filter(({ input }) => input === CROWD_INPUT);
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
