/** Runs pieces of work one after the other, in the order of the calls. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs work once all earlier work has ended, also if that failed. */
  run<Type>(work: () => Promise<Type>): Promise<Type> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
