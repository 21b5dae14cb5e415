import { useState } from "preact/hooks";
import type { Hello, LiveResult } from "../../messages.ts";
import { counted } from "../number-text.ts";
import { FaceCard } from "./face-card.tsx";

/** The largest number of faces with a card; further faces are only counted. */
const MAX_CARDS = 30;
/** From this number of faces on, the cards are small and stand in a grid. */
const MANY = 3;

/** The cards of all faces of a result; many cards are small, so that they fit the screen. */
export function FaceCards(props: {
  readonly result: LiveResult | null;
  readonly hello: Hello | null;
  /** Whether pictures and names are hidden. */
  readonly privacy: boolean;
}) {
  const { result, hello, privacy } = props;
  // The track of the face whose card shows all values although there are many.
  const [chosen, setChosen] = useState<number | null>(null);
  // In the order of the tracks, so that cards do not change places.
  const faces = (result?.faces ?? []).toSorted((a, b) => (a.track ?? 0) - (b.track ?? 0));
  const many = faces.length >= MANY;
  return (
    <section class={`faces ${many ? "many" : ""}`} aria-label="Faces">
      {result === null && (
        <div class="card empty-card">
          <h2>Faces appear here</h2>
          <p class="quiet">
            Each card shows the name of an enrolled person, the expression, and the probabilities of
            the model. An expression is confirmed once it fills most of the confirmation window
            {hello !== null && `, the last ${hello.window.size} frames`}.
          </p>
        </div>
      )}
      {result !== null && faces.length === 0 && (
        <div class="card empty-card">
          <h2>No face found</h2>
          <p class="quiet">Faces are found while they are turned towards the camera.</p>
        </div>
      )}
      {hello !== null &&
        faces.slice(0, MAX_CARDS).map((face, i) => {
          const isChosen = face.track !== null && face.track === chosen;
          return (
            <FaceCard
              key={face.track ?? `still ${i}`}
              face={face}
              labels={hello.labels}
              counts={
                (face.track !== null && result?.windows[face.track]) || hello.labels.map(() => 0)
              }
              windowSize={hello.window.size}
              quorum={hello.window.quorum}
              privacy={privacy}
              compact={many && !isChosen}
              onToggle={many ? () => setChosen(isChosen ? null : face.track) : undefined}
            />
          );
        })}
      {faces.length > MAX_CARDS && (
        <p class="quiet">and {counted(faces.length - MAX_CARDS, "more face")}</p>
      )}
      {(result?.rejected?.length ?? 0) > 0 && (
        <div class="card rejected">
          <h2>Rejected</h2>
          <ul>
            {result?.rejected?.map(({ box, reason }) => (
              <li key={box.join()}>{reason}</li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
