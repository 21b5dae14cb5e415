import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LiveResult } from "../../messages.ts";
import { StatisticsRecorder } from "../../page-statistics.ts";
import { faceColour } from "../live/expressions.ts";
import { Connection, type LiveState } from "../server/connection.ts";
import { PageCamera, type CameraState } from "../server/page-camera.ts";
import { kioskMessage } from "./kiosk-message.ts";
import type { KioskOptions } from "./kiosk-options.ts";
import { KioskStage, kioskText, type KioskFrame } from "./kiosk-stage.tsx";

/** Shortest time between two changes of the words, in ms: words that change faster are not calm. */
const TEXT_INTERVAL = 400;
/** A frame is removed from the screen if no other follows for this time, in ms. */
const FRAME_TIMEOUT = 2500;
/** Wait before the page's camera is started again, in ms. */
const CAMERA_RETRY = 2000;
/** The largest number of faces whose expressions are shown in words. */
const MAX_WORDS = 6;
const NO_LABELS: readonly string[] = [];

/** The page for public places: the picture and the confirmed expressions, without controls. */
export function Kiosk({ options }: { options: KioskOptions }) {
  const { transparent } = options;
  const connection = useMemo(() => new Connection(location.href, { kiosk: true }), []);
  const camera = useMemo(() => new PageCamera(connection), []);
  const statistics = useMemo(() => (globalThis.mienStatistics = new StatisticsRecorder()), []);
  const [state, setState] = useState<LiveState>(connection.state);
  const [cameraState, setCameraState] = useState<CameraState>("off");
  const [result, setResult] = useState<LiveResult | null>(null);
  const draw = useRef<(frame: KioskFrame) => void>(() => undefined);
  // Until the server has said how it starts, the page requests no picture.
  const privacy = options.privacy || (state.hello?.privacy ?? true);
  const wantsPictures = useRef(false);
  wantsPictures.current = !privacy && !transparent;
  useEffect(() => {
    let textAt = 0;
    let timeout: ReturnType<typeof setTimeout> | undefined;
    const show = (frame: KioskFrame, takenAt: number) => {
      draw.current(frame);
      statistics.addFrame(frame.result.frame, takenAt);
      clearTimeout(timeout);
      timeout = setTimeout(() => setResult(null), FRAME_TIMEOUT);
      const now = performance.now();
      if (now - textAt < TEXT_INTERVAL) return;
      textAt = now;
      setResult(frame.result);
    };
    connection.onState = setState;
    camera.onState = setCameraState;
    connection.takeOwnPicture = (number) => camera.takeSent(number);
    connection.onFrame = ({ picture, ...frame }) => {
      show({ ...frame, picture: wantsPictures.current ? picture : null }, frame.takenAt);
      picture?.close();
    };
    connection.onDepth = (picture) => picture.close();
    connection.onResult = (result) => {
      if (!wantsPictures.current && !connection.state.hello?.browser) {
        show({ result, picture: null }, result.capturedAt);
      }
    };
    connection.onCameraRefused = () => {
      if (camera.state === "on") camera.stop("taken");
    };
    connection.open();
  }, []);
  useEffect(
    () => connection.request({ type: "pictures", wanted: !privacy && !transparent }),
    [privacy],
  );
  const { hello, status, connected } = state;
  const shownState = connected ? (status?.state ?? "…") : "no connection";
  useLayoutEffect(() => statistics.addState(shownState), [shownState]);
  // The page's camera starts by itself, and again after it was lost or refused.
  const wantsCamera = connected && hello !== null && hello.browser && !hello.viewOnly;
  useEffect(() => {
    if (!wantsCamera || cameraState === "on" || cameraState === "asking") return;
    const timer = setTimeout(() => void camera.start(), cameraState === "off" ? 0 : CAMERA_RETRY);
    return () => clearTimeout(timer);
  }, [wantsCamera, cameraState]);
  useEffect(() => {
    if (hello !== null && !hello.browser && cameraState === "on") camera.stop();
  }, [hello?.browser]);
  useEffect(() => {
    if (!transparent) return;
    document.documentElement.dataset["transparent"] = "";
  }, [transparent]);
  const hasCamera = !wantsCamera || cameraState === "on";
  const isLive = connected && hasCamera && status?.state === "running" && result !== null;
  const message = kioskMessage({ state, cameraState, isLive });
  const faces = isLive ? result.faces : [];
  const labels = hello?.labels ?? NO_LABELS;
  const words = faces.flatMap((face) => {
    const text = kioskText(face, privacy);
    return text === undefined ? [] : [{ ...text, face }];
  });
  return (
    <main class={`kiosk ${isLive ? "live" : "away"} ${privacy ? "private" : ""}`}>
      <h1 class="visually-hidden">Facial expressions, live</h1>
      <KioskStage
        labels={labels}
        mirror={options.mirror ?? hello?.browser ?? false}
        transparent={transparent}
        onReady={(next) => (draw.current = next)}
        alt={`${faces.length === 1 ? "1 face" : `${faces.length} faces`} in the picture`}
      />
      <ul class="words" aria-live="polite">
        {words.slice(0, MAX_WORDS).map(({ name, expression, face }) => (
          <li key={face.track} data-confirmed={face.confirmed ?? ""}>
            <i class="dot" style={{ background: faceColour(face, labels) }} />
            {name !== "" && <span class="name">{name}</span>}
            <span class="expression">{expression}</span>
          </li>
        ))}
      </ul>
      {message !== null && (
        <div class="message" role="status">
          <h2>{message.title}</h2>
          <p>{message.text}</p>
        </div>
      )}
      <footer>
        <p class="notice">
          A computer reads facial expressions here: what faces show, not what people feel.{" "}
          {status?.recording ? "Results are stored, pictures are not." : "Nothing is stored."}
        </p>
        <p class="lag">{isLive ? lagText(state) : ""}</p>
      </footer>
    </main>
  );
}

/** The lag of this page, if it is long enough to be seen. */
function lagText({ stats }: LiveState): string {
  const lag = stats?.viewer?.lagMs ?? 0;
  return lag < 250 ? "" : `${(lag / 1000).toFixed(1)} s behind`;
}
