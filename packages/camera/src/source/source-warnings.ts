import type { SourceNotice } from "./source.ts";

/** How many warnings of each kind are printed. */
const MOST = 10;

/** Prints notices of a source as warnings: the first ten of each kind, and at the end their number. */
export class SourceWarnings {
  readonly #warn: (message: string) => void;
  readonly #counts = new Map<SourceNotice["kind"], number>();

  /** @param warn prints a line. */
  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Takes a notice; to be passed as `onNotice`. */
  readonly add = ({ kind, message }: SourceNotice): void => {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= MOST) this.#warn(message);
  };

  /** Prints the number of warnings of each kind of which some were not printed. */
  finish(): void {
    for (const [kind, count] of this.#counts) {
      if (count > MOST) this.#warn(`${count} warnings (${kind}); the first ${MOST} were printed`);
    }
    this.#counts.clear();
  }
}
