import { createHash } from "node:crypto";
import { readBytes } from "@mien/cli";
import { messageOf, MienError, printable, type SourceFile } from "@mien/format";
import { type Info, parse } from "csv-parse/sync";

/** The columns of a file of corrections; the audit's page and the documents use these names. */
const CORRECTION_COLUMNS = ["row", "action", "label", "new label", "note"] as const;

/**
 * What a person decided about an image. `keep`: the label is right; `relabel`: another class is
 * right; `drop`: the image does not belong into the data set.
 */
const ACTIONS = ["keep", "relabel", "drop"] as const;

/** One line of a file of corrections. */
export interface Correction {
  /** Number of the line in the file; the header is line 1. */
  readonly line: number;
  /** Row of the data set, as `ImageSet.row` holds it. */
  readonly row: number;
  readonly action: (typeof ACTIONS)[number];
  /** Name of the class that the data set gives the image. */
  readonly label: string;
  /** Name of the right class; empty unless the action is `relabel`. */
  readonly newLabel: string;
  /** Free text; can be empty. */
  readonly note: string;
}

/** A file of corrections, which `data:audit` helps to make. */
export interface Corrections extends SourceFile {
  /** In the order of the file; no row occurs twice. */
  readonly entries: readonly Correction[];
}

/** `--corrections`, for commands that correct a data set before they use it. */
export const correctionsOption = {
  type: "string",
  placeholder: "FILE",
  description: "Corrections of labels, a CSV that the page of data:audit saves",
  group: "data",
} as const;

const HOW_TO_MAKE = `The page of \`npx nx run data:audit\` saves such a file. Its header is ${CORRECTION_COLUMNS.join(",")}.`;

/**
 * Reads a file of corrections: a CSV with the columns `row`, `action` (keep, relabel or drop),
 * `label`, `new label` and, optionally, `note`. `correctImages` applies it.
 *
 * @throws {MienError} `missing-file` if it cannot be read; `bad-data`, with the number of the line,
 *   if a line is invalid or two lines correct the same row.
 */
export async function readCorrections(file: string): Promise<Corrections> {
  const content = await readBytes(file);
  const [header, ...lines] = parseLines(Buffer.from(content).toString("utf8"), file);
  const columns = columnsOf(header?.record ?? [], file);
  const entries = lines.map(({ record, line }) => {
    try {
      return readLine(record, columns, line);
    } catch (error) {
      throw new MienError("bad-data", `${file}: line ${line}: ${messageOf(error)}`, {
        advice: HOW_TO_MAKE,
      });
    }
  });
  const lineOf = new Map<number, number>();
  for (const { row, line } of entries) {
    const earlier = lineOf.get(row);
    if (earlier !== undefined) {
      throw new MienError(
        "bad-data",
        `${file}: line ${line}: row ${row} is corrected in line ${earlier} already`,
        { advice: "Delete one of the two lines." },
      );
    }
    lineOf.set(row, line);
  }
  return { path: file, sha256: createHash("sha256").update(content).digest("hex"), entries };
}

interface NumberedRecord {
  readonly record: readonly string[];
  readonly line: number;
}

/** The records of a CSV, each with the number of its last line. */
function parseLines(text: string, file: string): NumberedRecord[] {
  try {
    const parsed: unknown = parse(text, {
      bom: true,
      info: true,
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: true,
    });
    return (parsed as { record: string[]; info: Info }[]).map(({ record, info }) => ({
      record,
      line: info.lines,
    }));
  } catch (error) {
    throw new MienError("bad-data", `${file} is not a CSV: ${messageOf(error)}`, {
      advice: HOW_TO_MAKE,
      cause: error,
    });
  }
}

type Columns = Readonly<Record<(typeof CORRECTION_COLUMNS)[number], number>>;

function columnsOf(header: readonly string[], file: string): Columns {
  const names = header.map((name) => name.trim().toLowerCase());
  const missing = CORRECTION_COLUMNS.filter((name) => name !== "note" && !names.includes(name));
  if (missing.length > 0) {
    throw new MienError(
      "bad-data",
      `${file}: expected the header ${CORRECTION_COLUMNS.join(",")}, found ${printable(header.join(",").slice(0, 120)) || "nothing"}`,
      { advice: HOW_TO_MAKE },
    );
  }
  return {
    row: names.indexOf("row"),
    action: names.indexOf("action"),
    label: names.indexOf("label"),
    "new label": names.indexOf("new label"),
    note: names.indexOf("note"),
  };
}

function readLine(record: readonly string[], columns: Columns, line: number): Correction {
  const at = (name: keyof Columns) => (record[columns[name]] ?? "").trim();
  const row = at("row");
  if (!/^\d{1,10}$/.test(row)) throw expected("a row number of 0 or more", row);
  const action = ACTIONS.find((name) => name === at("action").toLowerCase());
  if (action === undefined) {
    throw expected(`one of the actions ${ACTIONS.join(", ")}`, at("action"));
  }
  const [label, newLabel] = [at("label"), at("new label")];
  if (label === "") throw expected("the label that the data set has", label);
  if (action === "relabel" && (newLabel === "" || newLabel === label)) {
    throw expected(`a new label other than ${printable(label)}`, newLabel);
  }
  if (action !== "relabel" && newLabel !== "") {
    throw expected(`no new label with the action ${action}`, newLabel);
  }
  return { line, row: Number(row), action, label, newLabel, note: at("note") };
}

function expected(what: string, found: string): Error {
  return new Error(`expected ${what}, found ${found === "" ? "nothing" : `"${printable(found)}"`}`);
}
