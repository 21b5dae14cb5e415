import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { shellQuote } from "@mien/cli";
import { MienError, messageOf, withoutSecrets } from "@mien/format";
import sharp from "sharp";
import { findTyped, onDisk, pathOfAddress } from "./images/file-names.ts";
import { kindByEnding } from "./images/find-images.ts";
import { connectKinect } from "./kinect/kinect-connection.ts";
import { openRecording } from "./kinect/recording-source.ts";
import { readSource } from "./address-file.ts";
import type { Connect } from "./connection.ts";
import { connectFfmpeg } from "./ffmpeg/ffmpeg-connection.ts";
import { openImages } from "./images/image-source.ts";
import type { Source, SourceOptions } from "./source.ts";
import { openStream } from "./stream-source.ts";
import { webcamInputs } from "./ffmpeg/webcam.ts";

/** What a source may be, for error messages. */
export const SOURCE_KINDS =
  "a video or image file, a folder of images, webcam[:N], kinect, kinect:RECORDING, " +
  "an rtsp:// or http:// address, @FILE for a text file that holds the address, " +
  "or - for standard input";

/** Standard input that is a file, for ffmpeg: read in any order, as most MP4 files have to be. */
const STDIN_FILE = "file:/dev/stdin";
/** A camera or stream that shows nothing for this long is taken for lost, in milliseconds. */
const SILENCE = 2000;
/** Playlists come in pieces of some seconds each. */
const PLAYLIST = /\.(m3u8|mpd)\b/i;
const PLAYLIST_SILENCE = 20_000;
/** The first picture may take longer: cameras wake up, streams wait for a key frame. */
const PATIENCE = 10_000;

/**
 * Opens a source of frames and waits for its first one.
 *
 * @param source see `SOURCE_KINDS`.
 * @throws {MienError} if it cannot be opened: why, and what to do about it.
 */
export async function openSource(source: string, options: SourceOptions = {}): Promise<Source> {
  const text = await readSource(source);
  if (text === "-") return openStandardInput(options);
  const [, device, rest] = /^(webcam|kinect)(?::(.+))?$/i.exec(text) ?? [];
  if (device?.toLowerCase() === "webcam") return openWebcam(rest, options);
  if (device !== undefined)
    return rest === undefined ? openKinect(options) : openRecording(await findTyped(rest), options);
  if (/^file:\/\//i.test(text)) return openPath(await findTyped(pathOf(text)), options);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return openAddress(text, options);
  return openPath(await findTyped(text), options);
}

/** The path of a `file://` address; what is no proper address is taken as it is written. */
function pathOf(address: string): string {
  try {
    const decoded = fileURLToPath(address);
    if (existsSync(decoded)) return decoded;
  } catch {
    // For example a % without two digits behind it, or bytes that are not UTF-8.
  }
  const path = pathOfAddress(address);
  return existsSync(onDisk(path)) ? path : address.slice("file://".length);
}

/** @param path as `shownName` writes it. */
async function openPath(path: string, options: SourceOptions): Promise<Source> {
  const place = onDisk(path);
  const stats = await stat(place).catch((error: unknown) => {
    throw new MienError(
      "missing-file",
      withoutSecrets(`cannot find ${path}: ${messageOf(error)}`, path),
      {
        advice: `--source takes ${SOURCE_KINDS}.`,
        cause: error,
      },
    );
  });
  if (stats.isDirectory() && existsSync(onDisk(`${path}/INDEX.txt`))) {
    throw new MienError("usage", `${path} is a Kinect's recording`, {
      advice: `Write --source ${shellQuote(`kinect:${path}`)}`,
    });
  }
  if (stats.isDirectory() || (stats.isFile() && (await isImage(path)))) {
    return openImages(path, options);
  }
  if (stats.isFile() && stats.size === 0) throw new MienError("bad-data", `${path} is empty`);
  const repeat = options.loop ? ["-stream_loop", "-1"] : [];
  return openStream(
    (signal) =>
      connectFfmpeg(
        {
          name: path,
          args: [...repeat, "-i", typeof place === "string" ? `file:${place}` : STDIN_FILE],
          ...(typeof place === "string" ? {} : { stdin: place }),
          kind: "file",
          patienceMs: stats.isFile() ? patience(options) : Infinity,
        },
        signal,
      ),
    { name: path, kind: () => "video", silenceMs: stats.isFile() ? PATIENCE : Infinity },
    options,
  );
}

/**
 * By its ending, so that a damaged image is reported as one and MJPEG is not taken for its first
 * picture; by content where the ending does not tell. A moving GIF counts as its first frame.
 */
async function isImage(path: string): Promise<boolean> {
  const kind = kindByEnding(path);
  if (kind !== undefined) return kind === "image";
  const place = onDisk(path);
  const opened = typeof place === "string" ? undefined : openSync(place, "r");
  // sharp takes bytes for an image, not for the name of one.
  return sharp(opened === undefined ? path : `/dev/fd/${opened}`)
    .metadata()
    .then(
      () => true,
      () => false,
    )
    .finally(() => {
      if (opened !== undefined) closeSync(opened);
    });
}

function openStandardInput(options: SourceOptions): Promise<Source> {
  const name = "standard input";
  if (options.loop) throw new MienError("usage", `${name} cannot be looped`);
  if (process.stdin.isTTY) {
    throw new MienError("usage", `${name} is the keyboard`, {
      advice: "Send a video into it: … < film.mp4",
    });
  }
  // A redirected file can be read in any order; a pipe cannot.
  const isFile = process.platform !== "win32" && fstatSync(0).isFile();
  const input = { name, args: ["-i", isFile ? STDIN_FILE : "pipe:0"], stdin: "own" as const };
  return openStream(
    (signal) => connectFfmpeg({ ...input, kind: "file", patienceMs: Infinity }, signal),
    { name, kind: () => "video", silenceMs: Infinity },
    options,
  );
}

/** A stream without an end is live; a film on a server is read to its end, as a file is. */
function openAddress(address: string, options: SourceOptions): Promise<Source> {
  const name = withoutSecrets(address);
  const flags = /^rtsps?:/i.test(address) ? ["-rtsp_transport", "tcp"] : [];
  const input = { name, address, args: [...flags, "-i", address], patienceMs: patience(options) };
  const repeat = options.loop ? ["-stream_loop", "-1"] : [];
  const connect: Connect = async (signal) => {
    const connection = await connectFfmpeg({ ...input, kind: "camera" }, signal);
    if (connection.durationMs === null) return connection;
    // Which of the two it is shows only once it is open.
    await connection.close();
    return connectFfmpeg({ ...input, args: [...repeat, ...input.args], kind: "file" }, signal);
  };
  return openStream(
    connect,
    {
      name,
      kind: ({ durationMs }) => (durationMs === null ? "live" : "video"),
      silenceMs: PLAYLIST.test(address) ? PLAYLIST_SILENCE : SILENCE,
    },
    options,
  );
}

async function openWebcam(number: string | undefined, options: SourceOptions): Promise<Source> {
  if (number !== undefined && !/^\d+$/.test(number)) {
    throw new MienError("usage", `"webcam:${number}" is no webcam: expected webcam:0, webcam:1, …`);
  }
  const wanted = number === undefined ? undefined : Number(number);
  const { name, ways } = await webcamInputs(wanted);
  let way = 0;
  const connect: Connect = async (signal) => {
    for (;;) {
      const args = ways[way] as readonly string[];
      try {
        return await connectFfmpeg(
          { name, args, kind: "camera", patienceMs: patience(options) },
          signal,
        );
      } catch (error) {
        if (!isRefusedWish(error) || way === ways.length - 1) throw error;
        way++;
      }
    }
  };
  return openStream(connect, { name, kind: () => "live", silenceMs: SILENCE }, options);
}

function patience({ patienceMs = PATIENCE }: SourceOptions): number {
  return patienceMs;
}

function openKinect(options: SourceOptions): Promise<Source> {
  const plan = { name: "Kinect", kind: () => "live" as const, silenceMs: SILENCE };
  return openStream((signal) => connectKinect(signal), plan, options);
}

/** Whether a camera is there, but cannot do the size or rate that was asked for. */
function isRefusedWish(error: unknown): boolean {
  const log = error instanceof MienError ? messageOf(error.cause ?? "") : "";
  return /not supported by the device|Could not set video options|Invalid argument/i.test(log);
}
