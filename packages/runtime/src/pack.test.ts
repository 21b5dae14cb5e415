import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { halvesModel } from "./testing/models.ts";

const PACKAGE = path.resolve(import.meta.dirname, "..");
const ROOT = path.resolve(PACKAGE, "../..");

/** What the README shows, with a picture made on the spot. */
const PROGRAM = `
import { createPipeline, People, createLbph } from "@mien/runtime";
const detector = new URL(import.meta.resolve("@mien/runtime/models/detector.onnx"));
const pipeline = await createPipeline({ expression: "model.onnx", detector });
// Left open, which must not keep the program from ending.
const other = await createPipeline({ expression: "model.onnx", detector, background: true });
const frame = { width: 64, height: 48, pixels: new Uint8Array(64 * 48 * 3) };
const result = await pipeline.process(frame);
const same = await other.process(frame);
await pipeline.close();
const people = new People(createLbph());
const wrong = await pipeline.process(frame).catch(({ code }) => code);
console.log(JSON.stringify({ faces: result.faces, again: same.faces, labels: pipeline.labels, size: people.size, wrong }));
`;

/** It compiles against the types that are packed. */
const TYPED = `
import { createPipeline, type Pipeline } from "@mien/runtime";
export async function open(): Promise<Pipeline> {
  const pipeline = await createPipeline({ expression: "m.onnx", detector: "d.onnx" });
  const { faces } = await pipeline.process({ width: 1, height: 1, pixels: new Uint8Array(3) });
  const box: readonly number[] | undefined = faces[0]?.box;
  // @ts-expect-error There is no such option, and types say so.
  await createPipeline({ expression: "m.onnx", detector: "d.onnx", colour: box });
  return pipeline;
}
`;

describe("the package", () => {
  let project: string;
  beforeAll(() => {
    project = mkdtempSync(path.join(tmpdir(), "mien-empty-"));
    const tsc = path.join(ROOT, "node_modules/typescript/bin/tsc");
    execFileSync(process.execPath, [tsc, "-b", PACKAGE]);
    const script = path.join(PACKAGE, "pack.mjs");
    const file = execFileSync(process.execPath, [script, project], { encoding: "utf8" }).trim();
    const home = path.join(project, "node_modules/@mien/runtime");
    mkdirSync(home, { recursive: true });
    execFileSync("tar", ["-xzf", file, "-C", home, "--strip-components=1"]);
    // What npm would download.
    const { resolve } = createRequire(import.meta.url);
    for (const name of ["onnxruntime-node", "onnxruntime-web", "onnxruntime-common"]) {
      const folder = path.join(ROOT, "node_modules", name);
      expect(resolve(name)).toContain(folder);
      symlinkSync(folder, path.join(project, "node_modules", name));
    }
    writeFileSync(path.join(project, "package.json"), `{ "type": "module" }`);
    writeFileSync(path.join(project, "model.onnx"), halvesModel());
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it("runs in an empty project, with its detector", () => {
    writeFileSync(path.join(project, "run.mjs"), PROGRAM);
    const out = execFileSync(process.execPath, ["run.mjs"], { cwd: project, encoding: "utf8" });
    expect(JSON.parse(out)).toEqual({
      faces: [],
      again: [],
      labels: ["Top", "Bottom", "Left", "Right", "Even"],
      size: 0,
      wrong: "usage",
    });
  });

  it("brings types that an editor understands", () => {
    writeFileSync(path.join(project, "typed.ts"), TYPED);
    const tsc = path.join(ROOT, "node_modules/typescript/bin/tsc");
    const compilerOptions = {
      ...{ noEmit: true, strict: true, module: "nodenext", target: "es2022", types: [] },
      ...{ lib: ["es2023", "dom"], skipLibCheck: true },
    };
    const config = JSON.stringify({ compilerOptions, files: ["typed.ts"] });
    writeFileSync(path.join(project, "tsconfig.json"), config);
    const { stdout } = spawnSync(process.execPath, [tsc], { cwd: project, encoding: "utf8" });
    expect(stdout).toBe("");
  });
});
