// Runs the tiny detector and the expressions of @vladmandic/face-api on one frame repeatedly.
import { createRequire } from "node:module";
import path from "node:path";
import { serve } from "./serve.mjs";

await serve(async ({ folder, width, height, pixels }) => {
  const require = createRequire(path.join(folder, "package.json"));
  const tf = require("@tensorflow/tfjs");
  const { setWasmPaths } = require("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(`${path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  await tf.setBackend("wasm");
  await tf.ready();
  const faceapi = require(
    path.join(folder, "node_modules/@vladmandic/face-api/dist/face-api.node-wasm.js"),
  );
  const models = path.join(folder, "node_modules/@vladmandic/face-api/model");
  await faceapi.nets.tinyFaceDetector.loadFromDisk(models);
  await faceapi.nets.faceExpressionNet.loadFromDisk(models);
  const options = new faceapi.TinyFaceDetectorOptions({ inputSize: 416 });
  return async () => {
    const input = tf.tensor3d(pixels, [height, width, 3], "int32");
    const faces = await faceapi.detectAllFaces(input, options).withFaceExpressions();
    input.dispose();
    return faces.length;
  };
});
