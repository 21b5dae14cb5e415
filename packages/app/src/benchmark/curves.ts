import { COLOURS, renderChart } from "@mien/plot";
import { mienContender, type Models } from "./mien.ts";
import type { SceneMaker } from "./scenes.ts";
import { alternate, type Speed } from "./turns.ts";

/** One point of a curve. */
export interface Point extends Speed {
  readonly width: number;
  readonly height: number;
  /** Longer side of what the detector sees. */
  readonly input: number;
  /** Faces in the picture; `faces` says how many were read. */
  readonly shown: number;
}

/** Longer side of what the detector sees, as it is by default. */
const USUAL_INPUT = 416;
/** For crowds, whose faces are too small at the usual one. */
const CROWD_INPUT = 832;
/** From one face to the next in one picture, and from one size to the next with one face. */
const POINTS = [
  ...[1, 2, 5, 10, 20].map((shown) => [1280, 720, CROWD_INPUT, shown] as const),
  ...(
    [
      [640, 480],
      [1280, 720],
      [1920, 1080],
      [3840, 2160],
    ] as const
  ).map(([width, height]) => [width, height, USUAL_INPUT, 1] as const),
];

/** How the time a frame grows with faces and with pixels; detection on every frame. */
export async function measureCurves(
  maker: SceneMaker,
  models: Models,
  options: { readonly seconds: number; readonly threads: number; readonly signal: AbortSignal },
): Promise<Point[]> {
  const { threads } = options;
  const points: Point[] = [];
  for (const [width, height, input, shown] of POINTS) {
    const picture = await maker.scene(width, height, shown);
    const name = `${width}×${height}`;
    const contender = await mienContender(name, models, picture, {
      ...{ detectEvery: 1, threads, detection: { inputSize: input } },
    });
    try {
      const [speed] = await alternate([contender], options);
      points.push({ ...(speed as Speed), width, height, input, shown });
    } finally {
      await contender.close();
    }
  }
  return points;
}

/** Median milliseconds against the number of faces, as PNG. */
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
