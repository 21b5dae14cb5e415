import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";

/** Writes files with the given contents, and the folders for them. */
export async function writeFiles(
  root: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
}

/** A PNG with the given grey pixels, row by row; square unless there is a width. */
export function greyPng(
  values: readonly number[],
  width = Math.sqrt(values.length),
): Promise<Buffer> {
  const raw = { width, height: values.length / width, channels: 1 } as const;
  return sharp(Uint8Array.from(values), { raw }).toColourspace("b-w").png().toBuffer();
}
