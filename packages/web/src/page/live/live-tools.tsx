import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

const NO_TOOLS: readonly Tool[] = [];

/** A button that a key presses, too. */
export interface Tool {
  readonly key: string;
  readonly name: string;
  /** The key as it is written. */
  readonly hint: string;
  /** Undefined for what is done once. */
  readonly on: boolean | undefined;
  readonly act: () => void;
  readonly disabled?: boolean;
}

/** Buttons, and the switch for their keys: those who speak to their computer press keys unawares. */
export function Tools(props: { tools: readonly Tool[]; children: ComponentChildren }) {
  const [keys, setKeys] = useState(localStorage.getItem("keys") !== "off");
  useKeys(keys ? props.tools : NO_TOOLS);
  return (
    <div class="tools" role="toolbar" aria-label="Picture tools">
      {props.tools.map(({ name, hint, on, act, disabled }) => (
        <button key={hint} type="button" aria-pressed={on} disabled={disabled} onClick={act}>
          {name} {keys && <kbd>{hint}</kbd>}
        </button>
      ))}
      {props.children}
      <button
        type="button"
        class="keys"
        aria-pressed={keys}
        title="Whether single keys do what these buttons do"
        onClick={() => {
          localStorage.setItem("keys", keys ? "off" : "on");
          setKeys(!keys);
        }}
      >
        Keys
      </button>
    </div>
  );
}

/** Single keys do what the tools do, except while somebody types. */
function useKeys(tools: readonly Tool[]): void {
  const current = useRef(tools);
  current.current = tools;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      // Space presses a button that has the focus.
      if (event.key === " " && /^(BUTTON|A)$/.test(target.tagName)) return;
      const tool = current.current.find(({ key }) => key === event.key.toLowerCase());
      if (tool === undefined || tool.disabled) return;
      event.preventDefault();
      if (!event.repeat) tool.act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
