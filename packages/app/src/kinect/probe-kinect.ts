import type { MienError } from "@mien/format";
import { killChild } from "../sources/child-processes.ts";
import { atMost } from "../sources/delay.ts";
import { explainKinect } from "./kinect-errors.ts";
import type { KinectMessage } from "./kinect-messages.ts";
import { startKinectProcess } from "./kinect-process.ts";
import { findLibfreenect } from "./libfreenect-paths.ts";

/** What there is of a Kinect. */
export interface KinectProbe {
  /** The library's file; undefined if there is none. */
  readonly library: string | undefined;
  readonly devices: number;
  /** Why the first device cannot be opened, or the library not be loaded. */
  readonly failure: MienError | undefined;
}

const PATIENCE = 10_000;

/** Looks for the library and for devices, and opens the first one; never waits longer than 10 s. */
export async function probeKinect(): Promise<KinectProbe> {
  const { candidates } = findLibfreenect();
  const child = startKinectProcess({ candidates, task: "probe" });
  let library: string | undefined;
  let devices = 0;
  let failure: MienError | undefined;
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (log += text));
  }
  let answered = false;
  child.on("message", (message: KinectMessage) => {
    answered = true;
    if (message.type === "probed") ({ library, devices } = message);
    if (message.type === "failed") failure = explainKinect(message.step, message.detail, log);
  });
  const gone = new Promise((resolve) => child.once("close", resolve));
  await atMost(PATIENCE, gone);
  await killChild(child);
  await gone;
  if (!answered) failure = explainKinect("usb", "no answer", log);
  return { library, devices, failure };
}
