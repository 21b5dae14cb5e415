import { spawn, type ChildProcessByStdio } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Readable } from "node:stream";
import { MienError, messageOf } from "@mien/format";
import { killChild, watchChild } from "../child-processes.ts";
import type { Capture, Connection } from "../connection.ts";
import { atMost } from "../delay.ts";
import { explainFfmpeg } from "./ffmpeg-errors.ts";
import { findFfmpeg } from "./ffmpeg.ts";
import { PpmReader, type RgbPicture } from "../ppm-reader.ts";

/** What ffmpeg is to read. */
export interface FfmpegInput {
  /** For people. */
  readonly name: string;
  /** The address among the flags; its secrets are hidden where ffmpeg's log repeats it. */
  readonly address?: string;
  /** The flags up to and with `-i`. */
  readonly args: readonly string[];
  /**
   * ffmpeg's standard input: this process's own, or a file by the bytes of its path, which need not
   * be UTF-8. Default none.
   */
  readonly stdin?: "own" | Buffer;
  /**
   * `camera`: frames pass as they come, and an end is an interruption. `file`: the frame rate is made
   * constant, and an end is an end.
   */
  readonly kind: "camera" | "file";
  /** How long the first picture may take, in milliseconds; Infinity to wait. */
  readonly patienceMs: number;
}

/**
 * Makes pixels square, as players do: the width is multiplied by the sample aspect ratio (`sar`), the
 * height stays. Ratios outside 1:8 to 8:1 are taken for errors of the film and left alone.
 */
const SQUARE_PIXELS = "scale=w='if(between(sar,0.125,8),max(1,round(iw*sar)),iw)':h=ih,setsar=1";

/** Enough of ffmpeg's log to say what went wrong; a damaged video fills megabytes. */
const KEPT_LOG = 16_384;

/**
 * Starts ffmpeg and waits for its first picture.
 *
 * @throws {MienError} if none comes: the reason as a sentence, and its remedy.
 */
export async function connectFfmpeg(input: FfmpegInput, signal?: AbortSignal): Promise<Connection> {
  const { program, passthrough } = await findFfmpeg();
  const output = [
    ...["-map", "0:v:0", ...(input.kind === "file" ? [] : passthrough)],
    ...["-vf", SQUARE_PIXELS],
    ...["-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1"],
  ];
  const quiet = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"];
  const file = input.stdin instanceof Buffer ? openSync(input.stdin, "r") : undefined;
  // Node's types do not know a file in this place.
  const child = spawn(program, [...quiet, ...input.args, ...output], {
    stdio: [file ?? (input.stdin === "own" ? "inherit" : "ignore"), "pipe", "pipe"],
    windowsHide: true,
  }) as ChildProcessByStdio<null, Readable, Readable>;
  if (file !== undefined) closeSync(file);
  watchChild(child);
  const { stdout, stderr } = child;
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
  return {
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

/** The rate that ffmpeg writes: `Output #0 … 640x480 [SAR 1:1 DAR 4:3], q=2-31, 30 fps, …`. */
function framesPerSecondIn(log: string): number | null {
  const stream = /Output #0[^]*?Stream #0:0[^\n]*? ([\d.]+k?) fps/.exec(log)?.[1];
  if (stream === undefined) return null;
  return stream.endsWith("k") ? Number(stream.slice(0, -1)) * 1000 : Number(stream);
}

/** `Duration: 00:00:05.00, …` of the input, in milliseconds; null for `N/A`. */
function durationIn(log: string): number | null {
  const found = /Duration: (\d+):(\d+):([\d.]+)/.exec(log);
  if (!found) return null;
  const [hours, minutes, seconds] = found.slice(1).map(Number) as [number, number, number];
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}
