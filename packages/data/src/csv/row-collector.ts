import { MienError, printable, USAGES, type ImageSet } from "@mien/format";
import { manifestAdvice, sizeAdvice, type ManifestSource } from "../manifest/manifest-advice.ts";
import { PixelBuffer, type LargeSet } from "./pixel-buffer.ts";
import { parsePrintedPixels } from "./printed-pixels.ts";
import { firstWords, parseLabel, parsePixels, parseUsage, trim } from "./row-fields.ts";

/** The fault of a row, and its place. */
export interface BadRow {
  /** Position after the header; the first row is 0. */
  readonly row: number;
  /** Line of the file in which the row starts; the header is usually line 1. */
  readonly line: number;
  /** The column with the fault, or "row" if the columns cannot be separated. */
  readonly column: "emotion" | "pixels" | "Usage" | "row";
  readonly expected: string;
  readonly found: string;
}

/** One row's columns as bytes, without quotes. */
export interface RowFields {
  readonly emotion: Uint8Array;
  readonly pixels: Uint8Array;
  readonly usage: Uint8Array;
}

/** A row whose number of columns differs from the header's. */
export interface MiscountedRow {
  /** The text of the row, with commas between the columns. */
  readonly row: Uint8Array;
  readonly columns: number;
  /** Number of columns in the header. */
  readonly names: readonly string[];
}

const COMMA = 0x2c;

/**
 * Number of invalid rows after which reading stops: it is probably the wrong file, and the list of
 * invalid rows takes memory.
 */
const MAX_BAD_ROWS = 10_000;

/** Most rows for which memory is reserved before they come, because a manifest may be wrong. */
const MOST_EXPECTED = 1 << 20;

/**
 * Checks rows and collects them into an image set. This is the only place that decides whether a
 * row is valid, whichever parser found its columns.
 */
export class RowCollector {
  readonly skipped: BadRow[] = [];
  /** Number of rows so far, valid or not. */
  rows = 0;
  readonly #source: ManifestSource;
  readonly #skipBadRows: boolean;
  readonly #size: number;
  #count = 0;
  readonly #pixels: PixelBuffer;
  #labels: Uint8Array;
  #usage: Uint8Array;
  #row: Uint32Array;

  /** @param large where the pixels go if they are too many for memory; default: memory. */
  constructor(source: ManifestSource & { readonly skipBadRows: boolean }, large?: LargeSet) {
    const { manifest, skipBadRows } = source;
    const { height, width, channels } = manifest.image;
    this.#source = source;
    this.#skipBadRows = skipBadRows;
    this.#size = height * width * channels;
    const capacity = Math.min(manifest.file?.rows ?? 1024, MOST_EXPECTED);
    this.#pixels = new PixelBuffer(this.#size, capacity, large);
    this.#labels = new Uint8Array(capacity);
    this.#usage = new Uint8Array(capacity);
    this.#row = new Uint32Array(capacity);
  }

  /** Length of the longest possible row, in bytes. */
  get longestRow(): number {
    return Math.max(1 << 16, 16 * this.#size);
  }

  /**
   * Adds a row.
   *
   * @param line number of the line on which the row starts.
   * @param last whether the file ends with this row, without a line end: the row may be truncated.
   * @throws {MienError} `bad-data` if the row is invalid and invalid rows are not skipped.
   */
  add({ emotion, pixels, usage }: RowFields, line: number, last = false): void {
    if (this.#count === this.#labels.length) this.#grow();
    const { classes } = this.#source.manifest;
    const label = parseLabel(trim(emotion), classes.length);
    if (label < 0) {
      const expected = `a label from 0 to ${classes.length - 1}`;
      const bad = { line, column: "emotion", expected, found: firstWords(emotion) } as const;
      return this.#reject(bad, last, manifestAdvice(this.#source, "classes"));
    }
    const code = parseUsage(trim(usage));
    if (code < 0) {
      const expected = `${USAGES.slice(0, -1).join(", ")} or ${USAGES.at(-1)}`;
      return this.#reject({ line, column: "Usage", expected, found: firstWords(usage) }, last);
    }
    const target = this.#pixels.place();
    const values = trim(pixels);
    const plainly = parsePixels(values, target);
    const problem = plainly && parsePrintedPixels(values, target, plainly);
    if (problem !== undefined) {
      const { expected, found, remedy = sizeAdvice(this.#source, Number(found)) } = problem;
      return this.#reject({ line, column: "pixels", expected, found }, last, remedy);
    }
    this.#pixels.keep();
    this.#labels[this.#count] = label;
    this.#usage[this.#count] = code;
    this.#row[this.#count] = this.rows;
    this.#count++;
    this.rows++;
  }

  /** Adds a row whose number of columns differs from the header's; see `add`. */
  addMiscounted({ row, columns, names }: MiscountedRow, line: number, last = false): void {
    const expected = `${names.length} columns (${printable(names.join(",").slice(0, 120))})`;
    const found = `${columns} in ${firstWords(row)}`;
    const remedy = (): string | undefined => {
      if (columns >= this.#size + names.length - 1 && columns > names.length + 1) {
        return "Separate the pixels of an image by spaces; commas separate columns.";
      }
      if (columns !== names.length + 1) return undefined;
      if (row.at(-1) === COMMA) return "Remove the comma at the end of the row.";
      return "If its first column is a row number, write the file without: index=False in pandas, row.names=FALSE in R.";
    };
    this.#reject({ line, column: "row", expected, found }, last, remedy());
  }

  /** The error for a line that is too long; reading stops before the line fills the memory. */
  tooLong(line: number): MienError {
    return new MienError(
      "bad-data",
      `${this.#source.file}, line ${line}: expected a row of at most ${this.longestRow} bytes, found a longer one`,
      {
        advice: `Look for a missing line end or closing quote there; such a row cannot be skipped. ${manifestAdvice(this.#source, "image size")}`,
      },
    );
  }

  /**
   * The rows so far as an image set; without pixels if they are too many for memory.
   *
   * @throws {MienError} `bad-data` if there are no rows.
   */
  finish(): ImageSet {
    const { image, classes } = this.#source.manifest;
    const count = this.#count;
    if (count === 0) {
      const found = this.rows === 0 ? "none" : `only ${this.rows} invalid ones`;
      throw new MienError("bad-data", `${this.#source.file}: expected rows, found ${found}`, {
        advice: "Check that the file is complete and that it is the data set you mean.",
      });
    }
    const whole = count === this.#labels.length;
    return {
      ...image,
      classes,
      pixels: this.#pixels.finish() ?? new Uint8Array(),
      labels: whole ? this.#labels : this.#labels.slice(0, count),
      usage: whole ? this.#usage : this.#usage.slice(0, count),
      row: whole ? this.#row : this.#row.slice(0, count),
    };
  }

  #reject(problem: Omit<BadRow, "row">, last: boolean, remedy?: string): void {
    const bad: BadRow = { row: this.rows, ...problem };
    if (!this.#skipBadRows) {
      const cutOff = last ? " The file ends within this line: it may be cut off." : "";
      throw new MienError("bad-data", `${this.#source.file}, ${describeBadRow(bad)}`, {
        advice: `${remedy === undefined ? "" : `${remedy}\n`}Correct the row, or add --skip-bad-rows to leave it out.${cutOff}`,
      });
    }
    this.rows++;
    this.skipped.push(bad);
    if (this.skipped.length > MAX_BAD_ROWS) {
      throw new MienError(
        "bad-data",
        `${this.#source.file}: more than ${MAX_BAD_ROWS} of the first ${this.rows} rows are wrong`,
        { advice: `This does not look like the data set you mean. Last: ${describeBadRow(bad)}` },
      );
    }
  }

  #grow(): void {
    const capacity = 2 * this.#labels.length;
    const grown = <T extends Uint8Array | Uint32Array>(from: T, to: T) => (to.set(from), to);
    this.#labels = grown(this.#labels, new Uint8Array(capacity));
    this.#usage = grown(this.#usage, new Uint8Array(capacity));
    this.#row = grown(this.#row, new Uint32Array(capacity));
  }
}

/** `line 12, column pixels: expected 2304 values, found 2303`. */
export function describeBadRow({ line, column, expected, found }: BadRow): string {
  const where = column === "row" ? `line ${line}` : `line ${line}, column ${column}`;
  return `${where}: expected ${expected}, found ${found}`;
}
