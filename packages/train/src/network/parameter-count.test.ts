import { expect, it } from "vitest";
import { buildLayersModel } from "./layers-model.ts";
import { architecture } from "./architecture.ts";
import { parameterCount } from "./parameter-count.ts";
import { resolveConfig } from "../config.ts";

const input = { height: 48, width: 48, channels: 1 };
const classes = ["a", "b", "c"];

it.each([
  {},
  { depth: 2, firstKernelSize: 5, widths: [4, 8, 12, 16] },
  { squeezeExcite: 16, pooling: "max" },
  { normalization: "none", head: "average", convDropout: 0, dropout: 0 },
])("the number of parameters with %o is the one that tfjs counts", (changes) => {
  const config = resolveConfig(changes);
  const model = buildLayersModel(architecture(config, input, classes.length), {
    input,
    standardisation: { mean: 0, deviation: 1 },
    batchNormMomentum: config.batchNormMomentum,
  });
  const weights = model.trainableWeights.map(({ shape }) =>
    shape.reduce<number>((product, n) => product * (n ?? 1), 1),
  );
  const expected = weights.reduce((sum, n) => sum + n, 0);
  expect(parameterCount({ classes, input, hyperparameters: config })).toBe(expected);
  model.dispose();
});

it("the number of parameters needs no setting that has a default, and is unknown for impossible ones", () => {
  const count = (hyperparameters: object) =>
    parameterCount({ classes, input, hyperparameters: { ...hyperparameters } });
  expect(count({ precision: "bf16", ofALaterVersion: 1 })).toBe(count(resolveConfig({})));
  expect(count({ widths: [1, 2] })).toBeUndefined();
  const small = { height: 8, width: 8, channels: 1 };
  expect(parameterCount({ classes, input: small, hyperparameters: {} })).toBeUndefined();
});
