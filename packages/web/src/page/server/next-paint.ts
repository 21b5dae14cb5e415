/** The longest wait for a paint, in ms: a page that is covered may not be painted. */
const LONGEST_WAIT = 500;

/** Waits until what was drawn is on the screen; a hidden page is not painted, so it does not wait. */
export async function nextPaint(): Promise<void> {
  if (typeof document === "undefined" || document.hidden) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LONGEST_WAIT);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      // A task of its own begins after the paint.
      setTimeout(resolve);
    });
  });
}
