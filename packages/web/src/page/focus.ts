import { useEffect, useRef, type MutableRef } from "preact/hooks";

/**
 * Takes the focus when the state changes and what had the focus is gone: a keyboard would begin at
 * the top of the page again.
 *
 * @param state compared by identity; undefined while it is not yet known.
 * @returns for what takes it; a heading needs `tabIndex={-1}`.
 */
export function useLostFocus<Type extends HTMLElement>(state: unknown): MutableRef<Type | null> {
  const element = useRef<Type>(null);
  const before = useRef(state);
  useEffect(() => {
    const changed = before.current !== undefined && before.current !== state;
    before.current = state;
    if (changed && document.activeElement === document.body) element.current?.focus();
  }, [state]);
  return element;
}
