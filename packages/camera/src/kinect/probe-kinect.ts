import { MienError } from "@mien/format";
import { killChild } from "../child-processes.ts";
import { atMost } from "../delay.ts";
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

/** Enough for a busy machine to start a process, in milliseconds. */
const PATIENCE = 30_000;

/** Looks for the library and for devices, and opens the first one; never waits longer than 30 s. */
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
    if (message.type === "failed") failure = explainKinect(message.step, message.detail, log);
    answered ||= message.type !== "loaded";
  });
  const gone = new Promise<"gone">((resolve) => child.once("close", () => resolve("gone")));
  const end = await atMost(PATIENCE, gone);
  await killChild(child);
  await gone;
  if (!answered) failure = unanswered(end, log);
  return { library, devices, failure };
}

/** The process that looks hangs or has crashed. */
function unanswered(end: "gone" | "late", log: string): MienError {
  const problem =
    end === "late"
      ? `libfreenect did not answer within ${PATIENCE / 1000} s`
      : "the process that runs libfreenect crashed";
  return new MienError("environment", problem, {
    advice: "Plug the Kinect out and in again, then try again.",
    cause: new Error(log),
  });
}
