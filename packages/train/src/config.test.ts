import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseOptions } from "@mien/cli";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configFromFlags, configOptions, configSchema, resolveConfig } from "./config.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-config-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const flags = (...argv: string[]) => parseOptions(argv, configOptions()).values;

describe("the training configuration", () => {
  it("has a default for every key", () => {
    const config = resolveConfig({});
    expect(Object.keys(config).sort()).toEqual(Object.keys(configSchema.shape).sort());
    expect(config.widths).toEqual([32, 64, 128, 256]);
  });

  it.each([
    [{ learnRate: 1 }, /^my\.json: unknown key learnRate$/],
    [{ epochs: 0 }, /epochs: .*>=1/],
    [{ epochs: 1.5 }, /epochs: .*int/],
    [{ dropout: 1 }, /dropout: .*<=0\.95/],
    [{ optimizer: "lion" }, /optimizer: .*"adam"\|"sgd"/],
    [{ widths: [1, 2, 3] }, /widths: .*4/],
    [{ widths: [1, 2, 3, 0] }, /widths\.3: /],
    [{ learningRate: "1" }, /learningRate: .*number/],
    [{ learningRate: NaN }, /learningRate: /],
    [{ epochs: 0, batchSize: 1 }, /epochs: .*; batchSize: /],
    [[], /expected object/],
    [null, /expected object/],
  ])("refuses %j and names the key", (input, message) => {
    expect(() => resolveConfig(input, "my.json")).toThrow(message);
    expect(() => resolveConfig(input, "my.json")).toThrow(
      expect.objectContaining({
        code: "bad-config",
        advice: expect.stringMatching(/learningRate/) as string,
      }),
    );
  });

  it("has a flag for every key, with its range and its default in the help text", () => {
    const options = configOptions();
    expect(Object.keys(options)).toEqual(Object.keys(configSchema.shape));
    expect(options.epochs).toMatchObject({ type: "integer", min: 1, unit: "epochs" });
    expect(options.epochs).toMatchObject({ defaultText: "40", group: "optimiser" });
    expect(options.optimizer).toMatchObject({ choices: ["adam", "sgd"] });
    expect(() => flags("--dropout", "0.99")).toThrow(/--dropout must be a number from 0 to 0.95/);
    // nx reserves these flags for itself, so the command would not receive them.
    const reserved = [
      "help",
      "verbose",
      "target",
      "exclude",
      "parallel",
      "project",
      "prod",
      "runner",
      "graph",
      "batch",
    ];
    expect(reserved.filter((name) => name in options)).toEqual([]);
  });

  it("accepts every recipe of tools/release, and the study case has the study's settings", async () => {
    const recipes = path.resolve(import.meta.dirname, "../../../tools/release");
    const names = (await readdir(recipes)).filter((name) => /^(?!models).*\.json$/.test(name));
    expect(names).toContain("study-case.json");
    for (const name of names) await configFromFlags({}, path.join(recipes, name));
    expect(await configFromFlags({}, path.join(recipes, "study-case.json"))).toMatchObject({
      ...{
        optimizer: "adam",
        learningRate: 6.45e-5,
        schedule: "inverse-time",
        decay: 4.46e-5,
        warmup: 0,
      },
      ...{ l2: 0.0437, l2On: "convolutions", dropout: 0.311, kernelSize: 2, batchSize: 32 },
      ...{ ema: 0, labelSmoothing: 0 },
      ...{
        shift: 0,
        rotation: 0,
        brightness: 0,
        contrast: 0,
        erasing: 0,
        mixup: 0,
        cutmix: 0,
        sam: 0,
        omit: "nothing",
      },
    });
  });

  it("lets flags override the file, and the file override the defaults", async () => {
    const file = path.join(folder, "a.json");
    await writeFile(file, JSON.stringify({ epochs: 7, dropout: 0.2, widths: [4, 4, 4, 4] }));
    const config = await configFromFlags(flags("--dropout", "0.3", "--widths", "8,8,8,8"), file);
    expect(config).toEqual(resolveConfig({ epochs: 7, dropout: 0.3, widths: [8, 8, 8, 8] }));
    expect(await configFromFlags(flags(), undefined)).toEqual(resolveConfig({}));
  });

  it("names the file in an error of the file, and the flag in an error of a flag", async () => {
    const file = path.join(folder, "b.json");
    await writeFile(file, JSON.stringify({ droput: 0.2 }));
    await expect(configFromFlags(flags(), file)).rejects.toThrow(/b\.json: unknown key droput/);
    for (const text of ["32,64", "32,64,128,x", "a", "1,2,3,4,5", "1,2,3,-4"]) {
      await expect(configFromFlags(flags("--widths", text), undefined)).rejects.toThrow(
        /--widths must be four whole numbers/,
      );
    }
  });
});
