import type { CameraState } from "../server/page-camera.ts";
import type { LiveState } from "../server/connection.ts";

/** What stands over the picture when there is none. */
export interface StageMessage {
  readonly title: string;
  readonly text: string;
  /** What a button would do: start the camera. */
  readonly action?: string;
}

const CAMERA: Readonly<Record<CameraState, StageMessage | null>> = {
  off: {
    title: "Share this page's camera",
    text: "Its pictures go to mien on this machine, are looked at, and forgotten.",
    action: "Start camera",
  },
  asking: {
    title: "Waiting for the camera",
    text: "The browser asks whether this page may use it.",
  },
  on: null,
  denied: {
    title: "The camera was not allowed",
    text: "Allow it beside the address of this page, then try again.",
    action: "Try again",
  },
  none: {
    title: "No camera",
    text: "Plug one in, or start mien with a film: --source film.mp4",
    action: "Try again",
  },
  busy: {
    title: "The camera is busy",
    text: "Another program seems to use it. Close that, then try again.",
    action: "Try again",
  },
  insecure: {
    title: "No camera over the network",
    text: "Browsers give their camera only to pages of this machine. Open the page where mien runs.",
  },
};

/** What to tell people; null while pictures come. */
export function stageMessage(given: {
  readonly connected: boolean;
  readonly refused: boolean;
  readonly status: LiveState["status"];
  readonly hello: LiveState["hello"];
  readonly cameraState: CameraState;
  /** Whether there is a picture, be it an old one. */
  readonly hasPicture: boolean;
}): StageMessage | null {
  const { connected, refused, status, hello, cameraState, hasPicture } = given;
  if (refused) {
    return {
      title: "This address is no longer valid",
      text: "mien was started anew. Open the address that it printed.",
    };
  }
  if (!connected && hello === null) return { title: "Connecting", text: "to mien on this machine" };
  if (!connected) {
    return { title: "mien has stopped", text: "The page comes back by itself when mien does." };
  }
  if (status?.state === "lost") {
    const advice = status.advice === undefined ? "" : ` ${status.advice}`;
    const what = /kinect/i.test(hello?.source ?? "") ? "No Kinect" : "No picture";
    return { title: what, text: `${status.message}.${advice} Trying again.` };
  }
  if (
    hello?.browser &&
    cameraState !== "on" &&
    (status?.state === "waiting" || !hasPicture || cameraState !== "off")
  ) {
    return CAMERA[cameraState];
  }
  if (status?.state === "ended") return { title: "The film has ended", text: status.message };
  if (!hasPicture) return { title: "Starting", text: status?.message ?? "" };
  return null;
}
