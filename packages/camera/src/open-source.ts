import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { shellQuote } from "@mien/cli";
import { MienError, messageOf, withoutSecrets } from "@mien/format";
import { loadSharp } from "./system/load-sharp.ts";
import { connectFfmpeg } from "./ffmpeg/ffmpeg-connection.ts";
import { webcamInputs } from "./ffmpeg/webcam.ts";
import { kindByEnding } from "./images/find-images.ts";
import { openImages } from "./images/image-source.ts";
import { connectKinect } from "./kinect/kinect-connection.ts";
import { openRecording } from "./kinect/recording-source.ts";
import { parseSource, SOURCE_KINDS, type ParsedSource } from "./parse-source.ts";
import type { Connect } from "./source/connection.ts";
import { openReconnecting } from "./source/reconnect.ts";
import type { Source, SourceOptions } from "./source/source.ts";
import { openStream } from "./source/stream-source.ts";
import { onDisk } from "./system/file-names.ts";

/**
 * Standard input as a file for ffmpeg, which can read a file in any order, as most MP4 files
 * require.
 */
const STDIN_FILE = "file:/dev/stdin";
/** A camera or stream is lost after this time without a frame, in milliseconds. */
const SILENCE = 2000;
/** Addresses of playlists, whose streams arrive in pieces of some seconds each. */
const PLAYLIST = /\.(m3u8|mpd)\b/i;
const PLAYLIST_SILENCE = 20_000;
/** Default time limit for the first frame, in milliseconds: cameras start up, streams wait for a key frame. */
const PATIENCE = 10_000;

/**
 * Opens a source of frames and waits for its first frame; with `reconnect`, webcams, the Kinect and
 * addresses are opened when the frames are read.
 *
 * @param source as the user names it, see `SOURCE_KINDS`, or parsed by `parseSource`.
 * @throws {MienError} if it cannot be opened; the message says why, and what to do.
 */
export async function openSource(
  source: string | ParsedSource,
  options: SourceOptions = {},
): Promise<Source> {
  const parsed = typeof source === "string" ? await parseSource(source) : source;
  const { name } = parsed;
  switch (parsed.type) {
    case "webcam":
      return openReconnecting({ name, open: (given) => openWebcam(parsed.number, given) }, options);
    case "kinect":
      return openReconnecting({ name, open: openKinect }, options);
    case "address":
      return openReconnecting(
        { name, open: (given) => openAddress(parsed.address, given) },
        options,
      );
    case "recording":
      return openRecording(parsed.folder, options);
    case "standard input":
      return openStandardInput(options);
    case "path":
      return openPath(parsed.path, options);
  }
}

/**
 * Opens a video, an image or a folder of images.
 *
 * @param path as `shownName` writes it.
 */
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
    throw new MienError("usage", `${path} is a Kinect recording`, {
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
 * Whether a file is an image. The extension decides, so that a damaged image is reported as a damaged
 * image, and an MJPEG video is not read as one image. If the extension is not known, the content decides.
 */
async function isImage(path: string): Promise<boolean> {
  const kind = kindByEnding(path);
  if (kind !== undefined) return kind === "image";
  const place = onDisk(path);
  const opened = typeof place === "string" ? undefined : openSync(place, "r");
  const sharp = await loadSharp();
  // sharp interprets a buffer as an image, not as the name of a file.
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
      advice: "Redirect a video into it: … < film.mp4",
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

/**
 * Opens an address: a stream without an end is live; a video on a server is read to its end; a still
 * picture is an image, whatever content type its server declares.
 */
function openAddress(address: string, options: SourceOptions): Promise<Source> {
  const name = withoutSecrets(address);
  const flags = /^rtsps?:/i.test(address) ? ["-rtsp_transport", "tcp"] : [];
  const input = { name, address, args: [...flags, "-i", address], patienceMs: patience(options) };
  const repeat = options.loop ? ["-stream_loop", "-1"] : [];
  const connect: Connect = async (signal) => {
    const connection = await connectFfmpeg({ ...input, kind: "camera" }, signal);
    const { durationMs, isStill = false } = connection;
    if (durationMs === null && !isStill) return connection;
    // Whether it has an end is known only once the connection is open.
    await connection.close();
    return connectFfmpeg({ ...input, args: [...repeat, ...input.args], kind: "file" }, signal);
  };
  return openStream(
    connect,
    {
      name,
      kind: ({ durationMs, isStill }) => {
        if (isStill === true) return "images";
        return durationMs === null ? "live" : "video";
      },
      silenceMs: PLAYLIST.test(address) ? PLAYLIST_SILENCE : SILENCE,
    },
    options,
  );
}

async function openWebcam(number: number | undefined, options: SourceOptions): Promise<Source> {
  const { name, ways } = await webcamInputs(number, { size: options.size });
  const connect: Connect = async (signal) => {
    let problem: unknown;
    for (const args of ways) {
      try {
        const input = { name, args, kind: "camera", patienceMs: patience(options) } as const;
        return await connectFfmpeg(input, signal);
      } catch (error) {
        problem = error;
        if (!isRefusedMode(error)) break;
      }
    }
    throw problem;
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

/** Whether a webcam exists, but does not support the requested size or rate. */
function isRefusedMode(error: unknown): boolean {
  const log = error instanceof MienError ? messageOf(error.cause ?? "") : "";
  return /not supported by the device|Could not set video options|Invalid argument/i.test(log);
}
