import { confirmedText, type FaceResult } from "@mien/format";
import { useState } from "preact/hooks";
import { colourOf, colourOfConfirmed, percent, shownName } from "./expressions.ts";

/** What a card shows beside the face itself. */
export interface FaceCardProps {
  readonly face: FaceResult;
  readonly labels: readonly string[];
  /** How often each label won in the window so far. */
  readonly counts: readonly number[];
  readonly windowSize: number;
  /** Share of the window, 0–1, that an expression must exceed to be confirmed. */
  readonly quorum: number;
  /** Whether pictures and names are hidden. */
  readonly privacy: boolean;
}

/** One face: who, what is confirmed, the window filling up, and the probabilities. */
export function FaceCard({ face, labels, counts, windowSize, quorum, privacy }: FaceCardProps) {
  const filled = counts.reduce((sum, count) => sum + count, 0);
  return (
    <article class="card face" aria-label={shownName(face, privacy)}>
      <header>
        <div>
          <h2>{shownName(face, privacy)}</h2>
          <p class="facts">
            {face.track !== null && <span>track {face.track}</span>}
            {face.distanceMm !== null && <span>{(face.distanceMm / 1000).toFixed(2)} m</span>}
            {face.distanceMm !== null && <span>depth: {face.relief}</span>}
            <span>detector score {percent(face.score)}</span>
          </p>
        </div>
        {face.track !== null && !privacy && <ModelInput track={face.track} />}
      </header>
      <p
        class={`confirmed ${face.quorumReached === false ? "unsure" : ""}`}
        data-confirmed={face.confirmed ?? ""}
      >
        {face.confirmed === null ? (
          <span class="quiet">not confirmed yet</span>
        ) : (
          <>
            <i class="dot" style={{ background: colourOfConfirmed(face, labels) }} />
            {confirmedText(face)}
          </>
        )}
      </p>
      {face.quorumReached === false && (
        <p class="facts below-quorum">
          No expression fills more than {percent(quorum)} of the window.
        </p>
      )}
      <div
        class="window"
        role="meter"
        aria-label="Confirmation window"
        aria-valuemin={0}
        aria-valuemax={windowSize}
        aria-valuenow={filled}
        aria-valuetext={`${filled} of ${windowSize} frames`}
        title={`The expressions of the last ${windowSize} frames`}
      >
        {counts.map(
          (count, i) =>
            count > 0 && (
              <i style={{ width: `${(100 * count) / windowSize}%`, background: colourOf(i) }} />
            ),
        )}
      </div>
      <ul class="bars">
        {labels.map((label, i) => {
          const share = face.probabilities[i] ?? 0;
          return (
            <li key={label} class={label === face.expression ? "best" : ""}>
              <span>{label}</span>
              <span class="bar">
                <i style={{ transform: `scaleX(${share.toFixed(3)})`, background: colourOf(i) }} />
              </span>
              <b>{percent(share)}</b>
            </li>
          );
        })}
      </ul>
    </article>
  );
}

/** The 48×48 pixels that the model reads, on hover or focus. */
function ModelInput({ track }: { track: number }) {
  const [time, setTime] = useState(0);
  const show = () => setTime(Date.now());
  return (
    <button
      class="input"
      type="button"
      onMouseEnter={show}
      onFocus={show}
      onClick={show}
      onMouseLeave={() => setTime(0)}
      onBlur={() => setTime(0)}
    >
      what the model sees
      {time > 0 && (
        <img
          src={`/api/faces/${track}/input.png?${time}`}
          width={144}
          height={144}
          alt="The part of the picture that the model reads"
        />
      )}
    </button>
  );
}
