import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { explainFfmpeg } from "./ffmpeg-errors.ts";
import { listWebcams, webcamInputs } from "./webcam.ts";

/** Lists of devices as ffmpeg prints them. */
const MAC = `[AVFoundation indev @ 0x7f8] AVFoundation video devices:
[AVFoundation indev @ 0x7f8] [0] FaceTime HD Camera
[AVFoundation indev @ 0x7f8] [1] Capture screen 0
[AVFoundation indev @ 0x7f8] AVFoundation audio devices:
[AVFoundation indev @ 0x7f8] [0] MacBook Pro Microphone
: Input/output error`;
const WINDOWS = `[dshow @ 000001] "Integrated Camera" (video)
[dshow @ 000001]   Alternative name "@device_pnp_\\\\?\\usb#vid_04f2"
[dshow @ 000001] "USB Camera" (video)
[dshow @ 000001] "Microphone (Realtek Audio)" (audio)
dummy: Immediate exit requested`;
const OLD_WINDOWS = `[dshow @ 01] DirectShow video devices (some may be both video and audio devices)
[dshow @ 01]  "Integrated Camera"
[dshow @ 01]     Alternative name "@device_pnp"
[dshow @ 01] DirectShow audio devices
[dshow @ 01]  "Microphone"`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-webcam-"));
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => rm(folder, { recursive: true, force: true }));

async function ffmpegThatLists(devices: string): Promise<void> {
  const program = path.join(folder, "ffmpeg");
  const script = `#!/bin/sh\n[ "$1" = -version ] && { echo ffmpeg version 6.1; exit 0; }\n`;
  await writeFile(program, `${script}cat >&2 <<'END'\n${devices}\nEND\nexit 1\n`);
  await chmod(program, 0o755);
  vi.stubEnv("MIEN_FFMPEG", program);
}

describe.skipIf(process.platform === "win32")("ffmpeg's list of devices", () => {
  it.each([
    ["darwin", "without microphones and screens", MAC, ["FaceTime HD Camera"]],
    ["win32", "without microphones", WINDOWS, ["Integrated Camera", "USB Camera"]],
    ["win32", "also of an older ffmpeg", OLD_WINDOWS, ["Integrated Camera"]],
    ["win32", "also if it is empty", "", []],
  ] as const)("is read on %s, %s", async (...[platform, , log, labels]) => {
    await ffmpegThatLists(log);
    const webcams = labels.map((label, number) => ({ number, label }));
    expect(await listWebcams(platform)).toEqual(webcams);
  });
});

describe.skipIf(process.platform === "win32")("a webcam is opened", () => {
  it("by its number on macOS, with fewer preferences in each alternative", async () => {
    await ffmpegThatLists(MAC);
    const { name, ways } = await webcamInputs(undefined, { platform: "darwin" });
    expect(name).toBe("webcam 0");
    expect(ways.map((way) => way.slice(-2))).toEqual(Array(3).fill(["-i", "0:none"]));
    expect(ways.map((way) => way.length)).toEqual([10, 8, 6]);
  });

  it("by its name on Windows", async () => {
    await ffmpegThatLists(WINDOWS);
    const size = { width: 1280, height: 720 };
    const sized = await webcamInputs(1, { platform: "win32", size });
    expect(sized.ways[0]?.join(" ")).toContain("-video_size 1280x720");
    const { ways } = await webcamInputs(1, { platform: "win32" });
    expect(ways[0]).toContain("video=USB Camera");
  });

  it("only if it exists; otherwise the others are named", async () => {
    await ffmpegThatLists(WINDOWS);
    await expect(webcamInputs(5, { platform: "win32" })).rejects.toMatchObject({
      message: "there is no webcam:5",
      advice: "Use one of these: webcam:0 (Integrated Camera), webcam:1 (USB Camera).",
    });
  });

  it("but not on other platforms", async () => {
    await expect(webcamInputs(0, { platform: "aix" })).rejects.toThrow(/not supported on aix/);
  });
});

describe("errors in the log of ffmpeg are explained", () => {
  it.each([
    ["[error] /dev/video0: Device or resource busy", /in use by another/, /Close other programs/],
    ["[error] /dev/video0: Permission denied", /not be opened by this user/, /usermod -aG video/],
    [
      "[error] Failed to create AV capture input device",
      /by programs in this terminal/,
      /Privacy & Security/,
    ],
    ["[error] Unknown input format: 'v4l2'", /camera support/, /own packages/],
    ["[error] Could not find video device with name [x]", /is not there/, /app:doctor/],
  ])("%s", (log, problem, remedy) => {
    const { message, advice } = explainFfmpeg({ name: "webcam 0" }, log, 1);
    expect(message).toMatch(problem);
    expect(advice).toMatch(remedy);
  });

  it.each([
    ["[error] Server returned 5XX Server Error reply", /its server reports an error/],
    ["[warning] HTTP error 503 Service Unavailable", /its server reports an error/],
    ["[error] method DESCRIBE failed: 500 Internal Server Error", /its server reports an error/],
    ["[info] Duration: N/A, bitrate: 502 kb/s\n[error] Odd thing", /\(Odd thing\)$/],
  ])("%s is explained by the right line", (log, problem) => {
    expect(explainFfmpeg({ name: "http://camera" }, log, 1).message).toMatch(problem);
  });

  it("an unknown error is quoted", () => {
    const { message } = explainFfmpeg({ name: "webcam 0" }, "[x @ 0x1] [error] Odd thing\n", 1);
    expect(message).toBe("webcam 0 cannot be read by ffmpeg (Odd thing)");
  });
});
