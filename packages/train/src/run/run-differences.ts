import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { flagOf, shellQuote } from "@mien/cli";
import { MienError, type RunConfig } from "@mien/format";
import { configSchema, EARLIER_DEFAULTS, resolveConfig } from "../config.ts";
import { inputsOf, type RequestedRun } from "./run-inputs.ts";
import { startOf } from "./start-weights.ts";

/** An input in which two runs differ, with its value in each run as text. */
interface RunDifference {
  readonly name: string;
  readonly before: string;
  readonly now: string;
}

/** The inputs in which two runs differ; empty if they are the same run. */
export function differencesOf(before: RequestedRun, now: RequestedRun): RunDifference[] {
  const [a, b] = [flatInputs(before), flatInputs(now)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((name) => !isDeepStrictEqual(a[name], b[name]))
    .map((name) => ({ name, before: textOf(name, a[name]), now: textOf(name, b[name]) }));
}

function flatInputs(config: RequestedRun): Readonly<Record<string, unknown>> {
  const { hyperparameters, ...rest } = inputsOf(config);
  const { height, width, channels } = config.input;
  const layout = { classes: config.classes, input: `${height}×${width}×${channels}` };
  // A run that is older than a setting has no value for it.
  return { ...rest, ...layout, ...resolveConfig(EARLIER_DEFAULTS), ...hyperparameters };
}

/** The inputs that are files, and the flags that name them. */
const SOURCE_FLAGS = {
  data: "--csv",
  votes: "--ferplus",
  corrections: "--corrections",
  teacher: "--teacher",
  start: "--start",
} as const;

function isSource(name: string): name is keyof typeof SOURCE_FLAGS {
  return Object.hasOwn(SOURCE_FLAGS, name);
}

function textOf(name: string, value: unknown): string {
  // A list becomes `1,2,3`, which is also its form as a flag.
  const text = String(value);
  if (value === undefined) return "(none)";
  return isSource(name) ? text.slice(0, 12) : text;
}

/** The error for a request whose folder holds an unfinished run with other inputs. */
export function unfinishedRunError(
  folder: string,
  config: RunConfig,
  requested: RequestedRun,
): MienError {
  const differences = differencesOf(config, requested);
  const lines = differences.map(({ name, before, now }) => `  ${name}: ${before} → ${now}`);
  const remedies = differences.map((difference) => remedyFor(difference, config, requested));
  const obstacles = new Set(remedies.flatMap(({ obstacle }) => obstacle ?? []));
  const flags = new Set(remedies.flatMap(({ flag }) => flag ?? []));
  const advice =
    obstacles.size > 0
      ? `It can no longer be finished: ${[...obstacles].join(", ")}.`
      : `To finish it, repeat its settings: ${[...flags].join(" ")}`;
  return new MienError(
    "conflict",
    `${folder} is unfinished and was started with other inputs:\n${lines.join("\n")}`,
    { advice: `${advice}\nTo start a new run beside it, add --fresh; nothing is deleted.` },
  );
}

/**
 * How a command line restores the value that an input had in an unfinished run.
 *
 * @returns the flag that restores the value, or the obstacle if no flag can; neither if another
 *   flag implies the value.
 */
function remedyFor(
  { name, before }: RunDifference,
  old: RequestedRun,
  now: RequestedRun,
): { readonly flag?: string; readonly obstacle?: string } {
  const isLayout = name === "classes" || name === "input";
  const source = isLayout ? "data" : name;
  if (isSource(source)) {
    const [file, other] = [old[source]?.path, now[source]?.path];
    if (file === undefined) return {};
    const flag = SOURCE_FLAGS[source];
    const isElsewhere = other === undefined || path.resolve(file) !== path.resolve(other);
    if (isElsewhere)
      return { flag: `${flag} ${shellQuote(source === "start" ? startOf(file) : file)}` };
    return { obstacle: `${isLayout ? `the manifest of ${file}` : file} has changed` };
  }
  // Other groups of classes imply other classes; `*` keeps all classes of the data set.
  if (name === "classes" && old.classGroups !== now.classGroups) return {};
  if (name === "classGroups") return { flag: `--classes ${shellQuote(old.classGroups ?? "*")}` };
  if (name === "splitTogether") {
    const isOlder = old.splitTogether === undefined && old.split !== "official";
    return isOlder ? { obstacle: "this version also keeps near-copies together in a split" } : {};
  }
  // --split implies whether there is a seed and a fold.
  if ((name === "splitSeed" || name === "fold") && old[name] === undefined) return {};
  const isKnown =
    ["seed", "split", "splitSeed", "fold"].includes(name) ||
    Object.hasOwn(configSchema.shape, name);
  return isKnown
    ? { flag: `${flagOf(name)} ${before}` }
    : { obstacle: `this version has no ${flagOf(name)}` };
}
