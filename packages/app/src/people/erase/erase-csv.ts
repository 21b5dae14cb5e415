import { createReadStream } from "node:fs";
import { parse } from "csv-parse";
import { csvRow } from "../../results/csv-row.ts";
import type { TablePiece } from "./erase-json-lines.ts";
import { endsInside, isNamed } from "../same-name.ts";

const PERSON = "person";
/** The columns about a person in a table of faces, by their present and former names. */
const COLUMNS = [PERSON, "personDistance", "person_distance"];

interface Row {
  readonly cells: readonly string[];
  /** Position of its end in the file, in bytes. */
  readonly end: number;
}

/**
 * A table of faces without a person: the cells about the person are empty, and every other byte is
 * unchanged. A CSV without a column `person` has no pieces.
 *
 * @param file may be larger than memory, and may end in the middle of a row.
 */
export async function* csvWithout(file: string, name: string): AsyncGenerator<TablePiece> {
  const rows: Row[] = [];
  const parser = parse({
    bom: true,
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    relax_quotes: true,
    // A stream of rows would not give their positions in the file.
    on_record: (cells: string[], { bytes }) => {
      rows.push({ cells, end: bytes });
      return null;
    },
  });
  let problem: Error | undefined;
  const closed = new Promise<void>((resolve) => parser.once("close", resolve));
  parser.on("error", (error) => (problem = error)).resume();
  let head: readonly string[] | undefined;
  let rest: Buffer = Buffer.alloc(0);
  let start = 0;
  /** The rows parsed since the last call, as pieces. */
  const takePieces = (): TablePiece[] => {
    const pieces: TablePiece[] = [];
    for (const { cells, end } of rows.splice(0)) {
      const content = rest.subarray(0, end - start);
      rest = rest.subarray(end - start);
      start = end;
      const erased = head === undefined ? undefined : withoutPerson(cells, head, name);
      head ??= cells;
      if (erased === undefined) pieces.push({ content, changed: false });
      else {
        const lineEnd = /\r?\n$/.exec(content.toString("latin1"))?.[0] ?? "";
        pieces.push({ content: csvRow(erased) + lineEnd, changed: true });
      }
    }
    return pieces;
  };
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      await new Promise<unknown>((resolve) => parser.write(chunk, resolve));
      yield* takePieces();
      if (head !== undefined && !head.includes(PERSON)) return;
      if (problem !== undefined) break;
    }
    parser.end();
    await closed;
  } finally {
    parser.destroy();
  }
  yield* takePieces();
  if (rest.length === 0 || head?.includes(PERSON) !== true) return;
  // A row that was cut off because the process was killed while writing it.
  const text = rest.toString("utf8");
  const written = name.normalize("NFC").replaceAll('"', '""');
  const isTrace = endsInside(text.normalize("NFC"), written, [',"', ","]);
  yield isTrace ? { content: "", changed: true } : { content: rest, changed: false };
}

/** @returns the row's cells without the person; undefined if the row is not about the person. */
function withoutPerson(
  cells: readonly string[],
  head: readonly string[],
  name: string,
): string[] | undefined {
  const at = head.indexOf(PERSON);
  const cell = cells[at] ?? "";
  const isCut = cells.length === at + 1 && cells.length < head.length;
  if (cell === "" || !(isNamed(cell, name) || (isCut && name.startsWith(cell)))) return undefined;
  return cells.map((value, i) => (COLUMNS.includes(head[i] ?? "") ? "" : value));
}
