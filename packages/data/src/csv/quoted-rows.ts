import { Readable } from "node:stream";
import { MienError, messageOf } from "@mien/format";
import { CsvError, parse } from "csv-parse";
import { COLUMN_NAMES, PLAIN_HEADER } from "./csv-layout.ts";
import type { RowCollector } from "./row-collector.ts";
import { shown, trim } from "./row-fields.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** The index of each column in a row. */
interface Columns {
  readonly names: readonly string[];
  readonly emotion: number;
  readonly pixels: number;
  readonly usage: number;
}

/** What csv-parse emits with `info` on and no encoding. */
interface Row {
  readonly record: readonly Buffer[];
  readonly info: { readonly lines: number };
}

/**
 * Reads rows of any CSV that has the three columns, using csv-parse. Allowed are quotes, any order
 * of columns, further columns, spaces around names, names in any case, and other separators. This is
 * about six times slower than `PlainRows`, accepts the same rows, and counts rows and lines in the same
 * way.
 *
 * @param chunks may end anywhere; each may be overwritten once the next one is requested.
 * @param start the line on which the chunks start, whether the header is still to come, and the
 * result of `csvLayout`.
 * @throws {MienError} `bad-data` for an invalid row, a missing column, or quotes that do not match.
 */
export async function readQuotedRows(
  chunks: AsyncIterable<Buffer>,
  rows: RowCollector,
  start: {
    file: string;
    line: number;
    header: boolean;
    separator: string;
    hasUnnamedIndex: boolean;
  },
): Promise<void> {
  const { file } = start;
  const tail = { endsInNewline: true };
  const source = Readable.from(copyChunks(chunks, tail), { objectMode: false });
  const parser = parse({
    encoding: null,
    info: true,
    delimiter: start.separator,
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: rows.longestRow,
  });
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  let columns: Columns | undefined = start.header
    ? undefined
    : { names: PLAIN_HEADER.split(","), emotion: 0, pixels: 1, usage: 2 };
  // csv-parse counts each carriage return inside a field as a line of its own.
  let surplusLines = 0;
  // One row is kept back, because only the end of the stream tells whether it is the last.
  let held: { record: readonly Buffer[]; line: number } | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<Row>) {
      const { newlines, returns } = countLineEnds(record);
      surplusLines += returns;
      const line = start.line - 1 + info.lines - newlines - surplusLines;
      if (columns === undefined) {
        const header = start.hasUnnamedIndex ? [Buffer.alloc(0), ...record] : record;
        columns = findColumns(header, file);
        continue;
      }
      if (held !== undefined) addRow(held, { columns, rows, last: false });
      held = { record, line };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = start.line - 1 + Number(error["lines"] ?? 1) - surplusLines;
    if (error.code === "CSV_MAX_RECORD_SIZE") throw rows.tooLong(line);
    throw new MienError("bad-data", `${file}, line ${line}: ${plainWords(error)}`, {
      advice: "Correct the quotes there; the rows after an unmatched quote cannot be separated.",
      cause: error,
    });
  } finally {
    source.destroy();
  }
  if (held !== undefined && columns !== undefined) {
    addRow(held, { columns, rows, last: !tail.endsInNewline });
  }
}

/**
 * Copies chunks, because csv-parse keeps views of them and the originals are overwritten. A carriage
 * return at the end of the file is dropped as part of a line end, as the scanner does.
 */
async function* copyChunks(
  chunks: AsyncIterable<Buffer>,
  tail: { endsInNewline: boolean },
): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    const whole = Buffer.concat([held, chunk]);
    const last = whole[whole.length - 1];
    tail.endsInNewline = last === NEWLINE;
    const end = last === RETURN ? whole.length - 1 : whole.length;
    held = whole.subarray(end);
    if (end > 0) yield whole.subarray(0, end);
  }
}

function countLineEnds(record: readonly Buffer[]): { newlines: number; returns: number } {
  const count = (byte: number) =>
    record.reduce((sum, field) => {
      let at = field.indexOf(byte);
      for (; at >= 0; at = field.indexOf(byte, at + 1)) sum++;
      return sum;
    }, 0);
  return { newlines: count(NEWLINE), returns: count(RETURN) };
}

function findColumns(header: readonly Buffer[], file: string): Columns {
  const names = header.map((name) => name.toString("utf8").trim());
  const lowered = names.map((name) => name.toLowerCase());
  const [emotion, pixels, usage] = COLUMN_NAMES.map((name) => {
    const found = lowered.indexOf(name);
    if (found >= 0 && lowered.lastIndexOf(name) === found) return found;
    const problem = found < 0 ? "no such column" : "it more than once";
    const listed = shown(names.join(", "), 120);
    throw new MienError(
      "bad-data",
      `${file}, header: expected a column called ${name}, found ${problem} in ${listed}`,
      { advice: headerAdvice(lowered) },
    );
  }) as [number, number, number];
  return { names, emotion, pixels, usage };
}

/** Names of columns that hold one pixel each: `pixel12`, `px_12`, `12`, `12x7`. */
const PIXEL_COLUMN = /^(?:p|px|pix|pixel|pixels)?[ _.-]?\d+(?:[ _.x-]\d+)?$/;

/** What to do about a header that lacks a column. */
function headerAdvice(names: readonly string[]): string {
  if (!names.includes("pixels") && names.filter((name) => PIXEL_COLUMN.test(name)).length > 3) {
    return "The file has one column per pixel. Join the pixels of an image, separated by spaces, in one column called pixels.";
  }
  if (names.includes("emotion") && names.includes("pixels") && !names.includes("usage")) {
    return (
      "Add a column Usage that names the split of each row: Training, PublicTest (validation) or PrivateTest (test).  " +
      "The competition's files train.csv and test.csv have no column Usage; fer2013.csv and icml_face_data.csv have one."
    );
  }
  return "The first line must name the columns emotion, pixels and Usage, separated by commas.";
}

function addRow(
  { record, line }: { record: readonly Buffer[]; line: number },
  { columns, rows, last }: { columns: Columns; rows: RowCollector; last: boolean },
): void {
  if (record.length === 1 && trim(record[0] as Buffer).length === 0) return;
  if (record.length !== columns.names.length) {
    const row = Buffer.from(record.map((field) => field.toString("latin1")).join(","), "latin1");
    const { names } = columns;
    return rows.addMiscounted({ row, columns: record.length, names }, line, last);
  }
  const fields = {
    emotion: record[columns.emotion] as Buffer,
    pixels: record[columns.pixels] as Buffer,
    usage: record[columns.usage] as Buffer,
  };
  rows.add(fields, line, last);
}

function plainWords(error: CsvError): string {
  if (error.code === "CSV_QUOTE_NOT_CLOSED")
    return "expected a closing quote, found the file's end";
  if (error.code === "CSV_INVALID_CLOSING_QUOTE") {
    return "expected a comma or line end after a closing quote, found something else";
  }
  if (error.code === "INVALID_OPENING_QUOTE") {
    return "expected a quote only at the start of a column, found one inside";
  }
  return messageOf(error);
}
