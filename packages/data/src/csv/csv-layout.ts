import { MienError, USAGES } from "@mien/format";
import { parse } from "csv-parse/sync";
import { parseUsage } from "./row-fields.ts";

/** The header of files that the byte scanner reads; csv-parse reads files with any other header. */
export const PLAIN_HEADER = "emotion,pixels,Usage";

/** The three columns of a data set, in lower case. */
export const COLUMN_NAMES = ["emotion", "pixels", "usage"] as const;

/** Column separators with their names in messages. The first one is the expected separator. */
const SEPARATORS = new Map([
  [",", "commas"],
  [";", "semicolons"],
  ["\t", "tabs"],
  ["|", "vertical bars"],
]);

const PART_NAMES = USAGES.map((usage) => usage.toLowerCase());

const NEWLINE = 0x0a;

/** The layout of a CSV, recognised from its first lines. */
export interface CsvLayout {
  /** Whether the header is `PLAIN_HEADER` and the rows have these three columns. */
  readonly isPlain: boolean;
  /** The column separator, one character. */
  readonly separator: string;
  /** Whether each row begins with a row number that the header does not name. */
  readonly hasUnnamedIndex: boolean;
  /** Bytes before the header: blank lines and Excel's `sep=` line. */
  readonly headerStart: number;
  /** Bytes before the first row; the whole length if there is none. */
  readonly rowsStart: number;
  /** The line on which the header stands, from 1 on. */
  readonly headerLine: number;
  /** Warnings about differences from the expected layout that do not stop reading. */
  readonly notes: readonly string[];
}

/** Number of lines that `csvLayout` needs: `sep=`, the header, one row. */
export const LAYOUT_LINES = 3;

/**
 * Recognises the layout of a CSV. A new layout is added here.
 *
 * @param head the beginning of the file, without a byte order mark.
 * @param file the file's name in errors.
 * @param isWhole whether `head` is the whole file; if not, an incomplete last line is ignored.
 * @throws {MienError} `bad-data` if lines end in CR alone, or the first line is a row of data.
 */
export function csvLayout(head: Buffer, file: string, isWhole: boolean): CsvLayout {
  refuseReturns(head, file);
  const lines = firstLines(head, isWhole);
  const excel = /^"?sep=([,;\t|])"?$/i.exec(lines[0]?.text ?? "")?.[1];
  if (excel !== undefined) lines.shift();
  const [header, row] = lines;
  const text = header?.text ?? "";
  const separator = excel ?? findSeparator(text);
  const names = splitLine(text, separator).map((name) => name.trim().toLowerCase());
  const named = COLUMN_NAMES.some((name) => names.includes(name));
  if (!named && names.some((name) => PART_NAMES.includes(name))) {
    throw new MienError(
      "bad-data",
      `${file}, line ${header?.line ?? 1}: expected a header with the names of the columns, found a row of data`,
      { advice: `Add the line ${PLAIN_HEADER} before it, with the names in the file's order.` },
    );
  }
  const hasUnnamedIndex = row !== undefined && isIndexed(names, splitLine(row.text, separator));
  const notes: string[] = [];
  if (separator !== ",") {
    notes.push(
      `its columns are separated by ${SEPARATORS.get(separator)}, where commas are expected; the file is read nevertheless`,
    );
  }
  if (hasUnnamedIndex) {
    notes.push(
      "each row has one column more than the header; the first column is taken for a row number and ignored",
    );
  }
  return {
    isPlain: text === PLAIN_HEADER && separator === "," && !hasUnnamedIndex,
    separator,
    hasUnnamedIndex,
    headerStart: header?.start ?? 0,
    rowsStart: header?.next ?? head.length,
    headerLine: header?.line ?? 1,
    notes,
  };
}

interface Line {
  readonly text: string;
  /** From 1 on. */
  readonly line: number;
  readonly start: number;
  /** Where the next line starts. */
  readonly next: number;
}

/** The first lines that are not blank, without line ends. */
function firstLines(head: Buffer, isWhole: boolean): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (let line = 1; start < head.length && lines.length < LAYOUT_LINES; line++) {
    const end = head.indexOf(NEWLINE, start);
    // The header is checked even if `head` holds only its beginning.
    if (end < 0 && !isWhole && lines.length > 0) break;
    const next = end < 0 ? head.length : end + 1;
    const text = head.toString("utf8", start, end < 0 ? next : end).replace(/\r$/, "");
    if (text.trim() !== "") lines.push({ text, line, start, next });
    start = next;
  }
  return lines;
}

/** Refuses a file whose lines end in CR alone: the parsers would find one endless line. */
function refuseReturns(head: Buffer, file: string): void {
  if (head.includes(NEWLINE) || !/\r[^\r\n]/.test(head.toString("latin1"))) return;
  throw new MienError(
    "bad-data",
    `${file}: expected lines that end in LF or CR LF, found lines that end in CR alone`,
    { advice: "Save it with another kind of line end, or run: tr '\\r' '\\n' < OLD.csv > NEW.csv" },
  );
}

/**
 * The separator with which the header has most of the three column names; the first one if several are
 * equal.
 */
function findSeparator(header: string): string {
  let best = { separator: ",", known: 0 };
  for (const separator of SEPARATORS.keys()) {
    const names = splitLine(header, separator).map((name) => name.trim().toLowerCase());
    const known = COLUMN_NAMES.filter((name) => names.includes(name)).length;
    if (known > best.known) best = { separator, known };
  }
  return best.separator;
}

/** The columns of a line, without quotes; empty if its quotes do not match. */
function splitLine(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator);
  try {
    return parse(line, { delimiter: separator, relax_column_count: true, to: 1 })[0] ?? [];
  } catch {
    return [];
  }
}

/** Whether a row has the header's columns after a row number, as R's write.table writes them. */
function isIndexed(names: readonly string[], row: readonly string[]): boolean {
  const usage = names.indexOf("usage");
  if (usage < 0 || row.length !== names.length + 1) return false;
  const shifted = row[usage + 1]?.trim() ?? "";
  return /^\s*\d+\s*$/.test(row[0] ?? "") && parseUsage(Buffer.from(shifted)) >= 0;
}
