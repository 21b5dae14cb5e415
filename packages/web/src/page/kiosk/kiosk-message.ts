import type { LiveState } from "../server/connection.ts";
import type { CameraState } from "../server/page-camera.ts";

/** What the kiosk shows in place of the picture. */
export interface KioskMessage {
  readonly title: string;
  readonly text: string;
}

/** The message of the kiosk for the people before it; null while it shows faces. */
export function kioskMessage(given: {
  readonly state: Pick<LiveState, "connected" | "refused" | "status" | "hello">;
  readonly cameraState: CameraState;
  /** Whether frames arrive. */
  readonly isLive: boolean;
}): KioskMessage | null {
  const { state, cameraState, isLive } = given;
  const { connected, refused, status, hello } = state;
  if (refused) {
    return {
      title: "Not allowed",
      text: "The token in the address of this page is not valid. Open the address that mien prints.",
    };
  }
  if (!connected) {
    return { title: "One moment", text: "The connection is interrupted. It returns by itself." };
  }
  if (isLive) return null;
  if (status?.state === "lost") {
    return { title: "No camera", text: "The camera is away. It returns by itself." };
  }
  const ownCamera = hello !== null && hello.browser && !hello.viewOnly;
  if (ownCamera && cameraState === "denied") {
    return { title: "The camera was not allowed", text: "Allow the camera for this page." };
  }
  if (ownCamera && cameraState === "insecure") {
    return {
      title: "No camera over the network",
      text: "Browsers allow the camera only on the computer that runs mien, or over https.",
    };
  }
  if (ownCamera && cameraState !== "on") {
    return { title: "No camera", text: "Waiting for the camera of this computer." };
  }
  if (status?.state === "ended") return { title: "The end", text: "The video has ended." };
  return { title: "One moment", text: "Waiting for the first picture." };
}
