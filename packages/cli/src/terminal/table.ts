import Table from "cli-table3";
import stringWidth from "string-width";

/** Spaces between two columns of a table. */
const GAP = 2;
/** Smallest width to which a column of text is wrapped, in characters. */
const NARROWEST = 12;

/**
 * A table as text. If it is wider than the terminal, its widest columns of text are wrapped at
 * words; if it is still too wide, each row becomes a block of `name  value` lines.
 *
 * @param options.columns width of the terminal in characters; undefined for no limit.
 * @param options.bold emphasises a cell of the head.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  options: { readonly columns: number | undefined; readonly bold: (cell: string) => string },
): string {
  const { columns = Infinity, bold } = options;
  const numeric = head.map((_, column) => rows.every((row) => isNumeric(row[column])));
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widest = (column: number, split: RegExp) =>
    Math.max(
      ...cells.flatMap((row) => (row[column] ?? "").split(split).map((part) => stringWidth(part))),
    );
  const widths = head.map((_, column) => widest(column, /\n/));
  const least = head.map((_, column) =>
    Math.min(widths[column] ?? 0, Math.max(NARROWEST, widest(column, /\s/))),
  );
  const total = () => widths.reduce((sum, width) => sum + width, GAP * (head.length - 1));
  while (total() > columns) {
    const spare = widths.map((width, column) =>
      numeric[column] ? 0 : width - (least[column] ?? 0),
    );
    const most = Math.max(...spare);
    if (most <= 0) return blocks(head, rows, bold);
    const column = spare.indexOf(most);
    widths[column] = (widths[column] ?? 0) - 1;
  }
  const table = new Table({
    head: head.map(bold),
    colAligns: numeric.map((right) => (right ? "right" : "left")),
    colWidths: widths,
    wordWrap: true,
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
    chars: PLAIN_TABLE,
  });
  table.push(...rows.map((row) => row.map(String)));
  return table.toString().replace(/[ ]+$/gm, "");
}

function blocks(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  bold: (cell: string) => string,
): string {
  const width = Math.max(...head.map((cell) => stringWidth(cell)));
  const line = (cell: string | number, column: number) => {
    const name = head[column] ?? "";
    return `${bold(name)}${" ".repeat(width - stringWidth(name) + GAP)}${cell}`.trimEnd();
  };
  return rows.map((row) => row.map(line).join("\n")).join("\n\n");
}

const PLAIN_TABLE = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

function isNumeric(cell: string | number | undefined): boolean {
  return typeof cell === "number" || /^[–-]?[\d.,]*\d ?(%|×|ms|s|MB|kB)?$/.test(cell ?? "");
}
