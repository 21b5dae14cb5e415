import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

const NO_TOOLS: readonly Tool[] = [];

/** A button of the toolbar, and its keyboard shortcut. */
export interface Tool {
  readonly name: string;
  /** The key that does the same, as `KeyboardEvent.key` in lower case. */
  readonly key: string;
  /** The name of the key, which the button shows. */
  readonly keyName: string;
  /** Whether the tool is switched on; undefined if the button is not a switch. */
  readonly isOn: boolean | undefined;
  readonly run: () => void;
  readonly disabled?: boolean;
}

/**
 * The toolbar below the picture. A switch turns the keyboard shortcuts off, because speech input types
 * letters that would trigger them (WCAG 2.1.4); the browser stores the choice.
 *
 * @param props.children buttons without a shortcut.
 */
export function Tools(props: { tools: readonly Tool[]; children: ComponentChildren }) {
  const [shortcuts, setShortcuts] = useState(localStorage.getItem("keys") !== "off");
  useShortcuts(shortcuts ? props.tools : NO_TOOLS);
  return (
    <div class="tools" role="toolbar" aria-label="Picture tools">
      {props.tools.map(({ name, keyName, isOn, run, disabled }) => (
        <button key={keyName} type="button" aria-pressed={isOn} disabled={disabled} onClick={run}>
          {name} {shortcuts && <kbd>{keyName}</kbd>}
        </button>
      ))}
      {props.children}
      <button
        type="button"
        class="shortcuts"
        aria-pressed={shortcuts}
        title="Whether the keys on these buttons work"
        onClick={() => {
          localStorage.setItem("keys", shortcuts ? "off" : "on");
          setShortcuts(!shortcuts);
        }}
      >
        Keyboard shortcuts
      </button>
    </div>
  );
}

/** Runs a tool when its key is pressed, except in a field in which a person types. */
function useShortcuts(tools: readonly Tool[]): void {
  const current = useRef(tools);
  current.current = tools;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const element = event.target instanceof Element ? event.target.tagName : "";
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(element)) return;
      // Space presses the button that has the focus.
      if (event.key === " " && /^(BUTTON|A)$/.test(element)) return;
      const tool = current.current.find(({ key }) => key === event.key.toLowerCase());
      if (tool === undefined || tool.disabled) return;
      event.preventDefault();
      if (!event.repeat) tool.run();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
