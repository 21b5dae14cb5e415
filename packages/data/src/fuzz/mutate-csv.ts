import { gzipSync } from "node:zlib";
import { itemAt, USAGES, type DatasetManifest, type Random } from "@mien/format";

/** The layout of the generated files: small images, so that many files can be read. */
export const FUZZ_MANIFEST: DatasetManifest = {
  name: "fuzz",
  classes: ["Cat", "Dog", "Owl"],
  image: { height: 2, width: 2, channels: 1 },
  licence: "none",
  source: "data:fuzz",
};

/** What is written instead of a value. */
const ODD = ["", " ", "-1", "256", "1e3", "99999999999999999999", "NaN", "0x10", "1.5", "٣", "é", "\0", '"', '""', '"1', "1 2", ",", ";", "\t", "\r", "\n", "\r\n", "\ufeff", "Training ", "training", "Test", "[1", "+7", "007", "1\u00a02"]; // prettier-ignore

/** A valid CSV in one of the layouts that are read, as text. */
function makeCsv(chance: Random): string {
  const separator = chance.uniform() < 0.7 ? "," : itemAt([";", "\t", "|"], chance.integer(3));
  const end = itemAt(["\n", "\r\n", "mixed"], chance.integer(3));
  const order = chance.uniform() < 0.6 ? [0, 1, 2] : itemAt([[0, 2, 1], [2, 1, 0], [1, 0, 2]], chance.integer(3)); // prettier-ignore
  const isQuoted = chance.uniform() < 0.3;
  const lineEnd = () => (end === "mixed" ? itemAt(["\n", "\r\n"], chance.integer(2)) : end);
  const line = (values: readonly string[]) =>
    order
      .map((i) => itemAt(values, i))
      .map((value) => (isQuoted ? `"${value}"` : value))
      .join(separator) + lineEnd();
  let text = chance.uniform() < 0.1 ? "\ufeff" : "";
  text += line(["emotion", "pixels", "Usage"]);
  for (let row = chance.integer(12); row >= 0; row--) {
    const pixels = Array.from({ length: 4 }, () => chance.integer(256)).join(" ");
    text += line([String(chance.integer(3)), pixels, itemAt(USAGES, chance.integer(3))]);
  }
  return text;
}

/** Bytes of a CSV that was changed at random in up to four places; some are not changed. */
export function mutatedCsv(chance: Random): Buffer {
  let text = makeCsv(chance);
  for (let left = chance.integer(5); left > 0; left--) {
    const at = chance.integer(text.length + 1);
    const length = Math.floor(chance.uniform() ** 3 * 20);
    const odd = itemAt(ODD, chance.integer(ODD.length));
    const rest = text.slice(at + length);
    const kind = chance.integer(6);
    if (kind === 0) text = text.slice(0, at);
    else if (kind === 1) text = text.slice(0, at) + rest;
    else if (kind === 2) text = text.slice(0, at) + odd + text.slice(at);
    else if (kind === 3) text = text.slice(0, at) + text.slice(at, at + length) + text.slice(at);
    else if (kind === 4) text = text.slice(0, at) + odd + rest;
    else text = text.slice(0, at) + odd.repeat(1 + chance.integer(40)) + rest;
  }
  const bytes = chance.uniform() < 0.03 ? Buffer.from(text, "utf16le") : Buffer.from(text);
  for (let left = chance.uniform() < 0.2 ? 1 + chance.integer(3) : 0; left > 0; left--) {
    if (bytes.length > 0) bytes[chance.integer(bytes.length)] = chance.integer(256);
  }
  return bytes;
}

/** A gzip file of such a CSV; two of three are damaged or cut off. */
export function mutatedGzip(chance: Random): Buffer {
  const zipped = gzipSync(mutatedCsv(chance), { level: 1 });
  const kind = chance.integer(3);
  if (kind === 1) return zipped.subarray(0, 2 + chance.integer(zipped.length - 2));
  if (kind === 2) zipped[2 + chance.integer(zipped.length - 2)] = chance.integer(256);
  return zipped;
}
