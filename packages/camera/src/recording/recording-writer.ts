import { mkdir, open, readdir, rename, rm, writeFile, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { writeJson, cannotWrite } from "@mien/cli";
import { MienError } from "@mien/format";
import { toDeviceJson, type CameraParameters } from "../kinect/camera-parameters.ts";
import { COLOUR_HEADER, DEPTH_HEADER } from "../kinect/recording.ts";

/** The kind of an entry of the index: depth, colour or acceleration. */
type Kind = "d" | "r" | "a";

const EXTENSIONS = { d: "pgm", r: "ppm", a: "dump" } as const;
/** Name of the index until the recording is complete. */
const PARTIAL = "INDEX.txt.partial";

/** When a picture was taken. */
export interface RecordedTime {
  /** Since 1970. */
  readonly seconds: number;
  /** The device's clock, which counts 60 million ticks per second in 32 bits. */
  readonly clock: number;
}

/**
 * Writes a Kinect recording in fakenect's format. The index is renamed to its final name last, so
 * that an incomplete recording is not taken for a complete one.
 */
export class RecordingWriter {
  readonly #folder: string;
  readonly #index: FileHandle;
  #bytes = 0;

  private constructor(folder: string, index: FileHandle) {
    this.#folder = folder;
    this.#index = index;
  }

  /**
   * @throws {MienError} `conflict` if the folder is not empty; `environment` if it cannot be written.
   */
  static async create(
    folder: string,
    cameraParameters: CameraParameters,
  ): Promise<RecordingWriter> {
    const names = await readdir(folder).catch((): string[] => []);
    if (names.includes(PARTIAL)) await removeRecording(folder);
    else if (names.length > 0) {
      const what = names.includes("INDEX.txt") ? "already holds a recording" : "is not empty";
      throw new MienError("conflict", `${folder} ${what}`, {
        advice: "Name another folder with --out, or remove this one.",
      });
    }
    try {
      await mkdir(folder, { recursive: true });
      const index = await open(path.join(folder, PARTIAL), "w");
      await writeJson(path.join(folder, "device.json"), toDeviceJson(cameraParameters));
      return new RecordingWriter(folder, index);
    } catch (error) {
      throw cannotWrite(folder, error);
    }
  }

  /** Size of the pictures written so far, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param raw raw depth, uint16 [480, 640]. */
  addDepth(time: RecordedTime, raw: Uint16Array): Promise<void> {
    const bytes = new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength);
    return this.#add("d", time, [Buffer.from(DEPTH_HEADER, "latin1"), bytes]);
  }

  /** @param pixels RGB, uint8 [480, 640, 3]. */
  addColour(time: RecordedTime, pixels: Uint8Array): Promise<void> {
    return this.#add("r", time, [Buffer.from(COLOUR_HEADER, "latin1"), pixels]);
  }

  /** @param gravity acceleration along the device's three axes, in units of g/819. */
  addTilt(time: RecordedTime, gravity: readonly [number, number, number]): Promise<void> {
    const state = Buffer.alloc(12);
    for (const [axis, value] of gravity.entries()) state.writeInt16LE(value, 2 * axis);
    return this.#add("a", time, [state]);
  }

  async #add(kind: Kind, { seconds, clock }: RecordedTime, content: readonly Uint8Array[]) {
    const name = `${kind}-${seconds.toFixed(6)}-${clock >>> 0}.${EXTENSIONS[kind]}`;
    try {
      await writeFile(path.join(this.#folder, name), content);
      await this.#index.write(`${name}\n`);
    } catch (error) {
      throw cannotWrite(this.#folder, error);
    }
    for (const part of content) this.#bytes += part.length;
  }

  /** Completes the recording. */
  async finish(): Promise<void> {
    await this.#index.close();
    await rename(path.join(this.#folder, PARTIAL), path.join(this.#folder, "INDEX.txt"));
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    await this.#index.close();
    await removeRecording(this.#folder);
  }
}

/** Removes the files of a recording from a folder, and no others. */
async function removeRecording(folder: string): Promise<void> {
  const ours = /^([dra]-[\d.]+-\d+\.(pgm|ppm|dump)|INDEX\.txt(\.partial)?|device\.json)$/;
  for (const name of await readdir(folder).catch((): string[] => [])) {
    if (ours.test(name)) await rm(path.join(folder, name), { force: true });
  }
}
