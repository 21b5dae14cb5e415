import { setTimeout } from "node:timers/promises";

/** Waits for a time in milliseconds; ends early, without an error, when the signal fires. */
export async function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(
    () => undefined,
  );
}

/**
 * Waits for a promise, but not longer than a time in milliseconds, after which it resolves to
 * `late`. Leaves no timer behind.
 */
export async function atMost<Type>(
  milliseconds: number,
  awaited: Promise<Type>,
): Promise<Type | "late"> {
  const timer = new AbortController();
  const late = delay(milliseconds, timer.signal).then(() => "late" as const);
  return Promise.race([awaited, late]).finally(() => timer.abort());
}
