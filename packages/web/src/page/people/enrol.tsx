import { useState } from "preact/hooks";
import type { Enrolment } from "../../messages.ts";
import { useFocusFallback } from "../focus-fallback.ts";
import type { Screen } from "../screen.ts";
import { callApi } from "../server/api.ts";
import type { LiveState } from "../server/connection.ts";
import type { CameraState, PageCamera } from "../server/page-camera.ts";
import { CameraStart } from "./camera-start.tsx";
import { CaptureStep } from "./capture-step.tsx";
import { ConsentStep } from "./consent-step.tsx";
import type { EnrolmentRequest } from "./enrolment-request.ts";
import { ReviewStep } from "./review-step.tsx";

const NO_LABELS: readonly string[] = [];

/** What an enrolment needs: the state of the server, its pictures, and the camera of this page. */
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
  const request: EnrolmentRequest = (method: string, path: string, body?: unknown) =>
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
        <CaptureStep
          enrolment={enrolment}
          screen={screen}
          labels={state.hello?.labels ?? NO_LABELS}
          request={request}
        />
      ) : enrolment?.state === "review" ? (
        <ReviewStep enrolment={enrolment} request={request} />
      ) : (
        <ConsentStep hasPicture={hasPicture} request={request}>
          {state.hello?.browser ? (
            <CameraStart camera={camera} cameraState={cameraState} hasPicture={hasPicture} />
          ) : (
            !hasPicture && <p class="hint">The source delivers no picture yet.</p>
          )}
        </ConsentStep>
      )}
    </section>
  );
}
