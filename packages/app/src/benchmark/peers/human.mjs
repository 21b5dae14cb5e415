// Runs detection and emotion of @vladmandic/human, without its other models, on one frame
// repeatedly.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "./serve.mjs";

/* global Response */
// The package fetches its models, and Node's fetch does not accept file: addresses.
const { fetch } = globalThis;
globalThis.fetch = async (address, options) =>
  String(address).startsWith("file:")
    ? new Response(await readFile(fileURLToPath(String(address))))
    : fetch(address, options);

await serve(async ({ folder, width, height, pixels }) => {
  const require = createRequire(path.join(folder, "package.json"));
  const wasm = path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm"));
  // Loaded by its path, since the package exports to Node only its build for native TensorFlow.
  const module = require(
    path.join(folder, "node_modules/@vladmandic/human/dist/human.node-wasm.js"),
  );
  const Human = module.Human ?? module.default;
  const off = { enabled: false };
  const human = new Human({
    backend: "wasm",
    wasmPath: `${wasm}/`,
    modelBasePath: `file://${folder}/node_modules/@vladmandic/human/models/`,
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
      detector: { enabled: true, rotation: false, maxDetected: 5, skipFrames: 0, skipTime: 0 },
      mesh: off,
      attention: off,
      iris: off,
      description: off,
      antispoof: off,
      liveness: off,
      emotion: { enabled: true, skipFrames: 0, skipTime: 0 },
    },
  });
  await human.load();
  return async () => {
    const input = human.tf.tensor(pixels, [1, height, width, 3], "float32");
    const { face, error } = await human.detect(input);
    human.tf.dispose(input);
    if (error) throw new Error(error);
    return face.filter(({ emotion }) => emotion?.length > 0).length;
  };
});
