import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { isObject } from "../read/json.ts";

/** A saved model in a folder of packages. */
export interface FoundModel {
  /** Its path below the folder. */
  readonly name: string;
  /** The content of its JSON file. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The content of its weight files, by the names that the JSON file states. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** JSON files above this size are no models, in bytes. */
const LARGEST = 50e6;

/**
 * Finds all saved models of tfjs below a folder: JSON files, and modules of JavaScript that
 * contain the same (`model.min.js`, with weights in base64).
 */
export async function* findModels(folder: string): AsyncGenerator<FoundModel> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.json$|^model\.min\.js$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    const found = file.endsWith(".js") ? await fromModule(file) : await fromJson(file);
    if (found !== undefined) yield { ...found, name: path.relative(folder, file) };
  }
}

type Content = Omit<FoundModel, "name">;

async function fromJson(file: string): Promise<Content | undefined> {
  if ((await stat(file)).size > LARGEST) return undefined;
  const text = await readFile(file, "utf8");
  if (!text.includes('"modelTopology"')) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  return contentOf(json, (name) => readFile(path.join(path.dirname(file), name)));
}

async function fromModule(file: string): Promise<Content | undefined> {
  const load: (name: string) => unknown = createRequire(file);
  return contentOf(load(file), (name) => {
    const text = load(`./${name.replace(/\.bin$/, "")}.min.js`);
    return Promise.resolve(Buffer.from(String(text), "base64"));
  });
}

/** The model that a JSON value is; undefined if it is none. */
async function contentOf(
  json: unknown,
  read: (name: string) => Promise<Uint8Array>,
): Promise<Content | undefined> {
  if (!isObject(json) || !isObject(json["modelTopology"])) return undefined;
  const { weightsManifest } = json;
  if (!Array.isArray(weightsManifest)) return undefined;
  const names = weightsManifest.flatMap((group: unknown) =>
    isObject(group) && Array.isArray(group["paths"]) ? group["paths"].map(String) : [],
  );
  const contents = names.map(async (name) => {
    const bytes = await read(name).catch(() => undefined);
    return bytes === undefined ? [] : [[name, bytes] as const];
  });
  return { json, files: Object.fromEntries((await Promise.all(contents)).flat()) };
}
