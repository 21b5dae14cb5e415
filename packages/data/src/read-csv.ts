import type { DatasetManifest, ImageSet } from "@mien/format";
import { PLAIN_HEADER, PlainRows } from "./plain-rows.ts";
import { readQuotedRows } from "./quoted-rows.ts";
import { RowCollector, type BadRow } from "./row-collector.ts";

/** What a CSV held. */
export interface CsvContent {
  readonly set: ImageSet;
  readonly skipped: readonly BadRow[];
}

/** How to read a CSV. */
export interface CsvOptions {
  /** What to call the source in errors. */
  readonly file: string;
  /** Decides classes and image size. */
  readonly manifest: DatasetManifest;
  /** Go on after wrong rows and list them. */
  readonly skipBadRows?: boolean | undefined;
  /** Use csv-parse from the first byte on, for comparison. */
  readonly quoted?: boolean | undefined;
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const NEWLINE = 0x0a;

/**
 * Turns the bytes of a CSV into an image set: a byte scanner as long as the layout is plain,
 * csv-parse from the first quote or an unusual header on.
 *
 * @param chunks uncompressed, cut anywhere; each may be overwritten once the next is asked for.
 * @throws {MienError} `bad-data` naming line, column, expected and found.
 */
export async function readCsv(
  chunks: AsyncIterable<Buffer>,
  { file, manifest, skipBadRows = false, quoted = false }: CsvOptions,
): Promise<CsvContent> {
  const rows = new RowCollector(file, manifest, skipBadRows);
  const source = chunks[Symbol.asyncIterator]();
  try {
    const head = await readHeader(source);
    const plain = !quoted && head.header === PLAIN_HEADER;
    const rest = plain
      ? await scan(source, head.rest, new PlainRows(rows, file, 2))
      : { bytes: head.whole, line: 1 };
    if (rest !== undefined) {
      const start = { file, line: rest.line, header: !plain };
      await readQuotedRows(resume(rest.bytes, source), rows, start);
    }
  } finally {
    await source.return?.();
  }
  return { set: rows.finish(), skipped: rows.skipped };
}

/** Reads until the first line is whole, or too long to be the plain header. */
async function readHeader(
  source: AsyncIterator<Buffer>,
): Promise<{ header: string | undefined; whole: Buffer; rest: Buffer }> {
  let whole = Buffer.alloc(0);
  let end = -1;
  while (end < 0 && whole.length < PLAIN_HEADER.length + BOM.length + 2) {
    const next = await source.next();
    if (next.done) break;
    whole = Buffer.concat([whole, next.value]);
    end = whole.indexOf(NEWLINE);
  }
  if (whole.subarray(0, BOM.length).equals(BOM)) whole = whole.subarray(BOM.length);
  end = whole.indexOf(NEWLINE);
  const line = whole.toString("latin1", 0, Math.min(end < 0 ? whole.length : end, 64));
  return {
    header: line.replace(/\r$/, ""),
    whole,
    rest: end < 0 ? Buffer.alloc(0) : whole.subarray(end + 1),
  };
}

async function scan(source: AsyncIterator<Buffer>, first: Buffer, scanner: PlainRows) {
  let rest = scanner.push(first);
  while (rest === undefined) {
    const next = await source.next();
    if (next.done) break;
    rest = scanner.push(next.value);
  }
  if (rest === undefined) scanner.end();
  return rest;
}

async function* resume(first: Buffer, source: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
}
