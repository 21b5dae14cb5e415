import { findPictures, resolveSplit, type Votes } from "@mien/data";
import { MienError, type ImageSet, type Score, type SplitMetrics } from "@mien/format";
import { evaluatePredictions } from "../score/evaluate-predictions.ts";
import { groundTruthOf, type EvaluationSplit } from "../score/predictions.ts";
import type { TestSetAccess } from "../run/test-set-access.ts";
import { rewriteCards, writeCards } from "./release-model.ts";
import { readReleased, type ReleasedModel } from "./released-models.ts";

/** The recorded way of a test-set access by this module. */
const HOW = "export:leaks --final, the released file, to leave out near-copies";
/**
 * Largest difference of an accuracy from the recorded one, in images. TensorFlow and onnxruntime round
 * differently, so that two classes with almost equal probabilities may change places.
 */
const MAX_DIFFERENCE = 2;

/** The figures of a released model on a split, with and without copies. Scores are 0–1. */
export interface LeakFigures {
  readonly model: string;
  readonly split: EvaluationSplit;
  readonly by: "labels" | "votes";
  readonly all: Score;
  readonly leakFree: Score | undefined;
  readonly nearLeakFree: Score | undefined;
}

/** What `recountReleased` needs. */
interface Recount {
  readonly set: ImageSet;
  readonly sha256: string;
  readonly votes?: Votes | undefined;
  /** Whether to count on the test split, too. Each model adds a test-set access. */
  readonly final: boolean;
  /** The folder whose `cache/` holds the near-copies; default `artifacts/data`. */
  readonly cacheFolder?: string;
  /** Code version for the record of the access. */
  readonly code: string;
  /** @returns probabilities, float32 [positions, classes], by the released 32-bit file. */
  readonly predict: (
    model: { readonly name: string; readonly file: string },
    positions: Uint32Array,
  ) => Promise<Float32Array>;
}

/**
 * Measures released models again without images that have a near-copy in the training split, and adds
 * the figures to the index and the cards. Recorded figures are not changed; the accuracy must be equal
 * to the recorded one up to two images.
 *
 * @param folder of the released models.
 * @throws {MienError} `mismatch` if the data are not those of the training, or the file gives other
 * figures; `missing-file` without released models.
 */
export async function recountReleased(
  folder: string,
  given: Recount,
): Promise<{ figures: LeakFigures[]; written: string[] }> {
  const models = await readReleased(folder);
  // Refuses a folder without models before anything is computed.
  if (Object.keys(models).length === 0) await rewriteCards(folder);
  const pictures = await findPictures(given.set, given.cacheFolder);
  const figures: LeakFigures[] = [];
  const counted: Record<string, ReleasedModel> = {};
  for (const [name, model] of Object.entries(models)) {
    requireSameData(name, model, given);
    const splits = await resolveSplit(given.set, model.config, pictures);
    const votes = model.config.votes === undefined && model.metrics.validation.byVotes === undefined ? undefined : given.votes; // prettier-ignore
    let { metrics, openings } = model;
    for (const split of given.final
      ? (["validation", "test"] as const)
      : (["validation"] as const)) {
      const recorded = metrics[split];
      if (recorded === undefined) continue;
      const positions = splits[split];
      const probabilities = await given.predict({ name, file: model.files.fp32.name }, positions);
      const truth = groundTruthOf(given.set, positions, {
        training: splits.train,
        votes,
        pictures,
      });
      const found = evaluatePredictions({ split, classes: model.config.classes, probabilities, ...truth }); // prettier-ignore
      requireSameFigures(`${name} on ${split}`, recorded, found);
      metrics = { ...metrics, [split]: withNear(recorded, found) };
      if (split === "test") openings = [...openings, accessOf(model, given.code, found)];
      figures.push({ model: name, split, by: "labels", ...leaksOf(found) });
      if (found.byVotes)
        figures.push({ model: name, split, by: "votes", ...leaksOf(found.byVotes) });
    }
    counted[name] = { ...model, metrics, openings };
  }
  const { written } = await writeCards(folder, counted, []);
  return { figures, written };
}

function leaksOf(metrics: SplitMetrics): Pick<LeakFigures, "all" | "leakFree" | "nearLeakFree"> {
  return { all: metrics, leakFree: metrics.leakFree, nearLeakFree: metrics.nearLeakFree };
}

/** The recorded figures with those without near-copies. */
function withNear(recorded: SplitMetrics, found: SplitMetrics): SplitMetrics {
  const { byVotes } = recorded;
  return {
    ...recorded,
    ...(found.nearLeakFree && { nearLeakFree: found.nearLeakFree }),
    ...(byVotes && {
      byVotes: {
        ...byVotes,
        ...(found.byVotes?.nearLeakFree && { nearLeakFree: found.byVotes.nearLeakFree }),
      },
    }),
  };
}

function accessOf(model: ReleasedModel, code: string, found: SplitMetrics): TestSetAccess {
  return {
    time: new Date().toISOString(),
    run: model.config.name,
    weights: model.weights,
    code,
    images: found.images,
    accuracy: found.accuracy,
    macroF1: found.macroF1,
    ...(found.byVotes && { votesAccuracy: found.byVotes.accuracy }),
    how: HOW,
  };
}

function requireSameData(
  name: string,
  { config }: ReleasedModel,
  { sha256, votes }: Recount,
): void {
  const advice = "Name the files that it was trained on with --csv and --ferplus.";
  if (config.data.sha256 !== sha256) {
    throw new MienError("mismatch", `${name} was trained on data with another SHA-256`, { advice });
  }
  if (config.votes !== undefined && config.votes.sha256 !== votes?.sha256) {
    throw new MienError("mismatch", `${name} was trained on other votes than these`, { advice });
  }
}

function requireSameFigures(what: string, recorded: SplitMetrics, found: SplitMetrics): void {
  const differs = (a: Score | undefined, b: Score | undefined) =>
    a !== undefined &&
    b !== undefined &&
    (a.images !== b.images || Math.abs(a.accuracy - b.accuracy) * a.images > MAX_DIFFERENCE + 0.5);
  const pairs = [
    [recorded, found],
    [recorded.leakFree, found.leakFree],
    [recorded.byVotes, found.byVotes],
    [recorded.byVotes?.leakFree, found.byVotes?.leakFree],
  ] as const;
  if (!pairs.some(([a, b]) => differs(a, b))) return;
  throw new MienError(
    "mismatch",
    `the recorded accuracy of ${what} is ${recorded.accuracy} (${recorded.images} images), the file gives ${found.accuracy} (${found.images} images)`,
    {
      advice:
        "The released file is not the model of the card. Release it again: `npm run release`.",
    },
  );
}
