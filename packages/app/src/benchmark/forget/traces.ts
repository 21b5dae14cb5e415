import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Crop } from "../../people/crop-features.ts";

/** Length of the pieces of pictures and embeddings that are searched for, in bytes. */
const PIECE = 16;

/** What must not be found of a person. */
export interface PersonTraces {
  /** A part of the name that occurs nowhere else. */
  readonly name: string;
  readonly pictures: readonly Buffer[];
  readonly embeddings: readonly Buffer[];
}

/** Pieces of a person's name, pictures and embeddings that occur in no other file. */
export function tracesOf(
  name: string,
  crops: readonly Crop[],
  features: readonly Float32Array[],
): PersonTraces {
  return {
    name,
    // From the middle, since all JPEG files begin alike.
    pictures: crops.map(({ jpeg }) => {
      const middle = jpeg.length >> 1;
      return Buffer.from(jpeg.subarray(middle, middle + PIECE));
    }),
    embeddings: features.map((feature) => Buffer.from(feature.buffer, feature.byteOffset, PIECE)),
  };
}

/** The kinds of traces that some content holds. */
export function findTraces(content: Buffer, traces: PersonTraces): string[] {
  const { name, pictures, embeddings } = traces;
  const found: string[] = [];
  if (content.includes(name) || content.includes(Buffer.from(name, "utf16le"))) found.push("name");
  if (pictures.some((piece) => content.includes(piece))) found.push("picture");
  if (embeddings.some((piece) => content.includes(piece))) found.push("embedding");
  return found;
}

/** Every file below a folder that holds a trace in its name or content, with what it holds. */
export async function filesWithTraces(root: string, traces: PersonTraces): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const file = path.join(entry.parentPath, entry.name);
    // A file may be deleted meanwhile.
    const content = entry.isFile() ? await readFile(file).catch(() => undefined) : undefined;
    const kinds = content === undefined ? [] : findTraces(content, traces);
    if (entry.name.includes(traces.name)) kinds.push("name of the file");
    if (kinds.length > 0) found.push(`${path.relative(root, file)}: ${kinds.join(", ")}`);
  }
  return found;
}
