import { statSync, type Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { messageOf, MienError } from "@mien/format";

/** File names of images, also of formats that cannot be read, so that those files are reported. */
const IMAGE = /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif|heic|heif|bmp|pgm|ppm)$/i;

/** Names that are looked at before Ctrl-C is noticed. */
const NAMES_PER_TURN = 500;

/** A file or folder that is left out, and why, as the end of a sentence: `is empty (0 bytes)`. */
export interface LeftOut {
  /** Relative to the folder that is imported, with slashes. */
  readonly file: string;
  readonly reason: string;
}

/** An image file by its name; whether it can be read is not known yet. */
export interface ImageFile {
  /** Relative to the folder that is imported, with slashes. */
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  /** In milliseconds since 1970, with fractions. */
  readonly modified: number;
}

/** A folder, with what is in it in the order of the names' code units. */
export interface FolderTree {
  /** Empty for the folder that is imported. */
  readonly name: string;
  /** Relative to the folder that is imported, with slashes; empty for that folder itself. */
  readonly path: string;
  /** Images directly in the folder. */
  readonly images: readonly ImageFile[];
  /** Folders with an image in them, at any depth. */
  readonly folders: readonly FolderTree[];
}

/** All images of a folder, and what else is in it. */
export interface FolderContent {
  readonly tree: FolderTree;
  /** Links that lead nowhere, folders that cannot be read, and the like. */
  readonly leftOut: readonly LeftOut[];
  /** Other files, without hidden files. */
  readonly otherFiles: readonly string[];
  /** Folders without an image at any depth, without the folders in them. */
  readonly emptyFolders: readonly string[];
}

/**
 * Lists the images in a folder and all its folders. Symbolic links are followed, but not into a folder
 * that contains the link. Hidden files and folders, and `__MACOSX`, which macOS puts into archives,
 * are skipped.
 *
 * @throws {MienError} `missing-file` if the folder cannot be read, `interrupted` if the signal fires.
 */
export async function listImages(root: string, signal?: AbortSignal): Promise<FolderContent> {
  const leftOut: LeftOut[] = [];
  const otherFiles: string[] = [];
  let emptyFolders: string[] = [];
  const top = await realpath(root).catch(() => {
    throw new MienError("missing-file", `no folder at ${root}`);
  });
  if (!(await stat(top)).isDirectory()) {
    throw new MienError("missing-file", `expected a folder of images, found a file: ${root}`, {
      advice: "If it is an archive, unpack it, and give the folder.",
    });
  }
  const tree = await list({ name: "", path: "" }, [top]);
  return { tree, leftOut, otherFiles, emptyFolders };

  /** Lets the handler of Ctrl-C run. */
  async function turn(): Promise<void> {
    await setImmediate();
    if (signal?.aborted) throw new MienError("interrupted", "listing images; nothing was written");
  }

  async function list(
    at: { readonly name: string; readonly path: string },
    above: readonly string[],
  ): Promise<FolderTree> {
    await turn();
    const images: ImageFile[] = [];
    const folders: FolderTree[] = [];
    const names = await readdir(path.join(root, at.path)).catch((error: unknown) => {
      if (at.path === "") {
        throw new MienError("missing-file", `cannot read the folder ${root}: ${messageOf(error)}`);
      }
      leftOut.push({ file: `${at.path}/`, reason: `cannot be read: ${messageOf(error)}` });
      return [];
    });
    const shown = names.filter((name) => !name.startsWith(".") && name !== "__MACOSX").sort();
    for (const [index, name] of shown.entries()) {
      if (index % NAMES_PER_TURN === NAMES_PER_TURN - 1) await turn();
      const file = at.path === "" ? name : `${at.path}/${name}`;
      const state = stateOf(path.join(root, file));
      if (typeof state !== "object") {
        // Without a state it is not known whether this is a folder, so every name is reported.
        leftOut.push({ file, reason: state });
      } else if (state.isDirectory()) {
        const real = await realpath(path.join(root, file));
        if (above.includes(real)) {
          leftOut.push({ file: `${file}/`, reason: "is a link to a folder that contains it" });
          continue;
        }
        const folder = await list({ name, path: file }, [...above, real]);
        if (folder.images.length + folder.folders.length > 0) folders.push(folder);
        else emptyFolders = [...emptyFolders.filter((one) => !one.startsWith(`${file}/`)), file];
      } else if (!IMAGE.test(name)) {
        otherFiles.push(file);
      } else if (!state.isFile()) {
        leftOut.push({ file, reason: "is a device, a socket or a pipe, not a file" });
      } else {
        images.push({ file, size: state.size, modified: state.mtimeMs });
      }
    }
    return { ...at, images, folders };
  }
}

/** The state of a file or of a link's target, or the reason why it has none. */
function stateOf(file: string): Stats | string {
  try {
    // For files on a local disk, the synchronous call takes less time than several asynchronous ones.
    return statSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // Node decodes each byte of a name that is not UTF-8 as U+FFFD, and then finds no such file.
    if (file.includes("\ufffd")) return "has a name that is not UTF-8; rename it";
    if (code === "ENOENT") return "is a link to a file that does not exist";
    if (code === "ELOOP") return "is a link to itself";
    return `cannot be read: ${messageOf(error)}`;
  }
}

/** All images in a folder and its folders, in the order of their paths' code units. */
export function imagesIn(tree: FolderTree): ImageFile[] {
  const all = [...tree.images, ...tree.folders.flatMap(imagesIn)];
  return all.sort((a, b) => (a.file < b.file ? -1 : 1));
}
