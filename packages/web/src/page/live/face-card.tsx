import { confirmedText, type FaceResult } from "@mien/format";
import { useState } from "preact/hooks";
import { percent } from "../number-text.ts";
import { colourOf } from "../../label-colours.ts";
import { faceColour, shownName } from "./expressions.ts";

/** What a card of a face shows. */
export interface FaceCardProps {
  readonly face: FaceResult;
  readonly labels: readonly string[];
  /** For each label, the number of frames of the confirmation window that it won. */
  readonly counts: readonly number[];
  /** Length of the confirmation window, in frames. */
  readonly windowSize: number;
  /** Share of the window, 0–1, that an expression must exceed to be confirmed. */
  readonly quorum: number;
  /** Whether pictures and names are hidden. */
  readonly privacy: boolean;
  /** Whether the card shows only the most important values, because there are many faces. */
  readonly compact: boolean;
  /** Switches between all values and the most important ones; undefined without that choice. */
  readonly onToggle: (() => void) | undefined;
}

/** The card of a face: name, confirmed expression, confirmation window and probabilities. */
export function FaceCard(props: FaceCardProps) {
  const { face, labels, quorum, privacy, compact, onToggle } = props;
  const name = shownName(face, privacy);
  return (
    <article class={`card face ${compact ? "compact" : ""}`} aria-label={name}>
      <header>
        <div>
          <h2>{name}</h2>
          <p class="facts">
            {face.distanceMm !== null && <span>{(face.distanceMm / 1000).toFixed(2)} m</span>}
            {!compact && face.distanceMm !== null && <span>depth: {face.relief}</span>}
            {!compact && <span>detector score {percent(face.score)}</span>}
          </p>
        </div>
        {!compact && face.track !== null && !privacy && <ModelInput track={face.track} />}
        {onToggle !== undefined && (
          <button
            type="button"
            class="toggle"
            aria-expanded={!compact}
            aria-label={`All values of ${name}`}
            title={compact ? "Show all values" : "Show fewer values"}
            onClick={onToggle}
          >
            {compact ? "+" : "−"}
          </button>
        )}
      </header>
      <p
        class={`confirmed ${face.quorumReached === false ? "unsure" : ""}`}
        data-confirmed={face.confirmed ?? ""}
      >
        {face.confirmed === null ? (
          <span class="quiet">not confirmed yet</span>
        ) : (
          <>
            <i class="dot" style={{ background: faceColour(face, labels) }} />
            {confirmedText(face)}
          </>
        )}
      </p>
      {!compact && face.quorumReached === false && (
        <p class="facts below-quorum">
          No expression fills more than {percent(quorum)} of the confirmation window.
        </p>
      )}
      <ConfirmationWindow {...props} />
      {compact ? (
        <p class="facts now">
          <span>{face.expression}</span>
          <b>{percent(face.probabilities[labels.indexOf(face.expression)] ?? 0)}</b>
        </p>
      ) : (
        <ul class="bars">
          {labels.map((label, i) => {
            const share = face.probabilities[i] ?? 0;
            return (
              <li key={label} class={label === face.expression ? "best" : ""}>
                <span>{label}</span>
                <span class="bar">
                  <i
                    style={{ transform: `scaleX(${share.toFixed(3)})`, background: colourOf(i) }}
                  />
                </span>
                <b>{percent(share)}</b>
              </li>
            );
          })}
        </ul>
      )}
    </article>
  );
}

/** The confirmation window: for each label, the share of the last frames that it won. */
function ConfirmationWindow({ counts, windowSize }: FaceCardProps) {
  const filled = counts.reduce((sum, count) => sum + count, 0);
  return (
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
  );
}

/** A button that shows a face as the model gets it, while it has the mouse or the focus. */
function ModelInput({ track }: { track: number }) {
  // Part of the address, so that the browser loads a new image each time; 0 while it is hidden.
  const [shownAt, setShownAt] = useState(0);
  const show = () => setShownAt(Date.now());
  return (
    <button
      class="input"
      type="button"
      onMouseEnter={show}
      onFocus={show}
      onClick={show}
      onMouseLeave={() => setShownAt(0)}
      onBlur={() => setShownAt(0)}
    >
      Model input
      {shownAt > 0 && (
        <img
          src={`api/faces/${track}/input.png?${shownAt}`}
          width={144}
          height={144}
          alt="The face as the model gets it: cropped and scaled"
        />
      )}
    </button>
  );
}
