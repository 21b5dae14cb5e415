import {
  appendFile,
  cp,
  mkdtemp,
  readdir,
  rm,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { drawFaces } from "../recording/face-textures.ts";
import { repeatRecording } from "../recording/repeat-recording.ts";
import { synthesizeRecording } from "../recording/synthesize.ts";
import { openSource } from "../open-source.ts";
import { expectRefusal, expectReturn, isFrame, startReader } from "../testing/reader.ts";
import { FAKENECT, LIBFREENECT, withoutFakenect } from "../testing/tools.ts";

let folder: string;
let recording: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-kinect-"));
  recording = path.join(folder, "whole");
  const faces = await drawFaces(1, 1);
  await synthesizeRecording(recording, { scene: "head", seconds: 0.5, seed: 1, faces });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the recording with a fault. */
async function damaged(name: string, damage: (copy: string) => Promise<void>): Promise<string> {
  const copy = path.join(folder, name);
  await cp(recording, copy, { recursive: true });
  await damage(copy);
  return copy;
}

async function firstOf(copy: string, kind: "d" | "r"): Promise<string> {
  const names = await readdir(copy);
  return path.join(copy, names.find((name) => name.startsWith(`${kind}-`)) ?? "");
}

const kinect = (environment: Record<string, string | undefined>) =>
  startReader(["--source", "kinect"], {
    FAKENECT_PATH: undefined,
    MIEN_LIBFREENECT: undefined,
    ...environment,
  });

describe("without a Kinect", () => {
  it("names a missing library, and says how to install it", async () => {
    const reader = kinect({ MIEN_LIBFREENECT: path.join(folder, "libfreenect.so") });
    await expectRefusal(reader, /libfreenect.* is not installed\n.*(apt|brew|vcpkg) install/);
  });

  it("refuses a file that is no library, without a crash", async () => {
    const file = path.join(folder, "other.so");
    await writeFile(file, "not a library");
    await expectRefusal(kinect({ MIEN_LIBFREENECT: file }), /libfreenect cannot be loaded/);
  });

  it.skipIf(withoutFakenect)(
    "finds none with the real library, and says what to check",
    async () => {
      const reader = kinect({ MIEN_LIBFREENECT: LIBFREENECT });
      await expectRefusal(reader, /(no Kinect was found|USB cannot be used)[^]*\n.*(power|USB)/);
    },
  );
});

describe.skipIf(withoutFakenect)("the real fakenect", () => {
  it("plays a recording to its end, and then ends", async () => {
    const reader = kinect({ FAKENECT_PATH: recording });
    expect(await reader.exit).toBe(0);
    const { end } = reader.lines.at(-1) as { end: number };
    expect(end).toBeGreaterThan(3);
    expect(reader.children()).toEqual([]);
  });

  it.each<[string, (copy: string) => Promise<void>, RegExp]>([
    ["is missing", (copy) => rm(copy, { recursive: true }), /no Kinect recording in/],
    [
      "is cut in the middle of a file",
      async (copy) => truncate(await firstOf(copy, "d"), 1000),
      /d-\S+pgm is cut off: expected 614417 bytes, found 1000/,
    ],
    [
      "has a picture of the wrong size",
      async (copy) => appendFile(await firstOf(copy, "r"), "more"),
      /r-\S+ppm is too long: expected 921615 bytes, found 921619/,
    ],
    [
      "lacks a picture of its index",
      async (copy) => unlink(await firstOf(copy, "r")),
      /cannot read \S+ppm/,
    ],
    [
      "has a damaged index",
      (copy) => writeFile(path.join(copy, "INDEX.txt"), "d-1.0-2.pgm\nnonsense\n"),
      /INDEX\.txt, line 2: expected/,
    ],
    ["has an empty index", (copy) => writeFile(path.join(copy, "INDEX.txt"), ""), /no pair of/],
    [
      "has damaged camera parameters",
      (copy) => writeFile(path.join(copy, "device.json"), "{}"),
      /device\.json holds no camera parameters of a Kinect/,
    ],
  ])("is not started with a recording that %s", async (name, damage, sentence) => {
    const copy = await damaged(name.replaceAll(" ", "-"), damage);
    vi.stubEnv("FAKENECT_PATH", copy);
    await expect(openSource("kinect")).rejects.toThrow(sentence);
    vi.unstubAllEnvs();
  });

  it("is not started without a recording", async () => {
    const reader = kinect({ MIEN_LIBFREENECT: FAKENECT });
    await expectRefusal(reader, /FAKENECT_PATH is not set/);
  });

  it("is started again if its process is killed or stopped, and leaves no process on Ctrl-C", async () => {
    const long = path.join(folder, "long");
    await repeatRecording(recording, long, { times: 40, seconds: 0.5 });
    const reader = kinect({ FAKENECT_PATH: long });
    for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
      await expectReturn(reader, () =>
        reader.children().forEach((pid) => process.kill(pid, signal)),
      );
    }
    await reader.nextFrame();
    reader.kill("SIGINT");
    expect(await reader.exit).toBe(0);
    expect(reader.children()).toEqual([]);
  });

  it("ends when its reader is killed", async () => {
    const reader = kinect({ FAKENECT_PATH: path.join(folder, "long") });
    await reader.until(isFrame);
    reader.kill("SIGKILL");
    await reader.exit;
    await expect.poll(() => reader.children()).toEqual([]);
  });
});
