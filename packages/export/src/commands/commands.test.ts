import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { decodeModelMetadata, mergeClasses, readOnnxMetadata } from "@mien/format";
import { describe, expect, it } from "vitest";
import { convertLayersModel, readLayersModel, type Weight } from "@mien/tfjs-to-onnx";
import { exportTests, startCommand } from "../testing/run-folder.ts";

/** Makes a process end with 9 if it has loaded tfjs. */
const WITHOUT_TFJS =
  'import { createRequire } from "node:module";' +
  'const { cache } = createRequire("file:///");' +
  'process.on("exit", () => {' +
  'if (Object.keys(cache).some((file) => file.includes("tfjs"))) process.exitCode = 9; });';

const MODEL = "artifacts/models/tiny.onnx";

const { at, run, readJson } = exportTests("export");

describe("export:onnx", () => {
  it("writes one file that describes itself, without loading tfjs", async () => {
    const probe = ["--import", `data:text/javascript,${encodeURIComponent(WITHOUT_TFJS)}`];
    const { code, out, err } = startCommand(at(), ["onnx", "--json", "onnx.json"], probe);
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain(`wrote ${MODEL}`);
    expect(out).toContain("next  npx nx run export:verify tiny");
    const bytes = await readFile(at(MODEL));
    expect(await readJson("onnx.json")).toMatchObject({
      run: "artifacts/runs/tiny",
      model: MODEL,
      bytes: bytes.length,
      images: 5,
    });
    const metadata = decodeModelMetadata(readOnnxMetadata(bytes, MODEL), MODEL);
    expect(metadata).toMatchObject({
      labels: ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"],
      input: { height: 24, width: 24, channels: 1 },
      training: { run: "tiny", split: "official", seed: 3, config: { epochs: 1 } },
      metrics: { validation: { accuracy: 0.5 } },
    });
    const training = metadata.training as { data: { sha256: string } };
    expect(training.data.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await readdir(at("artifacts/models"))).toEqual(["tiny.made-from.json", "tiny.onnx"]);
  });

  it("names a split of the run's own, which export:verify also uses", async () => {
    await cp(at("artifacts/runs/tiny"), at("runs/own"), { recursive: true });
    const config = await readJson("runs/own/config.json");
    const own = { split: "60/30/10", splitSeed: 2 };
    await writeFile(at("runs/own/config.json"), JSON.stringify({ ...config, ...own }));
    expect(await run("onnx", "runs/own", "--out", "own")).toMatchObject({ code: 0 });
    const metadata = decodeModelMetadata(
      readOnnxMetadata(await readFile(at("own/own.onnx")), "own.onnx"),
      "own.onnx",
    );
    expect(metadata.training).toMatchObject(own);
    const verified = await run(
      "verify",
      "runs/own",
      "--model",
      "own/own.onnx",
      "--json",
      "own.json",
    );
    expect(verified.code, verified.err).toBe(0);
    // A third of the 90 images; the official validation split has 60.
    expect(await readJson("own.json")).toMatchObject({
      models: [{ validation: { images: 30 } }],
    });
  });

  it("has the merged classes of the run, and is verified without the dropped images", async () => {
    const csv = (await readFile(at("faces.csv"), "utf8")).split("\n");
    // Each sixth image gets a class that is dropped, and each sixth one that is merged with Fear.
    const classed = csv.map((line, i) => {
      const label = i % 6 === 2 ? "8" : i % 6 === 5 ? "7" : undefined;
      return i === 0 || label === undefined ? line : line.replace(/^\d/, label);
    });
    await writeFile(at("nine.csv"), classed.join("\n"));
    const manifest = await readJson("faces.manifest.json");
    const classes = [...(manifest["classes"] as string[]), "Contempt", "Other"];
    await writeFile(at("nine.manifest.json"), JSON.stringify({ ...manifest, classes }));
    await cp(at("artifacts/runs/tiny"), at("runs/merged"), { recursive: true });
    const config = await readJson("runs/merged/config.json");
    const sha256 = createHash("sha256").update(classed.join("\n")).digest("hex");
    const merged = mergeClasses("Fear=Fear,Contempt;*;drop=Other", classes, { what: "--classes" });
    const own = {
      data: { ...(config["data"] as object), path: "nine.csv", sha256 },
      classes: merged.labels,
      classGroups: merged.text,
    };
    await writeFile(at("runs/merged/config.json"), JSON.stringify({ ...config, ...own }));
    expect(await run("onnx", "runs/merged", "--out", "merged")).toMatchObject({ code: 0 });
    const file = await readFile(at("merged/merged.onnx"));
    const metadata = decodeModelMetadata(readOnnxMetadata(file, "merged.onnx"), "merged.onnx");
    expect(metadata.labels).toEqual(merged.labels);
    expect(metadata.training).toMatchObject({ classGroups: merged.text });
    const model = ["--model", "merged/merged.onnx", "--json", "merged.json"];
    const verified = await run("verify", "runs/merged", ...model);
    expect(verified.code, verified.err).toBe(0);
    const dropped = classed.filter((line) => /^8,.*PublicTest$/.test(line)).length;
    expect(dropped).toBeGreaterThan(0);
    expect(await readJson("merged.json")).toMatchObject({
      models: [{ validation: { images: 60 - dropped } }],
    });
  });

  it("skips an up-to-date export, and repeats it with --fresh", async () => {
    const bytes = await readFile(at(MODEL));
    const { mtimeMs } = await stat(at(MODEL));
    const again = await run("onnx", "tiny");
    expect(again.out).toContain(`${MODEL} is up to date`);
    expect((await stat(at(MODEL))).mtimeMs).toBe(mtimeMs);
    expect((await run("onnx", "tiny", "--fresh")).code).toBe(0);
    expect((await stat(at(MODEL))).mtimeMs).toBeGreaterThan(mtimeMs);
    expect((await readFile(at(MODEL))).equals(bytes)).toBe(true);
  });

  it("warns and keeps the file if only the code has changed", async () => {
    const record = await readJson("artifacts/models/tiny.made-from.json");
    await writeFile(
      at("artifacts/models/tiny.made-from.json"),
      JSON.stringify({ ...record, code: "another" }),
    );
    const { code, err, out } = await run("onnx");
    expect(code).toBe(0);
    expect(err).toContain("has changed since this export; add --fresh");
    expect(out).not.toContain("wrote");
  });

  it("exports again after the run has changed", async () => {
    const metrics = at("artifacts/runs/tiny/metrics.json");
    await writeFile(metrics, JSON.stringify({ validation: { accuracy: 0.25 } }));
    expect((await run("onnx")).out).toContain(`wrote ${MODEL}`);
    const { metrics: found } = decodeModelMetadata(
      readOnnxMetadata(await readFile(at(MODEL)), MODEL),
      MODEL,
    );
    expect(found).toEqual({ validation: { accuracy: 0.25 } });
  });

  it("exports a run from any folder to any folder, and prints the command that verifies it", async () => {
    await cp(at("artifacts/runs/tiny"), at("elsewhere/run"), { recursive: true });
    const { out } = await run("onnx", "elsewhere/run", "--out", "models");
    expect(out).toContain("next  npx nx run export:verify elsewhere/run --model models/run.onnx");
    const verified = await run("verify", "elsewhere/run", "--model", "models/run.onnx");
    expect(verified.code).toBe(0);
    expect(verified.out).toContain("export:benchmark elsewhere/run --model models/run.onnx");
  });

  it("writes no file if the outputs differ from the reference", async () => {
    await cp(at("artifacts/runs/tiny"), at("wrong"), { recursive: true });
    const reference = await readFile(at("wrong/reference.bin"));
    // The last four bytes are the last probability.
    reference.writeFloatLE(0.75, reference.length - 4);
    await writeFile(at("wrong/reference.bin"), reference);
    const { code, err, out } = await run("onnx", "wrong", "--out", "nowhere");
    expect(code).toBe(1);
    expect(err).toMatch(/1 of 5 images differ\n {2}image 4: \w+ 0\.75 became 0\.\d+ \(difference/);
    expect(out).not.toContain("wrote");
    expect(existsSync(at("nowhere"))).toBe(false);
  });

  it("refuses a run whose training is not finished, and a missing one", async () => {
    await cp(at("artifacts/runs/tiny"), at("unfinished"), { recursive: true });
    await rm(at("unfinished/metrics.json"));
    const { code, err } = await run("onnx", "unfinished");
    expect(code).toBe(1);
    expect(err).toContain("unfinished is not finished");
    expect((await run("onnx", "nobody")).err).toContain("no training run at nobody");
  });
});

describe("export:verify", () => {
  it("finds the same predictions and accuracy on every validation image of the run's data set", async () => {
    const { code, out, err } = await run("verify", "tiny", "--json", "verify.json");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/fp32 with tfjs, validation +60 +\S+ +100\.00 %/);
    const result = await readJson("verify.json");
    expect(result).toMatchObject({
      agreement: 1,
      reference: { images: 5 },
      validation: { images: 60, agreement: 1 },
    });
    expect(result["maxDifference"]).toBeLessThan(1e-5);
    expect(result["maxDifference"]).toBeGreaterThan(0);
    const { correct } = result["validation"] as { correct: { tfjs: number; onnx: number } };
    expect(correct.onnx).toBe(correct.tfjs);
  });

  it("fails and names the images for which another model differs from the trained one", async () => {
    const trained = await readLayersModel(at("artifacts/runs/tiny/model"));
    const metadata = readOnnxMetadata(await readFile(at(MODEL)), MODEL);
    const options = { metadata, outputName: "probabilities", temperature: 2 };
    await writeFile(at("soft.onnx"), convertLayersModel(trained, options));
    const { code, err, out } = await run("verify", "--csv", "faces.csv", "--model", "soft.onnx");
    expect(code).toBe(1);
    expect(err).toContain(
      "tfjs and soft.onnx differ on the reference images: 5 of 5 images differ",
    );
    expect(err).toMatch(/image \d: (\w+) 0\.\d+ became 0\.\d+ .*both predict/);
    expect(out).toMatch(/fp32 with tfjs, validation +60/);
  });

  it("names the first layer that differs, and compares layers with --layers", async () => {
    const trained = await readLayersModel(at("artifacts/runs/tiny/model"));
    const convs = Object.keys(trained.weights).filter((name) => /conv.*kernel/.test(name));
    const third = convs[2] as string;
    const { shape, data } = trained.weights[third] as Weight;
    const changed = { shape, data: data.map((value, i) => (i === 7 ? value + 1 : value)) };
    const metadata = readOnnxMetadata(await readFile(at(MODEL)), MODEL);
    const model = { ...trained, weights: { ...trained.weights, [third]: changed } };
    const options = { metadata, outputName: "probabilities" };
    await writeFile(at("bent.onnx"), convertLayersModel(model, options));
    const { code, err } = await run("verify", "--csv", "faces.csv", "--model", "bent.onnx");
    expect(code).toBe(1);
    // Batch normalisation is folded into the convolution before it; the value has its name.
    const [, differs = "", agrees = ""] =
      /the first layer that differs is (batch_norm\S+); the layers up to (\S+) agree/.exec(err) ??
      [];
    const order = (
      trained.topology as { config: { layers: { config: { name: string } }[] } }
    ).config.layers.map((layer) => layer.config.name);
    const at3 = order.indexOf(third.split("/")[0] as string);
    expect(order.indexOf(differs)).toBe(at3 + 1);
    expect(order.indexOf(agrees)).toBeLessThan(at3);
    const { out } = await run("verify", "tiny", "--layers", "--csv", "faces.csv");
    expect(out).toContain("layer, fp32");
    expect(out).not.toContain("differs");
  });

  it("refuses a data set other than the run's", async () => {
    const csv = await readFile(at("faces.csv"), "utf8");
    await writeFile(at("other.csv"), csv.replace(/^1,/m, "2,"));
    await cp(at("faces.manifest.json"), at("other.manifest.json"));
    const { code, err } = await run("verify", "--csv", "other.csv");
    expect(code).toBe(1);
    expect(err).toMatch(/was trained on noise with SHA-256 \w{12}…, \S*other\.csv has \w{12}…/);
  });

  it("prints the export command if there is no file", async () => {
    const { code, err } = await run("verify", "--model", "nothing.onnx", "--csv", "faces.csv");
    expect(code).toBe(1);
    expect(err).toContain("no exported model at nothing.onnx");
    expect(err).toContain("npx nx run export:onnx tiny");
  });
});

describe("export:benchmark", () => {
  it("times three engines at three batch sizes and draws them", async () => {
    const { code, out } = await run("benchmark", "--seconds", "0.2", "--json", "benchmark.json");
    expect(code).toBe(0);
    expect(out).toMatch(/wrote \S+tiny\.benchmark\.png/);
    const { rows, speedup } = await readJson("benchmark.json");
    expect(rows).toHaveLength(9);
    for (const row of rows as Record<string, number>[]) {
      expect(row["calls"]).toBeGreaterThan(1);
      expect(row["p99"]).toBeGreaterThanOrEqual(row["median"] as number);
      expect(row["perFace"]).toBeCloseTo((row["median"] as number) / (row["batch"] as number), 9);
    }
    expect(speedup).toBeGreaterThan(0);
    const png = await readFile(at("artifacts/models/tiny.benchmark.png"));
    expect(png.subarray(1, 4).toString()).toBe("PNG");
  });

  it("refuses a time that is not positive", async () => {
    const { code, err } = await run("benchmark", "--seconds", "0");
    expect(code).toBe(2);
    expect(err).toContain("--seconds must be a number from 0.1");
  });

  it("measures models side by side where files or their folder are named", async () => {
    await cp(at(MODEL), at("twice/b.onnx"));
    const words = [MODEL, "twice", "--seconds", "0.2", "--json", "models.json"];
    const { code, out } = await run("benchmark", ...words);
    expect(code).toBe(0);
    expect(out).toContain("tiny.onnx");
    const rows = (await readJson("models.json"))["rows"] as Record<string, number | string>[];
    expect(rows.map((row) => [row["name"], row["batch"]])).toEqual([
      [MODEL, 1],
      ["twice/b.onnx", 1],
      [MODEL, 64],
      ["twice/b.onnx", 64],
    ]);
    expect(Math.min(...rows.map((row) => Number(row["factor"])))).toBe(1);
  });

  it("measures a run alone, and engines on a run only", async () => {
    const mixed = await run("benchmark", "tiny", MODEL);
    expect(mixed.code).toBe(2);
    expect(mixed.err).toContain("tiny is not a model, and a run is measured alone");
    const web = await run("benchmark", MODEL, "--web");
    expect(web.code).toBe(2);
    expect(web.err).toContain("--web compares engines, which needs a run");
  });
});
