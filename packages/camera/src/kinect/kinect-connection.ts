import { MienError } from "@mien/format";
import { killChild } from "@mien/cli";
import type { Connection } from "../source/connection.ts";
import { atMost } from "../system/delay.ts";
import { unzeroed } from "../system/unzeroed-memory.ts";
import { DEFAULT_CAMERA_PARAMETERS, type CameraParameters } from "./camera-parameters.ts";
import { explainKinect } from "./kinect-errors.ts";
import { PAIR_BYTES, type KinectMessage } from "./kinect-messages.ts";
import { startKinectProcess } from "./kinect-process.ts";
import { findLibfreenect } from "./libfreenect-paths.ts";
import { openPicturePipe, type PipeReader } from "./picture-pipe.ts";
import { COLOUR_BYTES, DEPTH_BYTES, HEIGHT, WIDTH } from "./picture-size.ts";
import { checkFiles, readRecording } from "./recording.ts";
import { createRegistration } from "./registration.ts";

/**
 * Receives a pair of pictures: raw depth, uint16 [480, 640], whose memory is reused for the next
 * pair, and colour, RGB uint8 [480, 640, 3], which is not reused.
 */
type OnPair = (raw: Uint16Array, pixels: Uint8Array) => void;

/** How a Kinect is read. */
export interface KinectOptions {
  /** Receives raw pairs instead of the frames of `start`. */
  readonly onRaw?: OnPair;
}

export interface KinectConnection extends Connection {
  readonly cameraParameters: CameraParameters;
}

const FRAMES_PER_SECOND = 30;
/** Time limit for loading the library, opening the device and its first pictures, in milliseconds. */
const PATIENCE = 10_000;
/** Time limit for closing the device, in milliseconds. */
const CLOSING_TIME = 1000;
/** How much of the library's output is kept for an error message, in characters. */
const KEPT_LOG = 8192;

/**
 * Opens the Kinect in a process of its own and waits for its first pictures. If `FAKENECT_PATH` names
 * a recording, fakenect plays it instead.
 *
 * @throws {MienError} if there is no Kinect or no library, or anything fails; the message says why,
 * and what to do.
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
  let onParameters: (cameraParameters: CameraParameters) => void = () => undefined;
  const parametersKnown = new Promise<CameraParameters>((resolve) => (onParameters = resolve));
  let failure: MienError | undefined;
  let hasEnded = false;
  child.on("message", (message: KinectMessage) => {
    if (message.type === "streaming") {
      onParameters(message.cameraParameters ?? recorded ?? DEFAULT_CAMERA_PARAMETERS);
    }
    if (message.type === "ended") hasEnded = true;
    if (message.type === "failed") failure = explainKinect({ ...message, log });
  });

  const allRead = new Promise((resolve) => pictures.once("close", resolve));
  const ended = new Promise<MienError | undefined>((resolve) => {
    child.once("error", (error) =>
      resolve(
        new MienError("environment", `the Kinect's process does not start: ${error.message}`),
      ),
    );
    child.once("close", (code, killedBy) => {
      const reason = () => failure ?? explainExit({ code, killedBy }, log, isFake);
      void atMost(CLOSING_TIME, allRead).then(() => resolve(hasEnded ? failure : reason()));
    });
  });
  const close = async (hangs = false) => {
    if (!hangs && child.connected) {
      child.send({ type: "stop" }, () => undefined);
      await atMost(CLOSING_TIME, ended);
    }
    await killChild(child);
    pictures.destroy();
    await ended;
  };
  const abort = () => child.kill("SIGKILL");
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const opened = firstPair.then(() => parametersKnown);
  const first = await atMost(PATIENCE, Promise.race([opened, ended]));
  signal?.removeEventListener("abort", abort);
  const hasFailed = first === undefined || first === "late" || first instanceof MienError;
  if (hasFailed) await killChild(child);
  if (signal?.aborted) throw new MienError("interrupted", "opening the Kinect was given up");
  if (first === "late") {
    throw new MienError("environment", `the Kinect sent no picture in ${PATIENCE / 1000} s`, {
      advice: "Unplug it and plug it in again, without a hub and with its power supply connected.",
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
    cameraParameters: first,
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

/** Assembles the bytes of a pipe into pairs. */
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
 * Checks a recording before fakenect reads it, since a damaged one ends or crashes fakenect's process.
 *
 * @returns the recording's camera parameters.
 */
async function checkRecording(folder: string | undefined): Promise<CameraParameters> {
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
  return recording.cameraParameters;
}

/** The error if the child ended without a message. */
function explainExit(
  { code, killedBy }: { readonly code: number | null; readonly killedBy: NodeJS.Signals | null },
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
