import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { defineCommand, formatBytes, outOption } from "@mien/cli";
import { MienError, messageOf } from "@mien/format";
import type { SourceCost } from "@mien/camera";

const FPS = 30;
/** Speed of the replayed Kinect for `--frames`, relative to a real one. */
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
    const [bench, { openSource, measureSource, findLibfreenect }] = await Promise.all([
      import("@mien/bench"),
      import("@mien/camera"),
    ]);
    const environment = bench.describeEnvironment(import.meta.url, ["sharp"]);
    const files = await prepare(out, { frames, seconds, signal });
    const { recording, video, images, kinect, fast } = files;
    const costs: Record<string, SourceCost> = {};
    const measure = async (
      name: string,
      source: string,
      { limits, loop = false }: { limits: { frames?: number; seconds?: number }; loop?: boolean },
    ) => {
      bench.stopIfAborted(signal);
      const total = limits.frames ?? Math.round((limits.seconds ?? 0) * FPS);
      const progress = terminal.progress(name, total);
      const opened = await openSource(source, { signal, loop });
      costs[name] = await measureSource(opened, {
        ...limits,
        watch: limits.frames !== undefined,
        onFrame: (count) => progress.update(count),
      }).finally(() => progress.stop());
    };
    const hasFakenect = findLibfreenect({ FAKENECT_PATH: kinect }).candidates.length > 0;
    if (!hasFakenect) terminal.warn("fakenect is not installed: the Kinect is left out");
    // This comes first, as in a program that has just started, since measuring memory makes later
    // garbage collections slower.
    process.env["FAKENECT_PATH"] = kinect;
    if (hasFakenect) await measure("kinect", "kinect", { limits: { seconds } });
    await measure("video", video, { limits: { frames }, loop: true });
    await measure("images", images, { limits: { frames }, loop: true });
    await measure("recording", `kinect:${recording}`, { limits: { frames }, loop: true });
    process.env["FAKENECT_PATH"] = fast;
    if (hasFakenect) await measure(`kinect, ${SPEED}× as fast`, "kinect", { limits: { frames } });
    bench.sayEnvironment(terminal, environment);
    const bytes = (value: number | null) => (value === null ? "" : formatBytes(value));
    const percent = (value: number | null) => (value === null ? "" : `${value.toFixed(1)} %`);
    bench.benchmarkTable(terminal, Object.entries(costs), [
      ["source", ([name]) => name],
      ["frames", ([, cost]) => cost.frames],
      ["a second", ([, cost]) => cost.framesPerSecond.toFixed(1)],
      ["CPU", ([, cost]) => percent(cost.cpuPercent)],
      ["children's CPU", ([, cost]) => percent(cost.childCpuPercent)],
      ["gap p99", ([, cost]) => `${cost.gapP99Ms.toFixed(1)} ms`],
      ["growth", ([, cost]) => bytes(cost.growthBytes)],
      ["resident", ([, cost]) => bytes(cost.residentGrowthBytes)],
      ["leaked", ([, cost]) => cost.leakedFrames ?? ""],
    ]);
    terminal.next("npx nx run app:doctor", "says what works on this machine");
    return { ...environment, costs };
  },
});

/** Makes the video, the images and the recordings that are read. */
async function prepare(
  out: string,
  options: { readonly frames: number; readonly seconds: number; readonly signal: AbortSignal },
) {
  const { frames, seconds, signal } = options;
  const [{ stopIfAborted }, { drawFaces, synthesizeRecording, repeatRecording, findFfmpeg }] =
    await Promise.all([import("@mien/bench"), import("@mien/camera")]);
  const at = (name: string) => path.join(out, name);
  await mkdir(at("images"), { recursive: true });
  const length = 2;
  if (!existsSync(at("recording/INDEX.txt"))) {
    const faces = await drawFaces(3, 1);
    await synthesizeRecording(at("recording"), {
      scene: "people",
      seconds: length,
      seed: 1,
      faces,
      lossless: true,
      signal,
    });
  }
  const pictures = ["-f", "lavfi", "-i", "testsrc=size=640x480:rate=30"];
  const { program } = await findFfmpeg();
  const ffmpeg = async (...args: string[]) => {
    const words = ["-v", "error", "-y", ...pictures, ...args];
    await promisify(execFile)(program, words, { signal }).catch((error: unknown) => {
      stopIfAborted(signal);
      throw new MienError("environment", `ffmpeg failed: ${messageOf(error)}`);
    });
  };
  await ffmpeg("-t", "10", "-pix_fmt", "yuv420p", at("video.mp4"));
  await ffmpeg("-t", "1", at("images/%02d.jpg"));
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
