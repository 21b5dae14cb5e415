import { MienError } from "./errors.ts";
import { isRecord, isSide } from "./type-guards.ts";

/** The description of a data set: `datasets/<name>/manifest.json`. */
export interface DatasetManifest {
  readonly name: string;
  /** Class names in the order of the label numbers in the CSV file. */
  readonly classes: readonly string[];
  /** Image size in pixels; channels is 1 (grey) or 3 (RGB). */
  readonly image: { readonly height: number; readonly width: number; readonly channels: number };
  /** The uncompressed raw file. Absent for a data set without a fixed version. */
  readonly file?: { readonly name: string; readonly sha256: string; readonly rows: number };
  /** Terms of use of the data, which also apply to models trained on it. */
  readonly licence: string;
  /** Origin of the data. */
  readonly source: string;
}

/**
 * Checks a parsed manifest.
 *
 * @param value result of `JSON.parse`.
 * @param manifest name of the file in errors.
 * @throws {MienError} `bad-data` naming the first field that is missing, unknown or wrong.
 */
export function parseDatasetManifest(value: unknown, manifest: string): DatasetManifest {
  const fail = (problem: string): never => {
    throw new MienError("bad-data", `${manifest}: ${problem}`, {
      advice: "datasets/fer2013/manifest.json shows every field.",
    });
  };
  if (!isRecord(value)) return fail("expected a JSON object");
  const known = ["name", "classes", "image", "file", "licence", "source"];
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) return fail(`unknown field "${unknown}"; known: ${known.join(", ")}`);
  const textOf = (key: string): string => {
    const text = value[key];
    return isText(text) ? text : fail(`"${key}" must be a text that is not empty`);
  };
  const [name, licence, source] = [textOf("name"), textOf("licence"), textOf("source")];
  const { classes } = value;
  if (!Array.isArray(classes) || classes.length < 2 || !classes.every(isText)) {
    return fail('"classes" must list at least two class names');
  }
  if (classes.length > 256 || new Set(classes).size !== classes.length) {
    return fail('"classes" must be at most 256 different names');
  }
  const image = parseImage(value["image"], fail);
  const file = value["file"] === undefined ? undefined : parseFile(value["file"], fail);
  return { name, classes, image, ...(file === undefined ? {} : { file }), licence, source };
}

type Fail = (problem: string) => never;

function parseImage(image: unknown, fail: Fail): DatasetManifest["image"] {
  if (!isRecord(image) || !isSide(image["height"]) || !isSide(image["width"])) {
    return fail('"image" must give height and width in pixels, and channels');
  }
  const { height, width, channels } = image;
  if (channels !== 1 && channels !== 3) {
    return fail(`"image.channels" must be 1 (grey) or 3 (RGB), found ${String(channels)}`);
  }
  return { height, width, channels };
}

function parseFile(file: unknown, fail: Fail): NonNullable<DatasetManifest["file"]> {
  if (!isRecord(file) || !isText(file["name"]) || !isSide(file["rows"])) {
    return fail('"file" must give name, sha256 and rows');
  }
  const { name, sha256, rows } = file;
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    return fail('"file.sha256" must be 64 lower-case hexadecimal digits');
  }
  return { name, sha256, rows };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
