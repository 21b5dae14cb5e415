/** What each program does; it prints what it found as JSON. */
const BODY = `
  const pipeline = await createPipeline({ stills: true });
  const { faces } = await pipeline.process("picture.png");
  console.log(JSON.stringify(faces.map(({ box, expression }) => ({ box, expression }))));
  await pipeline.close();`;
export const ESM = `import { createPipeline } from "@mien/runtime";${BODY}`;
export const CJS = `const { createPipeline } = require("@mien/runtime");\n(async () => {${BODY}\n})();`;
/** A program in TypeScript. */
export const TYPED = `import { createPipeline, MienError, type FaceResult, type Pipeline } from "@mien/runtime";
export async function read(file: string): Promise<string[]> {
  const pipeline: Pipeline = await createPipeline({ stills: true });
  const { faces } = await pipeline.process(file);
  return faces.map((face: FaceResult) => face.expression);
}
export const isOurs = (error: unknown): boolean => error instanceof MienError;
`;
/** The files that a page needs, except its own code. */
export const ADDRESSES = `{
      stills: true,
      expression: "/default.onnx",
      detector: "/detector.onnx",
      wasmPath: "/ort-wasm-simd-threaded.wasm",
    }`;
/** @param {string} options */
const inPage = (options) => `
  const pipeline = await createPipeline(${options});
  const picture = await createImageBitmap(await (await fetch("/picture.png")).blob());
  const { faces } = await pipeline.process(picture);
  window.found = faces.map(({ box, expression }) => ({ box, expression }));`;
/** The code of a page. @param {string} options of `createPipeline`. */
export const PAGE = (/** @type {string} */ options) =>
  `import { createPipeline } from "@mien/runtime";\n(async () => {${inPage(options)}\n})().catch((error) => (window.failed = String(error)));`;
export const HTML = `<!doctype html><meta charset="utf-8"><title>mien</title><script type="module" src="/page.js"></script>`;

/** The files of a Next.js application. */
export const NEXT_LAYOUT = `export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }`;
export const NEXT_PAGE = `"use client";
import { useEffect } from "react";
export default function Page() {
  useEffect(() => {
    (async () => {
      const { createPipeline } = await import("@mien/runtime");${inPage(ADDRESSES)}
    })().catch((error) => (window.failed = String(error)));
  }, []);
  return <p>mien</p>;
}`;
