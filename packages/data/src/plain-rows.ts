import { MienError } from "@mien/format";
import type { RowCollector } from "./row-collector.ts";
import { firstWords } from "./row-fields.ts";

/** The header that the byte scanner takes; any other goes to csv-parse. */
export const PLAIN_HEADER = "emotion,pixels,Usage";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const COMMA = 0x2c;
const QUOTE = 0x22;

/** Where scanning ended because a quote appeared. */
export interface Remainder {
  /** From the first byte of the row with the quote on; shares memory with the chunk. */
  readonly bytes: Buffer;
  /** The line in which that row starts. */
  readonly line: number;
}

/**
 * Scans rows of the plain layout (no quotes, columns in `PLAIN_HEADER`'s order) out of chunks that
 * may be cut anywhere. Lines end in LF or CRLF; empty ones are passed over.
 */
export class PlainRows {
  readonly #rows: RowCollector;
  readonly #file: string;
  #line: number;
  /** The beginning of a line whose end has not come yet. */
  #carried: Buffer = Buffer.alloc(0);

  /** @param line the line on which the first chunk starts. */
  constructor(rows: RowCollector, file: string, line: number) {
    this.#rows = rows;
    this.#file = file;
    this.#line = line;
  }

  /**
   * Takes the next bytes; keeps no reference to them.
   *
   * @returns what is left as soon as a quote appears; the scanner is then done.
   * @throws {MienError} `bad-data` for a wrong row, or a line too long to be one.
   */
  push(chunk: Buffer): Remainder | undefined {
    let start = 0;
    if (this.#carried.length > 0) {
      const end = chunk.indexOf(NEWLINE);
      const head = chunk.subarray(0, end < 0 ? chunk.length : end + 1);
      const line = Buffer.concat([this.#carried, head]);
      if (line.includes(QUOTE)) {
        return { bytes: Buffer.concat([line, chunk.subarray(head.length)]), line: this.#line };
      }
      if (end < 0) return this.#carry(line);
      this.#carried = Buffer.alloc(0);
      this.#add(line, 0, line.length - 1);
      start = end + 1;
    }
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      const line = chunk.subarray(start, end < 0 ? chunk.length : end);
      if (line.includes(QUOTE)) return { bytes: chunk.subarray(start), line: this.#line };
      if (end < 0) return this.#carry(Buffer.from(line));
      this.#add(chunk, start, end);
      start = end + 1;
    }
  }

  /** Takes the last line if no line end followed it. */
  end(): void {
    if (this.#carried.length > 0) this.#add(this.#carried, 0, this.#carried.length, true);
  }

  #carry(line: Buffer): undefined {
    const { longestRow } = this.#rows;
    if (line.length > longestRow) throw tooLong(this.#file, this.#line, longestRow);
    this.#carried = line;
  }

  #add(bytes: Buffer, start: number, lineEnd: number, last = false): void {
    const line = this.#line++;
    const end = lineEnd > start && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    if (end === start) return;
    const { longestRow } = this.#rows;
    if (end - start > longestRow) throw tooLong(this.#file, line, longestRow);
    const first = bytes.indexOf(COMMA, start);
    const second = first < 0 || first >= end ? -1 : bytes.indexOf(COMMA, first + 1);
    const third = second < 0 || second >= end ? -1 : bytes.indexOf(COMMA, second + 1);
    if (second < 0 || second >= end || (third >= 0 && third < end)) {
      let columns = 1;
      for (let i = start; i < end; i++) if (bytes[i] === COMMA) columns++;
      const found = `${columns} in ${firstWords(bytes.subarray(start, end))}`;
      return this.#rows.addUnreadable(line, `3 columns (${PLAIN_HEADER})`, found, last);
    }
    const fields = {
      emotion: bytes.subarray(start, first),
      pixels: bytes.subarray(first + 1, second),
      usage: bytes.subarray(second + 1, end),
    };
    this.#rows.add(fields, line, last);
  }
}

/** The error for a line without end, which is given up before it fills the memory. */
export function tooLong(file: string, line: number, longest: number): MienError {
  return new MienError(
    "bad-data",
    `${file}, line ${line}: expected a row of at most ${longest} bytes, found a longer one`,
    { advice: "Look for a missing line end or closing quote there; such a row cannot be skipped." },
  );
}
