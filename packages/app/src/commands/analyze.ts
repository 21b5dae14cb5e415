import path from "node:path";
import {
  defineCommand,
  findModel,
  FOLDERS,
  formatPercent,
  formatSeconds,
  outOption,
  shellQuote,
  type Terminal,
  writeFileAtomic,
} from "@mien/cli";
import { MienError, type FrameResult, type StreamHeader } from "@mien/format";
import type { AnalyzedImages } from "../analyze-images.ts";
import { findImages, nameSome, printable, type FoundImages } from "../images/find-images.ts";

/** Rows of the table on the screen; the file has them all. */
const MAX_ROWS = 20;
const MAX_WARNINGS = 10;

export const analyze = defineCommand({
  name: "analyze",
  summary: "reads the expressions in images and writes them as JSON lines",
  details:
    "Reads an image, or every image in a folder (JPEG, PNG, WebP, GIF, TIFF, AVIF; of an animation " +
    "the first frame), each showing one face and nothing else, and writes DIR/results.jsonl: a line " +
    "with the labels and the model, then one line an image. Other files in the folder are skipped. " +
    "An image that cannot be read is named and left out; the command fails only if none can be read.",
  examples: [
    "npx nx run app:analyze --source face.jpg --cropped",
    "npx nx run app:analyze --source faces/ --cropped --out artifacts/faces",
  ],
  options: {
    source: {
      type: "string",
      placeholder: "PATH",
      description: "an image, or a folder of images",
    },
    cropped: {
      type: "boolean",
      description: "the images are already cropped to the face",
    },
    model: {
      type: "string",
      placeholder: "FILE",
      description: "model (.onnx); default: the released one, else the newest in artifacts/models/",
    },
    out: { ...outOption("folder for results.jsonl"), default: "artifacts/analyze" },
  },
  async run({ source, cropped, model, out }, { terminal, signal }) {
    if (source === undefined) {
      throw new MienError("usage", "--source is missing", {
        advice: "Name an image or a folder: --source face.jpg --cropped",
      });
    }
    if (!cropped) {
      throw new MienError("unsupported", "finding faces in a picture is not there yet", {
        advice: "Crop the pictures to the face, then add --cropped.",
      });
    }
    const found = await findImages(source);
    const file = await findModel(model);
    const { ExpressionClassifier } = await import("@mien/runtime");
    const classifier = await ExpressionClassifier.open(file);
    try {
      const { height, width, channels } = classifier.metadata.input;
      const colour = channels === 1 ? "grey" : "RGB";
      terminal.say(
        `model ${file} (${reasonFor(file, model)}): ` +
          `${classifier.labels.length} expressions, ${width}×${height} ${colour}`,
      );
      reportSkipped(terminal, found);
      const started = performance.now();
      const { analyzeCroppedImages } = await import("../analyze-images.ts");
      const progress = terminal.progress("analyze", found.images.length);
      const analyzed = await analyzeCroppedImages(found.images, classifier, {
        signal,
        onProgress: (done) => progress.update(done),
      }).finally(() => progress.stop());
      const seconds = (performance.now() - started) / 1000;
      refuseIfNothing(source, found, analyzed);
      const results = path.join(out, "results.jsonl");
      const header: StreamHeader = { labels: classifier.labels, model: file };
      const lines = [header, ...analyzed.results].map((line) => JSON.stringify(line));
      await writeFileAtomic(results, `${lines.join("\n")}\n`);
      const expressions = countExpressions(classifier.labels, analyzed.results);
      showResults(terminal, classifier.labels, analyzed.results);
      if (found.isFolder) showCounts(terminal, expressions, analyzed.results.length, seconds);
      reportFailed(terminal, analyzed);
      terminal.wrote(results, images(analyzed.results.length));
      suggestNext(terminal, { source, model }, found);
      return {
        source,
        model: file,
        labels: classifier.labels,
        images: analyzed.results.length,
        expressions,
        failed: analyzed.failed,
        skipped: found.skipped,
        results,
      };
    } finally {
      await classifier.close();
    }
  },
});

function reasonFor(file: string, asked: string | undefined): string {
  if (asked !== undefined) return "as --model says";
  return path.dirname(file) === path.normalize(FOLDERS.release)
    ? `the default of ${FOLDERS.release}/index.json`
    : `the newest in ${FOLDERS.models}/`;
}

function reportSkipped(terminal: Terminal, { skipped, images: { length } }: FoundImages): void {
  if (skipped.length === 0) return;
  const what = skipped.length === 1 ? "1 entry that is" : `${skipped.length} entries that are`;
  terminal.warn(
    `skipped ${what} no image: ${nameSome(skipped)}; ${images(length)} left to be read`,
  );
}

function refuseIfNothing(source: string, found: FoundImages, { results, failed }: AnalyzedImages) {
  const [first] = failed;
  if (results.length > 0 || first === undefined) return;
  if (!found.isFolder) throw new MienError("bad-image", printable(first.reason));
  throw new MienError(
    "bad-image",
    `none of the ${images(failed.length)} in ${source} can be read, and nothing was written; ` +
      `for example, ${printable(first.reason)}`,
  );
}

function reportFailed(terminal: Terminal, { failed, results }: AnalyzedImages): void {
  if (failed.length === 0) return;
  for (const { reason } of failed.slice(0, MAX_WARNINGS)) terminal.warn(printable(reason));
  const rest = failed.length - MAX_WARNINGS;
  if (rest > 0) terminal.warn(`and ${rest} more; --json FILE lists them all`);
  terminal.warn(`left out ${failed.length} of ${images(failed.length + results.length)}`);
}

function showResults(
  terminal: Terminal,
  labels: readonly string[],
  results: readonly FrameResult[],
): void {
  const rows = results.slice(0, MAX_ROWS).map(({ source, faces: [face] }) => {
    const ranked = (face?.probabilities ?? [])
      .map((probability, index) => ({ probability, label: labels[index] ?? "" }))
      .sort((a, b) => b.probability - a.probability);
    const [best, second] = ranked;
    return [
      shorten(printable(path.basename(source))),
      best?.label ?? "",
      formatPercent(best?.probability ?? 0, 1),
      second === undefined ? "" : `${second.label} ${formatPercent(second.probability, 1)}`,
    ];
  });
  terminal.table(["image", "expression", "probability", "runner-up"], rows);
  const rest = results.length - rows.length;
  if (rest > 0) terminal.say(`… and ${rest} more`);
}

function showCounts(
  terminal: Terminal,
  expressions: Readonly<Record<string, number>>,
  total: number,
  seconds: number,
): void {
  terminal.say("");
  terminal.table(
    ["expression", "images", "share"],
    Object.entries(expressions).map(([label, count]) => [
      label,
      count,
      formatPercent(count / total, 1),
    ]),
  );
  terminal.say(`${images(total)} in ${formatSeconds(seconds)}`);
}

function suggestNext(
  terminal: Terminal,
  { source, model }: { source: string; model: string | undefined },
  found: FoundImages,
): void {
  if (found.isFolder) {
    terminal.next(
      "npx nx run export:verify",
      "shows that the model answers as the trained one does",
    );
    return;
  }
  const flags = `--cropped${model === undefined ? "" : ` --model ${shellQuote(model)}`}`;
  terminal.next(
    `npx nx run app:analyze --source ${shellQuote(path.dirname(source))} ${flags}`,
    "reads every image in the folder",
  );
}

function countExpressions(
  labels: readonly string[],
  results: readonly FrameResult[],
): Record<string, number> {
  const counts = Object.fromEntries(labels.map((label) => [label, 0]));
  for (const { faces } of results) {
    for (const { expression } of faces) counts[expression] = (counts[expression] ?? 0) + 1;
  }
  return counts;
}

function images(count: number): string {
  return count === 1 ? "1 image" : `${count} images`;
}

/** Cuts a long name in its middle, where names differ least. */
function shorten(name: string): string {
  const letters = [...new Intl.Segmenter().segment(name)].map(({ segment }) => segment);
  if (letters.length <= 40) return name;
  return `${letters.slice(0, 24).join("")}…${letters.slice(-15).join("")}`;
}
