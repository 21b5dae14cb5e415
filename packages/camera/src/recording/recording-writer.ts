import { mkdir, open, readdir, rename, rm, writeFile, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { writeJson, cannotWrite } from "@mien/cli";
import { MienError } from "@mien/format";
import { toDeviceJson, type Calibration } from "../kinect/camera-parameters.ts";
import { COLOUR_HEADER, DEPTH_HEADER } from "../kinect/recording.ts";

/** Which picture an entry of the index is. */
type Kind = "d" | "r" | "a";

const EXTENSIONS = { d: "pgm", r: "ppm", a: "dump" } as const;
/** The index until the recording is whole. */
const PARTIAL = "INDEX.txt.partial";

/**
 * Writes a Kinect's recording in fakenect's format. The index, without which there is no recording,
 * comes last.
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
   * @throws {MienError} `conflict` if the folder holds a recording or anything else; `environment`
   * if it cannot be written.
   */
  static async create(folder: string, calibration: Calibration): Promise<RecordingWriter> {
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
      await writeJson(path.join(folder, "device.json"), toDeviceJson(calibration));
      return new RecordingWriter(folder, index);
    } catch (error) {
      throw cannotWrite(folder, error);
    }
  }

  /** What was written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param seconds since 1970.
   * @param clock the device's own, 60 MHz, 32 bits.
   * @param raw uint16 [480, 640].
   */
  addDepth(seconds: number, clock: number, raw: Uint16Array): Promise<void> {
    const bytes = new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength);
    return this.#add("d", seconds, clock, [Buffer.from(DEPTH_HEADER, "latin1"), bytes]);
  }

  /** @param pixels RGB, uint8 [480, 640, 3]. */
  addColour(seconds: number, clock: number, pixels: Uint8Array): Promise<void> {
    return this.#add("r", seconds, clock, [Buffer.from(COLOUR_HEADER, "latin1"), pixels]);
  }

  /** @param gravity along the device's axes, in units of 1/819 of the earth's. */
  addTilt(seconds: number, clock: number, gravity: readonly [number, number, number]) {
    const state = Buffer.alloc(12);
    for (const [axis, value] of gravity.entries()) state.writeInt16LE(value, 2 * axis);
    return this.#add("a", seconds, clock, [state]);
  }

  async #add(kind: Kind, seconds: number, clock: number, content: readonly Uint8Array[]) {
    const name = `${kind}-${seconds.toFixed(6)}-${clock >>> 0}.${EXTENSIONS[kind]}`;
    try {
      await writeFile(path.join(this.#folder, name), content);
      await this.#index.write(`${name}\n`);
    } catch (error) {
      throw cannotWrite(this.#folder, error);
    }
    for (const part of content) this.#bytes += part.length;
  }

  /** Makes it a recording. */
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

/** Removes a recording's files from a folder. */
export async function removeRecording(folder: string): Promise<void> {
  const ours = /^([dra]-[\d.]+-\d+\.(pgm|ppm|dump)|INDEX\.txt(\.partial)?|device\.json)$/;
  for (const name of await readdir(folder).catch((): string[] => [])) {
    if (ours.test(name)) await rm(path.join(folder, name), { force: true });
  }
}
