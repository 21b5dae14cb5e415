import { MienError, describeValue, isBytes, nearestName } from "@mien/format";
import type { ConfirmationOptions } from "./expression/confirmation.ts";
import type { DetectorOptions } from "./detect/face-detector.ts";
import type { LbphOptions } from "./people/lbph.ts";
import type { ModelSource } from "./session/ort.ts";
import type { PipelineOptions } from "./pipeline-options.ts";
import type { SessionChoices } from "./session/session-choices.ts";
import type { TrackerOptions } from "./track/tracker.ts";

/** Which values an option takes. */
interface Rule {
  /** In words, for the sentence "threads must be …". */
  readonly expected: string;
  fits(value: unknown): boolean;
  /** Whether the option must be given. Default false. */
  readonly required?: boolean;
  /** The options inside, for an option that is an object of options. */
  readonly inside?: Rules;
}
type Rules = Readonly<Record<string, Rule>>;

const whole = (least: number, most: number): Rule => ({
  expected: `a whole number from ${least} to ${most}`,
  fits: (value) => Number.isSafeInteger(value) && isFrom(value, least, most),
});
const from = (least: number, most: number, unit = ""): Rule => ({
  expected: most === Infinity ? `at least ${least}${unit}` : `from ${least} to ${most}${unit}`,
  fits: (value) => isFrom(value, least, most),
});
const between = (low: number, high: number): Rule => ({
  expected: `between ${low} and ${high}, both excluded`,
  fits: (value) => typeof value === "number" && value > low && value < high,
});
const oneOf = (...words: readonly string[]): Rule => ({
  expected: `one of ${words.map((word) => `"${word}"`).join(", ")}`,
  fits: (value) => words.includes(value as string),
});
const object = (what: string, ...members: readonly string[]): Rule => ({
  expected: what,
  fits: (value) =>
    typeof value === "object" && value !== null && members.every((member) => member in value),
});
const group = (inside: Rules): Rule => ({ ...object("an object of options"), inside });
const flag: Rule = {
  expected: "true or false",
  fits: (value) => typeof value === "boolean",
};
const text: Rule = { expected: "a string", fits: (value) => typeof value === "string" };
const address: Rule = {
  expected: "an address, as string or URL",
  fits: (value) => value instanceof URL || (typeof value === "string" && value !== ""),
};
const model: Rule = {
  expected: "a path or address (string or URL), or the model's bytes (Uint8Array)",
  fits: (value) => address.fits(value) || isBytes(value),
  required: true,
};

function isFrom(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}

const SESSION: Record<keyof SessionChoices, Rule> = {
  threads: whole(1, 256),
  background: flag,
  wasmPath: address,
  wasmModulePath: address,
};
const DETECTION: Record<Exclude<keyof DetectorOptions, keyof SessionChoices>, Rule> = {
  minScore: between(0, 1),
  minSize: from(0, Infinity, " pixels"),
  maxOverlap: from(0, 1),
  inputSize: from(64, 2048, " pixels"),
};
const TRACKING: Record<keyof TrackerOptions, Rule> = {
  minOverlap: between(0, 1),
  bridgeMs: from(0, Infinity, " ms"),
};
const CONFIRMATION: Record<keyof ConfirmationOptions, Rule> = {
  method: oneOf("window", "exponential", "viterbi"),
  size: whole(1, 1000),
  quorum: between(0, 1),
  fallback: text,
  change: between(0, 0.5),
};
const LBPH: Record<keyof LbphOptions, Rule> = {
  radius: whole(1, 100),
  neighbors: whole(1, 16),
  gridX: whole(1, 1000),
  gridY: whole(1, 1000),
};
const PIPELINE: Record<keyof PipelineOptions, Rule> = {
  ...SESSION,
  expression: model,
  detector: model,
  detection: group(DETECTION),
  people: object("a People", "recogniser", "identify"),
  stills: flag,
  detectEvery: whole(1, Number.MAX_SAFE_INTEGER),
  recogniseEvery: whole(1, Number.MAX_SAFE_INTEGER),
  mirror: flag,
  flat: oneOf("reject", "tell", "off"),
  tracking: group(TRACKING),
  confirmation: group(CONFIRMATION),
  rejected: flag,
  source: text,
};

/** The options of each public function and class, by its name. */
const OPTIONS = {
  createPipeline: PIPELINE,
  process: { signal: object("an AbortSignal", "aborted", "addEventListener") },
  "ExpressionClassifier.open": SESSION,
  "FaceDetector.open": { ...SESSION, ...DETECTION },
  openEmbedding: SESSION,
  createLbph: LBPH,
  lbphHistogram: LBPH,
  Tracker: TRACKING,
  confirmation: CONFIRMATION,
  People: { maxFalseAccept: { ...from(0, 0.5), fits: (value) => isFrom(value, 1e-9, 0.5) } },
} satisfies Readonly<Record<string, Rules>>;

/**
 * Checks the options of a public function; `undefined` counts as not given.
 *
 * @param callee the function, as a key of the table above.
 * @throws {MienError} `usage` naming the first option that is unknown (with the nearest known name,
 * or where it belongs), missing or out of range.
 */
export function checkOptions(callee: keyof typeof OPTIONS, options: unknown): void {
  check(callee, OPTIONS[callee], { options, above: {} });
}

/** @throws {MienError} `usage` if a model is neither a path or address nor bytes. */
export function checkModelSource(callee: keyof typeof OPTIONS, source: ModelSource): void {
  if (model.fits(source)) return;
  throw wrongValue(callee, "the model", model, source);
}

/** @param above the rules of the object that these options are inside. */
function check(
  where: string,
  rules: Rules,
  { options, above }: { readonly options: unknown; readonly above: Rules },
): void {
  if (typeof options !== "object" || options === null || isBytes(options)) {
    throw new MienError(
      "usage",
      `${where} takes an object of options, found ${describeValue(options)}`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) throw unknownOption(where, name, { rules, above });
    if (value === undefined) continue;
    if (!rule.fits(value)) throw wrongValue(where, name, rule, value);
    if (rule.inside !== undefined) {
      check(`${where}, ${name}`, rule.inside, { options: value, above: rules });
    }
  }
  for (const [name, rule] of Object.entries(rules)) {
    if (rule.required && (options as Record<string, unknown>)[name] === undefined) {
      throw wrongValue(where, name, rule, undefined);
    }
  }
}

function wrongValue(where: string, name: string, rule: Rule, value: unknown): MienError {
  const isBuffer = Object.prototype.toString.call(value) === "[object ArrayBuffer]";
  const message = `${where}: ${name} must be ${rule.expected}, found ${describeValue(value)}`;
  return new MienError(
    "usage",
    message,
    isBuffer && rule === model ? { advice: "Write new Uint8Array(buffer)." } : {},
  );
}

function unknownOption(
  where: string,
  name: string,
  { rules, above }: { readonly rules: Rules; readonly above: Rules },
): MienError {
  const group = Object.keys(rules).find((key) => rules[key]?.inside?.[name] !== undefined);
  const owner = Object.entries(OPTIONS).find(([, known]) => Object.hasOwn(known, name))?.[0];
  const nearest = nearestName(name, Object.keys(rules));
  let advice = `Options are ${Object.keys(rules).join(", ")}.`;
  if (group !== undefined) advice = `It belongs into ${group}: { ${group}: { ${name}: … } }.`;
  else if (Object.hasOwn(above, name)) advice = "It belongs one level up, beside this object.";
  else if (nearest !== undefined) advice = `Did you mean ${nearest}? ${advice}`;
  else if (owner !== undefined) advice = `It is an option of ${owner}. ${advice}`;
  return new MienError("usage", `${where} has no option ${name}`, { advice });
}
