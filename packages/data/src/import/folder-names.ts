/** Spellings of the expressions as folder names; the key is the name of the class in FER2013. */
const SPELLINGS = {
  Angry: ["angry", "anger"],
  Disgust: ["disgust", "disgusted"],
  Fear: ["fear", "fearful", "afraid", "scared"],
  Happy: ["happy", "happiness", "joy"],
  Sad: ["sad", "sadness"],
  Surprise: ["surprise", "surprised"],
  Neutral: ["neutral"],
  Contempt: ["contempt", "contemptuous"],
} as const;

/** The classes of FER2013, in the order of its labels. */
const FER2013 = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"];

const CLASS_OF = new Map<string, string>(
  Object.entries(SPELLINGS).flatMap(([name, spellings]) =>
    spellings.map((spelling) => [spelling, name] as const),
  ),
);

/** Names of the folders of a split, as indices into `USAGES`. */
const USAGE_OF = new Map<string, number>(
  [
    ["train", "training"],
    ["val", "valid", "validation", "publictest", "dev"],
    ["test", "testing", "privatetest"],
  ].flatMap((names, usage) => names.map((name) => [name, usage] as const)),
);

/** Words that may follow the name of a split: `train_images`, `TestSet`. */
const SPLIT_SUFFIX = /(set|data|images?|faces)$/;

/**
 * The expression that a folder's name means. Case, separators and a number before the name do not
 * matter: `0_ANGER` is Angry.
 *
 * @returns the name of the class, as FER2013 writes it; undefined for another name.
 */
export function expressionOf(folder: string): string | undefined {
  return CLASS_OF.get(bare(folder.replace(/^\d+(?=[\s._-])/u, "")));
}

/**
 * The split that a folder's name means: `train`, `Validation`, `test_images`.
 *
 * @returns an index into `USAGES`; undefined for another name.
 */
export function usageOf(folder: string): number | undefined {
  const name = bare(folder);
  return USAGE_OF.get(name) ?? USAGE_OF.get(name.replace(SPLIT_SUFFIX, ""));
}

/**
 * The class that a folder contains: an expression, or else the folder's own name.
 *
 * @returns `key` is equal for all folders of the class, in any case; `name` is what people read.
 */
export function classOf(folder: string): { readonly key: string; readonly name: string } {
  const name = expressionOf(folder) ?? (folder.normalize("NFC").trim() || folder);
  return { key: name.toLowerCase(), name };
}

const collator = new Intl.Collator("en", { numeric: true });

/**
 * The order of the labels: the order of FER2013 for exactly its seven classes, else alphabetical with
 * numbers by their value.
 *
 * @param classes different names.
 */
export function orderClasses(classes: readonly string[]): string[] {
  const isFer =
    classes.length === FER2013.length && FER2013.every((name) => classes.includes(name));
  if (isFer) return [...FER2013];
  return [...classes].sort((a, b) => collator.compare(a, b) || (a < b ? -1 : 1));
}

/** A name in lower case without separators. */
function bare(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s._-]+/gu, "");
}
