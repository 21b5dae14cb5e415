import { setTimeout } from "node:timers/promises";

/** Waits; ends early, without an error, when the signal fires. */
export async function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(
    () => undefined,
  );
}
