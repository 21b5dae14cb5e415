import { MienError } from "@mien/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { flagOf, type Options } from "./option-types.ts";
import { parseOptions } from "./parse-options.ts";

const options = {
  csv: { type: "string", description: "", placeholder: "FILE" },
  learningRate: { type: "number", description: "", unit: null, min: 0, max: 1, default: 0.001 },
  epochs: { type: "integer", description: "", unit: "epochs", min: 1 },
  fresh: { type: "boolean", description: "" },
  mirror: { type: "boolean", description: "", default: true },
  optimizer: { type: "string", description: "", choices: ["adam", "sgd"], default: "adam" },
} as const satisfies Options;

/** The error that a function throws; undefined if it returns. */
function errorOf(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const parse = (...argv: string[]) => parseOptions(argv, options).values;

describe("command-line options", () => {
  it("have their defaults if nothing is given", () => {
    expect(parse()).toEqual({
      csv: undefined,
      learningRate: 0.001,
      epochs: undefined,
      fresh: false,
      mirror: true,
      optimizer: "adam",
    });
  });

  it("take values in both spellings and booleans with --no-; the last one counts", () => {
    const values = parse("--csv=a=b.csv", "--learning-rate", "1e-2", "--no-mirror", "--fresh");
    expect(values).toMatchObject({
      csv: "a=b.csv",
      learningRate: 0.01,
      mirror: false,
      fresh: true,
    });
    expect(parse("--epochs", "3", "--epochs=4")).toMatchObject({ epochs: 4 });
    expect(parse("--csv", "-")).toMatchObject({ csv: "-" });
  });

  it("are refused if they are given twice but may be given once", () => {
    const source = { source: { type: "string", description: "Source", once: true } } as const;
    expect(parseOptions(["--source", "a"], source).values).toEqual({ source: "a" });
    expect(() => parseOptions(["--source=a", "--source", "a"], source)).toThrow(
      /^--source is given twice$/,
    );
  });

  it.each([
    [["--learnig-rate", "1"], /unknown flag --learnig-rate\. Did you mean --learning-rate\?/],
    [["--no-csv"], /unknown flag --no-csv/],
    [["--no-miror"], /unknown flag --no-miror\. Did you mean --no-mirror\?/],
    [["--x"], /unknown flag --x\.$/],
    [["-e", "3"], /unknown flag -e/],
    [["-csv=a.csv"], /unknown flag -csv\. Did you mean --csv\?/],
    [["---csv=a.csv"], /unknown flag ---csv\. Did you mean --csv\?/],
    [["--epochs"], /--epochs needs a value/],
    [["--csv", "--fresh"], /--csv needs a value/],
    [["--csv="], /--csv must be a text that is not empty/],
    [["--epochs", "2.5"], /--epochs must be a whole number of at least 1, found "2.5"/],
    [["--epochs", "0"], /of at least 1, found "0"/],
    [["--epochs", "1O"], /found "1O"/],
    [["--learning-rate", "2"], /must be a number from 0 to 1, found "2"/],
    [["--learning-rate", "-1"], /must be a number from 0 to 1, found "-1"/],
    [["--learning-rate", "NaN"], /found "NaN"/],
    [["--optimizer", "adm"], /one of adam, sgd, found "adm"/],
    [["surplus"], /unexpected argument "surplus"/],
  ])("%j is refused with the reason", (argv, message) => {
    expect(() => parse(...argv)).toThrow(message);
    expect(() => parse(...argv)).toThrow(MienError);
  });

  it("must be given if they are required", () => {
    const name = {
      type: "string",
      description: "Who",
      placeholder: "NAME",
      required: true,
    } as const;
    expect(() => parseOptions(["--fresh"], { ...options, name })).toThrow(
      expect.objectContaining({
        code: "usage",
        message: "--name is missing",
        advice: "Write --name NAME. Who.",
      }),
    );
    expect(parseOptions(["--name", "Ada"], { name }).values).toEqual({ name: "Ada" });
  });

  it("come with the arguments without a flag, if the command declares any", () => {
    const runs = { name: "RUN", description: "a run", list: true };
    expect(parseOptions(["a", "--fresh", "b"], options, runs).positionals).toEqual(["a", "b"]);
    const one = { name: "RUN", description: "a run", required: true };
    expect(() => parseOptions([], options, one)).toThrow(/missing RUN: a run/);
    expect(() => parseOptions(["a", "b"], options, one)).toThrow(/unexpected argument "b"/);
  });

  it("throw only a MienError, for any words", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(...Object.keys(options).map(flagOf), "--", "-", "--no-mirror", "1", "a"),
    );
    fc.assert(
      fc.property(fc.array(word), (argv) => {
        const thrown = errorOf(() => parse(...argv));
        expect(thrown === undefined || thrown instanceof MienError).toBe(true);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});
