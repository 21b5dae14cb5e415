import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import ts from "typescript";
import { findChromium } from "@mien/bench";
import { findPackageProblems } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "./testing/browser.ts";
import { halvesModel } from "./testing/models.ts";
import { IN_WORKER, OPEN, PROGRAM, TYPED } from "./testing/package-programs.ts";
import { unexportedTypes } from "./testing/unexported-types.ts";

const PACKAGE = path.resolve(import.meta.dirname, "..");
const ROOT = path.resolve(PACKAGE, "../..");

/** Without Chromium the tests of pages are skipped, except where `CI` is set. */
const cannotRun = findChromium() === undefined && process.env["CI"] === undefined;
const FACES = path.join(ROOT, "artifacts/release/faces");

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly bundleDependencies: readonly string[];
}

/** The README's fenced blocks of one language, in order. */
function blocks(language: string): string[] {
  const readme = readFileSync(path.join(PACKAGE, "README.md"), "utf8");
  return [...readme.matchAll(/^```(\w+)\n([^]*?)^```/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code!);
}

/** Compiles `typed.ts` of a project with one of TypeScript's module modes, without writing files. */
function compile(project: string, mode: ts.CompilerOptions): ts.Program {
  return ts.createProgram([path.join(project, "typed.ts")], {
    noEmit: true,
    strict: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    // The declarations of the packages are checked, those of TypeScript itself are not.
    skipLibCheck: false,
    skipDefaultLibCheck: true,
    ...mode,
  });
}

describe("the package", () => {
  let project: string;
  let tarball: string;
  beforeAll(() => {
    project = realpathSync(mkdtempSync(path.join(tmpdir(), "mien-empty-")));
    const script = path.join(PACKAGE, "pack.mjs");
    tarball = execFileSync(process.execPath, [script, project], { encoding: "utf8" }).trim();
    const home = path.join(project, "node_modules/@mien/runtime");
    mkdirSync(home, { recursive: true });
    execFileSync("tar", ["-xzf", tarball, "-C", home, "--strip-components=1"]);
    // The packages that npm would download, and those that the README's programs need.
    const manifest = readFileSync(path.join(home, "package.json"), "utf8");
    const { dependencies, bundleDependencies } = JSON.parse(manifest) as Manifest;
    for (const name of [...Object.keys(dependencies), "sharp", "esbuild", "vite"]) {
      if (bundleDependencies.includes(name)) continue;
      symlinkSync(
        path.join(ROOT, "node_modules", name),
        path.join(project, "node_modules", name),
        "junction",
      );
    }
    writeFileSync(path.join(project, "package.json"), `{ "type": "module" }`);
    writeFileSync(path.join(project, "model.onnx"), halvesModel());
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it("is packed as publint and TypeScript expect", async () => {
    expect(await findPackageProblems(tarball)).toEqual([]);
  });

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

  describe("in a process that was started without ORT_DISABLE_TELEMETRY", () => {
    /** Runs a program in an empty home folder, without `CI`, which also switches the telemetry off. */
    function run(program: string, variables: Record<string, string> = {}) {
      const home = mkdtempSync(path.join(project, "home-"));
      const homes = { HOME: home, USERPROFILE: home, LOCALAPPDATA: home, APPDATA: home };
      const { PATH, SystemRoot } = process.env;
      writeFileSync(path.join(project, "open.mjs"), program);
      const out = execFileSync(process.execPath, ["open.mjs"], {
        cwd: project,
        encoding: "utf8",
        env: { PATH, SystemRoot, ...homes, ...variables },
      });
      return { answer: JSON.parse(out) as unknown, files: readdirSync(home) };
    }

    it("switches the telemetry off before onnxruntime is loaded, and leaves no file at home", () => {
      expect(run(OPEN)).toEqual({ answer: ["1"], files: [] });
    });

    it("opens no model in a worker thread, with the advice to set the variable", () => {
      expect(run(IN_WORKER)).toEqual({
        answer: {
          code: "environment",
          message: expect.stringMatching(
            /ORT_DISABLE_TELEMETRY is not 1, and a worker thread/,
          ) as string,
          advice: expect.stringMatching(/Start the program with ORT_DISABLE_TELEMETRY=1/) as string,
        },
        files: [],
      });
      const set = run(IN_WORKER, { ORT_DISABLE_TELEMETRY: "1" });
      expect(set).toEqual({ answer: "opened", files: [] });
    });
  });

  it("compiles as nodenext and as bundler, and exports every type of its public signatures", () => {
    writeFileSync(path.join(project, "typed.ts"), TYPED);
    const folder = path.join(project, "node_modules/@mien/runtime");
    const index = path.join(folder, "dist/index.d.ts");
    const { NodeNext, ESNext } = ts.ModuleKind;
    for (const mode of [
      { module: NodeNext },
      { module: ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
    ]) {
      const program = compile(project, mode);
      const problems = ts.getPreEmitDiagnostics(program);
      expect(problems.map(({ messageText }) => messageText)).toEqual([]);
      expect(unexportedTypes({ program, index, folder })).toEqual([]);
    }
  });

  it("runs the README's program for Node as it stands", async () => {
    const picture = { width: 64, height: 48, channels: 3, background: "grey" } as const;
    await sharp({ create: picture }).jpeg().toFile(path.join(project, "people.jpg"));
    writeFileSync(path.join(project, "faces.mjs"), blocks("js")[0]!);
    const { status, stderr } = spawnSync(process.execPath, ["faces.mjs"], {
      cwd: project,
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("runs the README's program for people as it stands", () => {
    const made = "const pictures = [{ width: 8, height: 8, pixels: new Uint8Array(192) }];";
    writeFileSync(path.join(project, "people.mjs"), `${made}\n${blocks("js")[3]!}`);
    for (const model of ["detector", "embedding"]) {
      copyFileSync(path.join(FACES, `${model}.onnx`), path.join(project, `${model}.onnx`));
    }
    const { stderr } = spawnSync(process.execPath, ["people.mjs"], {
      cwd: project,
      encoding: "utf8",
    });
    // It runs up to the enrolment, which finds no face in a black picture, as expected.
    expect(stderr).toContain("no face is found in the 1 pictures of Ada");
  });

  describe.skipIf(cannotRun)("in a page", () => {
    const page = `
      const canvas = document.createElement("canvas");
      const video = new OffscreenCanvas(300, 150);
      video.getContext("2d").fillRect(0, 0, 9, 9);\n`;
    const html = '<link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

    /** Opens a built page and returns the value that it made, its number of workers and its requests. */
    async function visit(folder: string) {
      const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript" };
      const browser = await serve(
        (name) => {
          const file = path.join(folder, name === "/" ? "index.html" : name);
          if (!existsSync(file)) return undefined;
          const script = file.endsWith(".mjs") ? "text/javascript" : undefined;
          const type = script ?? types[path.extname(file)] ?? "application/wasm";
          return { type, content: readFileSync(file) };
        },
        { isReady: () => "made" in globalThis },
      );
      try {
        const { page, requests } = await browser.open();
        const made = await page.evaluate(() => (globalThis as { made?: unknown }).made);
        return { made, workers: page.workers().length, requests };
      } finally {
        await browser.close();
      }
    }

    it("the README's esbuild commands and program work as they stand", async () => {
      mkdirSync(path.join(project, "public"), { recursive: true });
      const detector = path.join(project, "node_modules/@mien/runtime/models/detector.onnx");
      copyFileSync(detector, path.join(project, "detector.onnx"));
      writeFileSync(
        path.join(project, "page.js"),
        `${page}${blocks("js")[1]!}\nglobalThis.made = faces;`,
      );
      execFileSync("sh", ["-ec", blocks("sh")[0]!], { cwd: project, stdio: "pipe" });
      writeFileSync(path.join(project, "public/index.html"), html);
      expect((await visit(path.join(project, "public"))).made).toEqual([]);
    });

    it("the README's program with two threads works in a Vite build", async () => {
      const app = path.join(project, "vite");
      mkdirSync(path.join(app, "public"), { recursive: true });
      writeFileSync(path.join(app, "index.html"), html);
      writeFileSync(
        path.join(app, "page.js"),
        `${blocks("js")[2]!}
        const frame = { width: 64, height: 48, pixels: new Uint8Array(64 * 48 * 3) };
        globalThis.made = (await pipeline.process(frame)).faces;`,
      );
      for (const name of ["model.onnx", "detector.onnx"]) {
        copyFileSync(path.join(project, name), path.join(app, "public", name));
      }
      const vite = path.join(ROOT, "node_modules/vite/bin/vite.js");
      execFileSync(process.execPath, [vite, "build", "--logLevel", "error"], { cwd: app });
      const { made, workers, requests } = await visit(path.join(app, "dist"));
      expect(made).toEqual([]);
      expect(workers).toBeGreaterThan(0);
      expect(requests.some((url) => /ort-wasm-simd-threaded.*\.mjs$/.test(url))).toBe(true);
    });
  });
});
