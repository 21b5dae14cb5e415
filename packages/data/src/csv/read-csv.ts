import type { DatasetManifest, ImageSet } from "@mien/format";
import { csvLayout, LAYOUT_LINES, type CsvLayout } from "./csv-layout.ts";
import type { LargeSet } from "./pixel-buffer.ts";
import { PlainRows } from "./plain-rows.ts";
import { readQuotedRows } from "./quoted-rows.ts";
import { RowCollector, type BadRow } from "./row-collector.ts";

/** The content of a CSV. */
export interface CsvContent {
  readonly set: ImageSet;
  readonly skipped: readonly BadRow[];
  /** Warnings about differences from the expected layout that did not stop reading. */
  readonly notes: readonly string[];
}

/** How to read a CSV. */
export interface CsvOptions {
  /** The source's name in errors. */
  readonly file: string;
  /** Defines the classes and the image size. */
  readonly manifest: DatasetManifest;
  /** The manifest's path; undefined if the classes and image size of FER2013 are assumed. */
  readonly manifestPath?: string | undefined;
  /** Skip invalid rows and list them. */
  readonly skipBadRows?: boolean | undefined;
  /** Read everything with csv-parse, for comparison. */
  readonly quoted?: boolean | undefined;
  /** Where pixels go that are too many for memory; the set then has no pixels. Default: memory. */
  readonly large?: LargeSet | undefined;
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const NEWLINE = 0x0a;

/**
 * Reads the bytes of a CSV into an image set: with a byte scanner as long as the layout is plain, with
 * csv-parse after the first quote or an unusual header.
 *
 * @param chunks uncompressed; may end anywhere; each may be overwritten once the next one is
 * requested.
 * @throws {MienError} `bad-data` naming the line, the column, what was expected and what was found.
 */
export async function readCsv(
  chunks: AsyncIterable<Buffer>,
  { file, manifest, manifestPath, skipBadRows = false, quoted = false, large }: CsvOptions,
): Promise<CsvContent> {
  const rows = new RowCollector({ file, manifest, manifestPath, skipBadRows }, large);
  const source = chunks[Symbol.asyncIterator]();
  let layout: CsvLayout;
  try {
    const { head, isWhole } = await readHead(source, rows.longestRow);
    layout = csvLayout(head, file, isWhole);
    const { separator, hasUnnamedIndex, headerLine } = layout;
    const plain = !quoted && layout.isPlain;
    const rest = plain
      ? await scan(source, head.subarray(layout.rowsStart), new PlainRows(rows, headerLine + 1))
      : { bytes: head.subarray(layout.headerStart), line: headerLine };
    if (rest !== undefined) {
      const start = { file, line: rest.line, header: !plain, separator, hasUnnamedIndex };
      await readQuotedRows(resume(rest.bytes, source), rows, start);
    }
  } finally {
    await source.return?.();
  }
  return { set: rows.finish(), skipped: rows.skipped, notes: layout.notes };
}

/** Reads the first lines, which show the layout: at most as many bytes as the longest row has. */
async function readHead(
  source: AsyncIterator<Buffer>,
  longest: number,
): Promise<{ head: Buffer; isWhole: boolean }> {
  let head = Buffer.alloc(0);
  let isWhole = false;
  for (let lines = 0; !isWhole && lines <= LAYOUT_LINES && head.length < longest;) {
    const next = await source.next();
    if (next.done) {
      isWhole = true;
    } else {
      lines += countLines(next.value);
      head = Buffer.concat([head, next.value]);
    }
  }
  const marked = head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  return { head: marked ? head.subarray(BYTE_ORDER_MARK.length) : head, isWhole };
}

/** Counts line ends in a chunk, at most as many as `csvLayout` needs. */
function countLines(chunk: Buffer): number {
  let lines = 0;
  let at = chunk.indexOf(NEWLINE);
  for (; at >= 0 && lines <= LAYOUT_LINES; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
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
