import { createReadStream } from "node:fs";
import { endsInside, isNamed } from "../same-name.ts";

/** A part of a table. */
export interface TablePiece {
  readonly content: string | Uint8Array;
  /** Whether it differs from the same part of the file. */
  readonly changed: boolean;
}

/** Reads the lines of a file in batches, since it may be larger than memory. */
export async function* readLines(file: string): AsyncGenerator<readonly string[]> {
  let rest = "";
  for await (const text of createReadStream(file, "utf8") as AsyncIterable<string>) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield lines;
  }
  yield [rest];
}

/**
 * A file of JSON lines without a person: every `"person":{"name":…}` with that name becomes null,
 * anywhere in a line; lines without it are unchanged. Works for the results of every version of mien.
 */
export async function* jsonLinesWithout(file: string, name: string): AsyncGenerator<TablePiece> {
  let between = "";
  for await (const lines of readLines(file)) {
    if (lines.length === 0) continue;
    const left = lines.map((line) => withoutPerson(line, name));
    const changed = left.some((line, i) => line !== lines[i]);
    yield { content: between + left.join("\n"), changed };
    between = "\n";
  }
}

function withoutPerson(line: string, name: string): string {
  if (!line.includes('"person"')) return line;
  let found = false;
  try {
    const left = JSON.stringify(JSON.parse(line), (key, value: unknown) => {
      if (key !== "person" || !isNamed(nameIn(value), name)) return value;
      found = true;
      return null;
    });
    return found ? left : line;
  } catch {
    // A line that was cut off because the process was killed while writing it.
    const written = JSON.stringify(name.normalize("NFC")).slice(1, -1);
    return endsInside(line.normalize("NFC"), written, ['"name":"']) ? "" : line;
  }
}

/** The value of `name` in an object. */
export function nameIn(value: unknown): unknown {
  return typeof value === "object" && value !== null && "name" in value ? value.name : undefined;
}
