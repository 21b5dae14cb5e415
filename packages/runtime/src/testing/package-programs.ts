// Programs that use the packed package in a project of their own.

/** The README's example with a synthetic picture, and more uses of the package. */
export const PROGRAM = `
import { createPipeline, People, createLbph } from "@mien/runtime";
const pipeline = await createPipeline({ expression: "model.onnx" });
// Not closed, which must not keep the program from ending.
const other = await createPipeline({ expression: "model.onnx", background: true });
const frame = { width: 64, height: 48, pixels: new Uint8Array(64 * 48 * 3) };
const result = await pipeline.process(frame);
const same = await other.process(frame);
await pipeline.close();
const people = new People(createLbph());
const wrong = await pipeline.process(frame).catch(({ code }) => code);
console.log(JSON.stringify({ faces: result.faces, again: same.faces, labels: pipeline.labels, size: people.size, wrong }));
`;

/** Tries what needs optional packages, and prints the error of each attempt. */
export const WITHOUT_PACKAGES = `
import { createPipeline } from "@mien/runtime";
const own = { expression: "model.onnx", detector: "detector.onnx" };
const tries = {
  models: () => createPipeline(),
  onnxruntime: () => createPipeline(own),
  sharp: async () => (await createPipeline(own)).process(new Blob(["picture"])),
};
const errors = {};
for (const [name, run] of Object.entries(tries)) {
  await run().catch(({ code, advice }) => (errors[name] = code + ": " + advice));
}
console.log(JSON.stringify(errors));
`;

/** A program that is compiled without the types of browsers. */
export const TYPED_FOR_NODE = `
import { createPipeline } from "@mien/runtime";
const pipeline = await createPipeline({ stills: true });
const { faces } = await pipeline.process("people.jpg");
export const happy: number | undefined = faces[0]?.probabilityOf["Happy"];
await pipeline.process(Buffer.alloc(9));
// @ts-expect-error A number is no picture.
await pipeline.process(5);
`;

/**
 * Opens a model in both ways, and prints the value of the variable when the native library loads.
 */
export const OPEN = `
import { ExpressionClassifier } from "@mien/runtime";
const seen = [];
const { dlopen } = process;
process.dlopen = (module, file, ...rest) => {
  if (file.includes("onnxruntime")) seen.push(process.env.ORT_DISABLE_TELEMETRY ?? "unset");
  return dlopen.call(process, module, file, ...rest);
};
for (const background of [false, true]) {
  const model = await ExpressionClassifier.open("model.onnx", { background });
  await model.run(new Float32Array(8 * 8), 1);
  await model.close();
}
console.log(JSON.stringify([...new Set(seen)]));
`;

/** Opens a model in a worker thread that the program itself starts. */
export const IN_WORKER = `
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { ExpressionClassifier } from "@mien/runtime";
if (isMainThread) {
  new Worker(new URL(import.meta.url)).on("message", (answer) => console.log(JSON.stringify(answer)));
} else {
  parentPort.postMessage(await ExpressionClassifier.open("model.onnx").then(
    () => "opened",
    ({ code, message, advice }) => ({ code, message, advice }),
  ));
}
`;

/** A program that is compiled against the packed types. */
export const TYPED = `
import { createPipeline, rgbFromRgba, MienError } from "@mien/runtime";
import type { ErrorCode, Picture, Pipeline } from "@mien/runtime";
export const codeOf = (error: unknown): ErrorCode | null => error instanceof MienError ? error.code : null;
export const fromCanvas = (image: ImageData): Picture => rgbFromRgba(image);
export async function open(): Promise<Pipeline> {
  const pipeline = await createPipeline();
  const { faces } = await pipeline.process(document.createElement("canvas"));
  for await (const { width } of pipeline.run(document.createElement("video"))) console.log(width);
  // @ts-expect-error An element that cannot be drawn is no picture.
  await pipeline.process(document.body);
  const box: readonly number[] | undefined = faces[0]?.box;
  // @ts-expect-error There is no such option.
  await createPipeline({ colour: box });
  return pipeline;
}
`;
