// Checks that the help of every command of every package has the same form.
import {
  commandHelp,
  commonOptions,
  flagOf,
  packageHelp,
  parseOptions,
  UNGROUPED_FLAGS,
  type Command,
  type Option,
  type Options,
} from "@mien/cli";
import { describe, expect, it } from "vitest";
import { PROGRAMS } from "./programs.ts";

const allOptions = (command: Command): Options => ({ ...command.options, ...commonOptions });
const COMMANDS = PROGRAMS.flatMap((program) =>
  program.commands.map((command: Command) => ({
    program,
    command,
    title: `${program.name}:${command.name}`,
    options: allOptions(command),
  })),
);
const OPTIONS = COMMANDS.flatMap(({ title, options }) =>
  Object.entries(options).map(([name, option]) => ({ at: `${title} ${flagOf(name)}`, option })),
);

/** The words of a command line; its quotes are double and hold no others. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? "");
}

/** The texts that break a rule, each with its place. */
function breaking(texts: readonly (readonly [string, string])[], rule: (text: string) => boolean) {
  return texts.filter(([, text]) => !rule(text)).map((entry) => entry.join(": "));
}

const DESCRIPTIONS = [
  ...OPTIONS.map(({ at, option }): [string, string] => [at, option.description]),
  ...COMMANDS.flatMap(({ title, command }): [string, string][] =>
    command.positional ? [[title, command.positional.description]] : [],
  ),
];
const SUMMARIES = [
  ...COMMANDS.map(({ title, command }): [string, string] => [title, command.summary]),
  ...PROGRAMS.map(({ name, summary }): [string, string] => [name, summary]),
];

describe("the texts of --help", () => {
  it("begin with a capital letter, have no full stop, and have at most 100 characters", () => {
    const rule = (text: string) => /^[A-Z].*[^.\s]$/.test(text) && text.length <= 100;
    expect(breaking([...SUMMARIES, ...DESCRIPTIONS], rule)).toEqual([]);
  });

  it("have the unit, range and default of a flag in fields of their own", () => {
    const stated = /\bdefaults?\b|\botherwise\b|\bat (?:least|most)\b|\d to \d/i;
    expect(breaking(DESCRIPTIONS, (text) => !stated.test(text))).toEqual([]);
    const numbers = OPTIONS.flatMap(({ at, option }) =>
      "unit" in option && option.unit !== null ? [[at, option.unit] as const] : [],
    );
    expect(breaking(numbers, (unit) => /^[a-z][a-z/ ]*$/.test(unit))).toEqual([]);
  });

  it("explain a command in whole sentences", () => {
    const details = COMMANDS.map(({ title, command }): [string, string] => [
      title,
      command.details ?? "",
    ]);
    // A line of a list is indented; what stands before it ends in a colon.
    const sentences = (text: string) =>
      text.split("\n").every((line) => /^(?: {2}\S+(?: \S+)* {2,}[A-Z].*|[A-Z].*[.:])$/.test(line));
    expect(breaking(details, sentences)).toEqual([]);
  });
});

describe.each(COMMANDS)("the help of $title", ({ program, command, title, options }) => {
  it("has examples that the command takes", () => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) {
      const [npx, nx, run, target, ...argv] = wordsOf(example);
      expect([npx, nx, run, target]).toEqual(["npx", "nx", "run", title]);
      expect(() => parseOptions(argv, options, command.positional), example).not.toThrow();
    }
  });

  it.each([60, 80, 120])(
    "fits %d columns, examples apart, and shows every flag and choice",
    (columns) => {
      const help = commandHelp(program, command, columns);
      const examples = new Set(command.examples.map((example) => `  ${example}`));
      const prose = help.split("\n").filter((line) => !examples.delete(line));
      expect([...examples]).toEqual([]);
      expect(prose.filter((line) => line.length > columns)).toEqual([]);
      const text = prose.join(" ").replace(/\s+/g, " ");
      for (const [name, option] of Object.entries(options)) {
        for (const part of partsOf(name, option)) expect(text).toContain(part);
      }
    },
  );

  it(`groups more than ${UNGROUPED_FLAGS} flags`, () => {
    const many = Object.keys(options).length > UNGROUPED_FLAGS;
    const ungrouped = Object.keys(options).filter((name) => options[name]?.group === undefined);
    expect(many ? ungrouped : []).toEqual([]);
    const groups = new Set(Object.values(options).map(({ group }) => `${group ?? "other"}:`));
    const headings = commandHelp(program, command, 80).split("\n");
    expect(headings.filter((line) => groups.has(line))).toEqual(many ? [...groups] : []);
  });
});

describe.each(PROGRAMS)("the list of commands of $name", (program) => {
  it.each([60, 80, 120])("fits %d columns", (columns) => {
    const help = packageHelp(program, columns);
    expect(help.split("\n").filter((line) => line.length > columns)).toEqual([]);
    for (const { name } of program.commands) expect(help).toContain(`  ${name} `);
  });
});

/** The text that the help must show for a flag, apart from line breaks. */
function partsOf(name: string, option: Option): string[] {
  const no = option.type === "boolean" && option.default === true;
  const value = option.type === "boolean" ? undefined : (option.default ?? option.defaultText);
  return [
    no ? flagOf(name).replace("--", "--no-") : flagOf(name),
    option.description,
    ...("unit" in option && option.unit !== null ? [option.unit] : []),
    ...("min" in option ? [String(option.min)] : []),
    ...("max" in option ? [String(option.max)] : []),
    ...("choices" in option ? (option.choices ?? []) : []),
    ...(value === undefined ? [] : [`default: ${value}`]),
  ];
}
