// Computes outputs of the face recognition network of @vladmandic/face-api with the package itself, on
// the plain JavaScript backend of the tfjs that it contains.
//
// usage: node face-api.mjs PACKAGE < requests.json > answers.json
//
// A request is { shape: [N, H, W, 3], pixels: flat list, 0–255 }; an answer is { shape, data }.
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

const net = new api.FaceRecognitionNet();
const model = (name) => readFile(path.join(folder, "model", name));
const [manifest] = JSON.parse(await model("face_recognition_model-weights_manifest.json"));
const parts = await Promise.all(manifest.paths.map(model));
const bytes = new Uint8Array(Buffer.concat(parts)).buffer;
net.loadFromWeightMap(tf.io.decodeWeights(bytes, manifest.weights));

let text = "";
for await (const chunk of process.stdin) text += chunk;
const answers = JSON.parse(text).map(({ shape, pixels }) => {
  const batch = tf.tensor4d(pixels, shape);
  // The network calls only this method of its input, which scales images to a square.
  const output = net.forwardInput({ toBatchTensor: () => batch }, shape[1]);
  return { shape: output.shape, data: Array.from(output.dataSync()) };
});
process.stdout.write(JSON.stringify(answers));
