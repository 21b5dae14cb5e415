import { isDeepStrictEqual } from "node:util";
import { describeSplit, parseSplit } from "@mien/data";
import { MienError, splitChoiceOf, type SplitChoice } from "@mien/format";
import { z } from "zod";
import { spaceSchema } from "./search-space.ts";

/**
 * The pruners (python/pruners.py creates them), which end unpromising trials early; `none`: every
 * trial finishes.
 */
export const PRUNERS = ["hyperband", "median", "none"] as const;

/**
 * The settings of a study. They are stored with the study, so that every worker uses the same settings, on any machine and at any time.
 */
export const settingsSchema = z.strictObject({
  /** The data set's name and the SHA-256 of its uncompressed CSV. */
  data: z.strictObject({ name: z.string(), sha256: z.string(), skipBadRows: z.boolean() }),
  /** The splits of the data set; absent for the official split. */
  split: z
    .strictObject({
      split: z.string().transform(parseSplit),
      splitSeed: z.int().min(0),
      fold: z.int().min(1).optional(),
      splitTogether: z.literal("near-copies"),
    })
    .optional(),
  /** Groups of classes in the normal form of `mergeClasses`; absent if all classes are kept. */
  classGroups: z.string().optional(),
  space: spaceSchema,
  pruner: z.enum(PRUNERS),
  /** Number of epochs of a trial that is not pruned. */
  epochs: z.int().min(1),
  /** Share of the training images of each class that a trial uses, 0–1. */
  subset: z.number().positive().max(1),
  /** Random seed of the sampler and of every trial's weights, order, augmentation and dropout. */
  seed: z.int().min(0),
  /** Hash of the training code that created the study; a difference causes a warning. */
  code: z.string(),
});

export type Settings = Readonly<z.output<typeof settingsSchema>>;

/** The splits of a study's data set. */
export function splitOf({ split }: Settings): SplitChoice {
  return split === undefined ? { split: "official" } : splitChoiceOf(split);
}

/**
 * Checks that a study has the settings of a command.
 *
 * @throws {MienError} `conflict` naming each difference.
 */
export function checkSame(study: string, stored: Settings, wanted: Settings): void {
  const flat = ({ data, space, pruner, epochs, subset, seed, ...rest }: Settings) => ({
    data: `${data.name} ${data.sha256.slice(0, 12)}`,
    "skip-bad-rows": data.skipBadRows,
    classes: rest.classGroups ?? "*",
    split: describeSplit(splitOf({ data, space, pruner, epochs, subset, seed, ...rest })),
    pruner,
    epochs,
    subset,
    seed,
    space: space.name,
    // Spaces with different names may differ in everything.
    ...(stored.space.name === wanted.space.name
      ? Object.fromEntries(
          Object.entries({ ...space.fixed, ...space.parameters }).map(([key, value]) => [
            `space ${key}`,
            value,
          ]),
        )
      : {}),
  });
  const [a, b] = [flat(stored), flat(wanted)] as [Record<string, unknown>, Record<string, unknown>];
  const text = (value: unknown) =>
    value === undefined ? "(none)" : typeof value === "string" ? value : JSON.stringify(value);
  const lines = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => !isDeepStrictEqual(a[key], b[key]))
    .map((key) => `  ${key}: ${text(a[key])} → ${text(b[key])}`);
  if (lines.length === 0) return;
  throw new MienError(
    "conflict",
    `the study ${study} was begun with other settings:\n${lines.join("\n")}`,
    { advice: "Repeat these settings to continue it, or name another study with --study." },
  );
}
