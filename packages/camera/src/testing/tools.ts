import { spawnSync } from "node:child_process";
import path from "node:path";
import { findLibfreenect } from "../kinect/libfreenect-paths.ts";

/** If `CI` is set, a test whose tool is missing fails; otherwise it is skipped. */
const isCi = Boolean(process.env["CI"]);

export const withoutFfmpeg = !isCi && spawnSync("ffmpeg", ["-version"]).status !== 0;

/** The file of fakenect, which plays a recording instead of reading a Kinect. */
export const FAKENECT = findLibfreenect({ FAKENECT_PATH: "recording" }).candidates[0];
export const withoutFakenect = !isCi && FAKENECT === undefined;

/** The file of libfreenect, in the folder above. */
export const LIBFREENECT = path.join(
  path.dirname(FAKENECT ?? ""),
  "..",
  path.basename(FAKENECT ?? ""),
);

/**
 * Makes a video with ffmpeg.
 *
 * @param flags for the input and the encoder.
 * @returns `file`.
 */
export function makeVideo(file: string, flags: readonly string[]): string {
  const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-y", ...flags, file], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`ffmpeg failed: ${stderr}`);
  return file;
}
