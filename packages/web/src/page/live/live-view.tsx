import { confirmedText, type FaceResult } from "@mien/format";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { LiveResult } from "../../messages.ts";
import type { Camera, CameraState } from "../server/page-camera.ts";
import type { LiveState } from "../server/connection.ts";
import { DepthView } from "./depth-view.tsx";
import { shownName } from "./expressions.ts";
import { FaceCard } from "./face-card.tsx";
import { useLostFocus } from "../focus.ts";
import type { ExpressionHistory } from "./expression-history.ts";
import type { Screen } from "../screen.ts";
import { stageMessage } from "./stage-message.ts";
import { draw, Stage } from "./stage.tsx";
import { Timelines } from "./timeline.tsx";
import { Tools, type Tool } from "./live-tools.tsx";
import { callApi } from "../server/api.ts";

export interface LiveViewProps {
  readonly state: LiveState;
  /** The result that the text describes; some frames are drawn without an update of the text. */
  readonly result: LiveResult | null;
  readonly screen: Screen;
  readonly paused: boolean;
  readonly setPaused: (paused: boolean) => void;
  readonly mirror: boolean;
  readonly setMirror: (mirror: boolean) => void;
  /** Whether pictures and names are hidden. */
  readonly privacy: boolean;
  readonly setPrivacy: (privacy: boolean) => void;
  /** Whether the depth picture is shown. */
  readonly depth: boolean;
  readonly setWantsDepth: (wanted: boolean) => void;
  readonly camera: Camera;
  readonly cameraState: CameraState;
  readonly history: ExpressionHistory;
}

/** Faces that get a card; the rest are only counted. */
const MOST_CARDS = 8;
/** The hint appears after `SLOW_SECONDS` seconds below this many frames per second. */
const SLOW = 15;
const SLOW_SECONDS = 3;
const NO_LABELS: readonly string[] = [];

export function LiveView(props: LiveViewProps) {
  const { state, result, screen, camera, cameraState, history } = props;
  const { paused, setPaused, mirror, setMirror, privacy, setPrivacy, depth, setWantsDepth } = props;
  const { hello, status, stats, connected, refused } = state;
  const labels = hello?.labels ?? NO_LABELS;
  const [problem, setProblem] = useState("");
  const side = useLostFocus<HTMLElement>(cameraState);
  const faces = result?.faces ?? [];
  const hasDepth =
    faces.some(({ distanceMm }) => distanceMm !== null) ||
    (result?.depth ?? false) ||
    (hello?.kinect ?? false);
  const recording = status?.recording ?? null;
  const snapshot = () => {
    const shown = screen.latest;
    if (shown === null) return;
    const canvas = document.createElement("canvas");
    draw(canvas, shown, { mirror, privacy, labels });
    const link = document.createElement("a");
    link.download = `mien-${shown.result.frame}.png`;
    link.href = canvas.toDataURL("image/png");
    link.click();
  };
  const record = () =>
    void callApi("PUT", "session", { recording: recording === null }).then(
      () => setProblem(""),
      (error: Error) => setProblem(error.message),
    );
  const tools: readonly Tool[] = [
    {
      key: " ",
      name: paused ? "Go on" : "Pause",
      hint: "space",
      on: paused,
      act: () => setPaused(!paused),
    },
    { key: "m", name: "Mirror", hint: "M", on: mirror, act: () => setMirror(!mirror) },
    { key: "p", name: "Privacy", hint: "P", on: privacy, act: () => setPrivacy(!privacy) },
    ...(hasDepth
      ? [
          {
            key: "d",
            name: "Depth",
            hint: "D",
            on: depth,
            act: () => setWantsDepth(!depth),
            disabled: privacy,
          },
        ]
      : []),
    {
      key: "s",
      name: "Snapshot",
      hint: "S",
      on: undefined,
      act: snapshot,
      disabled: result === null,
    },
    {
      key: "r",
      name: recording === null ? "Record" : "Stop recording",
      hint: "R",
      on: recording !== null,
      act: record,
    },
  ];
  const message = stageMessage({
    connected,
    refused,
    status,
    hello,
    cameraState,
    hasPicture: result !== null,
  });
  const leftOut = (stats?.dropped ?? 0) + camera.skipped;
  const isSlow = useIsSlow(stats, leftOut);
  // It redraws itself on a timer, because redrawing with every frame would cost the most CPU time.
  const timelines = useMemo(
    () => <Timelines history={history} labels={labels} privacy={privacy} />,
    [history, labels, privacy],
  );
  const latency = result === null ? null : screen.latencyMs;
  return (
    <div class="live">
      <h1 class="unseen">Live</h1>
      <section class="stage-side" aria-label="Picture" ref={side} tabIndex={-1}>
        <div class={`stage ${result === null ? "empty" : ""}`}>
          <Stage
            screen={screen}
            view={{ mirror, privacy, labels }}
            alt={`${faces.length === 1 ? "1 face" : `${faces.length} faces`} in the picture`}
          />
          {message !== null && (
            <div class="message">
              <h2>{message.title}</h2>
              <p>{message.text}</p>
              {message.action !== undefined && (
                <button type="button" class="main" onClick={() => void camera.start()}>
                  {message.action}
                </button>
              )}
            </div>
          )}
          {depth && <DepthView screen={screen} mirror={mirror} />}
        </div>
        <Tools tools={tools}>
          {hello?.browser && cameraState === "on" && (
            <button type="button" onClick={() => camera.stop()}>
              Stop camera
            </button>
          )}
          {hello?.browser && cameraState === "off" && message === null && (
            <button type="button" onClick={() => void camera.start()}>
              Start camera
            </button>
          )}
        </Tools>
        <dl class="stats" aria-label="How it runs">
          <div>
            <dt>frames/s</dt>
            <dd>{(stats?.framesPerSecond ?? 0).toFixed(0)}</dd>
          </div>
          <div>
            <dt>latency</dt>
            <dd>{latency === null ? "–" : `${latency} ms`}</dd>
          </div>
          <div>
            <dt>CPU, one core = 100 %</dt>
            <dd>{(stats?.cpuPercent ?? 0).toFixed(0)} %</dd>
          </div>
          <div>
            <dt>frames skipped</dt>
            <dd>{leftOut}</dd>
          </div>
          <div>
            <dt>open pages</dt>
            <dd>{stats?.viewers ?? 0}</dd>
          </div>
        </dl>
        {isSlow && (
          <p class="hint">
            This computer is busy, so some frames are skipped. The results shown are still correct,
            but the confirmation window takes longer to fill.
          </p>
        )}
        {recording !== null && (
          <p class="hint">Results are written to {recording}. Pictures are not stored.</p>
        )}
        {problem !== "" && (
          <p class="hint bad" role="alert">
            {problem}
          </p>
        )}
      </section>
      <section class="faces" aria-label="Faces">
        {result === null && (
          <div class="card empty-card">
            <h2>Faces appear here</h2>
            <p class="quiet">
              Each card shows the name of an enrolled person, the expression, and the probabilities
              of the model. An expression is confirmed once it fills most of the confirmation window
              {hello !== null && `, the last ${hello.window.size} frames`}.
            </p>
          </div>
        )}
        {result !== null && faces.length === 0 && (
          <div class="card empty-card">
            <h2>No face</h2>
            <p class="quiet">
              A face is found if it is at least about 40 pixels wide and roughly turned to the
              camera.
            </p>
          </div>
        )}
        {hello !== null &&
          faces
            .slice(0, MOST_CARDS)
            .map((face) => (
              <FaceCard
                key={face.track}
                face={face}
                labels={labels}
                counts={(face.track !== null && result?.windows[face.track]) || labels.map(() => 0)}
                windowSize={hello.window.size}
                quorum={hello.window.quorum}
                privacy={privacy}
              />
            ))}
        {faces.length > MOST_CARDS && <p class="quiet">and {faces.length - MOST_CARDS} more</p>}
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
      {timelines}
      <Announcer faces={faces} privacy={privacy} />
    </div>
  );
}

/** Whether frames were left out in each of the last seconds, and few remained. */
function useIsSlow(stats: LiveState["stats"], leftOut: number): boolean {
  const [seen, setSeen] = useState({ leftOut: 0, seconds: 0 });
  useEffect(() => {
    if (stats === null) return;
    const isSlow = leftOut > seen.leftOut && stats.framesPerSecond < SLOW;
    setSeen({ leftOut, seconds: isSlow ? seen.seconds + 1 : 0 });
  }, [stats]);
  return seen.seconds >= SLOW_SECONDS;
}

/** Tells people who do not see the page when what is confirmed changes. */
function Announcer({ faces, privacy }: { faces: readonly FaceResult[]; privacy: boolean }) {
  const now = faces
    .filter(({ confirmed }) => confirmed !== null)
    .map((face) => `${shownName(face, privacy)}: ${confirmedText(face)}`)
    .join(", ");
  return (
    <p class="unseen" aria-live="polite">
      {now}
    </p>
  );
}
