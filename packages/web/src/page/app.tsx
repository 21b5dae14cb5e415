import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LiveResult } from "../messages.ts";
import { StatisticsRecorder } from "../page-statistics.ts";
import { About } from "./about.tsx";
import { PageCamera, type CameraState } from "./server/page-camera.ts";
import { Connection, type LiveState } from "./server/connection.ts";
import { ExpressionHistory } from "./live/expression-history.ts";
import { LiveView } from "./live/live-view.tsx";
import { PeopleView } from "./people/people-view.tsx";
import { Screen } from "./screen.ts";

const VIEWS = { live: "Live", people: "People", about: "About" } as const;
type View = keyof typeof VIEWS;

/** The view that a fragment of the address selects; Live for an unknown one. */
function viewOf(hash: string): View {
  const name = hash.slice(1);
  return name === "people" || name === "about" ? name : "live";
}

/** The state of the source to show; `recording` while results are recorded. */
function stateText(status: LiveState["status"]): string {
  return status?.recording ? "recording" : (status?.state ?? "…");
}

/** The whole page. */
export function App() {
  const connection = useMemo(() => new Connection(location.href), []);
  const camera = useMemo(() => new PageCamera(connection), []);
  const history = useMemo(() => new ExpressionHistory(), []);
  const statistics = useMemo(() => (globalThis.mienStatistics = new StatisticsRecorder()), []);
  const screen = useMemo(() => new Screen(statistics), []);
  const [state, setState] = useState<LiveState>(connection.state);
  const [cameraState, setCameraState] = useState<CameraState>("off");
  const [result, setResult] = useState<LiveResult | null>(null);
  const [paused, setPaused] = useState(false);
  const [hidden, setHidden] = useState(document.hidden);
  const [view, setView] = useState<View>(viewOf(location.hash));
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    connection.onState = setState;
    camera.onState = (state) => {
      setCameraState(state);
      if (state === "off") screen.clear();
    };
    connection.onResult = (result) => history.add(result);
    connection.onFrame = (frame) => screen.show(frame);
    connection.onDepth = (picture) => screen.showDepth(picture);
    screen.onText = setResult;
    connection.takeOwnPicture = (number) => camera.takeSent(number);
    connection.open();
    const showView = () => setView(viewOf(location.hash));
    const updateHidden = () => setHidden(document.hidden);
    addEventListener("hashchange", showView);
    document.addEventListener("visibilitychange", updateHidden);
    return () => {
      removeEventListener("hashchange", showView);
      document.removeEventListener("visibilitychange", updateHidden);
    };
  }, []);
  const { hello, status, connected } = state;
  const shownState = connected ? stateText(status) : "no connection";
  useLayoutEffect(() => statistics.addState(shownState), [shownState]);
  const [mirror, setMirror] = useState(false);
  const [privacy, setPrivacy] = useState(false);
  const [wantsDepth, setWantsDepth] = useState(false);
  const depth = wantsDepth && !privacy;
  useEffect(() => setMirror(hello?.browser ?? false), [hello?.browser]);
  useEffect(() => screen.pause(paused), [paused]);
  const wantsPictures = !paused && !hidden;
  useEffect(() => connection.request({ type: "pictures", wanted: wantsPictures }), [wantsPictures]);
  const requestsDepth = depth && view === "live" && wantsPictures;
  useEffect(() => connection.request({ type: "watch", depth: requestsDepth }), [requestsDepth]);
  useEffect(() => {
    if (hello === null) return;
    history.keepNames(hello.people);
    screen.keepNames(hello.people);
  }, [hello]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // The fragment of the address selects the view, so it must not change.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="top">
        <span class="brand">
          <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
            <rect width="32" height="32" rx="9" fill="var(--accent)" />
            <path
              d="M8 19c2.2 4.2 5 6 8 6s5.8-1.8 8-6"
              fill="none"
              stroke="var(--on-accent)"
              stroke-width="2.6"
              stroke-linecap="round"
            />
            <circle cx="11" cy="12" r="2" fill="var(--on-accent)" />
            <circle cx="21" cy="12" r="2" fill="var(--on-accent)" />
          </svg>
          <span>mien</span>
        </span>
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([name, title]) => (
            <a key={name} href={`#${name}`} aria-current={view === name ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <p class={`pill ${connected ? (status?.state ?? "") : "lost"}`} role="status">
          {shownState}
        </p>
        <ThemeButton />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {view === "live" && (
          <LiveView
            state={state}
            result={result}
            screen={screen}
            paused={paused}
            setPaused={setPaused}
            mirror={mirror}
            setMirror={setMirror}
            privacy={privacy}
            setPrivacy={setPrivacy}
            depth={depth}
            setWantsDepth={setWantsDepth}
            camera={camera}
            cameraState={cameraState}
            history={history}
          />
        )}
        {view === "people" && (
          <PeopleView state={state} screen={screen} hasPicture={result !== null} />
        )}
        {view === "about" && <About hello={hello} />}
      </main>
      <footer class="notice">
        <p>
          <strong>This system reads facial expressions</strong>
          {(hello?.people.length ?? 0) > 0 && " and recognises people who have agreed to it"}. It
          reads what a face shows, not what a person feels. Nothing leaves this computer.{" "}
          <a href="#about">What this means for you</a>
        </p>
      </footer>
    </>
  );
}

/**
 * Switches between light and dark colours. The browser stores the choice. Until somebody chooses, the
 * page has the colours of the system.
 */
function ThemeButton() {
  const [theme, setTheme] = useState<string | null>(localStorage.getItem("theme"));
  useEffect(() => {
    if (theme === null) delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const isDark =
    theme === null ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
  const next = isDark ? "light" : "dark";
  return (
    <button
      type="button"
      class="plain"
      aria-label={`Use ${next} colours`}
      title={`Use ${next} colours`}
      onClick={() => {
        localStorage.setItem("theme", next);
        setTheme(next);
      }}
    >
      {isDark ? "☀" : "☾"}
    </button>
  );
}
