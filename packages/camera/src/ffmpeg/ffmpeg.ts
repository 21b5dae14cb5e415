import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { MienError } from "@mien/format";
import { installHint } from "../system/install-hint.ts";

/** The ffmpeg that is used. */
export interface Ffmpeg {
  /** The program to start: `MIEN_FFMPEG`, else `ffmpeg` on the path. */
  readonly program: string;
  /** Version that the program reports, for example `5.1.9-0+deb12u1`. */
  readonly version: string;
  /** Output flags that pass frames on as they come, without duplicating or dropping any. */
  readonly passthrough: readonly string[];
}

/**
 * Finds ffmpeg.
 *
 * @throws {MienError} `environment` if it is missing or does not run; the advice says how to
 * install it.
 */
export async function findFfmpeg(): Promise<Ffmpeg> {
  const program = process.env["MIEN_FFMPEG"] || "ffmpeg";
  const output = await promisify(execFile)(program, ["-version"], { timeout: 10_000 }).catch(
    (error: NodeJS.ErrnoException) => {
      const problem =
        error.code === "ENOENT"
          ? `ffmpeg is not installed (no program "${program}")`
          : `ffmpeg (${program}) does not run: ${error.message.trim()}`;
      throw new MienError("environment", problem, {
        advice: `Videos, webcams and streams are read by ffmpeg. ${installHint("ffmpeg")}`,
        cause: error,
      });
    },
  );
  const version = /^ffmpeg version (\S+)/.exec(output.stdout)?.[1] ?? "unknown";
  const [, major = "99", minor = "0"] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  const renamed = Number(major) + Number(minor) / 100 >= 5.01;
  return { program, version, passthrough: [renamed ? "-fps_mode" : "-vsync", "passthrough"] };
}
