// The part that is the same in all programs of other packages: reads a frame, then measures turns.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** Standard output is for answers only; the output of packages goes to standard error. */
console.log = console.error;
console.info = console.error;

const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/**
 * Answers each line `{ ms, calls }` of standard input, where null means no limit, with a line
 * `{ durations, last }`: the milliseconds of each call, and the number of faces in the last one.
 *
 * @param {(given: { folder: string, width: number, height: number, pixels: Uint8Array }) =>
 *   Promise<() => Promise<number>>} open loads the package and returns a function that processes the
 *   frame once and returns the number of faces that it read.
 */
export async function serve(open) {
  const { file, ...given } = JSON.parse(process.argv[2]);
  const work = await open({ ...given, pixels: new Uint8Array(readFileSync(file)) });
  answer({ ready: true });
  for await (const line of createInterface(process.stdin)) {
    const { ms, calls } = JSON.parse(line);
    const durations = [];
    let last;
    const begin = performance.now();
    do {
      const start = performance.now();
      last = await work();
      durations.push(performance.now() - start);
    } while (
      durations.length < (calls ?? Infinity) &&
      performance.now() - begin < (ms ?? Infinity)
    );
    answer({ durations, last });
  }
}
