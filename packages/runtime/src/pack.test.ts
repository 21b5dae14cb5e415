import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import sharp from "sharp";
import ts from "typescript";
import { findChromium } from "@mien/bench";
import { findPackageProblems } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "./testing/browser.ts";
import {
  IN_WORKER,
  OPEN,
  PROGRAM,
  TYPED,
  TYPED_FOR_NODE,
  WITHOUT_PACKAGES,
} from "./testing/package-programs.ts";
import { linkPackage, makeProject, packPackages, type Packed } from "./testing/packed-project.ts";
import { unexportedTypes } from "./testing/unexported-types.ts";

const PACKAGE = path.resolve(import.meta.dirname, "..");
const ROOT = path.resolve(PACKAGE, "../..");

/** Without Chromium the tests of pages are skipped, except where `CI` is set. */
const cannotRun = findChromium() === undefined && process.env["CI"] === undefined;
const FACES = path.join(ROOT, "artifacts/release/faces");

/** The README's fenced blocks of one language, in order. */
function blocks(language: string): string[] {
  const readme = readFileSync(path.join(PACKAGE, "README.md"), "utf8");
  return [...readme.matchAll(/^```(\w+)\n([^]*?)^```/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code!);
}

/** Compiles `typed.ts` of a project with one of TypeScript's module modes, without writing files. */
function compile(project: string, mode: ts.CompilerOptions, code: string): ts.Program {
  writeFileSync(path.join(project, "typed.ts"), code);
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
  let packed: Packed;
  let project: string;
  beforeAll(() => {
    packed = packPackages();
    const others = ["onnxruntime-node", "onnxruntime-web", "sharp", "esbuild", "vite"];
    project = makeProject(packed, ["runtime", "models"], [...packed.dependencies, ...others]);
  });
  afterAll(() => {
    for (const folder of [project, packed.folder]) rmSync(folder, { recursive: true, force: true });
  });

  it("is packed as publint and TypeScript expect, and so are its models", async () => {
    for (const tarball of packed.tarballs) expect(await findPackageProblems(tarball)).toEqual([]);
  });

  it("names the optional packages that it needs, where they are not installed", () => {
    const bare = makeProject(packed, ["runtime"], packed.dependencies);
    copyFileSync(path.join(FACES, "detector.onnx"), path.join(bare, "detector.onnx"));
    writeFileSync(path.join(bare, "run.mjs"), WITHOUT_PACKAGES);
    const run = () => {
      const out = execFileSync(process.execPath, ["run.mjs"], { cwd: bare, encoding: "utf8" });
      return JSON.parse(out) as unknown;
    };
    const naming = (name: string) => expect.stringContaining(`npm install ${name}\``) as string;
    expect(run()).toEqual({
      models: naming("@mien/models"),
      onnxruntime: naming("onnxruntime-node"),
      sharp: naming("onnxruntime-node"),
    });
    linkPackage(bare, "onnxruntime-node");
    expect(run()).toEqual({ models: naming("@mien/models"), sharp: naming("sharp") });
    rmSync(bare, { recursive: true, force: true });
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
    const folder = path.join(project, "node_modules/@mien/runtime");
    const index = path.join(folder, "dist/index.d.ts");
    const { NodeNext, ESNext } = ts.ModuleKind;
    for (const mode of [
      { module: NodeNext },
      { module: ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
    ]) {
      const program = compile(project, mode, TYPED);
      const problems = ts.getPreEmitDiagnostics(program);
      expect(problems.map(({ messageText }) => messageText)).toEqual([]);
      expect(unexportedTypes({ program, index, folder })).toEqual([]);
    }
  });

  it("compiles in a program without the types of browsers", () => {
    const program = compile(
      project,
      {
        module: ts.ModuleKind.NodeNext,
        lib: ["lib.es2023.d.ts"],
        types: ["node"],
        typeRoots: [path.join(ROOT, "node_modules/@types")],
        // The declarations of onnxruntime need those of browsers. A type of mien that did, too, would
        // silently become `any`, and accept a number.
        skipLibCheck: true,
      },
      TYPED_FOR_NODE,
    );
    const problems = ts.getPreEmitDiagnostics(program);
    expect(problems.map(({ messageText }) => messageText)).toEqual([]);
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
      canvas.getContext("2d").fillRect(0, 0, 9, 9);\n`;
    const html = '<link rel="icon" href="data:,"><script type="module" src="page.js"></script>';

    let camera: string;
    beforeAll(() => {
      camera = path.join(project, "camera.y4m");
      const grey = Buffer.alloc((64 * 48 * 3) / 2, 128);
      const frames = Array.from({ length: 3 }, () => [Buffer.from("FRAME\n"), grey]).flat();
      const header = Buffer.from("YUV4MPEG2 W64 H48 F30:1 Ip A1:1 C420jpeg\n");
      writeFileSync(camera, Buffer.concat([header, ...frames]));
    });

    /** Opens a built page and returns the value that it made, its number of workers and its requests. */
    async function visit(folder: string) {
      const types: Record<string, string> = {
        ".html": "text/html",
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
      };
      const browser = await serve(
        (name) => {
          const file = path.join(folder, name === "/" ? "index.html" : name);
          if (!existsSync(file)) return undefined;
          const type = types[path.extname(file)] ?? "application/octet-stream";
          return { type, content: readFileSync(file) };
        },
        { isReady: () => "made" in globalThis, camera },
      );
      try {
        const { page, requests } = await browser.open();
        const made = await page.evaluate(() => (globalThis as { made?: unknown }).made);
        return { made, workers: page.workers().length, requests };
      } finally {
        await browser.close();
      }
    }

    it("the README's page without a bundler shows the camera, as it stands", async () => {
      const folder = path.join(project, "public");
      mkdirSync(folder, { recursive: true });
      execFileSync("sh", ["-ec", blocks("sh")[1]!], { cwd: project, stdio: "pipe" });
      const [program = ""] = blocks("html");
      const watched = program.replace(
        "drawFaces(context, result);",
        "$& globalThis.made = result;",
      );
      writeFileSync(path.join(folder, "index.html"), watched);
      const { made, workers } = await visit(folder);
      expect(made).toMatchObject({ type: "frame", faces: [] });
      expect(workers).toBe(2);
    });

    it("the README's esbuild commands and program work as they stand", async () => {
      const folder = path.join(project, "public");
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        path.join(project, "page.js"),
        `${page}${blocks("js")[1]!}\nglobalThis.made = faces;`,
      );
      execFileSync("sh", ["-ec", blocks("sh")[2]!], { cwd: project, stdio: "pipe" });
      writeFileSync(path.join(folder, "index.html"), html);
      expect((await visit(folder)).made).toEqual([]);
    });

    it("the README's program with two threads, and one with workers, work in a Vite build", async () => {
      const app = path.join(project, "vite");
      mkdirSync(app, { recursive: true });
      writeFileSync(path.join(app, "index.html"), html);
      const vite = path.join(ROOT, "node_modules/vite/bin/vite.js");
      const frame = "{ width: 64, height: 48, pixels: new Uint8Array(64 * 48 * 3) }";
      const inWorkers = `import { createPipeline } from "@mien/runtime";
        const pipeline = await createPipeline({ background: true });`;
      for (const program of [blocks("js")[2]!, inWorkers]) {
        const made = `globalThis.made = (await pipeline.process(${frame})).faces;`;
        writeFileSync(path.join(app, "page.js"), `${program}\n${made}`);
        execFileSync(process.execPath, [vite, "build", "--logLevel", "error"], { cwd: app });
        const { made: faces, workers, requests } = await visit(path.join(app, "dist"));
        expect(faces).toEqual([]);
        expect(workers).toBeGreaterThan(0);
        const hasModule = requests.some((url) => /ort-wasm-simd-threaded.*\.mjs$/.test(url));
        expect(hasModule).toBe(program !== inWorkers);
      }
    });
  });
});
