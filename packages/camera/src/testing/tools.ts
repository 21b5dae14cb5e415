import { spawnSync } from "node:child_process";
import path from "node:path";
import { findLibfreenect } from "../kinect/libfreenect-paths.ts";

/** For a person, a test without its tool is skipped; where `CI` is set, it fails. */
const isCi = Boolean(process.env["CI"]);

export const withoutFfmpeg = !isCi && spawnSync("ffmpeg", ["-version"]).status !== 0;

/** Debian's fakenect, which plays a recording in a Kinect's stead. */
export const FAKENECT = findLibfreenect({ FAKENECT_PATH: "recording" }).candidates[0];
export const withoutFakenect = !isCi && FAKENECT === undefined;

/** The real library beside it. */
export const LIBFREENECT = path.join(
  path.dirname(FAKENECT ?? ""),
  "..",
  path.basename(FAKENECT ?? ""),
);

/** Makes a video with ffmpeg's own test pictures; 64×48, so that it is small. */
export function makeVideo(file: string, flags: readonly string[]): string {
  const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-y", ...flags, file], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`ffmpeg failed: ${stderr}`);
  return file;
}
