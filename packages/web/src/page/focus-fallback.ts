import { useEffect, useRef, type MutableRef } from "preact/hooks";

/**
 * Moves the focus to an element if the element that had it has disappeared after a change of state.
 * Otherwise a keyboard user would have to start at the top of the page again.
 *
 * @param state compared by identity; undefined while it is not yet known.
 * @returns the reference for the element that gets the focus; a heading needs `tabIndex={-1}`.
 */
export function useFocusFallback<Type extends HTMLElement>(
  state: unknown,
): MutableRef<Type | null> {
  const element = useRef<Type>(null);
  const before = useRef(state);
  useEffect(() => {
    const changed = before.current !== undefined && before.current !== state;
    before.current = state;
    if (changed && document.activeElement === document.body) element.current?.focus();
  }, [state]);
  return element;
}
