import { describeSplit } from "@mien/data";
import type { Score, SplitMetrics } from "@mien/format";
import { tenViews } from "../batch/test-time-augmentation.ts";
import {
  describeTarget,
  hasOfficialSplit,
  useOfValidation,
  validationName,
} from "../run/training-settings.ts";
import { bootstrapInterval } from "../score/bootstrap.ts";
import { CALIBRATION_BINS } from "../score/calibration-error.ts";
import { cell, inPercent, table } from "../report/markdown.ts";
import { count, percent } from "../report/numbers.ts";
import { balancedScore, type ReleasedModel, type ReleaseIndex } from "./released-models.ts";

/** The section of a model card with the scores on each split, as Markdown. */
export function scoresSection({ metrics, config, openings, weights }: ReleasedModel): string {
  const { validation, test } = metrics;
  // Metrics of earlier versions have no top-2 accuracy.
  const hasTop2 = [validation, test].some((split) => split?.top2Accuracy !== undefined);
  const all = [
    ...(test ? splitRows("PrivateTest", test, hasTop2) : []),
    ...splitRows(validationName(config), validation, hasTop2),
  ];
  const head = ["split", "by", "", "images", "accuracy", "95 % interval"];
  const leftOut = (split: SplitMetrics, kind: "leakFree" | "nearLeakFree") =>
    count(split.images - (split[kind]?.images ?? split.images));
  const shown = test ?? validation;
  const nearShown = [shown, validation].find((split) => split.nearLeakFree !== undefined);
  const first = openings.findIndex((access) => access.weights === weights);
  const before = first === -1 ? openings : openings.slice(0, first);
  const tested =
    before.length > 0
      ? "earlier weights of this name were tested on it before these weights were trained; see the protocol."
      : "the training did not read it.";
  const shift = Math.max(...tenViews(config.input).map(({ x }) => x));
  return `## Scores

${
  test
    ? `PrivateTest is the test split: ${tested} ${useOfValidation(config)}.`
    : `There are no figures on PrivateTest, the test split. ${useOfValidation(config)}.`
}

${table([...head, ...(hasTop2 ? ["top-2"] : []), "macro-F1", "mean recall"], all)}

${hasTop2 ? "“Top-2” is the share of images whose label is among the two most probable classes. " : ""}“Averaged” is the mean of ten views: the picture and four crops moved by ${shift} pixels, and the mirror image of each of these five. “Without copies” leaves out the ${leftOut(shown, "leakFree")} images of the split that occur in the training split too. ${nearShown ? `“Without near-copies” leaves out the ${leftOut(nearShown, "nearLeakFree")} images${nearShown === shown ? "" : ` of ${validationName(config)}`} whose picture occurs there at all, exactly or mirrored, moved, scaled, re-lit or compressed. ` : ""}By FER+ votes (Barsoum et al., ICMI 2016; MIT licence), an image counts only if one of the classes has more of its ten votes than any other answer. Intervals: Wilson's for accuracy; by bootstrap on ${test ? "PrivateTest" : validationName(config)}, ${intervalsOf(shown)} by the labels${shown.byVotes ? `, ${intervalsOf(shown.byVotes)} by the votes` : ""}.`;
}

function intervalsOf({ confusion }: SplitMetrics): string {
  const interval = (metric: "macroF1" | "meanRecall") =>
    bootstrapInterval(confusion, metric).map(inPercent).join(" – ");
  return `macro-F1 ${interval("macroF1")} %, mean recall ${interval("meanRecall")} %`;
}

function splitRows(split: string, metrics: SplitMetrics, hasTop2: boolean): string[][] {
  const row = (by: string, kind: string, score: Score) => [
    split,
    by,
    kind,
    count(score.images),
    percent(score.accuracy),
    score.accuracyInterval.map(inPercent).join(" – "),
    ...(hasTop2 ? [percent(score.top2Accuracy)] : []),
    percent(score.macroF1),
    percent(score.meanRecall),
  ];
  const rows = (by: string, { averaged, leakFree, nearLeakFree, ...plain }: SplitMetrics) => [
    row(by, "plain", plain),
    ...(averaged ? [row(by, "averaged", averaged)] : []),
    ...(leakFree ? [row(by, "without copies", leakFree)] : []),
    ...(nearLeakFree ? [row(by, "without near-copies", nearLeakFree)] : []),
  ];
  return [
    ...rows("labels", metrics),
    ...(metrics.byVotes ? rows("FER+ votes", metrics.byVotes) : []),
  ];
}

/** The section of a model card with recall, precision and F1 of each class, as Markdown. */
export function classesSection({ metrics, config }: ReleasedModel): string {
  const scores = metrics.test ?? metrics.validation;
  const { byVotes } = scores;
  const figures = ({ confusion, recall, precision, f1 }: SplitMetrics, c: number) => [
    count(confusion[c]?.reduce((sum, n) => sum + n, 0) ?? 0),
    percent(recall[c]),
    percent(precision?.[c]),
    percent(f1?.[c]),
  ];
  const head = ["images", "recall", "precision", "F1"];
  return `## Class by class

On ${metrics.test ? "PrivateTest" : validationName(config)}, by the labels${byVotes ? ", then by FER+ votes" : ""}.

${table(
  ["", ...head, ...(byVotes ? head : [])],
  config.classes.map((name, c) => [
    cell(name),
    ...figures(scores, c),
    ...(byVotes ? figures(byVotes, c) : []),
  ]),
)}`;
}

/** The section of a model card with the calibration errors, as Markdown. */
export function calibrationSection({ calibration, metrics, config }: ReleasedModel): string {
  const name = validationName(config);
  const splits = [
    [name, metrics.validation],
    ["PrivateTest", metrics.test],
  ] as const;
  const rows = splits.flatMap(([split, scores]) => {
    const { byVotes, mixed } = scores ?? {};
    const row = (by: string, before?: number, after?: number) => [
      split,
      by,
      percent(before),
      percent(after),
    ];
    return [
      ...(scores ? [row("labels", scores.ece, scores.calibrated?.ece)] : []),
      ...(byVotes ? [row("FER+ votes", byVotes.ece, byVotes.calibrated?.ece)] : []),
      ...(mixed
        ? [row(describeTarget(calibration.voteShare), mixed.ece, mixed.calibratedEce)]
        : []),
    ];
  });
  return `## Calibration

The graph contains one temperature, ${calibration.temperature.toFixed(4)}. It was fitted to ${name} by ${describeTarget(calibration.voteShare)}. Expected calibration error in ${CALIBRATION_BINS} equal bins:

${table(["split", "by", "before", "after"], rows)}`;
}

/** The section of a model card that compares the released models, as Markdown. */
export function comparisonSection(name: string, index: ReleaseIndex): string {
  const models = Object.entries(index.models);
  const link = (other: string) => (other === name ? `**${other}**` : `[${other}](${other}.md)`);
  const figures = ({ accuracy, meanRecall, byVotes }: SplitMetrics) => [
    percent(accuracy),
    percent(byVotes?.accuracy),
    percent(meanRecall),
    percent(byVotes?.meanRecall),
  ];
  const head = ["accuracy, labels", "accuracy, votes", "mean recall, labels", "mean recall, votes"];
  // The splits of different runs have different validation images.
  const official = models.filter(([, { config }]) => hasOfficialSplit(config));
  const isOfficial = official.length === models.length;
  const onValidation = models.map(([other, model]) => [
    link(other) + (isOfficial ? "" : `, split ${describeSplit(model.config)}`),
    count(model.parameters),
    ...figures(model.metrics.validation),
    percent(balancedScore(model)) + (index.default === other ? " ★" : ""),
  ]);
  const onTest = models.flatMap(([other, { metrics }]) =>
    metrics.test ? [[link(other), ...figures(metrics.test)]] : [],
  );
  return `## Comparison with the other released models

The default (★) is the model with the best mean recall on ${official.length > 0 ? "PublicTest" : "validation"}, averaged over labels and votes${isOfficial ? "" : ". The figures are measured on validation and can be compared only between models with the same split"}:

${table(["", "parameters", ...head, "average of both mean recalls"], onValidation)}${
    onTest.length === 0 ? "" : `\n\nOn PrivateTest:\n\n${table(["", ...head], onTest)}`
  }`;
}
