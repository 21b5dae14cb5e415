import { readFile } from "node:fs/promises";
import path from "node:path";
import { defineCommand, FOLDERS, formatBytes, outOption, writeFileAtomic } from "@mien/cli";
import { FACE_API, faceApiFolder, readFaceWeights, type FaceNet } from "../faces/face-api.ts";
import { encodeFaceModel } from "../faces/face-models.ts";
import { compareFaces, encodeReference, makeReference } from "../faces/verify-faces.ts";

const NETS: readonly FaceNet[] = ["detector", "embedding"];

export const faces = defineCommand({
  name: "faces",
  summary: "Convert the face detector and the face recogniser of face-api to ONNX",
  details:
    `Takes the weights from the npm package ${FACE_API.name} ${FACE_API.version} (${FACE_API.licence}), which is installed into the cache folder at the first use. ` +
    "Writes DIR/detector.onnx and DIR/embedding.onnx after checking that their outputs agree with face-api's within 1e-4. " +
    "Reference inputs and outputs are stored in DIR/reference.bin.",
  examples: ["npx nx run export:faces", "npx nx run export:faces --out faces"],
  options: {
    out: { ...outOption("Folder of the models"), default: path.join(FOLDERS.release, "faces") },
  },
  async run({ out }, { terminal, signal }) {
    const folder = await faceApiFolder({ terminal, signal });
    terminal.say(`weights ${folder} (${FACE_API.version}, ${FACE_API.licence})`);
    const convert = async (net: FaceNet) => {
      const { weights, sha256 } = await readFaceWeights(folder, net);
      return encodeFaceModel(net, weights, sha256);
    };
    const models = { detector: await convert("detector"), embedding: await convert("embedding") };
    const bar = terminal.progress("compare with face-api", NETS.length);
    const reference = await makeReference(folder, signal).finally(() => bar.stop());
    const comparisons = await compareFaces(models, reference);
    const results = NETS.map((net) => {
      const differences = comparisons.filter((comparison) => comparison.net === net);
      return {
        model: path.join(out, `${net}.onnx`),
        bytes: models[net].length,
        maxDifference: Math.max(...differences.map(({ difference }) => difference)),
      };
    });
    terminal.table(
      ["model", "size", "largest difference from face-api"],
      results.map(({ model, bytes, maxDifference }) => [
        path.basename(model),
        formatBytes(bytes),
        maxDifference.toExponential(1),
      ]),
    );
    for (const net of NETS) {
      const file = path.join(out, `${net}.onnx`);
      await writeFileAtomic(file, models[net]);
      terminal.wrote(file);
    }
    const referenceFile = path.join(out, "reference.bin");
    await writeFileAtomic(referenceFile, encodeReference(reference));
    terminal.wrote(referenceFile);
    // The MIT licence must be distributed with the weights.
    const licence = path.join(out, "LICENSE");
    await writeFileAtomic(licence, await readFile(path.join(folder, "LICENSE")));
    terminal.wrote(licence);
    terminal.next("npx nx run app:analyze --source photo.jpg", "finds faces with them");
    return { package: FACE_API, results, comparisons };
  },
});
