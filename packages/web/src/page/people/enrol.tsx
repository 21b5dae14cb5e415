import { LONGEST_NAME, personNameProblem, toPersonName } from "@mien/format";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Enrolment } from "../../messages.ts";
import { KEEP_DAYS } from "../../retention-days.ts";
import { callApi } from "../server/api.ts";
import { useFocusFallback } from "../focus-fallback.ts";
import type { LiveState } from "../server/connection.ts";
import type { CameraState, PageCamera } from "../server/page-camera.ts";
import { NameProblem } from "./name-problem.tsx";
import type { Screen } from "../screen.ts";
import { CAMERA_MESSAGES } from "../live/stage-message.ts";
import { Stage } from "../live/stage.tsx";
import { counted } from "../number-text.ts";

/** The retention times that the page offers, in days. */
const DAYS = [30, KEEP_DAYS, 365];
const NO_LABELS: readonly string[] = [];

export interface EnrolProps {
  readonly state: LiveState;
  readonly screen: Screen;
  /** Whether the source delivers pictures. */
  readonly hasPicture: boolean;
  readonly camera: PageCamera;
  readonly cameraState: CameraState;
}

/** Enrols a person in three steps: consent, taking pictures, review. */
export function Enrol({ state, screen, hasPicture, camera, cameraState }: EnrolProps) {
  const [problem, setProblem] = useState("");
  const [announcement, setAnnouncement] = useState("");
  const { enrolment } = state;
  const title = useFocusFallback<HTMLHeadingElement>(enrolment?.state);
  const request: Request = (method: string, path: string, body?: unknown) =>
    callApi<Enrolment>(method, path, body).then(
      () => {
        setProblem("");
        setAnnouncement(path === "enrolment/save" ? "Enrolled." : "");
      },
      (error: Error) => setProblem(error.message),
    );
  return (
    <section class="card enrol" aria-labelledby="enrol-title">
      <h2 id="enrol-title" ref={title} tabIndex={-1}>
        Enrol a person
      </h2>
      <p class="visually-hidden" aria-live="polite">
        {announcement}
      </p>
      {problem !== "" && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
      {enrolment?.state === "capturing" ? (
        <Capture
          enrolment={enrolment}
          screen={screen}
          labels={state.hello?.labels ?? NO_LABELS}
          request={request}
        />
      ) : enrolment?.state === "review" ? (
        <Review enrolment={enrolment} request={request} />
      ) : (
        <Consent hasPicture={hasPicture} request={request}>
          {state.hello?.browser ? (
            <CameraStart camera={camera} cameraState={cameraState} hasPicture={hasPicture} />
          ) : (
            !hasPicture && <p class="hint">The source delivers no picture yet.</p>
          )}
        </Consent>
      )}
    </section>
  );
}

/** Sends a request about the enrolment, and shows why it failed. */
type Request = (method: string, path: string, body?: unknown) => Promise<void>;

/** A button that starts the camera of this page, or why it cannot be started. */
function CameraStart(props: Pick<EnrolProps, "camera" | "cameraState" | "hasPicture">) {
  const { camera, cameraState, hasPicture } = props;
  const message = CAMERA_MESSAGES[cameraState];
  if (message === null) {
    return hasPicture ? (
      <p class="quiet" role="status">
        The camera is on.
      </p>
    ) : (
      <p class="hint">The camera starts.</p>
    );
  }
  // Another page may share its camera.
  if (hasPicture && cameraState === "off") return null;
  return (
    <div class="hint camera-start">
      <p>
        {cameraState === "off" ? "Pictures are taken with the camera of this page." : message.text}
      </p>
      {message.action !== undefined && (
        <button type="button" onClick={() => void camera.start()}>
          {message.action}
        </button>
      )}
    </div>
  );
}

/**
 * The first step: name, number of pictures, retention time, and consent.
 *
 * @param props.children about the camera.
 */
function Consent(props: {
  readonly hasPicture: boolean;
  readonly request: Request;
  readonly children: ComponentChildren;
}) {
  const { hasPicture, request, children } = props;
  const [name, setName] = useState("");
  const [count, setCount] = useState(30);
  const [keepDays, setKeepDays] = useState<number>(KEEP_DAYS);
  const [consent, setConsent] = useState(false);
  const [text, setText] = useState("");
  const personName = toPersonName(name);
  const problem = personNameProblem(personName);
  useEffect(() => {
    setConsent(false);
    setText("");
    if (problem !== undefined) return undefined;
    let isStale = false;
    const query = new URLSearchParams({ name: personName, keepDays: String(keepDays) });
    void callApi<{ text: string }>("GET", `consent?${query.toString()}`).then(
      (answer) => {
        if (!isStale) setText(answer.text);
      },
      () => undefined,
    );
    return () => void (isStale = true);
  }, [personName, keepDays]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void request("POST", "enrolment", { name: personName, count, keepDays, consent });
      }}
    >
      {children}
      <div class="fields">
        <label>
          Name
          <input
            value={name}
            maxLength={LONGEST_NAME}
            aria-describedby="name-problem"
            autocomplete="off"
            required
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <label>
          Pictures
          <input
            type="number"
            min={1}
            max={500}
            value={count}
            onInput={({ currentTarget }) => setCount(Number(currentTarget.value))}
          />
        </label>
        <label>
          Keep for
          <select
            value={keepDays}
            onChange={({ currentTarget }) => setKeepDays(Number(currentTarget.value))}
          >
            {DAYS.map((days) => (
              <option key={days} value={days}>
                {days} days
              </option>
            ))}
          </select>
        </label>
      </div>
      <NameProblem id="name-problem" name={name} />
      {personName === "" && (
        <p class="quiet">Enter the name. Then the text that you agree to is shown here.</p>
      )}
      {text !== "" && (
        <>
          <blockquote class="consent">{text}</blockquote>
          <label class="check">
            <input
              type="checkbox"
              checked={consent}
              onChange={({ currentTarget }) => setConsent(currentTarget.checked)}
            />
            <span>I am {personName}. I have read this and I agree.</span>
          </label>
        </>
      )}
      <button class="main" disabled={!consent || !hasPicture}>
        Take pictures
      </button>
    </form>
  );
}

interface CaptureProps {
  readonly enrolment: Enrolment;
  readonly screen: Screen;
  readonly labels: readonly string[];
  readonly request: Request;
}

/** A sign for each direction, on the mirrored picture: the left of the person is on the left. */
const SIGNS: Readonly<Record<NonNullable<Enrolment["pose"]>["direction"], string>> = {
  ahead: "◉",
  left: "←",
  right: "→",
  up: "↑",
  down: "↓",
  closer: "⊕",
  back: "⊖",
  move: "☺",
};

/** The second step: pictures are taken, one pose after the other. */
function Capture({ enrolment, screen, labels, request }: CaptureProps) {
  const { name, wanted, pictures, guidance, leftOut, pose } = enrolment;
  return (
    <div class="capture">
      <div class="pose-stage">
        <Stage
          screen={screen}
          view={{ mirror: true, privacy: false, labels }}
          alt={`The camera, to take pictures of ${name}`}
        />
        {pose !== null && (
          <p class={`pose ${pose.secondsLeft === 0 ? "taking" : ""}`} aria-hidden="true">
            <b>{SIGNS[pose.direction]}</b>
            <span>{pose.secondsLeft > 0 ? pose.secondsLeft : "●"}</span>
          </p>
        )}
      </div>
      <p class="guidance" aria-live="polite">
        {guidance}
      </p>
      {pose !== null && (
        <p class="quiet">
          Pose {pose.index + 1} of {pose.count}.{" "}
          {pose.secondsLeft > 0
            ? `Pictures are taken in ${pose.secondsLeft} s.`
            : "Pictures are being taken."}{" "}
          {pose.isChecked
            ? "This is checked by the size of your face."
            : "This is not checked, so please do it as well as you can."}
        </p>
      )}
      <progress value={pictures.length} max={wanted} aria-label="Pictures taken" />
      <p class="quiet">
        {pictures.length} of {counted(wanted, "picture")} of {name}
        {Object.entries(leftOut).map(([reason, count]) => ` · ${count} rejected (${reason})`)}
      </p>
      <div class="actions">
        <button
          type="button"
          class="main"
          disabled={pictures.length === 0}
          onClick={() => void request("POST", "enrolment/finish")}
        >
          Finish
        </button>
        {pose !== null && (
          <button
            type="button"
            aria-disabled={pose.index + 1 >= pose.count}
            onClick={() => {
              if (pose.index + 1 < pose.count) void request("POST", "enrolment/next");
            }}
          >
            Next pose
          </button>
        )}
        <button type="button" onClick={() => void request("POST", "enrolment/discard")}>
          Cancel
        </button>
      </div>
    </div>
  );
}

/** The third step: the person deletes the pictures that they do not like, and confirms the rest. */
function Review({ enrolment, request }: { enrolment: Enrolment; request: Request }) {
  const { name, pictures, guidance, doubts } = enrolment;
  // Indices of the deleted pictures, in the order in which they were deleted.
  const [deleted, setDeleted] = useState<readonly number[]>([]);
  const keepPicture = (index: number, kept: boolean) =>
    request("PUT", `enrolment/pictures/${index}`, { kept });
  const left = pictures.filter(Boolean).length;
  const [saving, setSaving] = useState(false);
  const lastDeleted = deleted.filter((i) => !pictures[i]).at(-1);
  return (
    <div class="review">
      <p>{guidance}</p>
      {doubts.length > 0 && (
        <p class="hint" role="alert">
          {doubts.join(" ")}
        </p>
      )}
      <ul class="grid">
        {pictures.map((kept, i) => (
          <li key={i} class={kept ? "" : "deleted"}>
            <img
              src={`api/enrolment/pictures/${i}`}
              alt={`Picture ${i + 1} of ${name}`}
              loading="lazy"
              width={96}
              height={96}
            />
            <button
              type="button"
              aria-label={kept ? `Delete picture ${i + 1}` : `Restore picture ${i + 1}`}
              onClick={() => {
                if (kept) setDeleted([...deleted.filter((before) => before !== i), i]);
                void keepPicture(i, !kept);
              }}
            >
              {kept ? "×" : "↺"}
            </button>
          </li>
        ))}
      </ul>
      {/* aria-disabled instead of disabled, because a disabled button would lose the focus. */}
      <div class="actions">
        <button
          type="button"
          class="main"
          disabled={left === 0}
          aria-disabled={saving}
          onClick={() => {
            if (saving) return;
            setSaving(true);
            void request("POST", "enrolment/save").finally(() => setSaving(false));
          }}
        >
          Enrol {name} with {counted(left, "picture")}
        </button>
        <button
          type="button"
          aria-disabled={lastDeleted === undefined}
          onClick={() => {
            if (lastDeleted === undefined) return;
            void keepPicture(lastDeleted, true);
            setDeleted(deleted.filter((i) => i !== lastDeleted));
          }}
        >
          Undo
        </button>
        <button type="button" onClick={() => void request("POST", "enrolment/discard")}>
          Discard all
        </button>
      </div>
    </div>
  );
}
