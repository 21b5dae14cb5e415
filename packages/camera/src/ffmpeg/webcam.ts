import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { MienError } from "@mien/format";
import { findFfmpeg } from "./ffmpeg.ts";

/** A camera of this machine. */
export interface Webcam {
  /** What `webcam:N` calls it. */
  readonly number: number;
  readonly label: string;
}

/** What is asked of a camera; it may give something else. */
const WISHES = ["-framerate", "30", "-video_size", "640x480"];

/**
 * The cameras that ffmpeg could open: on Linux the capture devices of Video4Linux by their device
 * numbers, on macOS and Windows those that ffmpeg lists, in its order.
 *
 * @throws {MienError} `environment` on macOS and Windows if ffmpeg is missing.
 */
export async function listWebcams(platform: NodeJS.Platform = process.platform): Promise<Webcam[]> {
  if (platform === "linux") return listVideo4Linux();
  const { program } = await findFfmpeg();
  const format = platform === "darwin" ? ["avfoundation", "-i", ""] : ["dshow", "-i", "dummy"];
  const args = ["-hide_banner", "-list_devices", "true", "-f", ...format];
  // Listing devices always ends with an error.
  const log = await promisify(execFile)(program, args, { timeout: 10_000 }).catch(
    (error: { stderr?: string }) => ({ stderr: error.stderr ?? "" }),
  );
  return parseDeviceList(log.stderr);
}

/** Reads ffmpeg's list of avfoundation or dshow devices. */
export function parseDeviceList(log: string): Webcam[] {
  const webcams: Webcam[] = [];
  let inVideo = true;
  for (const line of log.split("\n")) {
    if (/(AVFoundation|DirectShow) audio devices/.test(line)) inVideo = false;
    if (/(AVFoundation|DirectShow) video devices/.test(line)) inVideo = true;
    const numbered = /\] \[(\d+)\] (.+?)\s*$/.exec(line);
    const quoted = /\] +"([^"@][^"]*)"(?: \((\w+)\))?/.exec(line);
    if (!inVideo) continue;
    if (numbered) webcams.push({ number: Number(numbered[1]), label: numbered[2] as string });
    else if (quoted && (quoted[2] ?? "video") === "video") {
      webcams.push({ number: webcams.length, label: quoted[1] as string });
    }
  }
  // Screens can be recorded by the same means, but are no cameras.
  return webcams.filter(({ label }) => !label.startsWith("Capture screen"));
}

async function listVideo4Linux(): Promise<Webcam[]> {
  const folder = "/sys/class/video4linux";
  const names = await readdir(folder).catch(() => []);
  const webcams: Webcam[] = [];
  for (const name of names) {
    const number = Number(/^video(\d+)$/.exec(name)?.[1] ?? NaN);
    const read = (file: string) => readFile(`${folder}/${name}/${file}`, "utf8").catch(() => "");
    // A camera's further nodes deliver descriptions, not pictures.
    if (Number.isNaN(number) || (await read("index")).trim() !== "0") continue;
    webcams.push({ number, label: (await read("name")).trim() });
  }
  return webcams.sort((a, b) => a.number - b.number);
}

/**
 * Ways to open a camera with ffmpeg, each the flags up to `-i`; the next is tried where a camera
 * cannot do what the one before asks for.
 *
 * @param number of the camera; undefined for the first one.
 * @throws {MienError} `missing-file` if there is no camera at all; `unsupported` on a platform
 * whose cameras are unknown.
 */
export async function webcamInputs(
  number: number | undefined,
  platform: NodeJS.Platform = process.platform,
): Promise<{ name: string; ways: readonly (readonly string[])[] }> {
  const format = { linux: "v4l2", darwin: "avfoundation", win32: "dshow" }[platform as string];
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
          ? `There is ${there.join(", ")}.`
          : "Plug one in, and look for it with `npx nx run app:doctor`.",
    });
  }
  const device = {
    v4l2: `/dev/video${webcam.number}`,
    avfoundation: `${webcam.number}:none`,
    dshow: `video=${webcam.label}`,
  }[format] as string;
  const flags = ["-fflags", "nobuffer", "-f", format];
  const ways = [WISHES, ["-framerate", "30"], []].map((wishes) => [
    ...[...flags, ...wishes],
    ...["-i", device],
  ]);
  return { name: `webcam ${webcam.number}`, ways };
}
