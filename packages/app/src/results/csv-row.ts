import { stringify, type Options } from "csv-stringify/sync";

const OPTIONS: Options = {
  eof: false,
  cast: { boolean: String },
  // Without this, a carriage return is quoted only as part of a line break.
  quoted_match: /[\r\n]/,
};

/**
 * One row of a CSV by RFC 4180, without the line break at its end.
 *
 * @param cells null becomes an empty cell; numbers and booleans are written as in JSON.
 */
export function csvRow(cells: readonly (string | number | boolean | null)[]): string {
  return stringify([[...cells]], OPTIONS);
}
