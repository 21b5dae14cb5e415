import { afterEach, describe, expect, it } from "vitest";
import { typedArguments } from "./typed-arguments.ts";

const given = ["fit", "--dropout", "0.2"];

/** The value that tools/nx/arguments.mjs sets. */
function typed(project: string, target: string, ...args: string[]) {
  process.env["MIEN_TYPED_ARGUMENTS"] = JSON.stringify({ project, target, args });
}

afterEach(() => {
  delete process.env["MIEN_TYPED_ARGUMENTS"];
});

describe("typed arguments", () => {
  it("replace the arguments that nx passed on, and are hidden from child processes", () => {
    typed("train", "fit", "--batch-size", "32", "--dropout", "0.2");
    const words = ["fit", "--batch-size", "32", "--dropout", "0.2"];
    expect(typedArguments("train", given)).toEqual(words);
    expect(typedArguments("train", given)).toEqual(given);
  });

  it("of another command are ignored", () => {
    typed("train", "evaluate", "--final");
    expect(typedArguments("train", given)).toEqual(given);
    typed("tune", "fit", "--final");
    expect(typedArguments("train", given)).toEqual(given);
    typed("train", "fit", "--final");
    expect(typedArguments("train", [])).toEqual([]);
  });
});
