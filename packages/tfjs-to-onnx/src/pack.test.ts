import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { findChromium, launchChromium } from "@mien/bench";
import { readOnnxMetadata } from "@mien/format";
import { findPackageProblems } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { convertLayersModel } from "./convert.ts";
import { readLayersModel } from "./read/layers-model.ts";
import { MIEN_NET } from "./testing/shape-models.ts";
import { loadTf } from "./testing/tf.ts";

type Converter = typeof import("./browser.ts");

const PACKAGE = path.resolve(import.meta.dirname, "..");

/** A page that loads the converter. */
const PAGE =
  '<!doctype html><script type="module">' +
  'import * as converter from "/converter.js"; globalThis.converter = converter;</script>';

const INT8 = ["--precision", "int8", "--calibration"];

let project: string;
let tarball: string;
const at = (...parts: string[]) => path.join(project, ...parts);
const converter = (...argv: string[]) => {
  const bin = at("node_modules/@mien/tfjs-to-onnx/dist/alone/bin.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], {
    cwd: project,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
};

beforeAll(async () => {
  project = await mkdtemp(path.join(tmpdir(), "mien alone-"));
  await MIEN_NET.build(loadTf()).save(`file://${at("saved model")}`);
  const script = path.join(PACKAGE, "pack.mjs");
  tarball = execFileSync(process.execPath, [script, project], { encoding: "utf8" }).trim();
  // The folder into which npm would install it; no package of the workspace can be found from
  // there.
  const home = at("node_modules/@mien/tfjs-to-onnx");
  await mkdir(home, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", home, "--strip-components=1"]);
});
afterAll(() => rm(project, { recursive: true, force: true }));

describe("the packed converter in an empty project", () => {
  it("is packed as publint and TypeScript expect", async () => {
    expect(await findPackageProblems(tarball)).toEqual([]);
  });

  it("needs no other package", async () => {
    const json = JSON.parse(
      await readFile(at("node_modules/@mien/tfjs-to-onnx/package.json"), "utf8"),
    ) as Record<string, unknown>;
    expect(json["dependencies"]).toBeUndefined();
    expect(await readdir(at("node_modules"))).toEqual(["@mien"]);
    expect(existsSync(at("node_modules/@mien/tfjs-to-onnx/src"))).toBe(false);
  });

  it("converts from code as it does here", async () => {
    await writeFile(
      at("convert.mjs"),
      `import { writeFileSync } from "node:fs";
       import { convertLayersModel, readLayersModel } from "@mien/tfjs-to-onnx";
       const model = await readLayersModel("saved model");
       writeFileSync("code.onnx", convertLayersModel(model, { metadata: { a: "b" } }));`,
    );
    execFileSync(process.execPath, ["convert.mjs"], { cwd: project });
    const here = convertLayersModel(await readLayersModel(at("saved model")), {
      metadata: { a: "b" },
    });
    expect((await readFile(at("code.onnx"))).equals(here)).toBe(true);
  });

  it("converts by its own command", async () => {
    const flags = ["--metadata", "a=b=c", "--opset", "20", "--output-name", "probabilities"];
    const { code, out } = converter("saved model", "m.onnx", ...flags);
    expect(code).toBe(0);
    expect(out).toMatch(/^wrote m\.onnx \(\d+ bytes\)\n$/);
    expect(readOnnxMetadata(await readFile(at("m.onnx")), "m")).toEqual({ a: "b=c" });
    expect(converter("saved model").out).toContain("wrote saved model.onnx");
    const half = converter("saved model", "h.onnx", "--precision", "fp16");
    expect(half.code).toBe(0);
    expect((await readFile(at("h.onnx"))).length).toBeLessThan(
      (await readFile(at("m.onnx"))).length,
    );
  });

  /** Without Chromium the test is skipped, except where `CI` is set. */
  const cannotRun = findChromium() === undefined && process.env["CI"] === undefined;
  it.skipIf(cannotRun)("converts in a browser as it does here", async () => {
    const module = at("node_modules/@mien/tfjs-to-onnx/dist/alone/browser.js");
    const files: Readonly<Record<string, string>> = {
      "/converter.js": module,
      "/model.json": at("saved model/model.json"),
      "/weights.bin": at("saved model/weights.bin"),
    };
    const server = createServer((request, response) => {
      const file = files[request.url ?? ""];
      response.setHeader("Content-Type", file === module ? "text/javascript" : "text/html");
      if (file === undefined) response.end(PAGE);
      else readFile(file).then((bytes) => response.end(bytes), console.error);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      await page.goto(address);
      const found = await page.evaluate(async (folder) => {
        const { convertLayersModel, readLayersModel } = (
          globalThis as unknown as { converter: Converter }
        ).converter;
        const blob = async (file: string) => (await fetch(file)).blob();
        const chosen = {
          "model.json": await blob("/model.json"),
          "weights.bin": await blob("/weights.bin"),
        };
        const models = [
          await readLayersModel({ files: chosen }),
          await readLayersModel(`${folder}model.json`),
        ];
        return models.map((model) => Array.from(convertLayersModel(model)));
      }, address);
      const here = convertLayersModel(await readLayersModel(at("saved model")));
      for (const bytes of found) expect(Buffer.from(bytes).equals(here)).toBe(true);
    } finally {
      await browser.close();
      server.close();
    }
  });

  it("says what is wrong and leaves no file", async () => {
    const before = await readdir(project);
    const cases: [string[], number, RegExp][] = [
      [[], 2, /expected a MODEL/],
      [["nowhere"], 1, /cannot read nowhere\/model\.json/],
      [["saved model", "a.onnx", "--opset", "12"], 1, /from 13 to 21, found 12/],
      [["saved model", "a.onnx", "--opsett", "12"], 2, /Unknown option '--opsett'/],
      [["saved model", "a.onnx", "--metadata", "x"], 2, /KEY=VALUE, found x/],
      [["saved model", "a.onnx", "--precision", "int4"], 2, /fp32, fp16 or int8, found int4/],
      [["saved model", "a.onnx", "--precision", "int8"], 2, /--calibration belong together/],
      [["saved model", "a.onnx", ...INT8, "none"], 1, /8 bits need onnxruntime-node/],
      [["saved model", "a.onnx", "--image-range", "1,0"], 2, /two numbers like 0,1/],
      [["saved model", "a.onnx", "--temperature", "0"], 1, /above 0, found 0/],
    ];
    for (const [argv, code, message] of cases) {
      const result = converter(...argv);
      expect(result.err).toMatch(message);
      expect(result.err).not.toContain("    at ");
      expect(result.code).toBe(code);
    }
    expect(await readdir(project)).toEqual(before);
    expect(converter("--help").out).toContain("usage: tfjs-to-onnx MODEL [FILE]");
  });
});
