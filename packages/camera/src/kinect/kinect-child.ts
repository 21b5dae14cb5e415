// The program that calls libfreenect in a process of its own, so that the main process goes on if the
// library crashes or hangs.
import { Socket } from "node:net";
import {
  PAIR_BYTES,
  PICTURES,
  type KinectMessage,
  type KinectStep,
  type KinectTask,
} from "./kinect-messages.ts";
import {
  CAMERA,
  DEPTH_11BIT,
  loadLibfreenect,
  RESOLUTION,
  VIDEO_RGB,
  type Handle,
  type Libfreenect,
} from "./libfreenect.ts";
import { DEPTH_BYTES } from "./picture-size.ts";

// Ctrl-C reaches every process of the group, but the parent decides when this one ends. If the
// parent has ended, this process ends at once, even if a native call hangs.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

/** A failure of the library: the step, and the native error as its message. */
class Failure extends Error {
  readonly step: KinectStep;

  constructor(step: KinectStep, detail: string) {
    super(detail);
    this.step = step;
  }
}

const task = JSON.parse(process.argv[2] ?? "{}") as KinectTask;
try {
  await run(task);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  await tell({ type: "failed", step: error.step, detail: error.message });
}
process.exit();

async function run({ candidates, task }: KinectTask): Promise<void> {
  const library = load(candidates);
  if (task === "probe") await tell({ type: "loaded", library: library.file });
  const context: [Handle] = [null];
  check("usb", library.init(context, null));
  // This must be the first call: other calls hang if there is no device.
  const devices = library.numDevices(context[0]);
  if (task === "probe") {
    await tell({ type: "probed", devices });
    if (devices === 0) return;
  }
  if (devices < 1) throw new Failure("device", String(devices));
  library.selectSubdevices(context[0], CAMERA);
  const device: [Handle] = [null];
  check("open", library.openDevice(context[0], device, 0));
  if (task === "stream") await stream(library, context[0], device[0]);
  library.closeDevice(device[0]);
  library.shutdown(context[0]);
}

async function stream(library: Libfreenect, context: Handle, device: Handle): Promise<void> {
  let isStopped = false;
  process.once("message", () => (isStopped = true));
  const pipe = new Socket({ fd: PICTURES, readable: false, writable: true });
  pipe.on("error", () => process.kill(process.pid, "SIGKILL"));
  // The library writes into one buffer while the other buffer is being sent. They are swapped only
  // in callbacks, during which the library waits.
  let [filling, sending] = [Buffer.alloc(PAIR_BYTES), Buffer.alloc(PAIR_BYTES)];
  const fill = () => {
    library.setDepthBuffer(device, filling.subarray(0, DEPTH_BYTES));
    library.setVideoBuffer(device, filling.subarray(DEPTH_BYTES));
  };
  let [hasDepth, hasColour] = [false, false];
  const sendPair = () => {
    // Until the parent has read the last pair, the next pair overwrites this one.
    if (!hasDepth || !hasColour || pipe.writableLength > 0) return;
    pipe.write(filling);
    [filling, sending] = [sending, filling];
    hasDepth = hasColour = false;
    fill();
  };
  const onDepth = library.onPicture(() => {
    hasDepth = true;
    sendPair();
  });
  const onColour = library.onPicture(() => {
    hasColour = true;
    sendPair();
  });
  library.setDepthCallback(device, onDepth);
  library.setVideoCallback(device, onColour);
  const cameraParameters = library.readCameraParameters(device) ?? null;
  check(
    "start",
    library.setDepthMode(device, library.findDepthMode(RESOLUTION, DEPTH_11BIT)),
    library.setVideoMode(device, library.findVideoMode(RESOLUTION, VIDEO_RGB)),
  );
  fill();
  check("start", library.startDepth(device), library.startVideo(device));
  await tell({ type: "streaming", cameraParameters });
  const isFake = cameraParameters === null;
  while (!isStopped) {
    const result = await library.processEvents(context);
    if (result >= 0) continue;
    if (!isFake) throw new Failure("events", String(result));
    await new Promise<void>((resolve) => pipe.end(resolve));
    await tell({ type: "ended" });
    break;
  }
  library.stopDepth(device);
  library.stopVideo(device);
}

function load(candidates: readonly string[]): Libfreenect {
  try {
    return loadLibfreenect(candidates);
  } catch (error) {
    throw new Failure("library", error instanceof Error ? error.message : String(error));
  }
}

function check(step: KinectStep, ...results: readonly number[]): void {
  const failed = results.find((result) => result < 0);
  if (failed !== undefined) throw new Failure(step, String(failed));
}

function tell(message: KinectMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, () => resolve());
  });
}
