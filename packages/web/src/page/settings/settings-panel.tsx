import { useEffect, useState } from "preact/hooks";
import type { Hello } from "../../messages.ts";
import type { SettingField, SettingsSummary, SettingValue } from "../../settings.ts";
import { callApi } from "../server/api.ts";
import type { CameraState, PageCamera } from "../server/page-camera.ts";
import { PageCameraField } from "./page-camera-field.tsx";
import { fieldNote, fieldTitle, readField } from "./setting-text.ts";

/** What the panel of settings works with. */
export interface SettingsPanelProps {
  readonly hello: Hello;
  readonly camera: PageCamera;
  readonly cameraState: CameraState;
}

/**
 * The settings of the server, which all pages share, and the camera of this browser. A change takes
 * effect at once.
 */
export function SettingsPanel({ hello, camera, cameraState }: SettingsPanelProps) {
  const [isOpen, setOpen] = useState(false);
  const [summary, setSummary] = useState<SettingsSummary | null>(null);
  const [message, setMessage] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  // A new `hello` comes when another page has changed a setting.
  useEffect(() => {
    if (!isOpen || hello.viewOnly) return;
    void callApi<SettingsSummary>("GET", "settings").then(setSummary, (error: Error) =>
      setProblem(error.message),
    );
  }, [isOpen, hello]);
  // The page's camera takes over a new picture size.
  const { width, height } = hello.resolution;
  useEffect(() => void camera.restart(), [width, height]);
  if (hello.viewOnly) return null;
  const change = (name: string, value: SettingValue | null) => {
    setBusy(true);
    setMessage("");
    setProblem("");
    void callApi<SettingsSummary>("PUT", "settings", { [name]: value })
      .then(
        (next) => {
          setSummary(next);
          setMessage(`Saved: ${fieldTitle(name)}.`);
        },
        (error: Error) => setProblem(error.message),
      )
      .finally(() => setBusy(false));
  };
  const fields = summary?.fields ?? [];
  const groups = [...new Set(fields.map(({ group }) => group))];
  const changed = fields.filter(({ value }) => value !== null);
  return (
    <details class="card settings" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Settings</summary>
      {summary !== null && (
        <div aria-busy={busy}>
          <p class="quiet">
            All pages of this server share these settings. The server stores them in {summary.file}{" "}
            and uses them again at the next start.
          </p>
          <p class="quiet">
            {changed.length === 0
              ? "Every setting has its default."
              : `Not the default: ${changed.map(({ name, value }) => `${fieldTitle(name)} ${valueText(value)}`).join(", ")}.`}
          </p>
          {groups.map((group) => (
            <fieldset key={group}>
              <legend>{group}</legend>
              {fields
                .filter((field) => field.group === group)
                .map((field) => (
                  <Field
                    key={field.name}
                    field={field}
                    onChange={(value) => change(field.name, value)}
                  />
                ))}
              {group === "input" && hello.browser && (
                <PageCameraField camera={camera} cameraState={cameraState} />
              )}
            </fieldset>
          ))}
        </div>
      )}
      <p class="quiet" role="status">
        {message}
      </p>
      {problem !== "" && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
    </details>
  );
}

function valueText(value: SettingValue | null): string {
  return value === true ? "on" : String(value);
}

interface FieldProps {
  readonly field: SettingField;
  readonly onChange: (value: SettingValue | null) => void;
}

function Field({ field, onChange }: FieldProps) {
  const id = `setting-${field.name}`;
  const note = fieldNote(field);
  return (
    <div class="field">
      <label for={id}>{fieldTitle(field.name)}</label>
      <Control id={id} field={field} onChange={onChange} />
      <small id={`${id}-note`}>{note}</small>
    </div>
  );
}

function Control({ id, field, onChange }: FieldProps & { readonly id: string }) {
  const { type, value, choices = [], defaultText, min, max } = field;
  // The element keeps what a person types or chooses until the server has another value: `value` and
  // `checked` would set it back whenever the page is updated.
  const common = { id, key: String(value), "aria-describedby": `${id}-note` };
  if (type === "boolean") {
    return (
      <input
        {...common}
        type="checkbox"
        defaultChecked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked ? true : null)}
      />
    );
  }
  if (type === "choice") {
    return (
      <select
        {...common}
        value={value === null ? "" : String(value)}
        onChange={(event) => onChange(event.currentTarget.value || null)}
      >
        <option value="">default: {defaultText}</option>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      {...common}
      type={type === "text" ? "text" : "number"}
      // Any number of decimals; the server checks whole numbers.
      step={type === "integer" ? 1 : "any"}
      min={min}
      max={max}
      placeholder={defaultText}
      defaultValue={value === null ? "" : String(value)}
      onChange={(event) => onChange(readField(field, event.currentTarget.value))}
    />
  );
}
