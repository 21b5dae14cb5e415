import type { CameraState } from "../server/page-camera.ts";
import type { LiveState } from "../server/connection.ts";

/** The message that the page shows in place of the picture. */
export interface StageMessage {
  readonly title: string;
  readonly text: string;
  /** Text of the button that starts the camera; without it, there is no button. */
  readonly action?: string;
}

/** The messages about the camera of this page. */
export const CAMERA_MESSAGES: Readonly<Record<CameraState, StageMessage | null>> = {
  off: {
    title: "Share your camera",
    text: "Its pictures are analysed on this computer and are not stored.",
    action: "Start camera",
  },
  asking: {
    title: "Waiting for permission",
    text: "Allow this page to use the camera when the browser asks.",
  },
  on: null,
  denied: {
    title: "The camera was not allowed",
    text: "Allow it in the browser, next to the address of this page, then try again.",
    action: "Try again",
  },
  none: {
    title: "No camera found",
    text: "Connect a camera, or start mien with a video file: --source video.mp4",
    action: "Try again",
  },
  taken: {
    title: "Another page shares its camera",
    text: "mien reads the camera of one page at a time. Stop the camera of the other page, then try again.",
    action: "Try again",
  },
  busy: {
    title: "The camera is busy",
    text: "Another program may be using it. Close that program, then try again.",
    action: "Try again",
  },
  insecure: {
    title: "No camera over the network",
    text: "Browsers allow the camera only on the computer that runs mien. Open the page there.",
  },
};

/** The message for the current state; null if pictures are shown instead. */
export function stageMessage(given: {
  readonly connected: boolean;
  readonly refused: boolean;
  readonly status: LiveState["status"];
  readonly hello: LiveState["hello"];
  readonly cameraState: CameraState;
  /** Whether a picture is shown, even an old one. */
  readonly hasPicture: boolean;
}): StageMessage | null {
  const { connected, refused, status, hello, cameraState, hasPicture } = given;
  if (refused) {
    return {
      title: "This address is no longer valid",
      text: "mien was restarted. Open the new address that it printed in the terminal.",
    };
  }
  if (!connected && hello === null)
    return { title: "Connecting", text: "Connecting to mien on this computer." };
  if (!connected) {
    return {
      title: "mien has stopped",
      text: "The page reconnects by itself when mien runs again.",
    };
  }
  if (status?.state === "lost") {
    const advice = status.advice === undefined ? "" : ` ${status.advice}`;
    const what = hello?.kinect ? "No Kinect" : "No picture";
    return { title: what, text: `${status.message}.${advice} Trying again.` };
  }
  if (
    hello?.browser &&
    cameraState !== "on" &&
    (status?.state === "waiting" || !hasPicture || cameraState !== "off")
  ) {
    return CAMERA_MESSAGES[cameraState];
  }
  if (status?.state === "ended") return { title: "The video has ended", text: hello?.source ?? "" };
  if (!hasPicture) return { title: "Starting", text: status?.message ?? "" };
  return null;
}
