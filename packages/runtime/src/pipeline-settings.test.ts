import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveConfirmation } from "./expression/confirmation.ts";
import {
  createLbph,
  createPipeline,
  pipelineSettings,
  recognitionSettings,
  type Pipeline,
  type PipelineOptions,
  type Setting,
  type SettingsTable,
} from "./index.ts";
import { halvesModel, spotModel } from "./testing/models.ts";

const MODELS = { expression: halvesModel(), detector: spotModel() };

/** The settings of a table and of the groups in it, each by its path. */
function settingsOf(table: SettingsTable, path = ""): [string, Setting][] {
  return Object.entries(table).flatMap(([name, entry]): [string, Setting][] =>
    typeof entry.type === "string" ? [[path + name, entry]] : settingsOf(entry, `${path}${name}.`),
  );
}

/** The defaults of a table; if they differ by detector, the defaults for the tiny detector. */
function defaultsOf(table: SettingsTable): object {
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]): [string, unknown] => {
      if (typeof entry.type !== "string") return [name, defaultsOf(entry)];
      const { default: value } = entry;
      return [name, typeof value === "object" ? value.tiny : value];
    }),
  );
}

/** Options that hold one value, for a path such as `confirmation.size`. */
function optionsAt(path: string, value: unknown): Partial<PipelineOptions> {
  const [name, inner] = path.split(".") as [string, string?];
  return { [name]: inner === undefined ? value : { [inner]: value } };
}

/** Whether a value is possible for a setting. */
function allows(setting: Setting, value: unknown): boolean {
  if (setting.type === "boolean") return typeof value === "boolean";
  if (setting.type === "string") return setting.choices?.includes(String(value)) ?? true;
  if (typeof value !== "number") return false;
  if (setting.type === "integer" && !Number.isInteger(value)) return false;
  const { min, max, exclusive } = setting;
  return exclusive ? value > min && value < max : value >= min && value <= max;
}

const everySetting = [...settingsOf(pipelineSettings), ...settingsOf(recognitionSettings)];

describe("the tables of settings", () => {
  it.each(everySetting)("have a meaning and a possible default for %s", (_, setting) => {
    expect(setting.description).toMatch(/^\S.*[^.]$/);
    const { default: value } = setting;
    const defaults: unknown[] = typeof value === "object" ? Object.values(value) : [value];
    expect(defaults.filter((one) => !allows(setting, one))).toEqual([]);
  });

  it("name the recogniser of local binary patterns by their defaults", () => {
    const { radius, neighbors, gridX, gridY } = recognitionSettings.lbph;
    const values = [radius, neighbors, gridX, gridY].map((setting) => setting.default);
    expect(createLbph().kind).toBe(`lbph-${values.join("-")}`);
  });

  it("confirm the default below the quorum only where the model has that label", () => {
    const { fallback } = pipelineSettings.confirmation;
    expect(resolveConfirmation({}, ["A", fallback.default]).fallback).toBe(fallback.default);
    expect(resolveConfirmation({}, ["A", "B"]).fallback).toBe("unsure");
  });
});

describe("the settings of a pipeline", () => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await createPipeline(MODELS);
  });
  afterAll(() => pipeline.close());

  it("are exactly the defaults of the table where none is given", () => {
    const { confirmation, ...others } = defaultsOf(pipelineSettings) as PipelineOptions;
    // The model of this test has no label Neutral.
    expect(pipeline.settings).toEqual({
      ...others,
      confirmation: { ...confirmation, fallback: "unsure" },
    });
  });

  it.each(settingsOf(pipelineSettings))(
    "take a value of %s, and no value outside its range",
    async (path, setting) => {
      let [value, wrong]: [unknown, unknown] = [!setting.default, "yes"];
      if (setting.type === "string") [value, wrong] = [setting.choices?.[1] ?? "Sad", 7];
      if (path === "merge") value = pipeline.labels.slice(0, 2).join("+");
      if (setting.type === "integer") [value, wrong] = [setting.min + 1, setting.max + 1];
      if (setting.type === "number")
        [value, wrong] = [
          setting.min + 0.25 * (Math.min(setting.max, 100) - setting.min),
          setting.min - 1,
        ];
      const given = await createPipeline({ ...MODELS, ...optionsAt(path, value) });
      expect(given.settings).toMatchObject(optionsAt(path, value));
      await given.close();
      const refused = createPipeline({ ...MODELS, ...optionsAt(path, wrong) });
      await expect(refused).rejects.toMatchObject({ code: "usage" });
    },
  );
});
