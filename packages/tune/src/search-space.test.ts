import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSpace, configOf, hyperparametersOf, loadSpace } from "./search-space.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-space-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const check = (parameters: object, fixed = {}) =>
  checkSpace({ name: "test", fixed, parameters }, "test.json");
const uniform = (low: number, high: number, more = {}) => ({ type: "float", low, high, ...more });

describe("a space", () => {
  it("of the package is valid, and the study case has its six uniform ranges", async () => {
    await loadSpace("default");
    const { parameters } = await loadSpace("study-case");
    expect(parameters).toEqual({
      learningRate: uniform(1e-5, 1e-1),
      decay: uniform(1e-7, 1e-4),
      dropout: uniform(0.1, 0.5),
      l2: uniform(0.01, 0.05),
      kernelSize: { type: "int", low: 2, high: 5 },
      batchSize: { type: "categorical", choices: [16, 32, 64, 128] },
    });
  });

  it("may be a file; a name without space or file is refused, with the known names", async () => {
    const file = path.join(folder, "mine.json");
    await writeFile(file, JSON.stringify({ name: "mine", parameters: { l2: uniform(0, 1) } }));
    expect((await loadSpace(file)).name).toBe("mine");
    await expect(loadSpace("nothing")).rejects.toMatchObject({
      code: "missing-file",
      advice: expect.stringMatching(/default, study-case/) as string,
    });
  });

  it.each([
    [
      "an unknown hyperparameter",
      { learnRate: uniform(0, 1) },
      /learnRate is not a hyperparameter/,
    ],
    ["a value that train refuses", { dropout: uniform(0, 2) }, /dropout/],
    [
      "a choice that train refuses",
      { optimizer: { type: "categorical", choices: ["adam", "lamb"] } },
      /optimizer/,
    ],
    ["a range whose low is above its high", { l2: uniform(1, 0) }, /low 1 is above high 0/],
    ["a logarithmic range from 0", { l2: uniform(0, 1, { log: true }) }, /above 0/],
    [
      "a kernel size that is not whole",
      { kernelSize: { type: "int", low: 2.5, high: 5 } },
      /kernelSize/,
    ],
    [
      "a hyperparameter that the search sets",
      { epochs: { type: "int", low: 1, high: 9 } },
      /epochs cannot be part/,
    ],
    ["an unknown key", { l2: uniform(0, 1, { logarithmic: true }) }, /logarithmic/],
    ["no parameters", {}, /at least one/],
    [
      "a scale of an unknown hyperparameter",
      { all: uniform(0, 1, { scales: { zoon: 1 } }) },
      /zoon/,
    ],
  ])("is refused, with the key and the problem, if it has %s", (_, parameters, message) => {
    expect(() => check(parameters)).toThrow(message);
  });

  it("cannot set a hyperparameter twice", () => {
    const strength = uniform(0, 1, { scales: { zoom: 0.1 } });
    expect(() => check({ strength, zoom: uniform(0, 0.5) })).toThrow(/zoom is set more than once/);
    expect(() => check({ l2: uniform(0, 1) }, { l2: 0.1 })).toThrow(/l2 is set more than once/);
  });
});

describe("the configuration of a trial", () => {
  const space = check(
    {
      learningRate: uniform(0.001, 0.1),
      widths: {
        type: "categorical",
        choices: [
          [4, 8, 8, 8],
          [8, 8, 8, 8],
        ],
      },
      strength: uniform(0, 2, { scales: { zoom: 0.1, rotation: 10 } }),
    },
    { optimizer: "sgd" },
  );
  const params = { learningRate: 0.01, widths: "[8,8,8,8]", strength: 0.5 };

  it("contains the fixed values, lists as lists, and scaled hyperparameters in proportion", () => {
    expect(hyperparametersOf(space, params)).toEqual({
      optimizer: "sgd",
      learningRate: 0.01,
      widths: [8, 8, 8, 8],
      zoom: 0.05,
      rotation: 5,
    });
  });

  it("has the budget of the study, and train's defaults for everything else", () => {
    const config = configOf(space, params, { epochs: 3, subset: 0.5 });
    expect(config).toMatchObject({ epochs: 3, subset: 0.5, optimizer: "sgd", shift: 0.1 });
  });
});
