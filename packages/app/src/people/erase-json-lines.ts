import { createReadStream } from "node:fs";
import { endsInside, isNamed } from "./same-name.ts";

/** A part of a table, in the order of the file. */
export interface TablePiece {
  readonly content: string | Uint8Array;
  /** Whether it differs from what is in the file. */
  readonly changed: boolean;
}

/** The lines of a file, as many at a time as are read at once: it may be larger than memory. */
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
 * A file of JSON lines without a person: `"person":{"name":…}` of that name is null, wherever it is
 * in a line, and every other line is as it was. Lines of every version of mien are read.
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
  let isHeld = false;
  try {
    const left = JSON.stringify(JSON.parse(line), (key, value: unknown) => {
      if (key !== "person" || !isNamed((value as { name?: unknown } | null)?.name, name)) {
        return value;
      }
      isHeld = true;
      return null;
    });
    return isHeld ? left : line;
  } catch {
    // The line that was being written when a session was killed.
    const written = JSON.stringify(name.normalize("NFC")).slice(1, -1);
    return endsInside(line.normalize("NFC"), written, ['"name":"']) ? "" : line;
  }
}
