import { defineCommand } from "@mien/cli";

export const benchmarkDepth = defineCommand({
  name: "benchmark-depth",
  summary: "Measure how clearly the depth gate distinguishes faces from photographs",
  details:
    "Makes synthetic Kinect recordings of heads, of flat and of bent photographs in a temporary folder. " +
    "Prints the answers of the depth gate and, for distance, residual and bulge, the least value, the 1st percentile, the median, the 99th percentile and the greatest value in millimetres.",
  examples: [
    "npx nx run app:benchmark-depth",
    "npx nx run app:benchmark-depth --seconds 1 --seeds 1",
  ],
  options: {
    seconds: {
      type: "number",
      unit: "seconds",
      min: 0.1,
      max: 600,
      default: 3,
      description: "Length of each recording",
    },
    seeds: {
      type: "integer",
      unit: "recordings",
      min: 1,
      max: 100,
      default: 2,
      description: "Number of recordings of each scene, with the seeds 1, 2, 3, …",
    },
  },
  async run({ seconds, seeds }, { terminal, signal }) {
    const [{ benchmarkTable, describeEnvironment }, { measureDepthGate, SHARES }] =
      await Promise.all([import("@mien/bench"), import("../benchmark/depth-gate-figures.ts")]);
    const progress = terminal.progress("recordings", 100);
    const rows = await measureDepthGate({
      seconds,
      seeds: Array.from({ length: seeds }, (_, i) => i + 1),
      signal,
      onProgress: (share, scene) => progress.update(Math.round(100 * share), scene),
    }).finally(() => progress.stop());
    benchmarkTable(terminal, rows, [
      ["scene", ({ scene }) => scene],
      ["shown", ({ kind }) => kind],
      ["frames", ({ frames }) => frames],
      ["face", ({ answers }) => answers.face],
      ["flat", ({ answers }) => answers.flat],
      ["unknown", ({ answers }) => answers.unknown],
    ]);
    const figures = rows.flatMap(({ scene, kind, distanceMm, residualMm, bulgeMm }) => [
      { scene, kind, figure: "distance", values: distanceMm, digits: 0 },
      { scene, kind, figure: "residual", values: residualMm, digits: 1 },
      { scene, kind, figure: "bulge", values: bulgeMm, digits: 1 },
    ]);
    const heads = ["least mm", "1 %", "median", "99 %", "greatest"];
    benchmarkTable(terminal, figures, [
      ["scene", ({ scene }) => scene],
      ["shown", ({ kind }) => kind],
      ["figure", ({ figure }) => figure],
      ...SHARES.map(
        (_, i) =>
          [
            heads[i] ?? "",
            ({ values, digits }: (typeof figures)[number]) => values[i]?.toFixed(digits) ?? "",
          ] as const,
      ),
    ]);
    return { ...describeEnvironment(import.meta.url, ["onnxruntime-node"]), rows };
  },
});
