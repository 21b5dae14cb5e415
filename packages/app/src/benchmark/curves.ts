import { COLOURS, renderChart } from "@mien/plot";
import { mienContender, type Models } from "./mien.ts";
import type { SceneMaker } from "./scenes.ts";
import { alternate, type Speed } from "./turns.ts";

/** One point of a curve. */
export interface Point extends Speed {
  readonly width: number;
  readonly height: number;
  /** Faces in the picture; `faces` says how many were read. */
  readonly shown: number;
}

const SIZES = [
  ["480p", 640, 480],
  ["720p", 1280, 720],
  ["1080p", 1920, 1080],
  ["4K", 3840, 2160],
] as const;
const FACES = [1, 2, 5, 10, 20];
/** Longer side of the detector's input for crowds, whose faces are too small at the usual 416. */
const CROWD_INPUT = 832;

/** How the time a frame grows with faces and with pixels; detection on every frame. */
export async function measureCurves(
  maker: SceneMaker,
  models: Models,
  options: { readonly seconds: number; readonly threads: number; readonly signal: AbortSignal },
): Promise<Point[]> {
  const { threads } = options;
  const wanted = [
    ...FACES.map((shown) => [`720p, ${CROWD_INPUT}`, 1280, 720, shown] as const),
    ...SIZES.map((size) => [...size, 1] as const),
  ];
  const points: Point[] = [];
  for (const [name, width, height, shown] of wanted) {
    const picture = await maker.scene(width, height, shown);
    const detection = name.startsWith("720p,") ? { inputSize: CROWD_INPUT } : {};
    const contender = await mienContender(name, models, picture, {
      ...{ detectEvery: 1, threads, detection },
    });
    try {
      const [speed] = await alternate([contender], options);
      points.push({ ...(speed as Speed), width, height, shown });
    } finally {
      await contender.close();
    }
  }
  return points;
}

/** Median milliseconds against the number of faces, as PNG. */
export function drawFaces(points: readonly Point[]): Buffer {
  const many = points.filter(({ name }) => name.startsWith("720p,"));
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
