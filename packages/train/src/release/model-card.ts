import path from "node:path";
import { formatBytes } from "@mien/cli";
import { MienError } from "@mien/format";
import {
  describeTarget,
  hasVoteHead,
  describeTrainingImages,
  hasOfficialSplit,
  settingOf,
  validationName,
  voteShareOf,
} from "../run/training-settings.ts";
import { cell, list, table } from "../report/markdown.ts";
import {
  calibrationSection,
  classesSection,
  comparisonSection,
  scoresSection,
} from "./model-card-scores.ts";
import { count, percent } from "../report/numbers.ts";
import type { ReleasedModel, ReleaseIndex } from "./released-models.ts";

/** The card of a released model, as Markdown; everything in it comes from the index. */
export function renderCard(name: string, index: ReleaseIndex): string {
  const model = index.models[name];
  if (model === undefined) throw new MienError("missing-file", `no released model ${name}`);
  const sections = [
    headSection(name, model, index),
    filesSection(model),
    scoresSection(model),
    classesSection(model),
    calibrationSection(model),
    comparisonSection(name, index),
    dataSection(model),
    protocolSection(model),
    usesSection(model),
    limitsSection(model),
    reproductionSection(model),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** Whether a model was trained on FER2013, so that the known facts about FER2013 hold for it. */
function isFer2013({ config }: ReleasedModel): boolean {
  return config.data.name === "fer2013";
}

function headSection(name: string, model: ReleasedModel, index: ReleaseIndex): string {
  const { description, config } = model;
  const role = index.default === name ? " It is the model that mien uses by default." : "";
  return `# ${name}

${description}${role}

It reads **expressions**: which of its labels people would give to a picture of a face. It cannot read feelings. ${isFer2013(model) ? "Weights trained on this data are for research and study only" : `The licence of the data limits the weights too: ${config.data.licence}`}; see [what it must not be used for](#what-it-must-not-be-used-for).`;
}

function filesSection({ files, parameters, config }: ReleasedModel): string {
  const depth = settingOf(config, "depth", 1);
  const options = [
    ...(settingOf(config, "squeezeExcite") > 0 ? ["squeeze-and-excitation"] : []),
    ...(config.hyperparameters["pooling"] === "blur" ? ["anti-aliased pooling"] : []),
  ].map((name, i) => `${i === 0 ? " with" : " and"} ${name}`);
  const { height, width, channels } = config.input;
  const rows = Object.values(files).map((file) => [
    `\`${file.name}\``,
    formatBytes(file.bytes),
    percent(file.accuracy),
    `${file.latencyMs.toFixed(2)} ms`,
    `\`${file.sha256}\``,
  ]);
  return `${table(["file", "size", `accuracy on ${validationName(config)}, by the labels`, "one face, one thread", "SHA-256"], rows)}

${list([
  `Network: ${depth === 1 ? "four" : 4 * depth} convolutions and two dense layers${options.join("")}, ${count(parameters)} parameters, trained from ${config.start ? "the weights of another model (see Data and licence)" : "random weights"}.`,
  `Input \`input\`: float32 [N, ${height}, ${width}, ${channels}], ${channels === 1 ? "grey" : "RGB"} values 0–255, cropped to the face. Normalisation is in the graph.`,
  `Output \`probabilities\`: float32 [N, ${config.classes.length}] in the order ${config.classes.join(", ")}; already calibrated, so apply no temperature.`,
])}`;
}

function dataSection(model: ReleasedModel): string {
  const { data, votes, corrections, teacher, start } = model.config;
  return `## Data and licence

${list([
  `${data.name}, SHA-256 \`${data.sha256}\` (uncompressed CSV). Licence: ${data.licence}.`,
  ...(votes
    ? [`FER+ votes (Barsoum et al., ICMI 2016; MIT licence), SHA-256 \`${votes.sha256}\`.`]
    : []),
  ...(corrections
    ? [
        `Corrections of training labels, \`${path.basename(corrections.path)}\`, SHA-256 \`${corrections.sha256}\`. Validation and test labels are as published.`,
      ]
    : []),
  ...(teacher
    ? [
        `Probabilities of another network on this data set, \`${path.basename(teacher.path)}\`, SHA-256 \`${teacher.sha256}\`.`,
      ]
    : []),
  ...(start
    ? [`Training started from the weights of another model, SHA-256 \`${start.sha256}\`.`]
    : []),
  isFer2013(model)
    ? "The pictures were found on the web and belong to others. That limits the weights too: use them for research and study, not in a product."
    : "The licence of the data limits the weights too.",
])}`;
}

/** The figure by which the epoch was chosen, in words. */
function epochCriterion({ criterion, config }: ReleasedModel): string {
  if (criterion === "labels-and-votes") {
    return (
      "the highest mean of two accuracies there: by the labels, and by the winners of the FER+ votes (images without a winner are left out)" +
      (hasVoteHead(config) ? ", each of the head that learnt them" : "")
    );
  }
  const voteShare = voteShareOf(config);
  if (voteShare === 0) return "the highest accuracy there, by the labels";
  if (voteShare === 1) return "the highest accuracy there, by the class with most votes";
  return "the highest accuracy there, by the most probable class of the mixed labels and votes (the first one if several are equal)";
}

function protocolSection(model: ReleasedModel): string {
  const { config, openings, epochs, bestEpoch, metrics, weights } = model;
  const distillation = settingOf(config, "distillation");
  const own = hasVoteHead(config)
    ? "the data set's labels in one output head and the FER+ votes in another"
    : describeTarget(voteShareOf(config));
  const target =
    distillation === 0
      ? own
      : `${own} and a teacher's probabilities, ${Math.round(100 * (1 - distillation))} to ${Math.round(100 * distillation)}`;
  const accesses =
    openings.length === 0
      ? "None."
      : table(
          ["time (UTC)", "accuracy", "averaged", "by votes", "code", "weights", "note"],
          openings.map((access) => [
            access.time.replace("T", " ").replace(/\.\d+Z$/, ""),
            percent(access.accuracy),
            percent(access.averagedAccuracy),
            percent(access.votesAccuracy),
            `\`${access.code}\``,
            `\`${access.weights.slice(0, 12)}\``,
            cell(access.how ?? ""),
          ]),
        );
  const ofThis = openings.filter((access) => access.weights === weights);
  const warning =
    ofThis.length > 1
      ? "\n\nThese weights were tested more than once: the later figures are not an independent test."
      : "";
  const images = `${validationName(config)} (${count(metrics.validation.images)} images)`;
  const useOfValidation = bestEpoch
    ? `The epoch was chosen on ${images}: epoch ${bestEpoch} has ${epochCriterion(model)}.`
    : `The temperature is fitted to ${images}.`;
  const heads = hasVoteHead(config)
    ? [
        `The model answers with the weighted mean of the logits of both heads: ${describeTarget(voteShareOf(config))}. The same training gives models with other weights.`,
      ]
    : [];
  return `## Protocol

${list([
  `Trained on the ${hasOfficialSplit(config) ? "Training rows" : "training split"} only, by ${target}, for ${epochs} epochs. ${describeTrainingImages(config)}`,
  ...heads,
  ...seedNotes(model),
  `${useOfValidation} How the settings were chosen is not recorded.`,
  "`train:evaluate --final` evaluates on PrivateTest and records each test-set access. All accesses by this model and by other models of the same name:",
])}

${accesses}${warning}`;
}

/** How much the seed decides: the accuracies of the same training with other seeds. */
function seedNotes({ config, metrics, otherSeeds = [] }: ReleasedModel): string[] {
  if (otherSeeds.length === 0) return [];
  const accuracies = [metrics.validation, ...otherSeeds].map(({ accuracy }) => accuracy);
  const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
  const spread = 100 * (Math.max(...accuracies) - Math.min(...accuracies));
  const others = otherSeeds.map(({ seed, accuracy }) => `${percent(accuracy)} with seed ${seed}`);
  const start = config.start ? " All of them started from the same weights." : "";
  return [
    `The same training has, on ${validationName(config)} by the labels, ${percent(metrics.validation.accuracy)} with seed ${config.seed} (this model), ${others.join(", ")}: mean ${percent(mean)}, spread ${spread.toFixed(2)} points.${start}`,
  ];
}

function usesSection(model: ReleasedModel): string {
  return `## What it must not be used for

${list([
  "**At work and in education**, to infer emotions of people: prohibited in the EU (AI Act, Regulation (EU) 2024/1689, Art. 5(1)(f)), except for medical or safety reasons.",
  "**On people who do not know it.** Whoever uses a system that infers emotions must inform the people that it observes, and process their data as data protection law requires (Art. 50(3)). Such systems are high-risk if they are not prohibited (Annex III, 1(c)).",
  "**For decisions about people**: hiring, grading, policing, insurance, health, credit. The expression of a face says little about what a person feels, and the model is often wrong about the expression.",
  ...(isFer2013(model) ? ["**In products**: the licence of the data does not allow it."] : []),
])}`;
}

function limitsSection(model: ReleasedModel): string {
  const { metrics } = model;
  const { accuracy } = metrics.test ?? metrics.validation;
  return `## What to expect

${list([
  `Wrong on ${percent(1 - accuracy, 0)} of ${metrics.test ? "PrivateTest" : validationName(model.config)}, by the labels.${isFer2013(model) ? " People agree with these labels in about 65 % of cases (Goodfellow et al. 2013), and the voters of FER+ give another label to about a third of the pictures." : ""}`,
  ...(isFer2013(model)
    ? ["The classes are unbalanced; the rare ones have the lowest scores (see class by class)."]
    : []),
  "The error rates by age, sex, skin colour and culture are unknown, because the data does not say who is in it. Expect differences.",
  isFer2013(model)
    ? "It was trained on small, mostly frontal faces from the web, cropped tightly; another crop, pose or light costs accuracy."
    : "A crop, pose or light that does not occur in the training images may cost accuracy.",
])}`;
}

function reproductionSection({ config, weights, command, metrics }: ReleasedModel): string {
  const settings = Object.entries(config.hyperparameters).map(([key, value]) => [
    key,
    cell(Array.isArray(value) ? value.join(", ") : String(value)),
  ]);
  return `## How to reproduce it

\`\`\`sh
${command}${metrics.test && !command.includes("--final") ? " --final" : ""}
\`\`\`

Seed ${config.seed}, code \`${config.code}\`, weights SHA-256 \`${weights}\`. The same code on the same machine with the same number of threads gives the same weights bit for bit.

<details><summary>All settings</summary>

${table(["setting", "value"], settings)}

</details>`;
}
