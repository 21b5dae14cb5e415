import { useEffect, useState } from "preact/hooks";
import type { PeopleSummary, PersonSummary } from "../messages.ts";
import { ask } from "./api.ts";
import type { LiveState } from "./connection.ts";
import { Enrol } from "./enrol.tsx";
import { rateText } from "./expressions.ts";
import type { Screen } from "./screen.ts";

export interface PeopleViewProps {
  readonly state: LiveState;
  readonly screen: Screen;
  /** Whether a camera runs. */
  readonly hasPicture: boolean;
}

export function PeopleView({ state, screen, hasPicture }: PeopleViewProps) {
  const [summary, setSummary] = useState<PeopleSummary | null>(null);
  const [problem, setProblem] = useState("");
  const known = state.hello?.people.join() ?? "";
  useEffect(() => {
    void ask<PeopleSummary>("GET", "people").then(setSummary, (error: Error) =>
      setProblem(error.message),
    );
  }, [known, state.connected]);
  const change = (method: string, path: string, body?: unknown) =>
    ask<PeopleSummary>(method, path, body).then(
      (next) => {
        setSummary(next);
        setProblem("");
      },
      (error: Error) => setProblem(error.message),
    );
  const people = summary?.people ?? [];
  return (
    <div class="people">
      <section aria-labelledby="people-title">
        <h1 id="people-title">People</h1>
        {people.length === 0 ? (
          <p class="quiet">Recognition is off: nobody is enrolled. Every face is a stranger’s.</p>
        ) : (
          <p class="quiet">
            Expected: {rate(summary?.falseAccept)} of strangers are taken for one of them,{" "}
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

interface PersonProps {
  readonly person: PersonSummary;
  readonly others: readonly PersonSummary[];
  readonly change: (method: string, path: string, body?: unknown) => Promise<void>;
}

function Person({ person, others, change }: PersonProps) {
  const { name } = person;
  const [doing, setDoing] = useState<"rename" | "merge" | "delete" | null>(null);
  const [text, setText] = useState(name);
  const path = `people/${encodeURIComponent(name)}`;
  const rest = others.filter((other) => other.name !== name);
  const [into, setInto] = useState("");
  const done = () => setDoing(null);
  return (
    <li class="card person">
      <div>
        <h2>{name}</h2>
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
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void change("POST", `${path}/rename`, { to: text }).then(done);
          }}
        >
          <label>
            New name{" "}
            <input
              value={text}
              maxLength={100}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          </label>
          <button class="main">Rename</button>
          <button type="button" onClick={done}>
            Cancel
          </button>
        </form>
      )}
      {doing === "merge" && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void change("POST", `${path}/merge`, { into }).then(done);
          }}
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
          <button type="button" onClick={done}>
            Cancel
          </button>
        </form>
      )}
      {doing === "delete" && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void change("DELETE", path).then(done);
          }}
        >
          <p>
            Delete {name}: pictures, numbers, consent, and the name in every recorded result. There
            is no undo.
          </p>
          <button class="danger">Delete {name}</button>
          <button type="button" onClick={done}>
            Cancel
          </button>
        </form>
      )}
    </li>
  );
}
