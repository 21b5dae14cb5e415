import { clearInterval, setInterval } from "node:timers";

/**
 * Interval between lines that show the progress if the output is not a terminal, in milliseconds.
 */
const PLAIN_INTERVAL = 15_000;

/** @param {number} start of `performance.now()` @returns {string} for example `3.2 s`. */
export const secondsSince = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** @typedef {{ step: <T>(name: string, work: () => Promise<T>) => Promise<T>, stop: () => void }} Steps */

/**
 * Shows the progress of several steps that run at the same time.
 *
 * Each step leaves a line with its time when it ends. On a terminal a last line counts the seconds of
 * everything that is running.
 *
 * @returns {Steps}
 */
export function createSteps() {
  const { stdout } = process;
  /** @type {Map<string, number>} name → when it started */
  const running = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  const clear = () => {
    if (stdout.isTTY) stdout.write("\r\x1b[K");
  };
  const draw = () => {
    if (running.size === 0) return;
    const line = `  … ${[...running].map(([name, start]) => `${name} ${secondsSince(start)}`).join(", ")}`;
    if (stdout.isTTY) stdout.write(`\r\x1b[K${line.slice(0, (stdout.columns || 80) - 1)}`);
    else console.log(line);
  };

  return {
    /**
     * @template T
     * @param {string} name what is being made.
     * @param {() => Promise<T>} work its result is shown after the time if it is a text.
     * @returns {Promise<T>}
     */
    async step(name, work) {
      const start = performance.now();
      running.set(name, start);
      timer ??= setInterval(draw, stdout.isTTY ? 200 : PLAIN_INTERVAL).unref();
      try {
        const result = await work();
        clear();
        const told = typeof result === "string" ? `  ${result}` : "";
        console.log(`  ${name.padEnd(18)} ${secondsSince(start).padStart(7)}${told}`);
        return result;
      } finally {
        running.delete(name);
      }
    },
    /** Removes the live line. */
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}
