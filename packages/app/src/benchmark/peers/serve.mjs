// The half of a peer's process that is the same for all: it is told a frame, then takes turns.
import { readFileSync } from "node:fs";

/**
 * @param {(given: { folder: string, width: number, height: number, pixels: Uint8Array }) =>
 *   Promise<() => Promise<number>>} open loads the peer; what it answers works on the frame once and
 *   tells how many faces it read.
 */
export async function serve(open) {
  const { file, ...given } = JSON.parse(process.argv[2]);
  const work = await open({ ...given, pixels: new Uint8Array(readFileSync(file)) });
  for (let i = 0; i < 3; i++) await work();
  process.on("message", async ({ milliseconds }) => {
    const durations = [];
    let faces;
    const end = performance.now() + milliseconds;
    do {
      const start = performance.now();
      faces = await work();
      durations.push(performance.now() - start);
    } while (performance.now() < end);
    process.send({ durations, faces });
  });
  process.send({ ready: true });
}
