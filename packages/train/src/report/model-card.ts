import path from "node:path";
import { formatBytes } from "@mien/cli";
import type { PartMetrics, Score } from "@mien/format";
import { bootstrapInterval } from "../score/bootstrap.ts";
import { targetOf, usedOf } from "../score/target-of.ts";
import { tenViews } from "../batch/views.ts";
import { cell, count, list, percent, points, table } from "./markdown.ts";
import { balancedScore, type ReleasedModel, type ReleaseIndex } from "./released-models.ts";

/** The card of a released model, as Markdown; everything in it comes from the index. */
export function renderCard(name: string, index: ReleaseIndex): string {
  const model = index.models[name] as ReleasedModel;
  const sections = [
    heading(name, model, index),
    files(model),
    scores(model),
    classes(model),
    calibration(model),
    comparison(name, index),
    data(model),
    protocol(model),
    use(model),
    limits(model),
    reproduction(model),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** Whether what is known of FER2013 alone may be said of a model. */
function isFer2013({ config }: ReleasedModel): boolean {
  return config.data.name === "fer2013";
}

function heading(name: string, model: ReleasedModel, index: ReleaseIndex): string {
  const { description, config } = model;
  const role =
    index.default === name ? " It is the model that mien uses unless told otherwise." : "";
  return `# ${name}

${description}${role}

It reads **expressions**: which of its labels people would give to a picture of a face. It cannot read feelings. ${isFer2013(model) ? "Weights trained on this data are for research and study only" : `The licence of the data limits the weights too: ${config.data.licence}`}; see [what it must not be used for](#what-it-must-not-be-used-for).`;
}

function files({ files, parameters, config }: ReleasedModel): string {
  const { depth = 1 } = config.hyperparameters as { depth?: number };
  const { height, width, channels } = config.input;
  const rows = Object.values(files).map((file) => [
    `\`${file.name}\``,
    formatBytes(file.bytes),
    percent(file.accuracy),
    `${file.latencyMs.toFixed(2)} ms`,
    `\`${file.sha256}\``,
  ]);
  return `${table(["file", "size", "accuracy on PublicTest, by the labels", "one face, one thread", "SHA-256"], rows)}

${list([
  `Network: ${depth === 1 ? "four" : 4 * depth} convolutions and two dense layers, ${count(parameters)} parameters, trained from scratch.`,
  `Input \`input\`: float32 [N, ${height}, ${width}, ${channels}], ${channels === 1 ? "grey" : "RGB"} 0–255 as they come, cropped to the face. Normalisation is in the graph.`,
  `Output \`probabilities\`: float32 [N, ${config.classes.length}] in the order ${config.classes.join(", ")}; calibrated, so apply no temperature again.`,
])}`;
}

function scores({ metrics, config, openings, weights }: ReleasedModel): string {
  const { validation, test } = metrics;
  const all = [
    ...(test ? partRows("PrivateTest", test) : []),
    ...partRows("PublicTest", validation),
  ];
  const copies = (part: PartMetrics) => count(part.images - (part.leakFree?.images ?? part.images));
  const measured = test ?? validation;
  const tested = openings.some((opening) => opening.weights !== weights)
    ? "earlier weights of this name were tested before these were made, see the protocol."
    : "the training did not read it.";
  const moved = Math.max(...tenViews(config.input).map(({ x }) => x));
  return `## What it scores

${
  test
    ? `PrivateTest is the test part: ${tested} ${CHOSEN}`
    : `There are no figures on PrivateTest, the test part. ${CHOSEN}`
}

${table(["part", "judged by", "", "images", "accuracy", "95 % interval", "macro-F1", "mean recall"], all)}

“Averaged” is the mean of ten views: the picture and four crops moved by ${moved} pixels, each also mirrored. “Without copies” leaves out the ${copies(measured)} images of the part that occur in the training part too. FER+ votes (Barsoum et al., ICMI 2016; MIT licence) judge the images on which one of the classes has more of the ten votes than any other answer. Intervals: Wilson's for accuracy; by bootstrap on ${test ? "PrivateTest" : "PublicTest"}, ${intervalsOf(measured)} by the labels${measured.byVotes ? `, ${intervalsOf(measured.byVotes)} by the votes` : ""}.`;
}

/** What every run does with its validation part; why a setting has its value is not recorded. */
const CHOSEN =
  "PublicTest chose the epoch, and the temperature is fitted to it, so its figures may be too good; if settings were chosen by it too, its figures are even more optimistic.";

function intervalsOf({ confusion }: PartMetrics): string {
  const interval = (figure: "macroF1" | "meanRecall") =>
    bootstrapInterval(confusion, figure).map(points).join(" – ");
  return `macro-F1 ${interval("macroF1")} %, mean recall ${interval("meanRecall")} %`;
}

function partRows(part: string, metrics: PartMetrics): string[][] {
  const row = (by: string, what: string, score: Score) => [
    part,
    by,
    what,
    count(score.images),
    percent(score.accuracy),
    score.accuracyInterval.map(points).join(" – "),
    percent(score.macroF1),
    percent(score.meanRecall),
  ];
  const rows = (by: string, { averaged, leakFree, ...plain }: PartMetrics) => [
    row(by, "plain", plain),
    ...(averaged ? [row(by, "averaged", averaged)] : []),
    ...(leakFree ? [row(by, "without copies", leakFree)] : []),
  ];
  return [
    ...rows("labels", metrics),
    ...(metrics.byVotes ? rows("FER+ votes", metrics.byVotes) : []),
  ];
}

function classes({ metrics, config }: ReleasedModel): string {
  const part = metrics.test ?? metrics.validation;
  const { byVotes } = part;
  const figures = ({ confusion, recall, precision, f1 }: PartMetrics, c: number) => [
    count(confusion[c]?.reduce((sum, n) => sum + n, 0) ?? 0),
    percent(recall[c]),
    percent(precision?.[c]),
    percent(f1?.[c]),
  ];
  const head = ["images", "recall", "precision", "F1"];
  return `## Class by class

On ${metrics.test ? "PrivateTest" : "PublicTest"}, by the labels${byVotes ? ", then by FER+ votes" : ""}.

${table(
  ["", ...head, ...(byVotes ? head : [])],
  config.classes.map((name, c) => [
    cell(name),
    ...figures(part, c),
    ...(byVotes ? figures(byVotes, c) : []),
  ]),
)}`;
}

function calibration({ calibration, metrics }: ReleasedModel): string {
  const parts = Object.entries({ PublicTest: metrics.validation, PrivateTest: metrics.test });
  const rows = parts.flatMap(([part, scores]) => {
    const { byVotes, mixed } = scores ?? {};
    const row = (by: string, before?: number, after?: number) => [
      part,
      by,
      percent(before),
      percent(after),
    ];
    return [
      ...(scores ? [row("labels", scores.ece, scores.calibrated?.ece)] : []),
      ...(byVotes ? [row("FER+ votes", byVotes.ece, byVotes.calibrated?.ece)] : []),
      ...(mixed ? [row(targetOf(calibration.voteShare), mixed.ece, mixed.calibratedEce)] : []),
    ];
  });
  return `## Calibration

One temperature, ${calibration.temperature.toFixed(4)}, fitted to PublicTest by ${targetOf(calibration.voteShare)}, is inside the graph. Expected calibration error in 15 equal bins:

${table(["part", "judged by", "before", "after"], rows)}`;
}

function comparison(name: string, index: ReleaseIndex): string {
  const models = Object.entries(index.models);
  const link = (other: string) => (other === name ? `**${other}**` : `[${other}](${other}.md)`);
  const figures = ({ accuracy, meanRecall, byVotes }: PartMetrics) => [
    percent(accuracy),
    percent(byVotes?.accuracy),
    percent(meanRecall),
    percent(byVotes?.meanRecall),
  ];
  const head = ["accuracy, labels", "accuracy, votes", "mean recall, labels", "mean recall, votes"];
  const chosen = models.map(([other, model]) => [
    link(other),
    count(model.parameters),
    ...figures(model.metrics.validation),
    percent(balancedScore(model)) + (index.default === other ? " ★" : ""),
  ]);
  const tested = models.flatMap(
    ([
      other,
      {
        metrics: { test },
      },
    ]) => (test ? [[link(other), ...figures(test)]] : []),
  );
  return `## Beside the other released models

The default (★) is the model with the best mean recall of the classes, averaged over both ways of judging, on PublicTest:

${table(["", "parameters", ...head, "both mean recalls"], chosen)}${
    tested.length === 0 ? "" : `\n\nOn PrivateTest:\n\n${table(["", ...head], tested)}`
  }`;
}

function data(model: ReleasedModel): string {
  const { config } = model;
  const { data, votes, teacher } = config;
  return `## Data and licence

${list([
  `${data.name}, SHA-256 \`${data.sha256}\` (uncompressed CSV). Licence: ${data.licence}.`,
  ...(votes
    ? [`FER+ votes (Barsoum et al., ICMI 2016; MIT licence), SHA-256 \`${votes.sha256}\`.`]
    : []),
  ...(teacher
    ? [
        `Answers of another network about this data set, \`${path.basename(teacher.path)}\`, SHA-256 \`${teacher.sha256}\`.`,
      ]
    : []),
  isFer2013(model)
    ? "The pictures were found on the web and belong to others. That limits the weights too: use them for research and study, not in a product."
    : "The licence of the data limits the weights too.",
])}`;
}

function judgeOfEpochs(voteShare: number): string {
  if (voteShare === 0) return "by the labels";
  if (voteShare === 1) return "by what most voters said";
  return "by the answer that labels and votes together make most probable, of equals the first class";
}

function protocol(model: ReleasedModel): string {
  const { config, openings, epochs, bestEpoch, metrics, weights } = model;
  const { voteShare = 0, distillation = 0 } = config.hyperparameters as {
    voteShare?: number;
    distillation?: number;
  };
  const own = targetOf(voteShare);
  const target =
    distillation === 0
      ? own
      : `${own} and a teacher's answers, ${Math.round(100 * (1 - distillation))} to ${Math.round(100 * distillation)}`;
  const opened =
    openings.length === 0
      ? "Not opened."
      : table(
          ["time (UTC)", "accuracy", "averaged", "by votes", "code", "weights", "note"],
          openings.map((opening) => [
            opening.time.replace("T", " ").replace(/\.\d+Z$/, ""),
            percent(opening.accuracy),
            percent(opening.averagedAccuracy),
            percent(opening.votesAccuracy),
            `\`${opening.code}\``,
            `\`${opening.weights.slice(0, 12)}\``,
            cell(opening.how ?? ""),
          ]),
        );
  const ofThis = openings.filter((opening) => opening.weights === weights);
  const warning =
    ofThis.length > 1
      ? "\n\nThese weights were tested more than once: the later figures are no independent test."
      : "";
  return `## Protocol

${list([
  `Learnt from the Training rows only, by ${target}, for ${epochs} epochs. ${usedOf(config)}`,
  `${bestEpoch ? `PublicTest (${count(metrics.validation.images)} images) chose to keep epoch ${bestEpoch}: the most accurate there ${judgeOfEpochs(voteShare)}.` : `The temperature is fitted to PublicTest (${count(metrics.validation.images)} images).`} How the settings were chosen is not recorded.`,
  "PrivateTest is opened by `train:evaluate --final`, which writes each time down. Every opening by this model and by earlier ones of its name:",
])}

${opened}${warning}`;
}

function use(model: ReleasedModel): string {
  return `## What it must not be used for

${list([
  "**At work and in education**, to infer emotions of people: prohibited in the EU (AI Act, Regulation (EU) 2024/1689, Art. 5(1)(f)), except for medical or safety reasons.",
  "**On people who do not know it.** Who uses a system that infers emotions must tell the people whom it sees, and treat their data as data protection law says (Art. 50(3)). Such systems are high-risk where they are not prohibited (Annex III, 1(c)).",
  "**For decisions about people**: hiring, grading, policing, insurance, health, credit. A face's expression says little about what somebody feels, and the model is often wrong about the expression.",
  ...(isFer2013(model) ? ["**In products**: the data's licence does not allow it."] : []),
])}`;
}

function limits(model: ReleasedModel): string {
  const { metrics } = model;
  const part = metrics.test ?? metrics.validation;
  return `## What to expect

${list([
  `Wrong on ${percent(1 - part.accuracy, 0)} of ${metrics.test ? "PrivateTest" : "PublicTest"}, by the labels.${isFer2013(model) ? " People agree with these labels in about 65 % of cases (Goodfellow et al. 2013), and the voters of FER+ give another one to about a third of the pictures." : ""}`,
  ...(isFer2013(model)
    ? ["The data is unbalanced; the rare classes are found worst (see class by class)."]
    : []),
  "Nobody knows how the error rates differ by age, sex, skin colour or culture: the data does not say who is in it. Expect that they do.",
  isFer2013(model)
    ? "It was trained on small, mostly frontal faces from the web, cropped tightly; another crop, pose or light costs accuracy."
    : "A crop, pose or light that the training images do not show may cost accuracy.",
])}`;
}

function reproduction({ config, weights, command, metrics }: ReleasedModel): string {
  const settings = Object.entries(config.hyperparameters).map(([key, value]) => [
    key,
    cell(Array.isArray(value) ? value.join(", ") : String(value)),
  ]);
  return `## How to make it again

\`\`\`sh
${command}${metrics.test && !command.includes("--final") ? " --final" : ""}
\`\`\`

Seed ${config.seed}, code \`${config.code}\`, weights SHA-256 \`${weights}\`. With the same code, on the same machine and with the same number of threads, the weights come out bit for bit.

<details><summary>Every setting</summary>

${table(["setting", "value"], settings)}

</details>`;
}
