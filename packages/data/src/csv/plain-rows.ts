import { PLAIN_HEADER } from "./csv-layout.ts";
import type { RowCollector } from "./row-collector.ts";
import { trim } from "./row-fields.ts";

const COLUMNS = PLAIN_HEADER.split(",");

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const COMMA = 0x2c;
const QUOTE = 0x22;

/** The not yet scanned rest of a chunk, from a row that contains a quote. */
export interface Remainder {
  /** The bytes from the first byte of that row on; they share memory with the chunk. */
  readonly bytes: Buffer;
  /** Number of the line in which that row starts. */
  readonly line: number;
}

/**
 * Scans rows of the plain layout (no quotes, columns in the order of `PLAIN_HEADER`). Chunks may end
 * anywhere, also within a value. Lines end in LF or CRLF; blank lines are skipped.
 */
export class PlainRows {
  readonly #rows: RowCollector;
  #line: number;
  /** The beginning of a line whose end is in a later chunk. */
  #carried: Buffer = Buffer.alloc(0);
  /** Whether the line being scanned is the last one of the file and has no line end. */
  #isLast = false;

  /** @param line number of the line on which the first chunk starts. */
  constructor(rows: RowCollector, line: number) {
    this.#rows = rows;
    this.#line = line;
  }

  /**
   * Scans the next chunk; keeps no reference to it.
   *
   * @returns if a row contains a quote, the rest of the chunk from that row on; the scanner must
   *   not be used afterwards.
   * @throws {MienError} `bad-data` for an invalid row, or a line that is too long for a row.
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

  /** Scans the last line if it has no line end. */
  end(): void {
    this.#isLast = true;
    if (this.#carried.length > 0) this.#add(this.#carried, 0, this.#carried.length);
  }

  #carry(line: Buffer): undefined {
    const { longestRow } = this.#rows;
    if (line.length > longestRow) throw this.#rows.tooLong(this.#line);
    this.#carried = line;
  }

  #add(bytes: Buffer, start: number, lineEnd: number): void {
    const line = this.#line++;
    const end = lineEnd > start && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    if (end === start) return;
    const { longestRow } = this.#rows;
    if (end - start > longestRow) throw this.#rows.tooLong(line);
    const first = bytes.indexOf(COMMA, start);
    const second = first < 0 || first >= end ? -1 : bytes.indexOf(COMMA, first + 1);
    const third = second < 0 || second >= end ? -1 : bytes.indexOf(COMMA, second + 1);
    if (second < 0 || second >= end || (third >= 0 && third < end)) {
      const row = bytes.subarray(start, end);
      if (trim(row).length === 0) return;
      let columns = 1;
      for (const byte of row) if (byte === COMMA) columns++;
      return this.#rows.addMiscounted({ row, columns, names: COLUMNS }, line, this.#isLast);
    }
    const fields = {
      emotion: bytes.subarray(start, first),
      pixels: bytes.subarray(first + 1, second),
      usage: bytes.subarray(second + 1, end),
    };
    this.#rows.add(fields, line, this.#isLast);
  }
}
