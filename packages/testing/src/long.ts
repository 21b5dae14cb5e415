/**
 * Whether tests also do what takes minutes: more kills, longer soaks, every benchmark. `MIEN_LONG=1`
 * and `npm test -- --long` ask for it.
 */
export const isLong = process.env["MIEN_LONG"] === "1";
