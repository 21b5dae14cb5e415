import { LONGEST_NAME, personNameProblem, toPersonName } from "@mien/format";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { PeopleSummary, PersonSummary } from "../../people-summary.ts";
import { callApi } from "../server/api.ts";
import { Enrol, type EnrolProps } from "./enrol.tsx";
import { Thumbnails } from "./thumbnails.tsx";
import { NameProblem } from "./name-problem.tsx";
import { counted, rateText } from "../number-text.ts";
import { useFocusFallback } from "../focus-fallback.ts";

interface PeopleViewProps extends EnrolProps {
  /** Whether the page requests no pictures. */
  readonly privacy: boolean;
  readonly setPrivacy: (privacy: boolean) => void;
}

/** The view People: the enrolled people, and the enrolment of another one. */
export function PeopleView(props: PeopleViewProps) {
  const { privacy, setPrivacy, ...given } = props;
  const { state } = given;
  const [summary, setSummary] = useState<PeopleSummary | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    void callApi<PeopleSummary>("GET", "people").then(setSummary, (error: Error) =>
      setProblem(error.message),
    );
  }, [state.hello, state.connected]);
  const [announcement, setAnnouncement] = useState("");
  const change: Change = (announcement, [method, path, body]) =>
    callApi<PeopleSummary>(method, path, body).then(
      (next) => {
        setSummary(next);
        setProblem("");
        setAnnouncement(announcement);
        return true;
      },
      (error: Error) => {
        setProblem(error.message);
        setAnnouncement("");
        return false;
      },
    );
  const people = summary?.people ?? [];
  const title = useFocusFallback<HTMLHeadingElement>(
    summary?.people.map(({ name }) => name).join(),
  );
  return (
    <div class="people">
      <section aria-labelledby="people-title">
        <h1 id="people-title" ref={title} tabIndex={-1}>
          People
        </h1>
        <p class="visually-hidden" aria-live="polite">
          {announcement}
        </p>
        {people.length === 0 ? (
          <p class="quiet">
            Recognition is off because nobody is enrolled. Every face is shown as unknown.
          </p>
        ) : (
          <p class="quiet">
            Estimated share of strangers who are recognised as an enrolled person:{" "}
            {rate(summary?.falseAccept)}. Estimated share of pictures of enrolled people that are
            not recognised: {rate(summary?.falseReject)}. The data is stored in{" "}
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
            <Person
              key={person.name}
              person={person}
              others={people}
              change={change}
              privacy={privacy}
            />
          ))}
        </ul>
      </section>
      {privacy ? (
        <section class="card enrol" aria-labelledby="enrol-title">
          <h2 id="enrol-title">Enrol a person</h2>
          <p class="hint">
            This page is in privacy mode and gets no pictures. Nobody can be enrolled here.
          </p>
          <button type="button" onClick={() => setPrivacy(false)}>
            Switch privacy mode off
          </button>
        </section>
      ) : (
        <Enrol {...given} />
      )}
    </div>
  );
}

/** The text of an error rate, 0–1. */
function rate(share: number | null | undefined): string {
  return share == null ? "unknown" : rateText(share);
}

/** A time in ISO 8601 as a date in the format of the browser's language. */
function dateText(time: string): string {
  return new Date(time).toLocaleDateString();
}

/**
 * Sends a change to the server, and then makes an announcement to screen readers.
 *
 * @returns whether the server made the change; if not, the page shows why.
 */
type Change = (
  announcement: string,
  request: readonly [method: string, path: string, body?: unknown],
) => Promise<boolean>;

interface PersonProps {
  readonly person: PersonSummary;
  readonly others: readonly PersonSummary[];
  readonly change: Change;
  /** Whether pictures are hidden. */
  readonly privacy: boolean;
}

/** An enrolled person with pictures, and with forms to rename, merge and delete them. */
function Person({ person, others, change, privacy }: PersonProps) {
  const { name } = person;
  const [form, setForm] = useState<"rename" | "merge" | "delete" | null>(null);
  const [newName, setNewName] = useState(name);
  const path = `people/${encodeURIComponent(name)}`;
  const rest = others.filter((other) => other.name !== name);
  const [into, setInto] = useState("");
  const closeForm = () => setForm(null);
  /** Sends the change of a form, which stays open with its content if the change is refused. */
  const submit = (...given: Parameters<Change>) =>
    void change(...given).then((changed) => {
      if (changed) closeForm();
    });
  const title = useFocusFallback<HTMLHeadingElement>(form);
  return (
    <li class="card person">
      <div>
        <h2 ref={title} tabIndex={-1}>
          {name}
        </h2>
        <p class="quiet">
          {counted(person.pictures, "picture")}, enrolled on {dateText(person.enrolled)}
          {person.keepUntil !== null && `, will be deleted on ${dateText(person.keepUntil)}`}
        </p>
      </div>
      <div class="actions">
        <button type="button" onClick={() => setForm("rename")}>
          Rename
        </button>
        {rest.length > 0 && (
          <button type="button" onClick={() => setForm("merge")}>
            Merge
          </button>
        )}
        <a class="button" href={`api/${path}/export.zip`} download={`${name}.zip`}>
          Export
        </a>
        <button type="button" class="danger" onClick={() => setForm("delete")}>
          Delete
        </button>
      </div>
      {!privacy && <Thumbnails name={name} count={person.pictures} />}
      {form === "rename" && (
        <Form
          onSubmit={() => submit("Renamed.", ["POST", `${path}/rename`, { to: newName }])}
          onCancel={closeForm}
        >
          <label>
            New name{" "}
            <input
              value={newName}
              maxLength={LONGEST_NAME}
              aria-describedby="rename-problem"
              onInput={({ currentTarget }) => setNewName(currentTarget.value)}
            />
          </label>
          <NameProblem id="rename-problem" name={newName} />
          <button class="main" disabled={personNameProblem(toPersonName(newName)) !== undefined}>
            Rename
          </button>
        </Form>
      )}
      {form === "merge" && (
        <Form
          onSubmit={() => submit("Merged.", ["POST", `${path}/merge`, { into }])}
          onCancel={closeForm}
        >
          <label>
            The same person as{" "}
            <select value={into} onChange={({ currentTarget }) => setInto(currentTarget.value)}>
              <option value="">choose a person</option>
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
      {form === "delete" && (
        <Form onSubmit={() => submit("Deleted.", ["DELETE", path])} onCancel={closeForm}>
          <p tabIndex={-1}>
            This deletes the pictures, the face embeddings and the consent of {name}, and removes
            the name from every recorded result. It cannot be undone.
          </p>
          <button class="danger">Delete {name}</button>
        </Form>
      )}
    </li>
  );
}

/** A form with a button Cancel. When it appears, its first field gets the focus, or else its text. */
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
