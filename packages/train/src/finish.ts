import path from "node:path";
import { writeFileAtomic, writeJson } from "@mien/cli";
import { findPictures, findVotes, type Votes } from "@mien/data";
import {
  encodeTensors,
  imageSize,
  itemAt,
  MienError,
  RUN_FILES,
  type ImageSet,
  type ModelInput,
  type RunMetrics,
  type Split,
} from "@mien/format";
import { architecture } from "./network/architecture.ts";
import type { TrainConfig } from "./config.ts";
import { calibrateRun, drawEvaluation, predictSplit } from "./evaluate.ts";
import type { FitResult } from "./fit.ts";
import { mergeHeads } from "./network/heads.ts";
import { buildLayersModel, saveLayersModel, setWeights } from "./network/layers-model.ts";
import { evaluatePredictions } from "./score/evaluate-predictions.ts";
import { drawLearningCurves } from "./report/learning-curves.ts";
import { writeReport } from "./report/run-page.ts";
import { writePredictions } from "./score/predictions.ts";
import { openTrainedModel, pixelsAt } from "./network/trained-model.ts";

/** Number of validation images whose outputs are stored; exported models are compared with them. */
const REFERENCE_IMAGES = 32;

/**
 * Writes the results of a finished training into its run folder: the model, its reference outputs,
 * the learning curves, the plots of the evaluation, the calibration, the report, and last the validation metrics, which mark the
 * run as finished.
 *
 * @returns the metrics and the written paths.
 */
export async function finishRun(
  result: FitResult,
  run: {
    readonly set: ImageSet;
    readonly split: Split;
    readonly config: TrainConfig;
    readonly folder: string;
    /** FER+ votes for the evaluation; if undefined, `findVotes` searches for them. */
    readonly votes?: Votes | undefined;
    /** The CSV of the data set; votes are searched for in its folder. */
    readonly csv?: string | undefined;
    /** Called with a sentence about votes that cannot be read. */
    readonly warn?: (problem: string) => void;
  },
): Promise<{ metrics: RunMetrics; written: string[] }> {
  const { set, split, config, folder } = run;
  const { height, width, channels, classes } = set;
  await saveTrainedModel(result, { set, config, folder });

  // Everything below is computed with the saved files, as every later use of the model will be.
  const trained = await openTrainedModel(folder);
  try {
    const chosen = evenlySpaced(split.validation, REFERENCE_IMAGES);
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
    const votes =
      run.votes ?? (await findVotes({ set, csv: run.csv }).catch(warnOfVotes(run.warn)));
    const pictures = await findPictures(set);
    const from = { set, splits: split, split: "validation", votes, pictures } as const;
    const predictions = await predictSplit(trained, from, { averaging: false });
    const predicted = await writePredictions(folder, predictions);
    const calibration = calibrateRun(predictions, config);
    await writeJson(path.join(folder, RUN_FILES.calibration), calibration);
    const validation = evaluatePredictions(predictions, calibration.temperature, config.voteShare);
    const curves = { bestEpoch: result.bestEpoch, hyperparameters: config };
    const plots: Record<string, Buffer> = {
      "loss.png": drawLearningCurves(result.history, "loss", curves),
      "accuracy.png": drawLearningCurves(result.history, "accuracy", curves),
      ...drawEvaluation(predictions, validation),
    };
    for (const [name, png] of Object.entries(plots)) {
      await writeFileAtomic(path.join(folder, name), png);
    }
    const metrics: RunMetrics = { validation };
    const report = await writeReport(folder, set, { metrics, model: trained });
    await writeJson(path.join(folder, RUN_FILES.metrics), metrics);
    const names = [RUN_FILES.model, RUN_FILES.calibration, ...Object.keys(plots)];
    const files = names.map((name) => path.join(folder, name));
    const last = path.join(folder, RUN_FILES.metrics);
    return { metrics, written: [...files, predicted, report, last] };
  } finally {
    trained.dispose();
  }
}

/** Writes the model of a finished training into the folder `model` of a folder. */
export async function saveTrainedModel(
  { best, standardisation, savedAdjustment: adjustment }: FitResult,
  run: { readonly set: ImageSet; readonly config: TrainConfig; readonly folder: string },
): Promise<void> {
  const { set, config, folder } = run;
  const { height, width, channels, classes } = set;
  const input: ModelInput = { height, width, channels };
  const stages = architecture(config, input, classes.length);
  const { batchNormMomentum } = config;
  const model = buildLayersModel(stages, { input, standardisation, batchNormMomentum });
  setWeights(model, mergeHeads(best, config, { classes: classes.length, adjustment }));
  await saveLayersModel(model, path.join(folder, RUN_FILES.model));
  model.dispose();
}

/**
 * Makes the error handler of `findVotes`: unusable votes cause only a warning, as the run needs
 * none.
 */
function warnOfVotes(warn: ((problem: string) => void) | undefined) {
  return (error: unknown): undefined => {
    if (!(error instanceof MienError)) throw error;
    warn?.(`evaluated without FER+ votes: ${error.message}`);
  };
}

/** At most `count` of some positions, evenly spaced. */
function evenlySpaced(positions: Uint32Array, count: number): Uint32Array {
  const length = Math.min(count, positions.length);
  const chosen = Array.from({ length }, (_, i) => Math.floor((i * positions.length) / length));
  return Uint32Array.from(chosen, (index) => itemAt(positions, index));
}
