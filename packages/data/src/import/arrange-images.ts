import { counted } from "@mien/cli";
import { MienError, printable } from "@mien/format";
import { classOf, expressionOf, orderClasses, usageOf } from "./folder-names.ts";
import { imagesIn, type FolderContent, type FolderTree, type ImageFile } from "./list-images.ts";

/** An image with its label and its split. */
export interface LabelledFile extends ImageFile {
  /** Index into the classes. */
  readonly label: number;
  /** Index into `USAGES`. */
  readonly usage: number;
}

/** What a folder of images means. */
export interface Arrangement {
  /** In the order of the labels. */
  readonly classes: readonly string[];
  /** In the order of their paths' code units. */
  readonly images: readonly LabelledFile[];
  /** Where the splits come from, in words. */
  readonly layout: "SPLIT/CLASS" | "CLASS/SPLIT" | "CLASS";
  /** What a user should know about the folders; phrases without a full stop. */
  readonly notes: readonly string[];
}

/** The images of one class in one split. */
interface Group {
  readonly folder: FolderTree;
  readonly usage: number;
  /** The name of the class's folder. */
  readonly className: string;
}

/** Largest number of classes: a label is one byte. */
const MOST_CLASSES = 256;
/** Number of names that a message shows. */
const SHOWN = 5;

const LAYOUTS =
  "Expected one folder for each class, such as angry/ and happy/, either directly in the folder or in train/, val/ and test/.";

/**
 * Recognises the splits and the classes of a folder of images by the names of its folders: classes in
 * splits (`train/happy/`), splits in classes (`happy/train/`), or classes alone, whose images are then
 * all Training. Folders that contain nothing but one other folder, as in unpacked archives, are passed
 * through. Images may be in folders below their class.
 *
 * @param root the folder, for messages.
 * @throws {MienError} `missing-file` if there is no image, `bad-data` if there are fewer than two or
 *   more than 256 classes.
 */
export function arrangeImages(root: string, content: FolderContent): Arrangement {
  const top = unwrap(content.tree);
  const { groups, layout, loose } = groupsOf(top);
  const byKey = new Map<string, { readonly name: string; readonly folders: Set<string> }>();
  for (const { className } of groups) {
    const { key, name } = classOf(className);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { name, folders: new Set([className]) });
    else known.folders.add(className);
  }
  const classes = orderClasses(Array.from(byKey.values(), ({ name }) => name));
  if (classes.length < 2 || classes.length > MOST_CLASSES) throw unusable(root, content, classes);
  const labels = new Map(Array.from(byKey, ([key, { name }]) => [key, classes.indexOf(name)]));
  const images = groups.flatMap(({ folder, usage, className }) => {
    const label = labels.get(classOf(className).key) ?? 0;
    return imagesIn(folder).map((image) => ({ ...image, usage, label }));
  });
  images.sort((a, b) => (a.file < b.file ? -1 : 1));
  const merged = Array.from(byKey.values()).filter(({ folders }) => folders.size > 1);
  return {
    classes,
    images,
    layout,
    notes: [
      ...merged.map(({ name, folders }) => `the folders ${nameSome([...folders])} are ${name}`),
      ...loose.map(
        ({ path, images: { length } }) =>
          `left out, because they are in no folder of a class: ${counted(length, "image")} in ${path === "" ? "the folder itself" : `${printable(path)}/`}`,
      ),
      ...content.emptyFolders.map((folder) => `${printable(folder)}/ has no images`),
    ],
  };
}

/** Goes into folders that contain nothing but one folder, unless its name means something. */
function unwrap(tree: FolderTree): FolderTree {
  const [only, ...others] = tree.folders;
  if (only === undefined || others.length > 0 || tree.images.length > 0) return tree;
  const isNamed = usageOf(only.name) !== undefined || expressionOf(only.name) !== undefined;
  return isNamed || only.images.length > 0 ? tree : unwrap(only);
}

function groupsOf(top: FolderTree): {
  readonly groups: readonly Group[];
  readonly layout: Arrangement["layout"];
  /** Folders with images that have no class. */
  readonly loose: readonly Pick<FolderTree, "path" | "images">[];
} {
  const { folders } = top;
  const splits = folders.filter(({ name }) => usageOf(name) !== undefined);
  const hasTraining = splits.some(({ name, folders: { length } }) => {
    return usageOf(name) === 0 && length > 0;
  });
  const withImages = (tree: Pick<FolderTree, "path" | "images">) => tree.images.length > 0;
  if (hasTraining || (splits.length > 0 && splits.length === folders.length)) {
    const others = folders.filter((folder) => !splits.includes(folder));
    return {
      layout: "SPLIT/CLASS",
      groups: splits.flatMap((split) =>
        split.folders.map((folder) => {
          return { folder, usage: usageOf(split.name) ?? 0, className: folder.name };
        }),
      ),
      loose: [
        ...[top, ...splits].filter(withImages),
        ...others.map(({ path, ...rest }) => ({ path, images: imagesIn({ path, ...rest }) })),
      ],
    };
  }
  const isSplitInside = folders.every((folder) => {
    const inside = folder.folders;
    return inside.length > 0 && inside.every(({ name }) => usageOf(name) !== undefined);
  });
  if (folders.length > 0 && isSplitInside) {
    return {
      layout: "CLASS/SPLIT",
      groups: folders.flatMap(({ name, folders: inside }) =>
        inside.map((folder) => ({ folder, usage: usageOf(folder.name) ?? 0, className: name })),
      ),
      loose: [top, ...folders].filter(withImages),
    };
  }
  return {
    layout: "CLASS",
    groups: folders.map((folder) => ({ folder, usage: 0, className: folder.name })),
    loose: [top].filter(withImages),
  };
}

function unusable(root: string, content: FolderContent, classes: readonly string[]): MienError {
  const { tree, otherFiles } = content;
  const csv = otherFiles.find((file) => /\.csv(\.gz)?$/i.test(file));
  if (imagesIn(tree).length === 0) {
    const others = otherFiles.length === 0 ? "no files" : nameSome(otherFiles);
    return new MienError("missing-file", `no image in the folder ${root}: found ${others}`, {
      advice:
        csv === undefined
          ? LAYOUTS
          : `There is a CSV in it; to use that, give its path: ${root.replace(/\/+$/, "")}/${printable(csv)}`,
    });
  }
  const found =
    classes.length === 0 ? "images without folders" : `${classes.length} (${nameSome(classes)})`;
  return new MienError(
    "bad-data",
    `${root}: expected 2 to ${MOST_CLASSES} classes, found ${found}`,
    { advice: LAYOUTS },
  );
}

/** Lists the first names: `a, b, c, d, e and 4 more`. */
export function nameSome(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map(printable).join(", ");
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}
