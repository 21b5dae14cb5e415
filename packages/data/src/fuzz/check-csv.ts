import { writeFile } from "node:fs/promises";
import { MienError, USAGES, imageAt, itemAt, type Random } from "@mien/format";
import { parse } from "csv-parse/sync";
import { readChunks } from "../csv/chunks.ts";
import { readCsv, type CsvContent } from "../csv/read-csv.ts";
import { FUZZ_MANIFEST, mutatedCsv, mutatedGzip } from "./mutate-csv.ts";

/** Time after which reading a file of some hundred bytes counts as hanging, in ms. */
const MOST_MS = 5000;
/** Errors about a whole file, which have no line. */
const WHOLE_FILE =
  /, header: |expected rows, found|expected lines that end|expected a CSV in UTF-8|gzip file|must be a|separated|separator/;

/** Whether a case of the fuzz test was read or refused. */
export type FuzzOutcome = "read" | "refused";

/**
 * Reads a mutated CSV and checks the result: an error is a `MienError` that names a line, and each row
 * that was read has the values that csv-parse and `Number` find there.
 *
 * @param file path of a temporary file, for one of eight cases, which are gzip files.
 * @throws {Error} if a check fails; the message has the content of the file.
 */
export async function checkMutatedCsv(chance: Random, file: string): Promise<FuzzOutcome> {
  const isZipped = chance.integer(8) === 0;
  const bytes = isZipped ? mutatedGzip(chance) : mutatedCsv(chance);
  const size = 1 + chance.integer(80);
  if (isZipped) await writeFile(file, bytes);
  const chunks = () => (isZipped ? readChunks(file, {}) : cut(bytes, size));
  const fail = (problem: string, cause?: unknown) =>
    new Error(`${problem}, for ${isZipped ? "gzip " : ""}${JSON.stringify(bytes.toString("latin1"))}`, { cause }); // prettier-ignore
  const start = performance.now();
  const strict = await outcomeOf(chunks(), false, fail);
  const lenient = await outcomeOf(chunks(), true, fail);
  if (performance.now() - start > MOST_MS) throw fail("reading took too long");
  if (strict !== undefined && lenient?.set.labels.length !== strict.set.labels.length) {
    throw fail("rows are missing if invalid rows are skipped");
  }
  if (lenient !== undefined && !isZipped) checkRows(lenient, bytes, fail);
  return strict === undefined ? "refused" : "read";
}

type Fail = (problem: string, cause?: unknown) => Error;

async function outcomeOf(
  chunks: AsyncIterable<Buffer>,
  skipBadRows: boolean,
  fail: Fail,
): Promise<CsvContent | undefined> {
  try {
    return await readCsv(chunks, { file: "fuzz.csv", manifest: FUZZ_MANIFEST, skipBadRows });
  } catch (error) {
    if (!(error instanceof MienError)) throw fail("a crash", error);
    if (!/line \d+/.test(error.message) && !WHOLE_FILE.test(error.message)) {
      throw fail(`an error without a line (${error.message})`, error);
    }
    return undefined;
  }
}

/** Compares rows with a slow reader of its own: csv-parse for the columns, `Number` for the values. */
function checkRows({ set, skipped }: CsvContent, bytes: Buffer, fail: Fail): void {
  for (const { line } of skipped) if (!(line >= 1)) throw fail(`a skipped row has line ${line}`);
  const records = slowRecords(bytes);
  if (records === undefined) return;
  const [header = [], ...rows] = records;
  const columns = ["emotion", "pixels", "usage"].map((name) =>
    header.findIndex((title) => title.trim().toLowerCase() === name),
  );
  if (columns.includes(-1)) return;
  for (const [i, row] of set.row.entries()) {
    // R writes the row number without a title: such rows have one column more than the header.
    const shift = (rows[row]?.length ?? 0) - header.length;
    const [emotion = "", pixels = "", usage = ""] = columns.map(
      (at) => rows[row]?.[at + shift] ?? "",
    );
    const values = (pixels.match(/[^\s,;[\]()]+/g) ?? []).map(Number);
    const isSame =
      Number(emotion) === itemAt(set.labels, i) &&
      String(values) === String([...imageAt(set, i)]) &&
      usage.trim() === itemAt(USAGES, itemAt(set.usage, i));
    if (!isSame) throw fail(`row ${row} has other values than ${JSON.stringify(rows[row])}`);
  }
}

/** All rows as text; undefined if csv-parse alone cannot read the file. */
function slowRecords(bytes: Buffer): string[][] | undefined {
  const text = bytes
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .replace(/\r$/, "");
  const delimiter = [",", ";", "\t", "|"].find((one) => text.split(/\r?\n/, 1)[0]?.includes(one));
  try {
    return parse(text, {
      delimiter: delimiter ?? ",",
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ["\r\n", "\n"],
    }).filter((record) => record.length !== 1 || (record[0] ?? "").trim() !== "");
  } catch {
    return undefined;
  }
}

/** Yields chunks that are overwritten when the next one is requested, like those of `readChunks`. */
async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) {
    const chunk = Buffer.from(bytes.subarray(start, start + size));
    yield chunk;
    chunk.fill("9");
    await Promise.resolve();
  }
}
