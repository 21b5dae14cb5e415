import type { SourceNotice } from "./source.ts";

/** Warnings of one kind that are printed one by one. */
const MOST = 10;

/** Prints what happens to a source: of each kind ten warnings, and at the end how many came. */
export class SourceWarnings {
  readonly #warn: (message: string) => void;
  readonly #counts = new Map<SourceNotice["kind"], number>();

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  readonly add = ({ kind, message }: SourceNotice): void => {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= MOST) this.#warn(message);
  };

  /** Says how many warnings were not printed. */
  finish(): void {
    for (const [kind, count] of this.#counts) {
      if (count > MOST) this.#warn(`${count} warnings (${kind}); the first ${MOST} were printed`);
    }
    this.#counts.clear();
  }
}
