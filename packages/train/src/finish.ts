import path from "node:path";
import { writeFileAtomic, writeJson } from "@mien/cli";
import { findVotes, type Votes } from "@mien/data";
import {
  encodeTensors,
  imageSize,
  MienError,
  RUN_FILES,
  type ImageSet,
  type ModelInput,
  type RunMetrics,
  type Split,
} from "@mien/format";
import { architecture } from "./network/architecture.ts";
import type { TrainConfig } from "./config.ts";
import { calibrateRun, predictPart } from "./evaluate.ts";
import type { FitResult } from "./fit.ts";
import { buildLayersModel, saveLayersModel, setWeights } from "./network/layers-model.ts";
import { judge } from "./score/evaluate-predictions.ts";
import { writeReport } from "./report/run-page.ts";
import { drawConfusion, drawCurves } from "./report/plots.ts";
import { writePredictions } from "./score/predictions.ts";
import { openTrainedModel, pixelsAt } from "./network/trained-model.ts";

/** Validation images whose outputs are stored for comparing other forms of the model. */
const REFERENCE_IMAGES = 32;

/**
 * Turns a finished training into the rest of its run folder: the model, its reference outputs, the
 * learning curves, the calibration, the report, and at the very end the validation metrics, which
 * mark the run as finished.
 *
 * @returns the metrics and the paths written.
 */
export async function finishRun(
  result: FitResult,
  run: {
    readonly set: ImageSet;
    readonly split: Split;
    readonly config: TrainConfig;
    readonly folder: string;
    /** FER+ votes to judge the model by too; otherwise looked for as `findVotes` does. */
    readonly votes?: Votes | undefined;
    /** The data set's CSV, beside which votes may lie. */
    readonly csv?: string | undefined;
    readonly warn?: (problem: string) => void;
  },
): Promise<{ metrics: RunMetrics; written: string[] }> {
  const { set, split, config, folder } = run;
  const { height, width, channels, classes } = set;
  const input: ModelInput = { height, width, channels };
  const stages = architecture(config, input, classes.length);
  const { batchNormMomentum } = config;
  const { standardisation } = result;
  const model = buildLayersModel(stages, { input, standardisation, batchNormMomentum });
  setWeights(model, result.best);
  await saveLayersModel(model, path.join(folder, RUN_FILES.model));
  model.dispose();

  // Everything below comes from the saved files, so that it says what others will get from them.
  const trained = await openTrainedModel(folder);
  try {
    const chosen = spread(split.validation, REFERENCE_IMAGES);
    const inputs = pixelsAt(set, chosen);
    const outputs = await trained.predict(inputs, chosen.length);
    await writeFileAtomic(
      path.join(folder, RUN_FILES.reference),
      encodeTensors({
        tensors: {
          inputs: {
            shape: [inputs.length / imageSize(set), height, width, channels],
            data: inputs,
          },
          outputs: { shape: [chosen.length, classes.length], data: outputs },
        },
        metadata: { labels: JSON.stringify(classes) },
      }),
    );
    const votes = run.votes ?? (await findVotes({ set, csv: run.csv }).catch(passOver(run.warn)));
    const predictions = await predictPart(trained, set, "validation", {
      split,
      votes,
      averaging: false,
    });
    const predicted = await writePredictions(folder, predictions);
    const calibration = calibrateRun(predictions, config);
    await writeJson(path.join(folder, RUN_FILES.calibration), calibration);
    const validation = judge(predictions, calibration.temperature, config.voteShare);
    const curves = { bestEpoch: result.bestEpoch, hyperparameters: config };
    const plots = {
      "loss.png": drawCurves(result.history, "loss", curves),
      "accuracy.png": drawCurves(result.history, "accuracy", curves),
      "confusion-validation.png": drawConfusion(validation, classes, "validation"),
    };
    for (const [name, png] of Object.entries(plots)) {
      await writeFileAtomic(path.join(folder, name), png);
    }
    const metrics: RunMetrics = { validation };
    const report = await writeReport(folder, set, { metrics });
    await writeJson(path.join(folder, RUN_FILES.metrics), metrics);
    const names = [RUN_FILES.model, RUN_FILES.calibration, ...Object.keys(plots)];
    const files = names.map((name) => path.join(folder, name));
    const last = path.join(folder, RUN_FILES.metrics);
    return { metrics, written: [...files, predicted, report, last] };
  } finally {
    trained.dispose();
  }
}

/** Votes that nobody asked for must not stop a finished training if they are damaged. */
function passOver(warn: ((problem: string) => void) | undefined) {
  return (error: unknown): undefined => {
    if (!(error instanceof MienError)) throw error;
    warn?.(`judged without FER+ votes: ${error.message}`);
  };
}

/** At most `count` of some positions, evenly spread. */
function spread(positions: Uint32Array, count: number): Uint32Array {
  const length = Math.min(count, positions.length);
  return Uint32Array.from(
    { length },
    (_, i) => positions[Math.floor((i * positions.length) / length)] as number,
  );
}
