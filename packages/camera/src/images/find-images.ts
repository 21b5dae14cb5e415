import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf, printable } from "@mien/format";
import { onDisk, shownName } from "../system/file-names.ts";

/** Extensions of the image files that are read from a folder. */
const IMAGE = /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif)$/i;
const VIDEO = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|mjpe?g|ogv|wmv|y4m)$/i;

/** What a file is by its extension; undefined for other extensions. */
export function kindByEnding(file: string): "image" | "video" | undefined {
  return IMAGE.test(file) ? "image" : VIDEO.test(file) ? "video" : undefined;
}

/** The images of a file or folder; names as `shownName` writes them. */
export interface FoundImages {
  readonly isFolder: boolean;
  /** Paths in natural order (2 before 10). */
  readonly images: readonly string[];
  /**
   * Names in the folder that are not image files, without hidden names; folders end with a slash.
   */
  readonly skipped: readonly string[];
}

/**
 * Finds images: one file with any extension, or every file in a folder that has the extension of an
 * image. Folders inside are not searched.
 *
 * @param source a path as `shownName` writes it.
 * @throws {MienError} `missing-file` if there is no such file or folder, or no image in it;
 * `unsupported` for videos, devices and pipes.
 */
export async function findImages(source: string): Promise<FoundImages> {
  const stats = await stat(onDisk(source)).catch((error: unknown) => {
    throw new MienError("missing-file", `cannot find ${source}: ${messageOf(error)}`, {
      advice: "Give --source an image, or a folder of images.",
      cause: error,
    });
  });
  if (!stats.isDirectory()) {
    if (!stats.isFile()) throw notAnImage(`${source} is a device or pipe, not a file`);
    if (VIDEO.test(source)) throw notAnImage(`${source} is a video`);
    return { isFolder: false, images: [source], skipped: [] };
  }
  const images: string[] = [];
  const skipped: string[] = [];
  const entries = await readdir(onDisk(source), { encoding: "buffer" }).catch((error: unknown) => {
    throw new MienError("missing-file", `cannot read the folder ${source}: ${messageOf(error)}`);
  });
  const names = entries.map(shownName).sort(naturally);
  const twice = names.find((name, index) => name === names[index + 1]);
  if (twice !== undefined) {
    throw new MienError("bad-data", `two files in the folder ${source} are shown as ${twice}`, {
      advice: "The name of one of them is not UTF-8. Rename it.",
    });
  }
  for (const name of names) {
    if (name.startsWith(".")) continue;
    const file = path.join(source, name);
    // A link to a missing file counts as an image if it has the extension; reading reports the
    // fault.
    const entry = await stat(onDisk(file)).catch(() => undefined);
    if (entry?.isDirectory()) skipped.push(`${name}/`);
    else if (IMAGE.test(name) && entry?.isFile() !== false) images.push(file);
    else skipped.push(name);
  }
  if (images.length > 0) return { isFolder: true, images, skipped };
  const found = skipped.length === 0 ? "it is empty" : `found only ${nameSome(skipped)}`;
  throw new MienError("missing-file", `no image in the folder ${source}: ${found}`, {
    advice: "Images are files that end with .jpg, .png, .webp, .gif, .tif or .avif.",
  });
}

/** Lists the first names: `a, b, c, d, e and 4 more`. */
export function nameSome(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).map(printable).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

const collator = new Intl.Collator("en", { numeric: true });

/** Compares names in natural order: 2 before 10. */
export function naturally(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : 1);
}

function notAnImage(problem: string): MienError {
  return new MienError("unsupported", `${problem}; expected an image or a folder of images`);
}
