import { useEffect, useState } from "preact/hooks";
import { colourOf } from "../../label-colours.ts";
import { NOT_CONFIRMED, type SessionDetails, type SessionSummary } from "../../session-summary.ts";
import { roundedShares } from "../../rounded-shares.ts";
import { clockText, timeText } from "../number-text.ts";
import { callApi } from "../server/api.ts";

/** The choice of all people and faces. */
const EVERYBODY = "";

/** Two sessions side by side: facts, and the share of each confirmed expression. */
export function Comparison(props: {
  readonly sessions: readonly [SessionSummary, SessionSummary];
}) {
  const [details, setDetails] = useState<readonly SessionDetails[] | null>(null);
  const [problem, setProblem] = useState("");
  const [name, setName] = useState(EVERYBODY);
  useEffect(() => {
    const load = ({ id }: SessionSummary) => callApi<SessionDetails>("GET", `sessions/${id}`);
    void Promise.all(props.sessions.map(load)).then(setDetails, (error: Error) =>
      setProblem(error.message),
    );
  }, []);
  if (problem !== "") {
    return (
      <p class="hint bad" role="alert">
        {problem}
      </p>
    );
  }
  const [first, second] = details ?? [];
  if (first === undefined || second === undefined) {
    return (
      <p class="quiet" role="status">
        Reading both sessions.
      </p>
    );
  }
  const names = [...new Set([...first.people, ...second.people].map((person) => person.name))];
  const counts = [countsOf(first, name), countsOf(second, name)] as const;
  const found = [...new Set(counts.flatMap((one) => [...one.keys()]))];
  // In the order of the labels; what is no label, such as "not confirmed yet", comes last.
  const place = (label: string) => {
    const at = first.labels.indexOf(label);
    return at === -1 ? (label === NOT_CONFIRMED ? Infinity : first.labels.length) : at;
  };
  const labels = found.sort((a, b) => place(a) - place(b));
  const shares = counts.map((one) => roundedShares(labels.map((label) => one.get(label) ?? 0)));
  const [before = [], after = []] = shares;
  const colour = (label: string) => {
    const at = first.labels.indexOf(label);
    return at === -1 ? "var(--line)" : colourOf(at);
  };
  return (
    <section class="card comparison" aria-labelledby="comparison-title">
      <header class="bar-head">
        <h2 id="comparison-title">Comparison</h2>
        <label>
          Of{" "}
          <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            <option value={EVERYBODY}>everybody</option>
            {names.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </header>
      <div class="scroll" tabIndex={0} role="group" aria-label="Table of both sessions">
        <table>
          <thead>
            <tr>
              <th scope="col">Confirmed</th>
              {[first, second].map((session) => (
                <th key={session.id} scope="col">
                  {timeText(session.started)}
                </th>
              ))}
              <th scope="col">difference</th>
            </tr>
          </thead>
          <tbody>
            {labels.map((label, i) => (
              <tr key={label}>
                <th scope="row">
                  <i class="dot" style={{ background: colour(label) }} /> {label}
                </th>
                <td>{(before[i] ?? 0).toFixed(1)} %</td>
                <td>{(after[i] ?? 0).toFixed(1)} %</td>
                <td>{signed((after[i] ?? 0) - (before[i] ?? 0))}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">duration</th>
              <td>{clockText(first.seconds)}</td>
              <td>{clockText(second.seconds)}</td>
              <td />
            </tr>
            <tr>
              <th scope="row">faces read</th>
              {counts.map((one, i) => (
                <td key={i}>{[...one.values()].reduce((sum, count) => sum + count, 0)}</td>
              ))}
              <td />
            </tr>
          </tfoot>
        </table>
      </div>
      {[before, after].map((values, which) => (
        <div key={which} class="window" aria-hidden="true">
          {values.map((value, i) => (
            <i
              key={labels[i]}
              style={{ width: `${value}%`, background: colour(labels[i] ?? "") }}
            />
          ))}
        </div>
      ))}
      <p class="quiet">
        Shares of the frames in which a face was read. The difference is the second minus the first,
        in percentage points.
      </p>
    </section>
  );
}

/** Number of frames by confirmed expression, of one person or of everybody. */
function countsOf({ people }: SessionDetails, name: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const person of people) {
    if (name !== EVERYBODY && person.name !== name) continue;
    for (const [label, frames] of person.confirmed) {
      counts.set(label, (counts.get(label) ?? 0) + frames);
    }
  }
  return counts;
}

/** A difference with its sign: `+1.5` or `−0.2`. */
function signed(difference: number): string {
  const text = Math.abs(difference).toFixed(1);
  return text === "0.0" ? "0.0" : `${difference < 0 ? "−" : "+"}${text}`;
}
