import { LONGEST_NAME, personNameProblem, toPersonName } from "@mien/format";
import { useEffect, useState } from "preact/hooks";
import type { Enrolment } from "../../messages.ts";
import { KEEP_DAYS } from "../../retention-days.ts";
import { callApi } from "../server/api.ts";
import { useLostFocus } from "../focus.ts";
import type { LiveState } from "../server/connection.ts";
import { NameProblem } from "./name-problem.tsx";
import type { Screen } from "../screen.ts";
import { Stage } from "../live/stage.tsx";

/** The retention times that can be chosen, in days. */
const DAYS = [30, KEEP_DAYS, 365];
const CAPTURE_VIEW = { mirror: true, privacy: false, labels: [] };

export interface EnrolProps {
  readonly state: LiveState;
  readonly screen: Screen;
  /** Whether a camera runs. */
  readonly hasPicture: boolean;
}

/** Enrols a person in three steps: consent, taking pictures, review. */
export function Enrol({ state, screen, hasPicture }: EnrolProps) {
  const [problem, setProblem] = useState("");
  const [said, setSaid] = useState("");
  const { enrolment } = state;
  const title = useLostFocus<HTMLHeadingElement>(enrolment?.state);
  const act = (method: string, path: string, body?: unknown) =>
    callApi<Enrolment>(method, path, body).then(
      () => {
        setProblem("");
        setSaid(path === "enrolment/save" ? "Enrolled." : "");
      },
      (error: Error) => setProblem(error.message),
    );
  return (
    <section class="card enrol" aria-labelledby="enrol-title">
      <h2 id="enrol-title" ref={title} tabIndex={-1}>
        Enrol a person
      </h2>
      <p class="unseen" aria-live="polite">
        {said}
      </p>
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
  const [keepDays, setKeepDays] = useState<number>(KEEP_DAYS);
  const [consent, setConsent] = useState(false);
  const [text, setText] = useState("");
  const called = toPersonName(name);
  const problem = personNameProblem(called);
  useEffect(() => {
    setConsent(false);
    setText("");
    if (problem !== undefined) return undefined;
    let isOld = false;
    const query = new URLSearchParams({ name: called, keepDays: String(keepDays) });
    void callApi<{ text: string }>("GET", `consent?${query.toString()}`).then(
      (answer) => {
        if (!isOld) setText(answer.text);
      },
      () => undefined,
    );
    return () => void (isOld = true);
  }, [called, keepDays]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void act("POST", "enrolment", { name: called, count, keepDays, consent });
      }}
    >
      {!hasPicture && <p class="hint">Start a camera under Live first.</p>}
      <div class="fields">
        <label>
          Name
          <input
            value={name}
            maxLength={LONGEST_NAME}
            aria-describedby="name-problem"
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
      <NameProblem id="name-problem" name={name} />
      {text !== "" && (
        <>
          <blockquote class="consent">{text}</blockquote>
          <label class="check">
            <input
              type="checkbox"
              checked={consent}
              onChange={({ currentTarget }) => setConsent(currentTarget.checked)}
            />
            <span>I am {called}, have read this, and agree.</span>
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
          Finish
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
  const [saving, setSaving] = useState(false);
  const last = deleted.filter((i) => !pictures[i]).at(-1);
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
                if (kept) setDeleted([...deleted.filter((before) => before !== i), i]);
                void keep(i, !kept);
              }}
            >
              {kept ? "×" : "↺"}
            </button>
          </li>
        ))}
      </ul>
      {/* aria-disabled instead of disabled: a disabled button would lose the focus. */}
      <div class="actions">
        <button
          type="button"
          class="main"
          disabled={left === 0}
          aria-disabled={saving}
          onClick={() => {
            if (saving) return;
            setSaving(true);
            void act("POST", "enrolment/save").finally(() => setSaving(false));
          }}
        >
          Enrol {name} with {left} pictures
        </button>
        <button
          type="button"
          aria-disabled={last === undefined}
          onClick={() => {
            if (last === undefined) return;
            void keep(last, true);
            setDeleted(deleted.filter((i) => i !== last));
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
