import { open, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf, parseJson } from "@mien/format";
import { onDisk } from "../system/file-names.ts";
import {
  DEFAULT_CAMERA_PARAMETERS,
  fromDeviceJson,
  type CameraParameters,
} from "./camera-parameters.ts";
import { COLOUR_BYTES, DEPTH_BYTES, HEIGHT, WIDTH } from "./picture-size.ts";

/** The content of a Kinect recording in fakenect's format, without the pictures. */
export interface Recording {
  readonly folder: string;
  /**
   * Parameters of the Kinect that recorded it; libfreenect's constants if the recording has none.
   */
  readonly cameraParameters: CameraParameters;
  /** Every file in the index: depth (d), colour (r) and acceleration (a). */
  readonly files: readonly { readonly kind: "d" | "r" | "a"; readonly file: string }[];
  /** In the order of time. */
  readonly pairs: readonly RecordedPair[];
}

/** A colour picture, and the depth picture that is nearest in time. */
interface RecordedPair {
  /** Milliseconds since the first colour picture. */
  readonly timeMs: number;
  readonly colourFile: string;
  readonly depthFile: string;
}

/** The headers that fakenect writes, on one line each; depth values are little-endian. */
export const DEPTH_HEADER = `P5 ${WIDTH} ${HEIGHT} 65535\n`;
export const COLOUR_HEADER = `P6 ${WIDTH} ${HEIGHT} 255\n`;

/** `d-1700000000.033333-2000000.pgm`: kind, seconds since 1970, the device's clock. */
const ENTRY = /^([dra])-(\d+(?:\.\d+)?)-(\d+)\.(pgm|ppm|dump)$/;
/** A colour picture is left out if its nearest depth picture is farther away than this, in seconds. */
const LONGEST_GAP = 0.1;

/**
 * Reads the index and the camera parameters of a recording.
 *
 * @throws {MienError} `missing-file` if there is none; `bad-data` if its index or its camera
 * parameters are damaged, or if it holds no pair of pictures.
 */
export async function readRecording(folder: string): Promise<Recording> {
  const index = path.join(folder, "INDEX.txt");
  const text = await readFile(onDisk(index), "utf8").catch((error: unknown) => {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const why = isMissing ? "" : `: ${messageOf(error)}`;
    throw new MienError("missing-file", `no Kinect recording in ${folder}${why}`, {
      advice: "A recording is a folder with an INDEX.txt; make one: npx nx run app:record --synth",
      cause: error,
    });
  });
  const entries = text
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map((name, line) => {
      const [, kind, seconds] = ENTRY.exec(name) ?? [];
      if (kind === undefined) {
        throw new MienError(
          "bad-data",
          `${index}, line ${line + 1}: expected the name of a picture like ` +
            `d-1700000000.033333-2000000.pgm, found ${JSON.stringify(name.slice(0, 80))}`,
        );
      }
      const file = path.join(folder, name);
      return { kind: kind as "d" | "r" | "a", seconds: Number(seconds), file };
    });
  const depths = entries.filter(({ kind }) => kind === "d");
  const colours = entries.filter(({ kind }) => kind === "r");
  const started = colours[0]?.seconds ?? 0;
  const pairs: RecordedPair[] = [];
  let at = 0;
  for (const { seconds, file } of colours) {
    const distance = (i: number) => Math.abs((depths[i]?.seconds ?? Infinity) - seconds);
    while (distance(at + 1) <= distance(at) && at + 1 < depths.length) at++;
    const depth = depths[at];
    if (depth === undefined || distance(at) > LONGEST_GAP) continue;
    pairs.push({
      timeMs: (seconds - started) * 1000,
      colourFile: file,
      depthFile: depth.file,
    });
  }
  if (pairs.length === 0) {
    throw new MienError(
      "bad-data",
      `${folder} holds no pair of colour and depth pictures: found ${colours.length} of colour ` +
        `and ${depths.length} of depth in its INDEX.txt`,
    );
  }
  return { folder, cameraParameters: await readCameraParameters(folder), files: entries, pairs };
}

async function readCameraParameters(folder: string): Promise<CameraParameters> {
  const file = path.join(folder, "device.json");
  const bytes = await readFile(onDisk(file)).catch(() => undefined);
  if (bytes === undefined) return DEFAULT_CAMERA_PARAMETERS;
  return fromDeviceJson(parseJson(bytes, file), file);
}

/**
 * Checks the size of every file of a recording, for players that do not check them.
 *
 * @throws {MienError} `missing-file` or `bad-data` naming the first file that is missing or has the wrong size.
 */
export async function checkFiles({ files }: Recording): Promise<void> {
  for (const { kind, file } of files) {
    const { size } = await stat(onDisk(file)).catch((error: unknown) => cannotRead(file, error));
    if (kind === "d") checkSize(file, size, DEPTH_HEADER.length + DEPTH_BYTES);
    if (kind === "r") checkSize(file, size, COLOUR_HEADER.length + COLOUR_BYTES);
  }
}

/**
 * Reads raw depth, uint16 [480, 640].
 *
 * @throws {MienError} `missing-file` or `bad-data` if it is missing or has the wrong size or header.
 */
export async function readDepth(file: string): Promise<Uint16Array> {
  return new Uint16Array((await readPicture(file, DEPTH_HEADER, DEPTH_BYTES)).buffer);
}

/**
 * Reads a colour picture, uint8 [480, 640, 3].
 *
 * @throws {MienError} `missing-file` or `bad-data` if it is missing or has the wrong size or header.
 */
export function readColour(file: string): Promise<Uint8Array> {
  return readPicture(file, COLOUR_HEADER, COLOUR_BYTES);
}

async function readPicture(file: string, header: string, bytes: number): Promise<Uint8Array> {
  const handle = await open(onDisk(file)).catch((error: unknown) => cannotRead(file, error));
  try {
    checkSize(file, (await handle.stat()).size, header.length + bytes);
    const start = Buffer.alloc(header.length);
    await handle.read(start, 0, start.length, 0);
    if (start.toString("latin1") !== header) {
      throw new MienError(
        "bad-data",
        `${file} is no picture of a Kinect recording: expected it to begin with ` +
          `${JSON.stringify(header)}, found ${JSON.stringify(start.toString("latin1"))}`,
      );
    }
    const pixels = new Uint8Array(bytes);
    await handle.read(pixels, 0, bytes, header.length);
    return pixels;
  } finally {
    await handle.close();
  }
}

function checkSize(file: string, size: number, expected: number): void {
  if (size === expected) return;
  const what = size < expected ? "is cut off" : "is too long";
  throw new MienError("bad-data", `${file} ${what}: expected ${expected} bytes, found ${size}`);
}

function cannotRead(file: string, error: unknown): never {
  throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`, { cause: error });
}
