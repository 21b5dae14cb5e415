/**
 * Whether to run tests that take minutes: more kills, longer soaks, every benchmark. Set by
 * `MIEN_LONG=1` and `npm test -- --long`.
 */
export const isLong = process.env["MIEN_LONG"] === "1";
