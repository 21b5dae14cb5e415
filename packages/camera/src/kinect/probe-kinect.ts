import { MienError } from "@mien/format";
import { killChild } from "@mien/cli";
import { atMost } from "../system/delay.ts";
import { explainKinect } from "./kinect-errors.ts";
import type { KinectMessage } from "./kinect-messages.ts";
import { startKinectProcess } from "./kinect-process.ts";
import { findLibfreenect } from "./libfreenect-paths.ts";

/** The libraries and devices that were found. */
export interface KinectProbe {
  /** The file of libfreenect; undefined if it was not found. */
  readonly library: string | undefined;
  /** Number of Kinects. */
  readonly devices: number;
  /**
   * Why the library cannot be loaded or the first Kinect cannot be opened; undefined without a
   * fault.
   */
  readonly failure: MienError | undefined;
}

/** Time limit for the answer, in milliseconds; long enough to start a process on a busy machine. */
const PATIENCE = 30_000;

/** Looks for libfreenect and for Kinects, and tries to open the first one; takes at most 30 s. */
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
    if (message.type === "loaded") ({ library } = message);
    if (message.type === "probed") ({ devices } = message);
    if (message.type === "failed") failure = explainKinect({ ...message, log });
    answered ||= message.type !== "loaded";
  });
  const gone = new Promise<"gone">((resolve) => child.once("close", () => resolve("gone")));
  const end = await atMost(PATIENCE, gone);
  await killChild(child);
  await gone;
  if (!answered) failure = unanswered(end, log);
  return { library, devices, failure };
}

/** The error if the process has hung or crashed without an answer. */
function unanswered(end: "gone" | "late", log: string): MienError {
  const problem =
    end === "late"
      ? `libfreenect did not answer within ${PATIENCE / 1000} s`
      : "the process that runs libfreenect crashed";
  return new MienError("environment", problem, {
    advice: "Unplug the Kinect, plug it in again, then try again.",
    cause: new Error(log),
  });
}
