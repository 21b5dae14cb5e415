import { useEffect, useState } from "preact/hooks";
import type { SessionList, SessionSummary } from "../../session-summary.ts";
import { useFocusFallback } from "../focus-fallback.ts";
import { clockText, counted, timeText } from "../number-text.ts";
import { callApi } from "../server/api.ts";
import type { LiveState } from "../server/connection.ts";
import { Comparison } from "./comparison.tsx";
import { ResultLinks } from "../result-links.tsx";

/** The view Sessions: the recorded sessions, which can be opened, compared and deleted. */
export function SessionsView({ state }: { readonly state: LiveState }) {
  const [list, setList] = useState<SessionList | null>(null);
  const [problem, setProblem] = useState("");
  const [announcement, setAnnouncement] = useState("");
  // The ids of at most two sessions to compare, in the order in which they were chosen.
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const recording = state.status?.recording ?? null;
  const fail = (error: Error) => setProblem(error.message);
  useEffect(() => {
    void callApi<SessionList>("GET", "sessions").then(setList, fail);
  }, [recording, state.connected]);
  const sessions = list?.sessions ?? [];
  const title = useFocusFallback<HTMLHeadingElement>(sessions.map(({ id }) => id).join());
  const remove = (id: string) =>
    void callApi<SessionList>("DELETE", `sessions/${id}`).then((next) => {
      setList(next);
      setChosen((before) => before.filter((one) => one !== id));
      setProblem("");
      setAnnouncement("Deleted.");
    }, fail);
  // The earlier session first. The ids begin with the time.
  const [first, second] = chosen.toSorted().map((id) => sessions.find((one) => one.id === id));
  return (
    <div class="sessions">
      <h1 ref={title} tabIndex={-1}>
        Sessions
      </h1>
      <p class="visually-hidden" aria-live="polite">
        {announcement}
      </p>
      {problem !== "" && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
      <p class="quiet">
        {list !== null && sessions.length === 0
          ? "Nothing has been recorded yet. The button “Record” of the view Live starts a session."
          : "Results that were recorded, without pictures. Choose two sessions to compare them."}{" "}
        {list !== null && (
          <>
            Sessions are stored in <code>{list.folder}</code>.
          </>
        )}
      </p>
      {first !== undefined && second !== undefined && (
        <Comparison key={chosen.join()} sessions={[first, second]} />
      )}
      <ul class="list">
        {sessions.map((session) => (
          <Session
            key={session.id}
            session={session}
            isChosen={chosen.includes(session.id)}
            // A third session replaces the second.
            choose={(isChosen) =>
              setChosen((before) => {
                const others = before.filter((one) => one !== session.id);
                return isChosen ? [...others.slice(0, 1), session.id] : others;
              })
            }
            remove={() => remove(session.id)}
          />
        ))}
      </ul>
    </div>
  );
}

/** A session, with links to its files, and a form to delete it. */
function Session(props: {
  readonly session: SessionSummary;
  readonly isChosen: boolean;
  readonly choose: (isChosen: boolean) => void;
  readonly remove: () => void;
}) {
  const { session, isChosen, choose, remove } = props;
  const { id, seconds, frames, faces, source, isRunning, isComplete } = session;
  const [asks, setAsks] = useState(false);
  const title = useFocusFallback<HTMLHeadingElement>(asks);
  const address = `api/sessions/${id}`;
  const name = timeText(session.started);
  return (
    <li class="card session">
      <div>
        <h2 ref={title} tabIndex={-1}>
          {name}
        </h2>
        <p class="quiet">
          {isRunning ? (
            <>
              <i class="red" aria-hidden="true" /> being recorded, {source}
            </>
          ) : (
            `${clockText(seconds)}, ${counted(frames, "frame")}, ${counted(faces, "face")}, ${source}`
          )}
          {!isRunning && !isComplete && "; the recording was interrupted"}
        </p>
      </div>
      {!isRunning && (
        <div class="actions">
          <label class="check">
            <input
              type="checkbox"
              checked={isChosen}
              aria-label={`Compare the session of ${name}`}
              onChange={({ currentTarget }) => choose(currentTarget.checked)}
            />
            Compare
          </label>
          <ResultLinks address={address} />
          <button type="button" class="danger" onClick={() => setAsks(true)}>
            Delete
          </button>
        </div>
      )}
      {asks && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setAsks(false);
            remove();
          }}
        >
          <p>This deletes all files of the session. It cannot be undone.</p>
          <button class="danger">Delete the session</button>
          <button type="button" onClick={() => setAsks(false)}>
            Cancel
          </button>
        </form>
      )}
    </li>
  );
}
