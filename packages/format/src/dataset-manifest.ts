import { MienError } from "./errors.ts";

/** What is known about a data set before its raw file is opened: `datasets/<name>/manifest.json`. */
export interface DatasetManifest {
  readonly name: string;
  /** Class names in the order of the CSV's label numbers. */
  readonly classes: readonly string[];
  /** Image size in pixels; channels is 1 (grey) or 3 (RGB). */
  readonly image: { readonly height: number; readonly width: number; readonly channels: number };
  /** The raw file, uncompressed. Absent for a data set that is not pinned to one version. */
  readonly file?: { readonly name: string; readonly sha256: string; readonly rows: number };
  /** Terms of use of the data, and so a limit on models trained on it. */
  readonly licence: string;
  /** Where the data comes from. */
  readonly source: string;
}

/**
 * Checks a parsed manifest.
 *
 * @param value what `JSON.parse` returned.
 * @param name what to call the file in errors.
 * @throws {MienError} `bad-data` naming the first field that is missing, unknown or wrong.
 */
export function parseDatasetManifest(value: unknown, name: string): DatasetManifest {
  const fail = (problem: string): never => {
    throw new MienError("bad-data", `${name}: ${problem}`, {
      advice: "datasets/fer2013/manifest.json shows every field.",
    });
  };
  const isObject = (v: unknown): v is Record<string, unknown> =>
    typeof v === "object" && v !== null && !Array.isArray(v);
  const isText = (v: unknown): v is string => typeof v === "string" && v !== "";
  const isCount = (v: unknown) => Number.isSafeInteger(v) && (v as number) > 0;

  if (!isObject(value)) return fail("expected a JSON object");
  const known = ["name", "classes", "image", "file", "licence", "source"];
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) return fail(`unknown field "${unknown}"; known: ${known.join(", ")}`);
  for (const key of ["name", "licence", "source"]) {
    if (!isText(value[key])) return fail(`"${key}" must be a text that is not empty`);
  }
  const { classes, image, file } = value;
  if (!Array.isArray(classes) || classes.length < 2 || !classes.every(isText)) {
    return fail('"classes" must list at least two class names');
  }
  if (classes.length > 256 || new Set(classes).size !== classes.length) {
    return fail('"classes" must be at most 256 different names');
  }
  if (!isObject(image) || !isCount(image["height"]) || !isCount(image["width"])) {
    return fail('"image" must give height and width in pixels, and channels');
  }
  if (image["channels"] !== 1 && image["channels"] !== 3) {
    return fail(`"image.channels" must be 1 (grey) or 3 (RGB), found ${String(image["channels"])}`);
  }
  if (file !== undefined) {
    const sha256 = isObject(file) ? file["sha256"] : undefined;
    if (!isObject(file) || !isText(file["name"]) || !isCount(file["rows"])) {
      return fail('"file" must give name, sha256 and rows');
    }
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
      return fail('"file.sha256" must be 64 lower-case hexadecimal digits');
    }
  }
  return value as unknown as DatasetManifest;
}
