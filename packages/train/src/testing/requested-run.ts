import { resolveConfig } from "../config.ts";
import type { RequestedRun } from "../run/run-inputs.ts";

/** A file that a run read, whose SHA-256 consists of one digit. */
export const sourceFile = (name: string, digit: string) => ({
  path: name,
  sha256: digit.repeat(64),
});

/** A request for a run on FER2013 with 8 epochs, unless changed. */
export const requestedRun = (
  hyperparameters: object = {},
  changes: Partial<RequestedRun> = {},
): RequestedRun => ({
  data: { name: "fer2013", licence: "", ...sourceFile("fer2013.csv", "a") },
  classes: ["a", "b"],
  input: { height: 48, width: 48, channels: 1 },
  split: "official",
  seed: 1,
  hyperparameters: { ...resolveConfig({ epochs: 8, ...hyperparameters }) },
  code: "new",
  ...changes,
});
