import { describe, expect, it } from "vitest";
import { requestedRun } from "../testing/requested-run.ts";
import { inputsKey, inputsOf, trainingCode, type RunInputs } from "./run-inputs.ts";

const inputs = (changes: object = {}): RunInputs => inputsOf(requestedRun(changes));

describe("inputsKey", () => {
  it("does not depend on the order of the settings, but on every value", () => {
    const { data, split, seed, hyperparameters } = inputs();
    const reversed = Object.fromEntries(Object.entries(hyperparameters).reverse());
    expect(inputsKey({ hyperparameters: reversed, seed, split, data })).toBe(inputsKey(inputs()));
    expect(inputsKey(inputs({ widths: [64, 32, 128, 256] }))).not.toBe(inputsKey(inputs()));
    expect(inputsKey({ ...inputs(), seed: 2 })).not.toBe(inputsKey(inputs()));
  });
});

describe("trainingCode", () => {
  it("is a stable hash", async () => {
    expect(await trainingCode()).toMatch(/^[0-9a-f]{12}$/);
    expect(await trainingCode()).toBe(await trainingCode());
  });
});
