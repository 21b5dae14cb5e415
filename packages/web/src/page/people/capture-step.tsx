import type { Enrolment } from "../../messages.ts";
import { Stage } from "../live/stage.tsx";
import { counted } from "../number-text.ts";
import type { Screen } from "../screen.ts";
import type { EnrolmentRequest } from "./enrolment-request.ts";

interface CaptureStepProps {
  readonly enrolment: Enrolment;
  readonly screen: Screen;
  readonly labels: readonly string[];
  readonly request: EnrolmentRequest;
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

/** The second step of an enrolment: pictures are taken, one pose after the other. */
export function CaptureStep({ enrolment, screen, labels, request }: CaptureStepProps) {
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
