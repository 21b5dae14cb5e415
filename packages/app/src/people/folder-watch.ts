import { watch, type FSWatcher } from "node:fs";

/** Time between two looks, in ms, for file systems that report no changes. */
const INTERVAL = 250;

/**
 * Calls a function soon after something in one of the folders changed, and every 250 ms. Never calls
 * it while it runs.
 *
 * @param look its errors are printed, each message once.
 * @returns a function that ends this, and waits for a running call.
 */
export function watchFolders(
  folders: readonly string[],
  look: () => Promise<void>,
): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  let printed = "";
  const run = async () => {
    do {
      again = false;
      await look().catch((error: unknown) => {
        const text = String(error);
        if (text !== printed) console.error(error);
        printed = text;
      });
    } while (again);
    running = undefined;
  };
  const start = () => {
    again = true;
    running ??= run();
  };
  const watchers = folders.flatMap((folder): FSWatcher[] => {
    try {
      // It fails where the system allows no more watches, or where there are none.
      return [watch(folder, { persistent: false }, start).on("error", () => undefined)];
    } catch {
      return [];
    }
  });
  const timer = setInterval(start, INTERVAL).unref();
  return async () => {
    clearInterval(timer);
    for (const watcher of watchers) watcher.close();
    again = false;
    await running;
  };
}
