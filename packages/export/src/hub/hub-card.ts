import { formatPercent } from "@mien/cli";
import type { ModelMetadata, PixelValues } from "@mien/format";
import type { FigureRow, HubFacts } from "./hub-figures.ts";

/** What the files beside the models are made from. */
export interface HubContent {
  /** The name of the model. */
  readonly name: string;
  /** The name of the folder. */
  readonly folder: string;
  readonly metadata: ModelMetadata;
  readonly pixelValues: PixelValues;
  readonly facts: HubFacts;
  readonly hasQuantized: boolean;
}

/** The content of `LICENSE.md`, to which the front matter refers. */
export function hubLicence({ facts }: HubContent): string {
  const { data } = facts;
  const known =
    data === undefined
      ? "The file of the model does not name its training data. Ask its maker for the licence."
      : `The model was trained on ${data.name}. Licence of this data: ${data.licence}.\n\n` +
        "This licence limits the weights of the model too.";
  return `# Licence\n\n${known}\n`;
}

/** The content of `README.md`: the front matter that Hugging Face reads, and the card. */
export function hubReadme(content: HubContent): string {
  const { name, metadata, facts, hasQuantized } = content;
  const { labels, input } = metadata;
  const colours = input.channels === 1 ? "They convert them to grey and scale" : "They scale";
  const sections = [
    frontMatter(content),
    `# ${name}`,
    ...(facts.description === undefined ? [] : [facts.description]),
    `The model recognises expressions in images of cropped faces: ${labels.join(", ")}. It cannot read feelings.`,
    "## Use",
    javascript(content),
    hasQuantized
      ? "`onnx/model_quantized.onnx` (`q8`) computes in 8 bits, `onnx/model.onnx` (`fp32`) in 32 bits."
      : "There is only `onnx/model.onnx` (`fp32`), which `config.json` selects.",
    python(content),
    `The models take images of any size. ${colours} them to ${input.width}×${input.height} pixels, without aliasing. Images in one call must have the same size. The probabilities are the softmax of \`logits\`, without a temperature.`,
    ...(facts.figures.length > 0 ? ["## Figures", figureTable(facts.figures)] : []),
    ...(facts.card === undefined ? limits(facts) : originalCard(content, facts.card)),
  ];
  return `${sections.join("\n\n")}\n`;
}

function javascript({ folder, hasQuantized }: HubContent): string {
  const dtype = hasQuantized ? "q8" : "fp32";
  return `In JavaScript, with transformers.js:

\`\`\`js
import { env, pipeline } from "@huggingface/transformers";

env.localModelPath = "."; // the folder that contains ${folder}
env.allowRemoteModels = false;
const classify = await pipeline("image-classification", "${folder}", { dtype: "${dtype}" });
console.log(await classify("face.jpg", { top_k: 3 }));
\`\`\`

In Node, set the environment variable \`ORT_DISABLE_TELEMETRY=1\`. Without it, onnxruntime sends usage data to Microsoft.`;
}

function python({ pixelValues }: HubContent): string {
  const [mean] = pixelValues.mean;
  const [std] = pixelValues.std;
  return `In Python, with onnxruntime and Pillow, in the folder of this file:

\`\`\`python
import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import
import json
import numpy as np
import onnxruntime
from PIL import Image

labels = json.load(open("config.json", encoding="utf-8"))["id2label"]
image = np.asarray(Image.open("face.jpg").convert("RGB"), np.float32)
pixel_values = ((image / 255 - ${mean}) / ${std}).transpose(2, 0, 1)[None].astype(np.float32)
session = onnxruntime.InferenceSession("onnx/model.onnx")
(logits,) = session.run(["logits"], {"pixel_values": pixel_values})
powers = np.exp(logits[0] - logits[0].max())
for index, probability in enumerate(powers / powers.sum()):
    print(labels[str(index)], probability)
\`\`\``;
}

function figureTable(rows: readonly FigureRow[]): string {
  const share = (value: number | undefined) => (value === undefined ? "–" : formatPercent(value));
  const lines = rows.map(({ split, by, images, accuracy, macroF1, meanRecall }) =>
    [split, by, images ?? "–", share(accuracy), share(macroF1), share(meanRecall)].join(" | "),
  );
  return [
    "| split | by | images | accuracy | macro-F1 | mean recall |",
    "| --- | --- | --: | --: | --: | --: |",
    ...lines.map((line) => `| ${line} |`),
  ].join("\n");
}

function limits({ data }: HubFacts): string[] {
  const licence =
    data === undefined ? [] : [`Training data: ${data.name}. Licence: ${data.licence}.`];
  return [
    "## Limits",
    ...licence,
    "Do not use the model for decisions about people, or on people who do not know it. In the EU, it is prohibited to infer emotions of people at work and in education (AI Act, Regulation (EU) 2024/1689, Art. 5(1)(f)).",
  ];
}

/** The card of the released model, one heading level lower and without links to other files. */
function originalCard({ name }: HubContent, card: string): string[] {
  const text = card
    .replace(/^# .*\n+/, "")
    .replace(/^#+ /gm, "#$&")
    .replace(/\[([^\]]*)\]\((?![a-z]+:|#)[^)]*\)/g, "$1")
    .trim();
  return [
    `## The card of ${name}.onnx`,
    `The models in this folder were made from \`${name}.onnx\` and, if there are 8 bits, \`${name}.int8.onnx\`, which the following card describes. Names, sizes, inputs and outputs of the files are those of these originals.`,
    text,
  ];
}

function frontMatter({ name, facts }: HubContent): string {
  const { data, figures } = facts;
  const results = figures.flatMap(({ split, by, accuracy, macroF1, meanRecall }) => [
    "  - task:",
    "      type: image-classification",
    "      name: Facial expression recognition",
    "    dataset:",
    `      name: ${text(`${data?.name ?? "unknown"}, ${split}, by ${by === "votes" ? "FER+ votes" : "labels"}`)}`,
    `      type: ${text(data?.name ?? "unknown")}`,
    `      split: ${text(split)}`,
    "    metrics:",
    ...metric("accuracy", "Accuracy", accuracy),
    ...metric("f1", "Macro-F1", macroF1),
    ...metric("recall", "Mean recall", meanRecall),
  ]);
  return [
    "---",
    "license: other",
    "license_name: licence-of-the-training-data",
    "license_link: LICENSE.md",
    "library_name: transformers.js",
    "pipeline_tag: image-classification",
    "tags:",
    "- onnx",
    "- facial-expression-recognition",
    ...(data === undefined ? [] : ["datasets:", `- ${text(data.name)}`]),
    "metrics:",
    "- accuracy",
    "- f1",
    "- recall",
    ...(results.length > 0 ? ["model-index:", `- name: ${text(name)}`, "  results:"] : []),
    ...results,
    "---",
  ].join("\n");
}

function metric(type: string, name: string, value: number | undefined): string[] {
  if (value === undefined) return [];
  return [`    - type: ${type}`, `      value: ${value.toFixed(4)}`, `      name: ${name}`];
}

/** A YAML text: a JSON string is one. */
function text(value: string): string {
  return JSON.stringify(value);
}
