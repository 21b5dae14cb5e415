// Runs an image classifier with transformers.js. Reads questions as lines of JSON.
//
// usage: node hub_transformers.mjs LIBRARY FOLDER
//
// LIBRARY is the main file of transformers.js for CommonJS. First prints { version }. A question is
// { images: FILE, sizes: [[width, height, channels], …], dtype }, where FILE holds the pixels of all
// images; the answer is { probabilities: [[in the order of id2label], …] }.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

process.env.ORT_DISABLE_TELEMETRY = "1"; // before onnxruntime is loaded
const [library = "", folder = ""] = process.argv.slice(2);
const { env, pipeline, RawImage } = await import(
  pathToFileURL(library.replace(/\.cjs$/, ".mjs")).href
);
env.allowRemoteModels = false;
env.localModelPath = path.dirname(path.resolve(folder));
env.useFSCache = false;
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const config = JSON.parse(await readFile(path.join(folder, "config.json"), "utf8"));
const labels = Object.values(config.id2label);
say({ version: env.version });
for await (const line of createInterface(process.stdin)) {
  const { images, sizes, dtype } = JSON.parse(line);
  const classify = await pipeline("image-classification", path.basename(path.resolve(folder)), {
    dtype,
    device: "cpu",
    session_options: { intraOpNumThreads: 1, interOpNumThreads: 1 },
  });
  const pixels = await readFile(images);
  const probabilities = [];
  let at = 0;
  for (const [width, height, channels] of sizes) {
    const end = at + width * height * channels;
    const image = new RawImage(
      new Uint8ClampedArray(pixels.subarray(at, end)),
      width,
      height,
      channels,
    );
    at = end;
    const answer = await classify(image, { top_k: labels.length });
    probabilities.push(
      labels.map((name) => answer.find(({ label }) => label === name)?.score ?? null),
    );
  }
  await classify.dispose();
  say({ probabilities });
}
