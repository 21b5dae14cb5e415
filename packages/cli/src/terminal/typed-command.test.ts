import { afterEach, describe, expect, it } from "vitest";
import { asTyped, setLauncher } from "./typed-command.ts";

const NAMES: Readonly<Record<string, string>> = {
  "train:fit": "fit",
  "tune:search": "tune",
  "app:live": "live",
};

describe("the names of commands", () => {
  afterEach(() => setLauncher(undefined));

  it("are those of nx by default", () => {
    const text = "Run `npx nx run train:fit -- --help`.";
    expect(asTyped(text)).toBe(text);
  });

  it.each([
    ["Train one with `npx nx run train:fit`.", "Train one with `npx mien fit`."],
    ["npx nx run train:fit -- --epochs 3", "npx mien fit --epochs 3"],
    ["npx nx run tune:search --trials 9", "npx mien tune --trials 9"],
    ["a\nnpx nx run app:live --\nb", "a\nnpx mien live\nb"],
    ["Needed for train:fit and tune:search.", "Needed for mien fit and mien tune."],
    ["Run `npm run setup`.", "Run `npx mien setup`."],
    ["npm run setup:all", "npm run setup:all"],
    // Unknown commands, and texts that only look like one.
    ["npx nx run train:benchmark", "npx nx run train:benchmark"],
    ["http://127.0.0.1:3000, C:fit, retrain:fit", "http://127.0.0.1:3000, C:fit, retrain:fit"],
  ])("become those of mien: %s", (text, expected) => {
    setLauncher({
      program: "npx mien",
      nameOf: (project, command) => NAMES[`${project}:${command}`],
    });
    expect(asTyped(text)).toBe(expected);
  });
});
