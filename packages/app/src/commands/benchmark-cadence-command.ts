import path from "node:path";
import { dataFolder, defineCommand, formatPercent } from "@mien/cli";
import { MienError } from "@mien/format";
import { detectorOption } from "../shared-options.ts";

export const benchmarkCadence = defineCommand({
  name: "benchmark-cadence",
  summary: "Measure the accuracy of tracking when faces are detected in every n-th frame only",
  details:
    "Makes films in which the heads of the photographs in MIEN_DATA/faces sway or pass by, detects faces in every frame, every 2nd, 3rd and 4th, and compares the tracked boxes with the true ones. " +
    "Prints the overlap with the true box (mean and 5th percentile), the share of frames in which the face is missed, the number of tracks per visit, and the time until the face is first seen. " +
    "With --model, also the share of frames in which the same expression is read as with detection in every frame.",
  examples: [
    "npx nx run app:benchmark-cadence",
    "npx nx run app:benchmark-cadence --model artifacts/release/fer2013.onnx",
  ],
  options: {
    model: {
      type: "string",
      placeholder: "FILE",
      description: "Also read expressions with this .onnx file, which takes minutes",
    },
    detector: detectorOption,
  },
  async run({ model, detector }, { terminal, signal }) {
    const data = await dataFolder();
    if (data === undefined) {
      throw new MienError("usage", "the photographs of MIEN_DATA are needed", {
        advice: "Set MIEN_DATA to the folder that holds faces/.",
      });
    }
    const [{ benchmarkTable, describeEnvironment }, { findFaceModel }, { measureCadence }] =
      await Promise.all([
        import("@mien/bench"),
        import("../face-models.ts"),
        import("../benchmark/detection-cadence.ts"),
      ]);
    const progress = terminal.progress("films", 100);
    const rows = await measureCadence({
      photographs: path.join(data, "faces"),
      detector: findFaceModel("detector", detector),
      expression: model,
      signal,
      onProgress: (share, film) => progress.update(Math.round(100 * share), film),
    }).finally(() => progress.stop());
    benchmarkTable(terminal, rows, [
      ["film, face sizes/s", ({ film }) => film],
      ["detect every", ({ detectEvery }) => detectEvery],
      ["overlap", ({ overlap }) => overlap.toFixed(3)],
      ["5 %", ({ overlapP5 }) => overlapP5.toFixed(3)],
      ["missed", ({ missed }) => formatPercent(missed, 2)],
      ["tracks", ({ tracks }) => tracks.toFixed(2)],
      ["first seen", ({ firstSeenMs }) => `${firstSeenMs.toFixed(0)} ms`],
      ...(model === undefined ? [] : [SAME_COLUMN]),
    ]);
    return { ...describeEnvironment(import.meta.url, ["onnxruntime-node"]), rows };
  },
});

const SAME_COLUMN = [
  "same expression",
  ({ sameExpression }: { readonly sameExpression: number | null }) =>
    sameExpression === null ? "" : formatPercent(sameExpression, 1),
] as const;
