import { confirmedText, type FaceResult } from "@mien/format";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { LiveResult } from "../../messages.ts";
import type { CameraState, PageCamera } from "../server/page-camera.ts";
import type { LiveState } from "../server/connection.ts";
import { DepthView, useDepthPlace } from "./depth-view.tsx";
import { counted } from "../number-text.ts";
import { shownName } from "./expressions.ts";
import { FaceCards } from "./face-cards.tsx";
import { useFocusFallback } from "../focus-fallback.ts";
import type { ExpressionHistory } from "./expression-history.ts";
import type { Screen } from "../screen.ts";
import { RecordingNote } from "./recording-note.tsx";
import { SourceNote } from "./source-note.tsx";
import { stageMessage } from "./stage-message.ts";
import { drawFrame, Stage } from "./stage.tsx";
import { Timelines } from "./timeline.tsx";
import { Tools, type Tool } from "./live-tools.tsx";
import { SettingsPanel } from "../settings/settings-panel.tsx";
import { callApi } from "../server/api.ts";

export interface LiveViewProps {
  readonly state: LiveState;
  /** The result that the text describes, which may be older than the frame that is drawn. */
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
  readonly camera: PageCamera;
  readonly cameraState: CameraState;
  readonly history: ExpressionHistory;
}

/** Frames per second below which the computer counts as busy, see `useIsSlow`. */
const SLOW_FRAME_RATE = 15;
const SLOW_SECONDS = 3;
/** The lag above which the page says so, in ms. */
const LONG_LAG = 250;
const NO_LABELS: readonly string[] = [];

/** The view Live: the latest frame, its faces, and their expressions over time. */
export function LiveView(props: LiveViewProps) {
  const { state, result, screen, camera, cameraState, history } = props;
  const { paused, setPaused, mirror, setMirror, privacy, setPrivacy, depth, setWantsDepth } = props;
  const { hello, status, stats, connected, refused } = state;
  const labels = hello?.labels ?? NO_LABELS;
  const [problem, setProblem] = useState("");
  const [depthPlace, setDepthPlace] = useDepthPlace();
  const picture = useFocusFallback<HTMLElement>(cameraState);
  const faces = result?.faces ?? [];
  const hasDepth =
    faces.some(({ distanceMm }) => distanceMm !== null) ||
    (result?.depth ?? false) ||
    (hello?.kinect ?? false);
  const recording = status?.recording ?? null;
  const saveSnapshot = () => {
    const shown = screen.latest;
    if (shown === null) return;
    const canvas = document.createElement("canvas");
    drawFrame(canvas, shown, { mirror, privacy, labels });
    const link = document.createElement("a");
    link.download = `mien-${shown.result.frame}.png`;
    link.href = canvas.toDataURL("image/png");
    link.click();
  };
  const toggleRecording = () =>
    void callApi("PUT", "session", { recording: recording === null }).then(
      () => setProblem(""),
      (error: Error) => setProblem(error.message),
    );
  const tools: readonly Tool[] = [
    {
      key: " ",
      name: paused ? "Resume" : "Pause",
      keyName: "space",
      isOn: paused,
      run: () => setPaused(!paused),
    },
    { key: "m", name: "Mirror", keyName: "M", isOn: mirror, run: () => setMirror(!mirror) },
    { key: "p", name: "Privacy", keyName: "P", isOn: privacy, run: () => setPrivacy(!privacy) },
    ...(hasDepth
      ? [
          {
            key: "d",
            name: "Depth",
            keyName: "D",
            isOn: depth,
            run: () => setWantsDepth(!depth),
            disabled: privacy,
          },
        ]
      : []),
    {
      key: "s",
      name: "Snapshot",
      keyName: "S",
      isOn: undefined,
      run: saveSnapshot,
      disabled: result === null,
    },
    {
      key: "r",
      name: recording === null ? "Record" : "Stop recording",
      keyName: "R",
      isOn: recording !== null,
      run: toggleRecording,
      disabled: hello?.viewOnly ?? true,
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
  const skipped = (stats?.dropped ?? 0) + camera.skipped;
  const viewer = stats?.viewer ?? null;
  const isSlow = useIsSlow(stats, skipped);
  // The plots redraw themselves on a timer. Redrawing them with every frame would take more CPU time
  // than anything else on the page.
  const timelines = useMemo(
    () => <Timelines history={history} labels={labels} privacy={privacy} />,
    [history, labels, privacy],
  );
  const depthView = (
    <DepthView screen={screen} mirror={mirror} place={depthPlace} setPlace={setDepthPlace} />
  );
  const latency = result === null ? null : screen.latencyMs;
  return (
    <div class="live">
      <h1 class="visually-hidden">Live</h1>
      <section class="stage-side" aria-label="Picture" ref={picture} tabIndex={-1}>
        <div class="pictures">
          <div class={`stage ${result === null ? "empty" : ""}`}>
            <Stage
              screen={screen}
              view={{ mirror, privacy, labels }}
              alt={`${counted(faces.length, "face")} in the picture`}
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
            {depth && !depthPlace.beside && depthView}
          </div>
          {depth && depthPlace.beside && depthView}
        </div>
        {hello !== null && !hello.browser && !privacy && (
          <SourceNote
            source={hello.source}
            file={result?.source}
            broken={status?.broken ?? NO_LABELS}
          />
        )}
        <RecordingNote status={status} canOpen={!(hello?.viewOnly ?? true)} />
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
        <dl class="stats" aria-label="Performance">
          <div>
            <dt>frames/s</dt>
            <dd>{(stats?.framesPerSecond ?? 0).toFixed(0)}</dd>
          </div>
          <div>
            <dt>latency</dt>
            <dd>{latency === null ? "–" : `${latency} ms`}</dd>
          </div>
          <div>
            <dt>of one CPU core</dt>
            <dd>{(stats?.cpuPercent ?? 0).toFixed(0)} %</dd>
          </div>
          <div>
            <dt>frames skipped</dt>
            <dd>{skipped}</dd>
          </div>
          <div>
            <dt>open pages</dt>
            <dd>{stats?.viewers ?? 0}</dd>
          </div>
        </dl>
        {viewer !== null && (viewer.lagMs ?? 0) > LONG_LAG && (
          <p class="hint">
            This page is slow: it shows {viewer.framesPerSecond.toFixed(0)} frames per second, each
            up to {((viewer.lagMs ?? 0) / 1000).toFixed(1)} s late.
          </p>
        )}
        {isSlow && (
          <p class="hint">
            This computer is busy, so some frames are skipped. The results shown are still correct,
            but the confirmation window takes longer to fill.
          </p>
        )}
        {problem !== "" && (
          <p class="hint bad" role="alert">
            {problem}
          </p>
        )}
        {hello !== null && (
          <SettingsPanel hello={hello} camera={camera} cameraState={cameraState} />
        )}
      </section>
      <FaceCards result={result} hello={hello} privacy={privacy} />
      {timelines}
      <Announcer faces={faces} privacy={privacy} />
    </div>
  );
}

/**
 * Whether the computer is too busy: whether frames were skipped in each of the last `SLOW_SECONDS`
 * seconds, and fewer than `SLOW_FRAME_RATE` were analysed in each.
 *
 * @param skipped number of frames that were skipped so far.
 */
function useIsSlow(stats: LiveState["stats"], skipped: number): boolean {
  const [last, setLast] = useState({ skipped: 0, seconds: 0 });
  useEffect(() => {
    if (stats === null) return;
    const isSlow = skipped > last.skipped && stats.framesPerSecond < SLOW_FRAME_RATE;
    setLast({ skipped, seconds: isSlow ? last.seconds + 1 : 0 });
  }, [stats]);
  return last.seconds >= SLOW_SECONDS;
}

/** Announces the confirmed expressions to screen readers whenever one of them changes. */
function Announcer({ faces, privacy }: { faces: readonly FaceResult[]; privacy: boolean }) {
  const text = faces
    .filter(({ confirmed }) => confirmed !== null)
    .map((face) => `${shownName(face, privacy)}: ${confirmedText(face)}`)
    .join(", ");
  return (
    <p class="visually-hidden" aria-live="polite">
      {text}
    </p>
  );
}
