// Computes outputs of the networks of @vladmandic/face-api with the package itself, on the plain
// JavaScript backend of the tfjs that it contains.
//
// usage: node face-api.mjs PACKAGE < requests.json > answers.json
//
// A request is { net: "detector" | "embedding", shape: [N, H, W, 3], pixels: flat list, 0–255 }; an
// answer is { shape, data }.
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.argv[2] ?? "";
// The bundle looks for Node's own tfjs backend unless this class of a browser's worker exists.
globalThis.WorkerGlobalScope ??= class {};
console.warn = () => undefined;
const api = await import(pathToFileURL(path.join(folder, "dist/face-api.esm.js")).href);
const { tf } = api;
await tf.setBackend("cpu");
await tf.ready();

const NETS = {
  detector: { net: new api.TinyFaceDetector(), weights: "tiny_face_detector_model" },
  embedding: { net: new api.FaceRecognitionNet(), weights: "face_recognition_model" },
};
for (const { net, weights } of Object.values(NETS)) {
  const model = (name) => readFile(path.join(folder, "model", name));
  const manifest = JSON.parse(await model(`${weights}-weights_manifest.json`));
  const parts = await Promise.all(manifest[0].paths.map(model));
  const bytes = new Uint8Array(Buffer.concat(parts)).buffer;
  net.loadFromWeightMap(tf.io.decodeWeights(bytes, manifest[0].weights));
}

let text = "";
for await (const chunk of process.stdin) text += chunk;
const answers = JSON.parse(text).map(({ net, shape, pixels }) => {
  const batch = tf.tensor4d(pixels, shape);
  // The networks call only this method of their input, which scales images to a square.
  const output = NETS[net].net.forwardInput({ toBatchTensor: () => batch }, shape[1]);
  return { shape: output.shape, data: Array.from(output.dataSync()) };
});
process.stdout.write(JSON.stringify(answers));
