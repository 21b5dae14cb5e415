import { benchmarkTable, describeEnvironment } from "@mien/bench";
import { defineCommand, formatPercent } from "@mien/cli";
import { MienError } from "@mien/format";
import { createLbph, openEmbedding } from "../people/recogniser.ts";
import { DATA, EMBEDDING } from "../testing/data.ts";
import { describeOrl, identify, identifyAlone, readOrl } from "../testing/orl.ts";

export const benchmarkRecognition = defineCommand({
  name: "benchmark-recognition",
  summary: "Measure the recognition of people on the ORL faces",
  details:
    "Enrols 30 people of MIEN_DATA/orl with 5 pictures each, and tries to recognise them in their 5 other pictures; 10 further people are strangers. " +
    "Prints means over five random splits, at the threshold that is estimated from the enrolled pictures. The expected rates are estimated together with the threshold.",
  examples: ["npx nx run runtime:benchmark-recognition"],
  options: {},
  async run(_options, { terminal }) {
    if (DATA === undefined) {
      throw new MienError("usage", "the ORL faces are needed", {
        advice: "Set MIEN_DATA to the folder that holds orl/.",
      });
    }
    const progress = terminal.progress("recognition", 3);
    const faces = await readOrl();
    progress.update(1, "embedding");
    const embedding = await openEmbedding(EMBEDDING);
    const features = await describeOrl(faces, embedding);
    progress.update(2, "LBPH");
    const lbph = createLbph();
    const rows = [
      { name: "embedding", ...identify(features, embedding) },
      {
        name: "embedding, one person enrolled alone",
        top1: null,
        ...identifyAlone(features, embedding),
      },
      { name: "LBPH", ...identify(await describeOrl(faces, lbph), lbph) },
    ];
    await embedding.close();
    progress.stop();
    const found = faces.flat().filter((face) => face.found).length;
    terminal.say(
      `${found} of ${faces.flat().length} faces found; for the others, the usual place of the face is used`,
    );
    const percent = (share: number | null) => (share === null ? "" : formatPercent(share, 1));
    benchmarkTable(terminal, rows, [
      ["recogniser", ({ name }) => name],
      ["top-1", ({ top1 }) => percent(top1)],
      ["false accepts", ({ falseAccept }) => percent(falseAccept)],
      ["expected", ({ expectedAccept }) => percent(expectedAccept)],
      ["false rejects", ({ falseReject }) => percent(falseReject)],
      ["expected", ({ expectedReject }) => percent(expectedReject)],
    ]);
    return {
      ...describeEnvironment(import.meta.url, ["onnxruntime-node"]),
      pictures: faces.flat().length,
      found,
      rows,
    };
  },
});
