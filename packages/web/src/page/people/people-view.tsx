import { LONGEST_NAME, personNameProblem, toPersonName } from "@mien/format";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { PeopleSummary, PersonSummary } from "../../messages.ts";
import { callApi } from "../server/api.ts";
import { Enrol, type EnrolProps } from "./enrol.tsx";
import { NameProblem } from "./name-problem.tsx";
import { rateText } from "../live/expressions.ts";
import { useLostFocus } from "../focus.ts";

export function PeopleView({ state, screen, hasPicture }: EnrolProps) {
  const [summary, setSummary] = useState<PeopleSummary | null>(null);
  const [problem, setProblem] = useState("");
  const known = state.hello?.people.join() ?? "";
  useEffect(() => {
    void callApi<PeopleSummary>("GET", "people").then(setSummary, (error: Error) =>
      setProblem(error.message),
    );
  }, [known, state.connected]);
  const [said, setSaid] = useState("");
  const change: Change = (done, [method, path, body]) =>
    callApi<PeopleSummary>(method, path, body).then(
      (next) => {
        setSummary(next);
        setProblem("");
        setSaid(done);
      },
      (error: Error) => {
        setProblem(error.message);
        setSaid("");
      },
    );
  const people = summary?.people ?? [];
  const title = useLostFocus<HTMLHeadingElement>(summary?.people.map(({ name }) => name).join());
  return (
    <div class="people">
      <section aria-labelledby="people-title">
        <h1 id="people-title" ref={title} tabIndex={-1}>
          People
        </h1>
        <p class="unseen" aria-live="polite">
          {said}
        </p>
        {people.length === 0 ? (
          <p class="quiet">
            Recognition is off because nobody is enrolled. Every face is shown as unknown.
          </p>
        ) : (
          <p class="quiet">
            Estimated errors: {rate(summary?.falseAccept)} of strangers are taken for one of them,{" "}
            {rate(summary?.falseReject)} of their own pictures are not recognised. Stored in{" "}
            <code>{summary?.folder}</code>.
          </p>
        )}
        {problem !== "" && (
          <p class="hint bad" role="alert">
            {problem}
          </p>
        )}
        <ul class="list">
          {people.map((person) => (
            <Person key={person.name} person={person} others={people} change={change} />
          ))}
        </ul>
      </section>
      <Enrol {...{ state, screen, hasPicture }} />
    </div>
  );
}

function rate(share: number | null | undefined): string {
  return share == null ? "an unknown share" : rateText(share);
}

/** Sends a change to the server; `done` is then announced to screen readers. */
type Change = (
  done: string,
  request: readonly [method: string, path: string, body?: unknown],
) => Promise<void>;

interface PersonProps {
  readonly person: PersonSummary;
  readonly others: readonly PersonSummary[];
  readonly change: Change;
}

function Person({ person, others, change }: PersonProps) {
  const { name } = person;
  const [doing, setDoing] = useState<"rename" | "merge" | "delete" | null>(null);
  const [text, setText] = useState(name);
  const path = `people/${encodeURIComponent(name)}`;
  const rest = others.filter((other) => other.name !== name);
  const [into, setInto] = useState("");
  const done = () => setDoing(null);
  const title = useLostFocus<HTMLHeadingElement>(doing);
  return (
    <li class="card person">
      <div>
        <h2 ref={title} tabIndex={-1}>
          {name}
        </h2>
        <p class="quiet">
          {person.pictures} pictures, since {new Date(person.enrolled).toLocaleDateString()}
          {person.keepUntil !== null &&
            `, until ${new Date(person.keepUntil).toLocaleDateString()}`}
        </p>
      </div>
      <div class="actions">
        <button type="button" onClick={() => setDoing("rename")}>
          Rename
        </button>
        {rest.length > 0 && (
          <button type="button" onClick={() => setDoing("merge")}>
            Merge
          </button>
        )}
        <a class="button" href={`/api/${path}/export.zip`} download={`${name}.zip`}>
          Export
        </a>
        <button type="button" class="danger" onClick={() => setDoing("delete")}>
          Delete
        </button>
      </div>
      {doing === "rename" && (
        <Form
          onSubmit={() =>
            void change("Renamed.", ["POST", `${path}/rename`, { to: text }]).then(done)
          }
          onCancel={done}
        >
          <label>
            New name{" "}
            <input
              value={text}
              maxLength={LONGEST_NAME}
              aria-describedby="rename-problem"
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          </label>
          <NameProblem id="rename-problem" name={text} />
          <button class="main" disabled={personNameProblem(toPersonName(text)) !== undefined}>
            Rename
          </button>
        </Form>
      )}
      {doing === "merge" && (
        <Form
          onSubmit={() => void change("Merged.", ["POST", `${path}/merge`, { into }]).then(done)}
          onCancel={done}
        >
          <label>
            The same person as{" "}
            <select value={into} onChange={({ currentTarget }) => setInto(currentTarget.value)}>
              <option value="">choose</option>
              {rest.map((other) => (
                <option key={other.name}>{other.name}</option>
              ))}
            </select>
          </label>
          <button class="main" disabled={into === ""}>
            Merge
          </button>
        </Form>
      )}
      {doing === "delete" && (
        <Form onSubmit={() => void change("Deleted.", ["DELETE", path]).then(done)} onCancel={done}>
          <p tabIndex={-1}>
            This deletes the pictures, the face embeddings and the consent of {name}, and the name
            in every recorded result. It cannot be undone.
          </p>
          <button class="danger">Delete {name}</button>
        </Form>
      )}
    </li>
  );
}

/** Focuses its first field when it appears, or its text if it has no field. */
function Form(props: { onSubmit: () => void; onCancel: () => void; children: ComponentChildren }) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("input, select, p")?.focus(), []);
  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        props.onSubmit();
      }}
    >
      {props.children}
      <button type="button" onClick={props.onCancel}>
        Cancel
      </button>
    </form>
  );
}
