import { MienError, USAGES, type DatasetManifest, type ImageSet } from "@mien/format";
import { firstWords, parseLabel, parsePixels, parseUsage, trim } from "./row-fields.ts";

/** What is wrong with one row, and where. */
export interface BadRow {
  /** Position after the header; the first row is 0. */
  readonly row: number;
  /** Line of the file in which the row starts; the header is usually line 1. */
  readonly line: number;
  /** The column at fault, or "row" if its columns cannot be told apart. */
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

/** More bad rows than this are no accident, and remembering them all would eat memory. */
const MAX_BAD_ROWS = 10_000;

/**
 * Checks rows and gathers them into an image set; the one judge of what a right row is, whichever
 * way its columns were found.
 */
export class RowCollector {
  readonly skipped: BadRow[] = [];
  /** Rows seen so far, right or wrong. */
  rows = 0;
  readonly #file: string;
  readonly #manifest: DatasetManifest;
  readonly #skipBadRows: boolean;
  readonly #size: number;
  #count = 0;
  #pixels: Uint8Array;
  #labels: Uint8Array;
  #usage: Uint8Array;
  #row: Uint32Array;

  /** @param file what to call the source in errors. */
  constructor(file: string, manifest: DatasetManifest, skipBadRows: boolean) {
    const { height, width, channels } = manifest.image;
    this.#file = file;
    this.#manifest = manifest;
    this.#skipBadRows = skipBadRows;
    this.#size = height * width * channels;
    const capacity = manifest.file?.rows ?? 1024;
    this.#pixels = new Uint8Array(capacity * this.#size);
    this.#labels = new Uint8Array(capacity);
    this.#usage = new Uint8Array(capacity);
    this.#row = new Uint32Array(capacity);
  }

  /** The longest row worth reading, in bytes; anything longer is no row of this data set. */
  get longestRow(): number {
    return Math.max(1 << 16, 16 * this.#size);
  }

  /**
   * Adds a row.
   *
   * @param line where it starts in the file.
   * @param last whether it ends with the file instead of a line end, a hint that it was cut off.
   * @throws {MienError} `bad-data` if it is wrong and wrong rows are not skipped.
   */
  add({ emotion, pixels, usage }: RowFields, line: number, last = false): void {
    if (this.#count === this.#labels.length) this.#grow();
    const { classes } = this.#manifest;
    const label = parseLabel(trim(emotion), classes.length);
    if (label < 0) {
      const expected = `a label from 0 to ${classes.length - 1}`;
      return this.#reject({ line, column: "emotion", expected, found: firstWords(emotion) }, last);
    }
    const code = parseUsage(trim(usage));
    if (code < 0) {
      const expected = `${USAGES.slice(0, -1).join(", ")} or ${USAGES.at(-1)}`;
      return this.#reject({ line, column: "Usage", expected, found: firstWords(usage) }, last);
    }
    const target = { pixels: this.#pixels, out: this.#count * this.#size, count: this.#size };
    const problem = parsePixels(trim(pixels), target);
    if (problem !== undefined) return this.#reject({ line, column: "pixels", ...problem }, last);
    this.#labels[this.#count] = label;
    this.#usage[this.#count] = code;
    this.#row[this.#count] = this.rows;
    this.#count++;
    this.rows++;
  }

  /** Adds a row whose columns could not even be told apart; see `add`. */
  addUnreadable(line: number, expected: string, found: string, last = false): void {
    this.#reject({ line, column: "row", expected, found }, last);
  }

  /**
   * The rows so far as an image set.
   *
   * @throws {MienError} `bad-data` if there is none.
   */
  finish(): ImageSet {
    const { image, classes } = this.#manifest;
    const count = this.#count;
    if (count === 0) {
      const found = this.rows === 0 ? "none" : `${this.rows} wrong ones`;
      throw new MienError("bad-data", `${this.#file}: expected rows, found ${found}`, {
        advice: "Check that the file is whole and that it is the data set you mean.",
      });
    }
    const whole = count === this.#labels.length;
    return {
      ...image,
      classes,
      pixels: whole ? this.#pixels : this.#pixels.slice(0, count * this.#size),
      labels: whole ? this.#labels : this.#labels.slice(0, count),
      usage: whole ? this.#usage : this.#usage.slice(0, count),
      row: whole ? this.#row : this.#row.slice(0, count),
    };
  }

  #reject(problem: Omit<BadRow, "row">, last: boolean): void {
    const bad: BadRow = { row: this.rows, ...problem };
    if (!this.#skipBadRows) {
      const cutOff = last ? " The file ends within this line: it may be cut off." : "";
      throw new MienError("bad-data", `${this.#file}, ${describeBadRow(bad)}`, {
        advice: `Mend the row, or add --skip-bad-rows to go on without it.${cutOff}`,
      });
    }
    this.rows++;
    this.skipped.push(bad);
    if (this.skipped.length > MAX_BAD_ROWS) {
      throw new MienError(
        "bad-data",
        `${this.#file}: more than ${MAX_BAD_ROWS} of the first ${this.rows} rows are wrong`,
        { advice: `This does not look like the data set you mean. Last: ${describeBadRow(bad)}` },
      );
    }
  }

  #grow(): void {
    const capacity = 2 * this.#labels.length;
    const grown = <T extends Uint8Array | Uint32Array>(from: T, to: T) => (to.set(from), to);
    this.#pixels = grown(this.#pixels, new Uint8Array(capacity * this.#size));
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
