import { stringify, type Options } from "csv-stringify/sync";

const OPTIONS: Options = {
  eof: false,
  cast: { boolean: String },
  // The package itself quotes a carriage return only where it is part of the row's end.
  quoted_match: /[\r\n]/,
};

/**
 * One row of a CSV as RFC 4180 describes it, without the line break at its end.
 *
 * @param cells null becomes an empty cell; numbers and booleans are written as JSON writes them.
 */
export function csvRow(cells: readonly (string | number | boolean | null)[]): string {
  return stringify([[...cells]], OPTIONS);
}
