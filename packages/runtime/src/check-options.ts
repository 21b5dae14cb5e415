import { MienError, describeValue, isBytes, nearestName } from "@mien/format";
import { pipelineSettings } from "./pipeline-settings.ts";
import { recognitionSettings } from "./recognition-settings.ts";
import type { NumberSetting, Setting, SettingsTable } from "./setting.ts";

/** The values that an option takes. */
interface Rule {
  /** In words that complete the sentence "threads must be …". */
  readonly expected: string;
  fits(value: unknown): boolean;
  /** The options inside, for an option that is an object of options. */
  readonly inside?: Rules;
}
type Rules = Readonly<Record<string, Rule>>;

const object = (what: string, ...members: readonly string[]): Rule => ({
  expected: what,
  fits: (value) =>
    typeof value === "object" && value !== null && members.every((member) => member in value),
});
const text: Rule = { expected: "a string", fits: (value) => typeof value === "string" };
const callback: Rule = {
  expected: "a function",
  fits: (value) => typeof value === "function",
};
const signal = object("an AbortSignal", "aborted", "addEventListener");
const finite: Rule = {
  expected: "a finite number",
  fits: (value) => Number.isFinite(value),
};
const address: Rule = {
  expected: "an address, as string or URL",
  fits: (value) => value instanceof URL || (typeof value === "string" && value !== ""),
};
const model: Rule = {
  expected: "a path or address (string or URL), or the model's bytes (Uint8Array)",
  fits: (value) => address.fits(value) || isBytes(value),
};

/** The rules of a table of settings; a group becomes an option that holds options. */
function rulesOf(table: SettingsTable): Rules {
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]) => [
      name,
      isSetting(entry)
        ? ruleOf(entry)
        : { ...object("an object of options"), inside: rulesOf(entry) },
    ]),
  );
}

function isSetting(entry: Setting | SettingsTable): entry is Setting {
  return typeof entry.type === "string";
}

function ruleOf(setting: Setting): Rule {
  if (setting.type === "boolean") {
    return { expected: "true or false", fits: (value) => typeof value === "boolean" };
  }
  if (setting.type !== "string") return numberRule(setting);
  const { choices } = setting;
  if (choices === undefined) return text;
  return {
    expected: `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`,
    fits: (value) => choices.some((choice) => choice === value),
  };
}

function numberRule({ type, unit, min, max, exclusive = false }: NumberSetting): Rule {
  const ofUnit = unit === null || unit === "share" || unit === "probability" ? "" : ` ${unit}`;
  let range = `from ${min} to ${max}${ofUnit}`;
  if (exclusive) range = `between ${min} and ${max}, both excluded`;
  else if (max === Infinity) range = `at least ${min}${ofUnit}`;
  return {
    expected: type === "integer" ? `a whole number ${range}` : range,
    fits(value) {
      if (typeof value !== "number") return false;
      if (type === "integer" && !Number.isSafeInteger(value)) return false;
      return exclusive ? value > min && value < max : value >= min && value <= max;
    },
  };
}

const { threads, background, merge } = pipelineSettings;
const SESSION: Rules = {
  ...rulesOf({ threads, background }),
  wasmPath: address,
  wasmModulePath: address,
  onDownload: callback,
  modelCache: {
    expected: "the name of a cache, or false",
    fits: (value) => value === false || (typeof value === "string" && value !== ""),
  },
};
const PIPELINE: Rules = {
  expression: model,
  detector: model,
  people: object("a People", "recogniser", "identify"),
  source: text,
  ...SESSION,
  ...rulesOf(pipelineSettings),
};
const { lbph, ...peopleSettings } = recognitionSettings;

/** The options of each public function and class, by its name. */
const OPTIONS = {
  createPipeline: PIPELINE,
  process: {
    index: finite,
    timeMs: finite,
    signal,
    onDetections: callback,
    recorded: object("a recorded frame", "detections", "probabilities"),
  },
  run: { signal },
  "ExpressionClassifier.open": { ...SESSION, ...rulesOf({ merge }) },
  "FaceDetector.open": { ...SESSION, ...rulesOf(pipelineSettings.detection) },
  openEmbedding: SESSION,
  createLbph: rulesOf(lbph),
  lbphHistogram: rulesOf(lbph),
  Tracker: rulesOf(pipelineSettings.tracking),
  confirmation: rulesOf(pipelineSettings.confirmation),
  People: rulesOf(peopleSettings),
} satisfies Readonly<Record<string, Rules>>;

/**
 * Checks the options of a public function; `undefined` counts as not given.
 *
 * @param callee the function, as a key of the table above.
 * @throws {MienError} `usage` naming the first option that is unknown (with the nearest known name,
 * or where it belongs) or out of range.
 */
export function checkOptions(callee: keyof typeof OPTIONS, options: unknown): void {
  check(callee, OPTIONS[callee], { options, above: {} });
}

/**
 * Checks that a model is given as a path, an address or bytes.
 *
 * @param callee the function, as a key of the table above.
 * @throws {MienError} `usage` if it is not.
 */
export function checkModelSource(callee: keyof typeof OPTIONS, source: unknown): void {
  if (!model.fits(source))
    throw wrongValue({ where: callee, name: "the model", rule: model }, source);
}

/** @param above the rules of the object that contains these options. */
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
  for (const [name, value] of new Map<string, unknown>(Object.entries(options))) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) throw unknownOption(where, name, { rules, above });
    if (value === undefined) continue;
    if (!rule.fits(value)) throw wrongValue({ where, name, rule }, value);
    if (rule.inside !== undefined) {
      check(`${where}, ${name}`, rule.inside, { options: value, above: rules });
    }
  }
}

function wrongValue(
  { where, name, rule }: { readonly where: string; readonly name: string; readonly rule: Rule },
  value: unknown,
): MienError {
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
  if (group !== undefined) advice = `It belongs in ${group}: { ${group}: { ${name}: … } }.`;
  else if (Object.hasOwn(above, name)) advice = "It belongs one level up, beside this object.";
  else if (nearest !== undefined) advice = `Did you mean ${nearest}? ${advice}`;
  else if (owner !== undefined) advice = `It is an option of ${owner}. ${advice}`;
  return new MienError("usage", `${where} has no option ${name}`, { advice });
}
