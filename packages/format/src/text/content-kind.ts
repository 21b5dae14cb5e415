/** The kind of a file that does not contain the expected text. */
export interface ContentKind {
  /** Name of the kind in error messages, after "found": `a zip archive`. */
  readonly name: string;
  /** How to get the text, as a sentence. */
  readonly remedy: string;
}

/** Number of bytes that are examined. */
const EXAMINED_BYTES = 512;

const UNPACK = "Unpack it and give the file that is inside.";
const EXPORT = "Save the table as CSV (UTF-8, separated by commas) in the program that made it.";
const DOWNLOAD = "Download the file itself.";
const SAVE_UTF8 =
  'Save it as UTF-8: "CSV UTF-8" in Excel, the encoding UTF-8 in Notepad, `-Encoding utf8` in PowerShell.';

/** First bytes of common formats, as Latin-1 text. The first match counts. */
const SIGNATURES: readonly (readonly [bytes: string, name: string, remedy: string])[] = [
  ["\x1f\x8b", "a gzip file", "Unpack it, or let its name end in .csv.gz if it is a CSV."],
  ["BZh", "a bzip2 file", UNPACK],
  ["\xfd7zXZ\0", "an xz file", UNPACK],
  ["\x28\xb5\x2f\xfd", "a Zstandard file", UNPACK],
  ["7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK],
  ["Rar!\x1a\x07", "a RAR archive", UNPACK],
  ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls)", EXPORT],
  ["PAR1", "a Parquet file", EXPORT],
  ["\x89HDF\r\n\x1a\n", "an HDF5 file", EXPORT],
  ["SQLite format 3\0", "an SQLite database", EXPORT],
  ["\x93NUMPY", "a NumPy array", EXPORT],
  ["\x89PNG\r\n\x1a\n", "a PNG picture", "Give a text file."],
  ["\xff\xd8\xff", "a JPEG picture", "Give a text file."],
  ["%PDF-", "a PDF document", "Give a text file."],
];

/**
 * Recognises content that is not UTF-8 text, or that is not the intended file itself: archives, office
 * files, pictures, UTF-16, web pages, Git LFS pointers.
 *
 * @param head the first bytes of the content; 512 are enough.
 * @returns undefined for anything else, which may be the expected text.
 */
export function contentKind(head: Uint8Array): ContentKind | undefined {
  const text = latin1(head.subarray(0, EXAMINED_BYTES));
  if (text.startsWith("PK\x03\x04")) {
    // Office files are zip archives with one of these names as first entry.
    const office = /^\[Content_Types\]\.xml|^_rels\/|^xl\//.test(text.slice(30));
    return office
      ? { name: "an Excel workbook (.xlsx)", remedy: EXPORT }
      : { name: "a zip archive", remedy: UNPACK };
  }
  const signature = SIGNATURES.find(([bytes]) => text.startsWith(bytes));
  if (signature !== undefined) return { name: signature[1], remedy: signature[2] };
  if (text.slice(257, 262) === "ustar") return { name: "a tar archive", remedy: UNPACK };
  if (isUtf16(text)) return { name: "text in UTF-16", remedy: SAVE_UTF8 };
  const start = text.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/^<(!doctype html|html|head|body)\b/i.test(start)) {
    return { name: "a web page (HTML)", remedy: `${DOWNLOAD} You may have to sign in first.` };
  }
  if (start.startsWith("version https://git-lfs.github.com/spec/")) {
    return {
      name: "a Git LFS pointer",
      remedy: "The file itself is stored elsewhere: run `git lfs pull` to get it.",
    };
  }
  return undefined;
}

/** Recognises a byte order mark, or Latin letters with 0 as every second byte. */
function isUtf16(text: string): boolean {
  if (text.startsWith("\xff\xfe") || text.startsWith("\xfe\xff")) return true;
  return /^(?:[\t\n\r -~]\0){4}/.test(text) || /^(?:\0[\t\n\r -~]){4}/.test(text);
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
