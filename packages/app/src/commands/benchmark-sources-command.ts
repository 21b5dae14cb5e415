import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { defineCommand, formatBytes, outOption } from "@mien/cli";
import { MienError } from "@mien/format";
import type { SourceCost, SourceOptions } from "@mien/camera";

const FPS = 30;
/** How much faster than a Kinect the many frames of one come. */
const SPEED = 4;

export const benchmarkSources = defineCommand({
  name: "benchmark-sources",
  summary: "Measure the cost of reading a video, images and a Kinect, and look for memory leaks",
  details:
    "Makes a video, images and a Kinect recording, and reads each: frame rate, processor time, delays of the event loop, memory, and frames that are never released.\n" +
    "The Kinect is replayed by fakenect, a part of libfreenect: at its own speed for --seconds, and faster for --frames. Memory is not measured at its own speed, because this would cost as much as reading.",
  examples: [
    "npx nx run app:benchmark-sources",
    "npx nx run app:benchmark-sources --frames 30000 --seconds 60",
  ],
  options: {
    frames: {
      type: "integer",
      unit: "frames",
      description: "Number of frames to read from each source",
      default: 3000,
      min: 100,
    },
    seconds: {
      type: "number",
      unit: "seconds",
      description: "Time to read the Kinect at its own speed",
      default: 20,
      min: 1,
      max: 3600,
    },
    out: { ...outOption("Folder of the files to read"), default: "artifacts/benchmark-sources" },
  },
  async run({ frames, seconds, out }, { terminal, signal }) {
    const [{ openSource }, { measureSource }, { findLibfreenect }] = await Promise.all([
      import("@mien/camera"),
      import("@mien/camera"),
      import("@mien/camera"),
    ]);
    const { recording, video, images, kinect, fast } = await prepare(out, frames, seconds, signal);
    const costs: Record<string, SourceCost> = {};
    const measure = async (
      name: string,
      source: string,
      limits: { frames?: number; seconds?: number },
      options: SourceOptions = {},
    ) => {
      if (signal.aborted) throw new MienError("interrupted", "measuring");
      const total = limits.frames ?? Math.round((limits.seconds ?? 0) * FPS);
      const progress = terminal.progress(name, total);
      const opened = await openSource(source, { signal, ...options });
      costs[name] = await measureSource(opened, {
        ...limits,
        watch: limits.frames !== undefined,
        onFrame: (count) => progress.update(count),
      }).finally(() => progress.stop());
    };
    const hasFakenect = findLibfreenect({ FAKENECT_PATH: kinect }).candidates.length > 0;
    if (!hasFakenect) terminal.warn("fakenect is not installed: the Kinect is left out");
    // First, as in a program that has just started: what is watched leaves slower collections behind.
    process.env["FAKENECT_PATH"] = kinect;
    if (hasFakenect) await measure("kinect", "kinect", { seconds });
    await measure("video", video, { frames }, { loop: true });
    await measure("images", images, { frames }, { loop: true });
    await measure("recording", `kinect:${recording}`, { frames }, { loop: true });
    process.env["FAKENECT_PATH"] = fast;
    if (hasFakenect) await measure(`kinect, ${SPEED}× as fast`, "kinect", { frames });
    terminal.table(
      [
        "source",
        "frames",
        "a second",
        "CPU",
        "its child's",
        "gap p99",
        "growth",
        "resident",
        "leaked",
      ],
      Object.entries(costs).map(([name, cost]) => [
        name,
        cost.frames,
        cost.framesPerSecond.toFixed(1),
        `${cost.cpuPercent.toFixed(1)} %`,
        cost.childCpuPercent === null ? "" : `${cost.childCpuPercent.toFixed(1)} %`,
        `${cost.gapP99Ms.toFixed(1)} ms`,
        cost.growthBytes === null ? "" : formatBytes(cost.growthBytes),
        cost.residentGrowthBytes === null ? "" : formatBytes(cost.residentGrowthBytes),
        cost.leakedFrames ?? "",
      ]),
    );
    terminal.next("npx nx run app:doctor", "says what works on this machine");
    return { costs };
  },
});

async function prepare(out: string, frames: number, seconds: number, signal: AbortSignal) {
  const [{ drawFaces }, { synthesizeRecording }, { repeatRecording }, { mkdir }] =
    await Promise.all([
      import("@mien/camera"),
      import("@mien/camera"),
      import("@mien/camera"),
      import("node:fs/promises"),
    ]);
  const at = (name: string) => path.join(out, name);
  await mkdir(at("images"), { recursive: true });
  const length = 2;
  if (!existsSync(at("recording/INDEX.txt"))) {
    const faces = await drawFaces(3, 1);
    const options = { scene: "people", seconds: length, seed: 1, faces, lossless: true } as const;
    await synthesizeRecording(at("recording"), { ...options, signal });
  }
  const pictures = ["-f", "lavfi", "-i", "testsrc=size=640x480:rate=30"];
  const ffmpeg = (...args: string[]) => {
    const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-y", ...pictures, ...args]);
    if (status !== 0) throw new MienError("environment", `ffmpeg failed: ${String(stderr)}`);
  };
  ffmpeg("-t", "10", "-pix_fmt", "yuv420p", at("video.mp4"));
  ffmpeg("-t", "1", at("images/%02d.jpg"));
  for (const name of ["kinect", "fast"]) await rm(at(name), { recursive: true, force: true });
  const rounds = (pairs: number) => Math.ceil(pairs / (length * FPS)) + 1;
  const kinect = { times: rounds(seconds * FPS), seconds: length };
  await repeatRecording(at("recording"), at("kinect"), kinect);
  // Pairs that come faster than they are read are left out.
  const fast = { times: rounds(frames * 1.5), seconds: length, speed: SPEED };
  await repeatRecording(at("recording"), at("fast"), fast);
  return {
    recording: at("recording"),
    video: at("video.mp4"),
    images: at("images"),
    kinect: at("kinect"),
    fast: at("fast"),
  };
}
