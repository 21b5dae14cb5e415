import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { MienError } from "@mien/format";
import type { PictureSize } from "../source/source.ts";
import { findFfmpeg } from "./ffmpeg.ts";

/** A webcam of this machine. */
export interface Webcam {
  /** The N of `webcam:N`. */
  readonly number: number;
  /** Name that is shown to people. */
  readonly label: string;
}

/** ffmpeg's name of the format of webcams on each platform. */
const FORMATS: ReadonlyMap<NodeJS.Platform, "v4l2" | "avfoundation" | "dshow"> = new Map([
  ["linux", "v4l2"],
  ["darwin", "avfoundation"],
  ["win32", "dshow"],
]);

/** The rate that a webcam is asked for; the driver may choose another. */
const RATE = ["-framerate", "30"];
/** The size that a webcam is asked for by default, in pixels; the driver may choose another. */
const SIZE = { width: 640, height: 480 } as const;

/**
 * Lists the webcams that ffmpeg can open: on Linux the capture devices of Video4Linux, by their
 * device numbers; on macOS and Windows the devices that ffmpeg lists, in its order.
 *
 * @throws {MienError} `environment` on macOS and Windows if ffmpeg is missing.
 */
export async function listWebcams(platform: NodeJS.Platform = process.platform): Promise<Webcam[]> {
  if (platform === "linux") return listVideo4Linux();
  const { program } = await findFfmpeg();
  const format = platform === "darwin" ? ["avfoundation", "-i", ""] : ["dshow", "-i", "dummy"];
  const args = ["-hide_banner", "-list_devices", "true", "-f", ...format];
  // ffmpeg always ends with an error after it has listed devices.
  const log = await promisify(execFile)(program, args, { timeout: 10_000 }).catch(
    (error: { stderr?: string }) => ({ stderr: error.stderr ?? "" }),
  );
  return parseDeviceList(log.stderr);
}

/** Parses ffmpeg's list of avfoundation or dshow devices. */
function parseDeviceList(log: string): Webcam[] {
  const webcams: Webcam[] = [];
  let inVideo = true;
  for (const line of log.split("\n")) {
    if (/(AVFoundation|DirectShow) audio devices/.test(line)) inVideo = false;
    if (/(AVFoundation|DirectShow) video devices/.test(line)) inVideo = true;
    if (!inVideo) continue;
    const [, number, numbered] = /\] \[(\d+)\] (.+?)\s*$/.exec(line) ?? [];
    const [, quoted, type = "video"] = /\] +"([^"@][^"]*)"(?: \((\w+)\))?/.exec(line) ?? [];
    if (numbered !== undefined) webcams.push({ number: Number(number), label: numbered });
    else if (quoted !== undefined && type === "video") {
      webcams.push({ number: webcams.length, label: quoted });
    }
  }
  // macOS lists screens, too.
  return webcams.filter(({ label }) => !label.startsWith("Capture screen"));
}

async function listVideo4Linux(): Promise<Webcam[]> {
  const folder = "/sys/class/video4linux";
  const names = await readdir(folder).catch(() => []);
  const webcams: Webcam[] = [];
  for (const name of names) {
    const number = Number(/^video(\d+)$/.exec(name)?.[1] ?? NaN);
    const read = (file: string) => readFile(`${folder}/${name}/${file}`, "utf8").catch(() => "");
    // Only the first node of a webcam delivers pictures; the others deliver metadata.
    if (Number.isNaN(number) || (await read("index")).trim() !== "0") continue;
    webcams.push({ number, label: (await read("name")).trim() });
  }
  return webcams.sort((a, b) => a.number - b.number);
}

/**
 * Alternative lists of flags with which ffmpeg may open a webcam, up to and including `-i`. If
 * the webcam does not support the size or the rate that one list requests, the next list is tried.
 *
 * @param number of the webcam; undefined for the first one.
 * @throws {MienError} `missing-file` if there is no such webcam; `unsupported` on other platforms.
 */
export async function webcamInputs(
  number: number | undefined,
  {
    platform = process.platform,
    size = SIZE,
  }: { readonly platform?: NodeJS.Platform; readonly size?: PictureSize | undefined } = {},
): Promise<{ name: string; ways: readonly (readonly string[])[] }> {
  const format = FORMATS.get(platform);
  if (format === undefined) {
    throw new MienError("unsupported", `webcams are not supported on ${platform}`);
  }
  const found = await listWebcams(platform);
  const chosen = number ?? found[0]?.number;
  const webcam = found.find((candidate) => candidate.number === chosen);
  if (webcam === undefined) {
    const there = found.map((candidate) => `webcam:${candidate.number} (${candidate.label})`);
    const problem = number === undefined ? "no webcam was found" : `there is no webcam:${number}`;
    throw new MienError("missing-file", problem, {
      advice:
        there.length > 0
          ? `Use one of these: ${there.join(", ")}.`
          : "Plug one in, then check with `npx nx run app:doctor`.",
    });
  }
  const device = {
    v4l2: `/dev/video${webcam.number}`,
    avfoundation: `${webcam.number}:none`,
    dshow: `video=${webcam.label}`,
  }[format];
  const flags = ["-fflags", "nobuffer", "-f", format];
  const preferred = [...RATE, "-video_size", `${size.width}x${size.height}`];
  const ways = [preferred, RATE, []].map((mode) => [...flags, ...mode, "-i", device]);
  return { name: `webcam ${webcam.number}`, ways };
}
