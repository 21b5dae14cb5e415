import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { MienError } from "@mien/format";
import { findFfmpeg } from "@mien/camera";
import { asidePath, killChild, killChildOnExit } from "@mien/cli";

type Encoder = ChildProcessByStdio<Writable, null, Readable>;

/** An H.264 video that ffmpeg writes under a temporary name; it is renamed when complete. */
export class VideoFile {
  readonly file: string;
  readonly #temporary: string;
  readonly #child: Encoder;
  readonly #ended: Promise<unknown>;
  #errorOutput = "";

  private constructor(file: string, temporary: string, child: Encoder) {
    this.file = file;
    this.#temporary = temporary;
    this.#child = child;
    this.#ended = once(child, "close");
    killChildOnExit(child);
    child.stderr.on("data", (text: Buffer) => (this.#errorOutput += text.toString("utf8")));
    // If ffmpeg ends early, its exit code and its message say why.
    child.stdin.on("error", () => undefined);
  }

  /**
   * Starts ffmpeg.
   *
   * @param picture width and height of the frames in pixels, and frames per second.
   * @throws {MienError} `environment` if ffmpeg is missing.
   */
  static async create(
    file: string,
    picture: { width: number; height: number; framesPerSecond: number },
  ): Promise<VideoFile> {
    const { program } = await findFfmpeg();
    await mkdir(path.dirname(file), { recursive: true });
    const temporary = asidePath(file, ".mp4");
    const { width, height, framesPerSecond } = picture;
    const input = ["-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", `${width}x${height}`];
    const rate = ["-framerate", String(framesPerSecond), "-i", "pipe:0"];
    // Players need 4:2:0, which needs an even width and height.
    const even = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"];
    const output = [
      "-c:v",
      "libx264",
      "-preset",
      "veryfast",
      "-movflags",
      "+faststart",
      "-y",
      temporary,
    ];
    const child = spawn(program, ["-v", "error", ...input, ...rate, ...even, ...output], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    return new VideoFile(file, temporary, child);
  }

  /** Adds a frame. @param rgba uint8 [height, width, 4]; copied. */
  async add(rgba: Uint8ClampedArray): Promise<void> {
    if (this.#child.exitCode !== null) await this.#fail();
    if (this.#child.stdin.write(Buffer.from(rgba))) return;
    const drained = once(this.#child.stdin, "drain").catch(() => this.#ended);
    await Promise.race([drained, this.#ended]);
  }

  /** @throws {MienError} `environment` if ffmpeg could not write it. */
  async finish(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
    if (this.#child.exitCode !== 0) await this.#fail();
    await rename(this.#temporary, this.file);
  }

  /** Stops ffmpeg and deletes the temporary file. */
  async discard(): Promise<void> {
    await killChild(this.#child);
    await rm(this.#temporary, { force: true });
  }

  async #fail(): Promise<never> {
    await this.discard();
    const reason = this.#errorOutput.trim().split("\n").at(-1) ?? "";
    throw new MienError("environment", `ffmpeg cannot write ${this.file}: ${reason}`);
  }
}
