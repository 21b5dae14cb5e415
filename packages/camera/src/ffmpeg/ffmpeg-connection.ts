import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { MienError, messageOf } from "@mien/format";
import { killChild, killChildOnExit } from "@mien/cli";
import type { Capture, Connection, RgbPicture } from "../source/connection.ts";
import { atMost } from "../system/delay.ts";
import { explainFfmpeg } from "./ffmpeg-errors.ts";
import { findFfmpeg } from "./ffmpeg.ts";
import { PpmReader } from "./ppm-reader.ts";

/** What ffmpeg reads, and how. */
export interface FfmpegInput {
  /** Name that is shown to people. */
  readonly name: string;
  /** The address in `args`; its secrets are hidden when ffmpeg's log is shown. */
  readonly address?: string;
  /** The flags for the input, up to and including `-i`. */
  readonly args: readonly string[];
  /**
   * ffmpeg's standard input: the standard input of this process, or a file, given by the bytes of
   * its path, which may not be UTF-8. Default none.
   */
  readonly stdin?: "own" | Buffer;
  /**
   * - `camera`: frames are passed on as they come, and an end is an error.
   * - `file`: the frame rate is made constant, and an end is the end of the recording.
   */
  readonly kind: "camera" | "file";
  /** Time limit for the first picture, in milliseconds; Infinity for none. */
  readonly patienceMs: number;
}

/**
 * A filter that makes pixels square, as players do: the width is multiplied by the sample aspect ratio
 * (`sar`), the height stays. Ratios outside 1:8 to 8:1 are ignored as errors of the video.
 */
const SQUARE_PIXELS = "scale=w='if(between(sar,0.125,8),max(1,round(iw*sar)),iw)':h=ih,setsar=1";

/** A format of single pictures in ffmpeg's log, recognised by content: `Input #0, png_pipe, from …`. */
const PICTURE_FORMAT = /Input #0, (\w+_pipe|image2),/;
/** How long ffmpeg may take to end after the only picture, in milliseconds. */
const STILL_PATIENCE = 1000;

/** How much of ffmpeg's log is kept, in characters: enough for an explanation; a damaged video fills megabytes. */
const KEPT_LOG = 16_384;

/**
 * Starts ffmpeg and waits for its first picture.
 *
 * @throws {MienError} if no picture comes; the message says why, and what to do.
 */
export async function connectFfmpeg(input: FfmpegInput, signal?: AbortSignal): Promise<Connection> {
  const { program, passthrough } = await findFfmpeg();
  const filters = [
    "-map",
    "0:v:0",
    ...(input.kind === "file" ? [] : passthrough),
    "-vf",
    SQUARE_PIXELS,
  ];
  const output = ["-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1"];
  const quiet = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"];
  const file = input.stdin instanceof Buffer ? openSync(input.stdin, "r") : undefined;
  const child = spawn(program, [...quiet, ...input.args, ...filters, ...output], {
    stdio: [file ?? (input.stdin === "own" ? "inherit" : "ignore"), "pipe", "pipe"],
    windowsHide: true,
  });
  if (file !== undefined) closeSync(file);
  killChildOnExit(child);
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("ffmpeg was started without pipes");
  let log = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    log = log.length + text.length > 2 * KEPT_LOG ? (log + text).slice(-KEPT_LOG) : log + text;
  });

  let sink: ((capture: Capture) => boolean) | undefined;
  const early: RgbPicture[] = [];
  let closed = false;
  const deliver = (picture: RgbPicture) => {
    if (closed) return;
    if (sink === undefined) early.push(picture);
    if (sink === undefined || !sink(picture)) stdout.pause();
  };
  let onFirst: (picture: RgbPicture) => void = () => undefined;
  const firstPicture = new Promise<RgbPicture>((resolve) => (onFirst = resolve));
  const reader = new PpmReader((picture) => {
    deliver(picture);
    onFirst(picture);
  });
  let garbled: string | undefined;
  stdout.on("data", (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch (error) {
      garbled = messageOf(error);
      child.kill("SIGKILL");
    }
  });

  const ended = new Promise<MienError | undefined>((resolve) => {
    child.once("error", (error) =>
      resolve(new MienError("environment", `ffmpeg does not start: ${error.message}`)),
    );
    child.once("close", (code) => {
      const isEnd = input.kind === "file" && code === 0 && garbled === undefined;
      if (isEnd) resolve(undefined);
      else resolve(explainFfmpeg(input, garbled ?? log, code));
    });
  });
  const close = async () => {
    closed = true;
    await killChild(child);
    stdout.destroy();
    stderr.destroy();
    await ended;
  };
  const abort = () => child.kill("SIGKILL");
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const outcome = Promise.race([firstPicture, ended]);
  const isPatient = input.patienceMs === Infinity;
  const first = await (isPatient ? outcome : atMost(input.patienceMs, outcome));
  signal?.removeEventListener("abort", abort);
  if (signal?.aborted) {
    await close();
    throw new MienError("interrupted", `opening ${input.name} was given up`);
  }
  if (first === "late") {
    await close();
    const seconds = (input.patienceMs / 1000).toFixed(0);
    throw new MienError("environment", `${input.name} sent no picture within ${seconds} s`, {
      advice: "It accepts the connection but sends nothing: check the camera or the address.",
    });
  }
  if (first === undefined) {
    throw new MienError("bad-data", `${input.name} holds no picture that ffmpeg can read`);
  }
  if (first instanceof MienError) throw first;
  // A file with one picture ends at once. A camera that sends JPEG pictures one after the other has
  // the same format, but goes on.
  const isStill =
    PICTURE_FORMAT.test(log) &&
    (await atMost(STILL_PATIENCE, ended)) !== "late" &&
    early.length === 1 &&
    child.exitCode === 0;
  return {
    isStill,
    width: first.width,
    height: first.height,
    framesPerSecond: framesPerSecondIn(log),
    durationMs: durationIn(log),
    ended,
    close,
    start(onCapture) {
      sink = onCapture;
      let room = true;
      for (const picture of early.splice(0)) room = onCapture(picture);
      if (room) stdout.resume();
    },
    resume: () => void stdout.resume(),
  };
}

/** The frame rate in ffmpeg's log: `Output #0 … 640x480 [SAR 1:1 DAR 4:3], q=2-31, 30 fps, …`; null if none. */
function framesPerSecondIn(log: string): number | null {
  const stream = /Output #0[^]*?Stream #0:0[^\n]*? ([\d.]+k?) fps/.exec(log)?.[1];
  if (stream === undefined) return null;
  return stream.endsWith("k") ? Number(stream.slice(0, -1)) * 1000 : Number(stream);
}

/** The length of the input in ffmpeg's log, `Duration: 00:00:05.00, …`, in milliseconds; null for `N/A`. */
function durationIn(log: string): number | null {
  const found = /Duration: (\d+):(\d+):([\d.]+)/.exec(log);
  if (!found) return null;
  const [hours = 0, minutes = 0, seconds = 0] = found.slice(1).map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}
