import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LiveResult } from "../messages.ts";
import { StatisticsRecorder } from "../page-statistics.ts";
import { About, whereTo } from "./about.tsx";
import { DropZone } from "./files/drop-zone.tsx";
import { FilesView } from "./files/files-view.tsx";
import { SentFiles, type SentFile } from "./files/sent-files.ts";
import { ModelCard } from "./model-card.tsx";
import { SessionsView } from "./sessions/sessions-view.tsx";
import { PageCamera, type CameraState } from "./server/page-camera.ts";
import { Connection, type LiveState } from "./server/connection.ts";
import { ExpressionHistory } from "./live/expression-history.ts";
import { LiveView } from "./live/live-view.tsx";
import { PeopleView } from "./people/people-view.tsx";
import { Screen } from "./screen.ts";

/** Time without a connection after which names are removed from the page, in ms. */
const NAMES_TIMEOUT = 5000;

/** The views that the navigation lists. */
const VIEWS = {
  live: "Live",
  sessions: "Sessions",
  files: "Files",
  people: "People",
  about: "About",
} as const;
/** `card` is opened from the view About. */
type View = keyof typeof VIEWS | "card";

/** The view that a fragment of the address selects; Live for an unknown one. */
function viewOf(hash: string): View {
  const name = hash.slice(1);
  return isView(name) ? name : "live";
}

function isView(name: string): name is View {
  return name === "card" || name in VIEWS;
}

/** The entry of the navigation that a view belongs to. */
function currentOf(view: View): keyof typeof VIEWS {
  return view === "card" ? "about" : view;
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
  const files = useMemo(() => new SentFiles(), []);
  const statistics = useMemo(() => (globalThis.mienStatistics = new StatisticsRecorder()), []);
  const screen = useMemo(() => new Screen(statistics), []);
  const [state, setState] = useState<LiveState>(connection.state);
  const [cameraState, setCameraState] = useState<CameraState>("off");
  const [result, setResult] = useState<LiveResult | null>(null);
  const [paused, setPaused] = useState(false);
  const [hidden, setHidden] = useState(document.hidden);
  const [view, setView] = useState<View>(viewOf(location.hash));
  const [sentFiles, setSentFiles] = useState<readonly SentFile[]>([]);
  const main = useRef<HTMLElement>(null);
  const isPrivate = useRef(true);
  useEffect(() => {
    connection.onState = setState;
    files.onChange = setSentFiles;
    camera.onState = (state) => {
      setCameraState(state);
      if (state === "off") screen.clear();
    };
    connection.onResult = (result) => {
      const isOfPages = connection.state.hello?.browser ?? false;
      // The results of another page's camera do not belong on this page.
      if (isOfPages && camera.state !== "on") return;
      history.add(result);
      // In privacy mode no picture follows, except of this page's own camera.
      if (isPrivate.current && !isOfPages && !document.hidden) {
        screen.show({ result, picture: null, takenAt: result.capturedAt });
      }
    };
    connection.onCameraRefused = () => {
      if (camera.state === "on") camera.stop("taken");
    };
    connection.onFrame = (frame) => {
      if (isPrivate.current) {
        frame.picture?.close();
        screen.show({ ...frame, picture: null });
      } else screen.show(frame);
    };
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
  const isRecording = connected && status?.recording != null;
  useEffect(() => {
    document.title = isRecording ? "● recording – mien live" : "mien live";
  }, [isRecording]);
  useLayoutEffect(() => statistics.addState(shownState), [shownState]);
  const [mirror, setMirror] = useState(false);
  const [chosenPrivacy, setPrivacy] = usePrivacyChoice();
  // Until the server has said how it starts, the page requests no picture.
  const privacy = chosenPrivacy ?? hello?.privacy ?? true;
  isPrivate.current = privacy;
  useEffect(() => {
    if (privacy) screen.dropPictures();
  }, [privacy]);
  const [wantsDepth, setWantsDepth] = useState(false);
  const depth = wantsDepth && !privacy;
  useEffect(() => setMirror(hello?.browser ?? false), [hello?.browser]);
  useEffect(() => screen.pause(paused), [paused]);
  const wantsPictures = !paused && !hidden && !privacy;
  useEffect(() => connection.request({ type: "pictures", wanted: wantsPictures }), [wantsPictures]);
  const requestsDepth = depth && view === "live" && wantsPictures;
  useEffect(() => connection.request({ type: "watch", depth: requestsDepth }), [requestsDepth]);
  const labels = hello?.labels.join();
  useEffect(() => history.clear(), [labels]);
  useEffect(() => {
    if (hello === null) return;
    history.keepNames(hello.people);
    screen.keepNames(hello.people);
  }, [hello]);
  // Names do not stay on a page that cannot learn whether they were deleted.
  useEffect(() => {
    if (connected) return undefined;
    const timer = setTimeout(() => {
      history.keepNames([]);
      screen.keepNames([]);
    }, NAMES_TIMEOUT);
    return () => clearTimeout(timer);
  }, [connected]);
  // A token that allows viewing only shows neither who is enrolled nor what was recorded.
  const viewOnly = hello?.viewOnly ?? false;
  const views = Object.entries(VIEWS).filter(
    ([name]) => !viewOnly || name === "live" || name === "about",
  );
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
          {views.map(([name, title]) => (
            <a
              key={name}
              href={`#${name}`}
              aria-current={currentOf(view) === name ? "page" : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <p
          class={`pill ${isRecording ? "recording" : connected ? (status?.state ?? "") : "lost"}`}
          role="status"
        >
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
          <PeopleView
            state={state}
            screen={screen}
            hasPicture={result !== null}
            camera={camera}
            cameraState={cameraState}
            privacy={privacy}
            setPrivacy={setPrivacy}
          />
        )}
        {view === "sessions" && <SessionsView state={state} />}
        {view === "files" && <FilesView files={files} list={sentFiles} />}
        {view === "about" && <About hello={hello} />}
        {view === "card" && <ModelCard isServed={hello?.card ?? false} />}
      </main>
      {!viewOnly && (
        <DropZone
          onFiles={(dropped) => {
            files.add(dropped);
            location.hash = "files";
          }}
        />
      )}
      <footer class="notice">
        <p>
          <strong>This system reads facial expressions</strong>
          {(hello?.people.length ?? 0) > 0 && " and recognises people who have agreed to it"}. It
          reads what a face shows, not what a person feels. {whereTo(hello)}{" "}
          <a href="#about">What this means for you</a>
        </p>
      </footer>
    </>
  );
}

/**
 * Whether this page is in privacy mode: `?privacy` in its address, else what somebody chose on a page
 * of this browser, which stores a choice to be in privacy mode; null if nobody did.
 */
function usePrivacyChoice(): [boolean | null, (privacy: boolean) => void] {
  const [chosen, setChosen] = useState<boolean | null>(() => {
    const address = new URLSearchParams(location.search).get("privacy");
    const isInAddress = address !== null && address !== "off";
    return isInAddress || localStorage.getItem("privacy") === "on" ? true : null;
  });
  const choose = (privacy: boolean) => {
    localStorage.setItem("privacy", privacy ? "on" : "off");
    setChosen(privacy);
  };
  return [chosen, choose];
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
