import { CAMERA_MESSAGES } from "../live/stage-message.ts";
import type { CameraState, PageCamera } from "../server/page-camera.ts";

interface CameraStartProps {
  readonly camera: PageCamera;
  readonly cameraState: CameraState;
  /** Whether the source delivers pictures. */
  readonly hasPicture: boolean;
}

/** A button that starts the camera of this page, or why it cannot be started. */
export function CameraStart({ camera, cameraState, hasPicture }: CameraStartProps) {
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
