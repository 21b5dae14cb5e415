// Finds faces with detectors of npm packages.
//
// usage: node find-faces.mjs '{"detector": NAME, "folder": FOLDER}'
//
// Answers lines {file, width, height} of standard input, where the file holds RGB bytes, with lines
// {ms, boxes: [[x, y, width, height], …]}.
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/* global Response */
/** Standard output is for answers only; the output of packages goes to standard error. */
console.log = console.error;
console.info = console.error;
const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { detector, folder } = JSON.parse(process.argv[2]);
const require = createRequire(path.join(folder, "package.json"));
const modules = path.join(folder, "node_modules");
const wasm = path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm"));
const sizeOf = (...files) => files.reduce((sum, file) => sum + statSync(file).size, 0);

async function openFaceApi(ssd) {
  const tf = require("@tensorflow/tfjs");
  require("@tensorflow/tfjs-backend-wasm").setWasmPaths(`${wasm}/`);
  await tf.setBackend("wasm");
  await tf.ready();
  const api = require(path.join(modules, "@vladmandic/face-api/dist/face-api.node-wasm.js"));
  const models = path.join(modules, "@vladmandic/face-api/model");
  const net = ssd ? api.nets.ssdMobilenetv1 : api.nets.tinyFaceDetector;
  await net.loadFromDisk(models);
  const options = ssd
    ? new api.SsdMobilenetv1Options({ maxResults: 100 })
    : new api.TinyFaceDetectorOptions({ inputSize: 416 });
  const name = ssd ? "ssd_mobilenetv1_model.bin" : "tiny_face_detector_model.bin";
  return {
    bytes: sizeOf(path.join(models, name)),
    async find(pixels, width, height) {
      const input = tf.tensor3d(pixels, [height, width, 3], "int32");
      const faces = await api.detectAllFaces(input, options);
      input.dispose();
      return faces.map(({ box }) => [box.x, box.y, box.width, box.height]);
    },
  };
}

async function openHuman() {
  // The package fetches its models, and Node's fetch does not accept file: addresses.
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) =>
    String(address).startsWith("file:")
      ? new Response(await readFile(fileURLToPath(String(address))))
      : fetch(address, options);
  const module = require(path.join(modules, "@vladmandic/human/dist/human.node-wasm.js"));
  const Human = module.Human ?? module.default;
  const off = { enabled: false };
  const models = path.join(modules, "@vladmandic/human/models");
  const human = new Human({
    backend: "wasm",
    wasmPath: `${wasm}/`,
    modelBasePath: `file://${models}/`,
    debug: false,
    cacheSensitivity: 0,
    filter: off,
    body: off,
    hand: off,
    object: off,
    segmentation: off,
    gesture: off,
    face: {
      enabled: true,
      detector: { enabled: true, rotation: false, maxDetected: 50, skipFrames: 0, skipTime: 0 },
      mesh: off,
      attention: off,
      iris: off,
      description: off,
      antispoof: off,
      liveness: off,
      emotion: off,
    },
  });
  await human.load();
  return {
    bytes: sizeOf(path.join(models, "blazeface.bin")),
    async find(pixels, width, height) {
      const input = human.tf.tensor(pixels, [1, height, width, 3], "float32");
      const { face, error } = await human.detect(input);
      human.tf.dispose(input);
      if (error) throw new Error(error);
      return face.map(({ box }) => [...box]);
    },
  };
}

const { bytes, find } = await (detector === "human"
  ? openHuman()
  : openFaceApi(detector === "face-api-ssd"));
answer({ ready: true, bytes });
for await (const line of createInterface(process.stdin)) {
  const { file, width, height } = JSON.parse(line);
  const pixels = new Uint8Array(readFileSync(file));
  const start = performance.now();
  const boxes = await find(pixels, width, height);
  answer({ ms: performance.now() - start, boxes });
}
