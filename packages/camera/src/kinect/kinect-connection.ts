import { MienError } from "@mien/format";
import { killChild } from "../child-processes.ts";
import type { Connection } from "../connection.ts";
import { atMost } from "../delay.ts";
import { unzeroed } from "../unzeroed.ts";
import { DEFAULT_CALIBRATION, type Calibration } from "./camera-parameters.ts";
import { explainKinect } from "./kinect-errors.ts";
import { PAIR_BYTES, type KinectMessage } from "./kinect-messages.ts";
import { startKinectProcess } from "./kinect-process.ts";
import { findLibfreenect } from "./libfreenect-paths.ts";
import { openPicturePipe, type PipeReader } from "./picture-pipe.ts";
import { COLOUR_BYTES, DEPTH_BYTES, checkFiles, readRecording } from "./recording.ts";
import { createRegistration, HEIGHT, WIDTH } from "./registration.ts";

/** Takes raw depth, whose memory is used again for the next pair, and colour, which is its own. */
type OnPair = (raw: Uint16Array, pixels: Uint8Array) => void;

/** How the Kinect is read. */
export interface KinectOptions {
  /** Takes raw depth, to be used before it returns, and colour instead of frames. */
  readonly onRaw?: OnPair;
}

export interface KinectConnection extends Connection {
  readonly calibration: Calibration;
}

const FRAMES_PER_SECOND = 30;
/** For loading the library, opening the device and its first picture, in milliseconds. */
const PATIENCE = 10_000;
/** For closing the device, in milliseconds. */
const FAREWELL = 1000;
const KEPT_LOG = 8192;

/**
 * Opens the Kinect in a process of its own and waits for its first pictures. Where `FAKENECT_PATH`
 * names a recording, fakenect plays it instead.
 *
 * @throws {MienError} if there is no Kinect, no library, or anything fails: why, and the remedy.
 */
export async function connectKinect(
  signal?: AbortSignal,
  options: KinectOptions = {},
): Promise<KinectConnection> {
  const { candidates, isFake } = findLibfreenect();
  const recorded = isFake ? await checkRecording(process.env["FAKENECT_PATH"]) : undefined;
  let sink: OnPair | undefined;
  let onFirst: () => void = () => undefined;
  const firstPair = new Promise<void>((resolve) => (onFirst = resolve));
  let early: Parameters<OnPair> | undefined;
  const reader = pairReader((raw, pixels) => {
    onFirst();
    if (sink === undefined) early = [raw.slice(), pixels];
    else sink(raw, pixels);
  });
  const { ours: pictures, theirs } = await openPicturePipe(reader);
  const child = startKinectProcess({ candidates, task: "stream" }, theirs);
  theirs.destroy();
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-KEPT_LOG);
    });
  }
  let onCalibration: (calibration: Calibration) => void = () => undefined;
  const calibrated = new Promise<Calibration>((resolve) => (onCalibration = resolve));
  let failure: MienError | undefined;
  let hasEnded = false;
  child.on("message", (message: KinectMessage) => {
    if (message.type === "streaming") {
      onCalibration(message.calibration ?? recorded ?? DEFAULT_CALIBRATION);
    }
    if (message.type === "ended") hasEnded = true;
    if (message.type === "failed") failure = explainKinect(message.step, message.detail, log);
  });

  const allRead = new Promise((resolve) => pictures.once("close", resolve));
  const ended = new Promise<MienError | undefined>((resolve) => {
    child.once("error", (error) =>
      resolve(
        new MienError("environment", `the Kinect's process does not start: ${error.message}`),
      ),
    );
    child.once("close", (code, killedBy) => {
      const reason = () => failure ?? explainDeath(code, killedBy, log, isFake);
      void atMost(FAREWELL, allRead).then(() => resolve(hasEnded ? failure : reason()));
    });
  });
  const close = async (hangs = false) => {
    if (!hangs && child.connected) {
      child.send({ type: "stop" }, () => undefined);
      await atMost(FAREWELL, ended);
    }
    await killChild(child);
    pictures.destroy();
    await ended;
  };
  const abort = () => child.kill("SIGKILL");
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const opened = firstPair.then(() => calibrated);
  const first = await atMost(PATIENCE, Promise.race([opened, ended]));
  signal?.removeEventListener("abort", abort);
  const hasFailed = first === undefined || first === "late" || first instanceof MienError;
  if (hasFailed) await killChild(child);
  if (signal?.aborted) throw new MienError("interrupted", "opening the Kinect was given up");
  if (first === "late") {
    throw new MienError("environment", `the Kinect sent no picture in ${PATIENCE / 1000} s`, {
      advice: "Plug it in anew, without a hub and with its power supply connected.",
    });
  }
  if (first instanceof MienError) throw first;
  if (first === undefined) {
    throw new MienError("bad-data", "the recording ended before its first pair of pictures");
  }
  const register = createRegistration(first);
  return {
    width: WIDTH,
    height: HEIGHT,
    framesPerSecond: FRAMES_PER_SECOND,
    durationMs: null,
    calibration: first,
    ended,
    close,
    start(onCapture) {
      sink =
        options.onRaw ??
        ((raw, pixels) =>
          void onCapture({ width: WIDTH, height: HEIGHT, pixels, depth: register(raw) }));
      if (early !== undefined) sink(...early);
      early = undefined;
    },
    resume: () => undefined,
  };
}

/** Puts pairs together. */
function pairReader(onPair: OnPair): PipeReader {
  const raw = new Uint16Array(DEPTH_BYTES / 2);
  const depth = new Uint8Array(raw.buffer);
  let pixels = unzeroed(COLOUR_BYTES);
  let filled = 0;
  return {
    room: () =>
      filled < DEPTH_BYTES ? depth.subarray(filled) : pixels.subarray(filled - DEPTH_BYTES),
    onBytes(count) {
      filled += count;
      if (filled < PAIR_BYTES) return;
      const colour = pixels;
      pixels = unzeroed(COLOUR_BYTES);
      filled = 0;
      onPair(raw, colour);
    },
  };
}

/**
 * Looks at a recording before fakenect does, which ends or crashes its process over what it finds.
 *
 * @returns its calibration.
 */
async function checkRecording(folder: string | undefined): Promise<Calibration> {
  if (folder === undefined) {
    throw new MienError(
      "missing-file",
      "fakenect needs a recording, and FAKENECT_PATH is not set",
      {
        advice: "Set it to a recording's folder, or write --source kinect:DIR.",
      },
    );
  }
  const recording = await readRecording(folder);
  await checkFiles(recording);
  return recording.calibration;
}

function explainDeath(
  code: number | null,
  killedBy: NodeJS.Signals | null,
  log: string,
  isFake: boolean,
): MienError {
  const what = isFake ? "fakenect" : "libfreenect";
  const how = killedBy === null ? `ended with code ${code ?? "?"}` : `was ended by ${killedBy}`;
  const said = log.trim().split("\n").at(-1) ?? "";
  return new MienError(
    "environment",
    `the process that runs ${what} ${how}${said === "" ? "" : ` (${said})`}`,
    { cause: new Error(log) },
  );
}
