import { useEffect, useState } from "preact/hooks";
import type { CameraState, PageCamera } from "../server/page-camera.ts";

/** Chooses the camera of this browser, which stores the choice. */
export function PageCameraField({
  camera,
  cameraState,
}: {
  readonly camera: PageCamera;
  readonly cameraState: CameraState;
}) {
  const [cameras, setCameras] = useState<readonly MediaDeviceInfo[]>([]);
  const [chosen, setChosen] = useState(camera.deviceId);
  // Browsers tell the names only after the camera was allowed.
  useEffect(() => {
    const { mediaDevices } = navigator as Partial<Navigator>;
    if (mediaDevices === undefined) return;
    const list = () =>
      void mediaDevices.enumerateDevices().then(
        (devices) => setCameras(devices.filter(isNamedCamera)),
        () => undefined,
      );
    list();
    mediaDevices.addEventListener("devicechange", list);
    return () => mediaDevices.removeEventListener("devicechange", list);
  }, [cameraState]);
  return (
    <div class="field">
      <label for="page-camera">camera of this page</label>
      <select
        id="page-camera"
        aria-describedby="page-camera-note"
        value={cameras.some(({ deviceId }) => deviceId === chosen) ? chosen : ""}
        onChange={(event) => {
          const { value } = event.currentTarget;
          setChosen(value);
          camera.choose(value);
        }}
      >
        <option value="">default: chosen by the browser</option>
        {cameras.map(({ deviceId, label }) => (
          <option key={deviceId} value={deviceId}>
            {label}
          </option>
        ))}
      </select>
      <small id="page-camera-note">
        Stored in this browser only. The names are known once the camera was started.
      </small>
    </div>
  );
}

function isNamedCamera({ kind, deviceId, label }: MediaDeviceInfo): boolean {
  return kind === "videoinput" && deviceId !== "" && label !== "";
}
