/**
 * Aborts a controller when a signal fires, or at once if it has fired.
 *
 * @returns a function that stops this, so that a long-lived signal keeps no listener.
 */
export function followSignal(
  controller: AbortController,
  signal: AbortSignal | undefined,
): () => void {
  const abort = () => controller.abort();
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  return () => signal?.removeEventListener("abort", abort);
}
