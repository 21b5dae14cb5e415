import { useEffect, useState } from "preact/hooks";
import type { Enrolment } from "../messages.ts";
import { ask } from "./api.ts";
import type { PeopleViewProps } from "./people-view.tsx";
import type { Screen } from "./screen.ts";
import { Stage } from "./stage.tsx";

const DAYS = [30, 90, 365];
const CAPTURE_VIEW = { mirror: true, privacy: false, labels: [] };

/** Consent, then pictures, then a look at them. */
export function Enrol({ state, screen, hasPicture }: PeopleViewProps) {
  const [problem, setProblem] = useState("");
  const { enrolment } = state;
  const act = (method: string, path: string, body?: unknown) =>
    ask<Enrolment>(method, path, body).then(
      () => setProblem(""),
      (error: Error) => setProblem(error.message),
    );
  return (
    <section class="card enrol" aria-labelledby="enrol-title">
      <h2 id="enrol-title">Enrol a person</h2>
      {problem !== "" && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
      {enrolment?.state === "capturing" ? (
        <Capture enrolment={enrolment} screen={screen} act={act} />
      ) : enrolment?.state === "review" ? (
        <Review enrolment={enrolment} act={act} />
      ) : (
        <Consent hasPicture={hasPicture} act={act} />
      )}
    </section>
  );
}

type Act = (method: string, path: string, body?: unknown) => Promise<void>;

function Consent({ hasPicture, act }: { hasPicture: boolean; act: Act }) {
  const [name, setName] = useState("");
  const [count, setCount] = useState(30);
  const [keepDays, setKeepDays] = useState(90);
  const [consent, setConsent] = useState(false);
  const [text, setText] = useState("");
  useEffect(() => {
    setConsent(false);
    if (name.trim() === "") {
      setText("");
      return;
    }
    const query = new URLSearchParams({ name: name.trim(), keepDays: String(keepDays) });
    void ask<{ text: string }>("GET", `consent?${query.toString()}`).then(
      (answer) => setText(answer.text),
      () => setText(""),
    );
  }, [name, keepDays]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void act("POST", "enrolment", { name, count, keepDays, consent });
      }}
    >
      {!hasPicture && <p class="hint">Start a camera under Live first.</p>}
      <div class="fields">
        <label>
          Name
          <input
            value={name}
            maxLength={100}
            autocomplete="off"
            required
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <label>
          Pictures
          <input
            type="number"
            min={1}
            max={500}
            value={count}
            onInput={({ currentTarget }) => setCount(Number(currentTarget.value))}
          />
        </label>
        <label>
          Keep for
          <select
            value={keepDays}
            onChange={({ currentTarget }) => setKeepDays(Number(currentTarget.value))}
          >
            {DAYS.map((days) => (
              <option key={days} value={days}>
                {days} days
              </option>
            ))}
          </select>
        </label>
      </div>
      {text !== "" && (
        <>
          <blockquote class="consent">{text}</blockquote>
          <label class="check">
            <input
              type="checkbox"
              checked={consent}
              onChange={({ currentTarget }) => setConsent(currentTarget.checked)}
            />
            <span>I am {name.trim()}, have read this, and agree.</span>
          </label>
        </>
      )}
      <button class="main" disabled={!consent || !hasPicture}>
        Take pictures
      </button>
    </form>
  );
}

function Capture({ enrolment, screen, act }: { enrolment: Enrolment; screen: Screen; act: Act }) {
  const { name, wanted, pictures, guidance, leftOut } = enrolment;
  return (
    <div class="capture">
      <Stage screen={screen} view={CAPTURE_VIEW} alt={`The camera, to take pictures of ${name}`} />
      <p class="guidance" aria-live="polite">
        {guidance}
      </p>
      <progress value={pictures.length} max={wanted} aria-label="Pictures taken" />
      <p class="quiet">
        {pictures.length} of {wanted} pictures of {name}
        {Object.entries(leftOut).map(([reason, count]) => ` · ${count} ${reason}`)}
      </p>
      <div class="actions">
        <button
          type="button"
          class="main"
          disabled={pictures.length === 0}
          onClick={() => void act("POST", "enrolment/finish")}
        >
          Enough
        </button>
        <button type="button" onClick={() => void act("POST", "enrolment/discard")}>
          Cancel
        </button>
      </div>
    </div>
  );
}

function Review({ enrolment, act }: { enrolment: Enrolment; act: Act }) {
  const { name, pictures, guidance, doubts } = enrolment;
  const [deleted, setDeleted] = useState<readonly number[]>([]);
  const keep = (index: number, kept: boolean) =>
    act("PUT", `enrolment/pictures/${index}`, { kept });
  const left = pictures.filter(Boolean).length;
  const last = deleted.at(-1);
  return (
    <div class="review">
      <p>{guidance}</p>
      {doubts.length > 0 && (
        <p class="hint" role="alert">
          {doubts.join(" ")}
        </p>
      )}
      <ul class="grid">
        {pictures.map((kept, i) => (
          <li key={i} class={kept ? "" : "gone"}>
            <img
              src={`/api/enrolment/pictures/${i}`}
              alt={`Picture ${i + 1} of ${name}`}
              loading="lazy"
              width={96}
              height={96}
            />
            <button
              type="button"
              aria-label={kept ? `Delete picture ${i + 1}` : `Bring picture ${i + 1} back`}
              onClick={() => {
                if (kept) setDeleted([...deleted, i]);
                void keep(i, !kept);
              }}
            >
              {kept ? "×" : "↺"}
            </button>
          </li>
        ))}
      </ul>
      <div class="actions">
        <button
          type="button"
          class="main"
          disabled={left === 0}
          onClick={() => void act("POST", "enrolment/save")}
        >
          Enrol {name} with {left} pictures
        </button>
        <button
          type="button"
          disabled={last === undefined}
          onClick={() => {
            if (last !== undefined) void keep(last, true);
            setDeleted(deleted.slice(0, -1));
          }}
        >
          Undo
        </button>
        <button type="button" onClick={() => void act("POST", "enrolment/discard")}>
          Discard all
        </button>
      </div>
    </div>
  );
}
