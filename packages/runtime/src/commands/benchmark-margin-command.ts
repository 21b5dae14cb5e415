import path from "node:path";
import { benchmarkTable, describeEnvironment } from "@mien/bench";
import { dataFolder, defineCommand, findModel, formatPercent } from "@mien/cli";
import { MienError } from "@mien/format";
import { measureMargins } from "../benchmark/expression-margin.ts";
import { DETECTOR } from "../testing/data.ts";

export const benchmarkMargin = defineCommand({
  name: "benchmark-margin",
  summary: "Measure how much around a detected face the expression model should see",
  details:
    "Enlarges the PublicTest images of MIEN_DATA/fer2013.csv.gz onto a larger canvas, detects the face, crops the canvas around its box with different margins, and reads the expression in each crop. Takes minutes.",
  examples: [
    "npx nx run runtime:benchmark-margin",
    "npx nx run runtime:benchmark-margin --model artifacts/release/ferplus.onnx",
  ],
  options: {
    model: {
      type: "string",
      placeholder: "FILE",
      description: "Expression model, an .onnx file trained on FER2013",
      defaultText: "the released model, else the newest in artifacts/models",
    },
    detector: {
      type: "string",
      placeholder: "FILE",
      description: "Face detector, an .onnx file: mien's own or a YuNet",
      defaultText: "the released detector",
    },
  },
  async run({ model, detector = DETECTOR }, { terminal, signal }) {
    const data = await dataFolder();
    if (data === undefined) {
      throw new MienError("usage", "the data set FER2013 is needed", {
        advice: "Set MIEN_DATA to the folder that holds fer2013.csv.gz.",
      });
    }
    const progress = terminal.progress("measure", 100);
    const result = await measureMargins({
      csv: path.join(data, "fer2013.csv.gz"),
      model: await findModel(model),
      detector,
      signal,
      onProgress: (share) => progress.update(Math.round(100 * share)),
    }).finally(() => progress.stop());
    terminal.say(`${result.detector}: ${result.found} of ${result.images} faces found`);
    terminal.say(`side of the image / √(width · height): ${result.side.toFixed(3)}`);
    terminal.say(
      `centre of the image below the centre of the box, / √(width · height): ${result.down.toFixed(3)}`,
    );
    terminal.say(`correct on the original images: ${formatPercent(result.right, 1)}`);
    benchmarkTable(terminal, result.rows, [
      ["side", ({ side }) => side],
      ["down", ({ down }) => down],
      ["right", ({ right }) => formatPercent(right, 1)],
      ["same", ({ same }) => formatPercent(same, 1)],
    ]);
    return { ...describeEnvironment(import.meta.url, ["onnxruntime-node"]), ...result };
  },
});
