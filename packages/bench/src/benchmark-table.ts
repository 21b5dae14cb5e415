import type { Terminal } from "@mien/cli";

/** A column of a table: its head, and a function that gives the cell of a row. */
export type Column<Row> = readonly [head: string, cell: (row: Row) => string | number];

/** Prints one line per row. */
export function benchmarkTable<Row>(
  terminal: Terminal,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): void {
  terminal.table(
    columns.map(([head]) => head),
    rows.map((row) => columns.map(([, cell]) => cell(row))),
  );
}

/** How many times as fast or as slow, e.g. `2.93×`. */
export function formatFactor(factor: number, digits = 2): string {
  return `${factor.toFixed(digits)}×`;
}
