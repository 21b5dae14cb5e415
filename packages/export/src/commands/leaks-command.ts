import path from "node:path";
import { csvOption, defineCommand, FOLDERS, formatPercent, outOption } from "@mien/cli";
import { ferplusOption, findVotes, loadWithProgress, skipBadRowsOption } from "@mien/data";
import { imageAt, imageSize, MienError, type Score } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";

/** Images per run of a model. */
const BATCH = 256;

export const leaks = defineCommand({
  name: "leaks",
  summary: "Measure the released models without copies and near-copies of training images",
  details:
    "Runs the 32-bit file of each released model on PublicTest, and adds the figures without near-copies to index.json and the cards. The recorded figures stay as they are; the command fails if the file gives another accuracy.\n" +
    "With --final, it does the same on PrivateTest. This is a test-set access: it is recorded in the card of each model. Nothing may be chosen by its figures.",
  examples: ["npx nx run export:leaks", "npx nx run export:leaks --final"],
  options: {
    csv: csvOption,
    ferplus: ferplusOption,
    skipBadRows: skipBadRowsOption,
    final: {
      type: "boolean",
      description: "Also measure on PrivateTest, which is a test-set access",
    },
    out: { ...outOption("Folder of the released models"), default: FOLDERS.release },
  },
  async run({ csv, ferplus, skipBadRows, final, out }, { terminal, signal }) {
    const dataset = await loadWithProgress({ csv, skipBadRows, signal }, terminal);
    const { set, sha256 } = dataset;
    const votes = await findVotes({ ferplus, csv, set, signal });
    terminal.say("searching copies and near-copies");
    const { recountReleased, trainingCode } = await import("@mien/train");
    const predict = async (
      { name, file }: { readonly name: string; readonly file: string },
      positions: Uint32Array,
    ) => {
      const classifier = await ExpressionClassifier.open(path.join(out, file));
      const bar = terminal.progress(name, positions.length);
      try {
        const [size, count] = [imageSize(set), classifier.labels.length];
        const probabilities = new Float32Array(positions.length * count);
        for (let at = 0; at < positions.length; at += BATCH) {
          if (signal.aborted) throw new MienError("interrupted", "nothing was written");
          const some = positions.subarray(at, at + BATCH);
          const batch = new Float32Array(some.length * size);
          some.forEach((position, i) => batch.set(imageAt(set, position), i * size));
          probabilities.set(await classifier.run(batch, some.length), at * count);
          bar.update(at + some.length);
        }
        return probabilities;
      } finally {
        bar.stop();
        await classifier.close();
      }
    };
    const code = await trainingCode();
    const { figures, written } = await recountReleased(out, { set, sha256, votes, final, code, predict }); // prettier-ignore
    const cell = (score: Score | undefined) =>
      score === undefined ? "–" : `${formatPercent(score.accuracy, 1)} of ${score.images}`;
    terminal.table(
      ["model", "split", "by", "all images", "without copies", "without near-copies"],
      figures.map(({ model, split, by, all, leakFree, nearLeakFree }) => [
        ...[model, split, by],
        ...[all, leakFree, nearLeakFree].map(cell),
      ]),
    );
    for (const file of written) terminal.wrote(file);
    terminal.next("npx nx run train:card", "to write the cards again without measuring");
    return { folder: out, figures, written };
  },
});
