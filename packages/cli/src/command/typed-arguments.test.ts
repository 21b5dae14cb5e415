import { afterEach, describe, expect, it } from "vitest";
import { typedArguments } from "./typed-arguments.ts";

const given = ["fit", "--dropout", "0.2"];

/** As tools/nx/arguments.mjs leaves it. */
function typed(project: string, target: string, ...args: string[]) {
  process.env["MIEN_TYPED_ARGUMENTS"] = JSON.stringify({ project, target, args });
}

afterEach(() => {
  delete process.env["MIEN_TYPED_ARGUMENTS"];
});

describe("typed arguments", () => {
  it("replace those that nx passed on, and are not passed on to programs that the command starts", () => {
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
