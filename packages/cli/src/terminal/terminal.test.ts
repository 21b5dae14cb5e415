import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { counted } from "./format-quantities.ts";
import { commandHelp } from "../command/help.ts";
import { barLine } from "./bar-line.ts";
import { renderTable } from "./table.ts";

const HEAD = ["trial", "what was tried", "accuracy", "loss", "why it was stopped"];
const ROWS = [
  [1, "a learning rate of 0.002 with the cosine schedule", "66.04 %", 0.9312, "complete"],
  [2, "sgd, momentum 0.9, many epochs", "61.20 %", 1.0412, "pruned after epoch 3 by hyperband"],
];
const bold = (cell: string) => cell;
const wordsOf = (text: string) =>
  text
    .split(/\s+/)
    .filter((word) => word !== "")
    .sort();

describe("a table", () => {
  it.each([20, 40, 60, 80, 120])("keeps every word whole at %d columns", (columns) => {
    const text = renderTable(HEAD, ROWS, { columns, bold });
    const widest = Math.max(...text.split("\n").map((line) => line.length));
    // Blocks of narrower terminals have words that are longer.
    expect(widest).toBeLessThanOrEqual(columns >= 60 ? columns : Infinity);
    const found = wordsOf(text);
    for (const word of wordsOf(ROWS.flat().join(" "))) expect(found).toContain(word);
  });
});

describe("the help of a command", () => {
  it.each([60, 80, 120])("wraps at words within %d columns", (columns) => {
    const description =
      "share of the training images of every class that is used, in quick experiments";
    const command = {
      name: "c",
      summary: "counts",
      examples: [],
      run: () => Promise.resolve(),
      options: {
        mirrorImages: { type: "number", unit: "share", min: 0, max: 1, default: 0.5, description },
      },
    } as const;
    const help = commandHelp({ name: "demo", summary: "", commands: [] }, command, columns);
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(help.replace(/\s+/g, " ")).toContain(`${description} (share; 0 to 1; default: 0.5)`);
    expect(help).toContain("Write -- before --help. Without it, nx shows its own help.");
  });
});

describe("a count with its noun", () => {
  it("is singular for 1 only", () => {
    expect([0, 1, 2, 28709].map((count) => counted(count, "image"))).toEqual([
      "0 images",
      "1 image",
      "2 images",
      "28,709 images",
    ]);
    expect(counted(1, "copy is", "copies are")).toBe("1 copy is");
  });
});

describe("a progress bar", () => {
  it("is narrower than the terminal and has only whole words, whatever it shows", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "é", "字", " ", "1"), maxLength: 40 });
    const state = fc.record({
      label: part,
      done: fc.nat(1e6),
      total: fc.nat(1e6),
      note: fc.array(part).map((parts) => parts.join(", ")),
      secondsLeft: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(state, fc.integer({ min: 10, max: 200 }), (bar, columns) => {
        const line = barLine(bar, columns);
        expect(line.length).toBeLessThan(columns);
        const whole = wordsOf(barLine(bar, 1e6).replaceAll(",", " "));
        const words = wordsOf(line.replaceAll(",", " ")).filter((word) => !/[█░]/.test(word));
        expect(whole).toEqual(expect.arrayContaining(words));
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

const withoutScript =
  process.platform !== "linux" || spawnSync("script", ["--version"]).status !== 0;

describe.skipIf(withoutScript)("in a pseudo-terminal", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "mien-terminal-"));
    const terminal = JSON.stringify(path.join(import.meta.dirname, "terminal.ts"));
    writeFileSync(
      path.join(folder, "program.mts"),
      `import { createTerminal } from ${terminal};
       const terminal = createTerminal();
       const bar = terminal.progress("epoch 1/3", 9);
       bar.update(3, "412 images/s, loss 1.2345, 2 min 05 s left, and more that does not fit everywhere");
       terminal.say("a line meanwhile");
       terminal.table(${JSON.stringify(HEAD)}, ${JSON.stringify(ROWS)});
       process.exit(0);`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([60, 80, 120])(
    "no line is cut, no setting is changed, and no bar is left at %d columns",
    (columns) => {
      const node = `${process.execPath} --conditions=source --import tsx ${folder}/program.mts`;
      const { stdout } = spawnSync(
        "script",
        ["-qec", `stty rows 24 cols ${columns}; ${node}`, "/dev/null"],
        {
          encoding: "utf8",
          env: { ...process.env, CI: "", TERM: "xterm" },
        },
      );
      // Line wrap and the cursor are never switched off, so that nothing is left off after kill -9.
      for (const off of ["\u001b[?7l", "\u001b[?25l"]) expect(stdout).not.toContain(off);
      for (const line of stripVTControlCharacters(stdout).split(/\r?\n/)) {
        expect(line.length).toBeLessThanOrEqual(2 * columns);
      }
      expect(stdout).toContain("a line meanwhile\r\n");
      // The last thing written is the erasure of the bar.
      expect(stdout.slice(stdout.lastIndexOf("epoch 1/3"))).toContain("\u001b[2K");
    },
  );
});
