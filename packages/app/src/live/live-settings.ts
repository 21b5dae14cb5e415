import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import {
  flagOf,
  FOLDERS,
  releaseFolder,
  parseOptions,
  readJson,
  writeJson,
  type Option,
  type Options,
  type OptionValues,
} from "@mien/cli";
import { MienError, messageOf, withoutSecrets } from "@mien/format";
import type { SettingChoice, SettingField, SettingsSummary, SettingValue } from "@mien/web";
import { pipelineFlags } from "../pipeline-flags.ts";
import { modelOption } from "../shared-options.ts";
import { PAGE_CAMERAS } from "./live-source.ts";

const DEFAULT_RESOLUTION = "640x480";

/** The settings of `app:live` that can also be changed on its page, as flags. */
export const liveSettingFlags = {
  source: {
    type: "string",
    placeholder: "SOURCE",
    description: `Source as in app:analyze, or ${PAGE_CAMERAS}: the camera of the page itself`,
    defaultText: PAGE_CAMERAS,
    group: "input",
  },
  resolution: {
    type: "string",
    choices: ["320x240", "640x480", "1280x720"],
    defaultText: DEFAULT_RESOLUTION,
    description: "Picture size that a webcam or the page's camera is asked for, in pixels",
    group: "input",
  },
  model: modelOption,
  ...pipelineFlags,
} as const satisfies Options;

const FLAGS: Options = liveSettingFlags;

/** The picture size that cameras are asked for, in pixels. */
export function pictureSize({ resolution = DEFAULT_RESOLUTION }: LiveValues) {
  const [width = 640, height = 480] = resolution.split("x").map(Number);
  return { width, height };
}

/** The values of the settings; a value that is undefined takes its default. */
export type LiveValues = Partial<OptionValues<typeof liveSettingFlags>>;
type Values = Readonly<Record<string, SettingValue>>;

/** How the settings of a live app are opened. */
export interface LiveSettingsOptions {
  /** The file in which changes are stored; it need not exist. */
  readonly file: string;
  /** The values of the flags that were given. They replace stored values. */
  readonly given: LiveValues;
  /** Called with a sentence about each stored value that cannot be used. */
  readonly onProblem?: (message: string) => void;
}

/**
 * The settings of a live app that a page can change. They are shared by all pages, since they change
 * what the server computes. Changes are stored in a file and used again at the next start, except a
 * source that is no camera: a file or an address may be gone by then, or contain a password.
 */
export class LiveSettings {
  readonly file: string;
  readonly #givenSource: string | undefined;
  #values: Values;
  /** What the file contains. */
  #stored: Values;

  private constructor(file: string, values: { readonly given: Values; readonly stored: Values }) {
    this.file = file;
    this.#stored = values.stored;
    this.#values = { ...values.stored, ...values.given };
    const source = values.given["source"];
    this.#givenSource = typeof source === "string" ? source : undefined;
  }

  static async open(options: LiveSettingsOptions): Promise<LiveSettings> {
    const { file, onProblem } = options;
    const stored: Record<string, SettingValue> = {};
    const content: unknown = existsSync(file) ? await readJson(file) : {};
    for (const [name, value] of Object.entries(content ?? {})) {
      try {
        const checked = checkedValue(name, value);
        if (name === "model" && !existsSync(String(checked))) {
          throw new MienError("missing-file", `there is no ${String(checked)}`);
        }
        stored[name] = checked;
      } catch (error) {
        onProblem?.(`${file}: ${name} is not used: ${messageOf(error)}`);
      }
    }
    // A switch that is off counts as not given, since the command line cannot tell the difference.
    const given: Record<string, SettingValue> = {};
    for (const [name, value] of Object.entries(options.given)) {
      if (name in FLAGS && value !== undefined && value !== false) given[name] = value;
    }
    return new LiveSettings(file, { given, stored });
  }

  /** The values that were chosen. */
  get values(): LiveValues {
    return this.#values;
  }

  /**
   * The values after a change.
   *
   * @param change values by name; null for the default.
   * @throws {MienError} `usage` for an unknown name, a value out of range, or a source or a model that
   * is not in the list of choices.
   */
  async changed(change: Readonly<Record<string, SettingValue | null>>): Promise<LiveValues> {
    const next: Record<string, SettingValue> = { ...this.#values };
    for (const [name, value] of Object.entries(change)) {
      if (value === null) {
        if (!(name in FLAGS)) throw unknownSetting(name);
        delete next[name];
        continue;
      }
      const checked = checkedValue(name, value);
      const choices = await this.#choicesOf(name);
      if (choices !== undefined && !choices.some((choice) => choice.value === checked)) {
        throw new MienError("usage", `${name}: "${String(value)}" is not one of the choices`);
      }
      next[name] = name === "source" ? this.#sourceText(String(checked)) : checked;
    }
    return next;
  }

  /**
   * Takes over the values of `changed`, and stores them.
   *
   * @param names of the values that were changed.
   */
  async store(values: LiveValues, names: readonly string[]): Promise<void> {
    const all: Readonly<Record<string, SettingValue | undefined>> = values;
    this.#values = withoutUndefined(all);
    const stored: Record<string, SettingValue | undefined> = { ...this.#stored };
    for (const name of names) {
      const isKept = name !== "source" || all[name] !== this.#givenSource;
      stored[name] = isKept ? all[name] : undefined;
    }
    this.#stored = withoutUndefined(stored);
    await writeJson(this.file, this.#stored);
  }

  /** Every setting with its value, as the page shows it. */
  async summary(): Promise<SettingsSummary> {
    const fields = Object.entries(FLAGS).map(async ([name, flag]): Promise<SettingField> => {
      const choices = await this.#choicesOf(name);
      const value = this.#values[name] ?? null;
      return {
        ...fieldOf(name, flag),
        value: name === "source" && value !== null ? withoutSecrets(String(value)) : value,
        ...(choices === undefined ? {} : { type: "choice", choices }),
      };
    });
    return { fields: await Promise.all(fields), file: this.file };
  }

  /** The text of a source in the list of choices, which shows no password. */
  #sourceText(shown: string): string {
    const given = this.#givenSource;
    return given !== undefined && withoutSecrets(given) === shown ? given : shown;
  }

  /** What a value may be; undefined for a setting that is not chosen from a list. */
  async #choicesOf(name: string): Promise<readonly SettingChoice[] | undefined> {
    if (name === "source") return sourceChoices(this.#givenSource);
    if (name === "model") return modelChoices(this.#values["model"]);
    const flag = FLAGS[name];
    if (flag?.type !== "string" || flag.choices === undefined) return undefined;
    return flag.choices.map((value) => ({ value, label: value }));
  }
}

/** The cameras of this machine and of pages, and the source that was given on the command line. */
async function sourceChoices(given: string | undefined): Promise<SettingChoice[]> {
  const { findLibfreenect, listWebcams } = await import("@mien/camera");
  const webcams = await listWebcams().catch(() => []);
  const choices = [
    { value: PAGE_CAMERAS, label: "camera of the page" },
    ...webcams.map(({ number, label }) => ({ value: `webcam:${number}`, label })),
  ];
  if (findLibfreenect().candidates.length > 0) choices.push({ value: "kinect", label: "Kinect" });
  const shown = withoutSecrets(given ?? PAGE_CAMERAS);
  if (!choices.some(({ value }) => value === shown)) choices.push({ value: shown, label: shown });
  return choices;
}

/** The models in the standard folders, and the model that is used. */
async function modelChoices(used: SettingValue | undefined): Promise<SettingChoice[]> {
  const folders = [releaseFolder(), FOLDERS.models];
  const lists = folders.map(async (folder) => {
    const names = await readdir(folder).catch(() => []);
    return names.filter((name) => name.endsWith(".onnx")).map((name) => path.join(folder, name));
  });
  const files = (await Promise.all(lists)).flat().sort();
  if (typeof used === "string" && !files.includes(used)) files.push(used);
  return files.map((file) => ({ value: file, label: file }));
}

function fieldOf(name: string, flag: Option): SettingField {
  const { description, group = "" } = flag;
  const common = { name, group, description, value: null };
  if (flag.type === "boolean") {
    return { ...common, type: "boolean", unit: null, defaultText: "off" };
  }
  const { defaultText = "none" } = flag;
  if (flag.type === "string") return { ...common, type: "text", unit: null, defaultText };
  const { type, unit, min, max } = flag;
  return { ...common, type, unit, min, max, defaultText };
}

/**
 * Checks a value by the rules of its flag.
 *
 * @throws {MienError} `usage` if there is no such setting, or if it cannot take this value.
 */
function checkedValue(name: string, value: unknown): SettingValue {
  const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (flag === undefined) throw unknownSetting(name);
  if (flag.type === "boolean" && typeof value === "boolean") return value;
  if (flag.type === "boolean" || !["string", "number"].includes(typeof value)) {
    throw new MienError("usage", `${name} cannot be ${JSON.stringify(value)}`);
  }
  const { values } = parseOptions([`${flagOf(name)}=${String(value)}`], { [name]: flag });
  const checked = values[name];
  return typeof checked === "number" ? checked : String(checked);
}

function unknownSetting(name: string): MienError {
  return new MienError("usage", `there is no setting ${name}`, {
    advice: `Settings are ${Object.keys(FLAGS).join(", ")}.`,
  });
}

function withoutUndefined(values: Readonly<Record<string, SettingValue | undefined>>): Values {
  const kept: Record<string, SettingValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
