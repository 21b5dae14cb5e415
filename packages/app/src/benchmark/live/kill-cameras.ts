import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { benchmarkTable, summarise } from "@mien/bench";
import type { Terminal } from "@mien/cli";
import {
  drawFaces,
  findLibfreenect,
  listWebcams,
  repeatRecording,
  synthesizeRecording,
} from "@mien/camera";
import { killRounds, type KillRound } from "./kill-rounds.ts";
import { startMjpegCamera } from "./mjpeg-camera.ts";
import type { ServerProcess } from "./server-process.ts";
import type { WatchedPage } from "./watched-page.ts";

/** What is needed to kill camera processes and to watch the page. */
interface KillOptions {
  /** Number of times that each process is killed. */
  readonly kills: number;
  /** Folder of the recordings that are made. */
  readonly out: string;
  /** The picture of the network camera, as JPEG. */
  readonly still: Buffer;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** Starts a server with a source and opens its page; closes both after `work`. */
  withPage<Result>(
    source: string,
    work: (server: ServerProcess, watched: WatchedPage) => Promise<Result>,
    environment?: NodeJS.ProcessEnv,
  ): Promise<Result>;
}

/** Length of the recording in seconds, and number of times that it is repeated. */
const SECONDS = 2;
const TIMES = 15;

/**
 * Kills the process that reads a Kinect, which fakenect replays, and the ffmpeg that reads a
 * webcam, or a network camera if there is no webcam.
 *
 * @throws {MienError} `mismatch` if a page does not report the loss, or does not recover.
 */
export async function killCameras(options: KillOptions): Promise<Record<string, KillRound[]>> {
  const { kills, out, terminal, signal } = options;
  const rounds: Record<string, KillRound[]> = {};
  const kill = async (name: string, source: string, environment: NodeJS.ProcessEnv = {}) => {
    const progress = terminal.progress(`killing the ${name}`, kills);
    rounds[name] = await options
      .withPage(
        source,
        (server, watched) =>
          killRounds(server, watched, {
            kills,
            signal,
            onKill: (done) => progress.update(done),
          }),
        environment,
      )
      .finally(() => progress.stop());
  };
  const recording = path.resolve(out, "recording");
  const kinect = path.resolve(out, "kinect");
  if (findLibfreenect({ FAKENECT_PATH: kinect }).candidates.length > 0) {
    if (!existsSync(path.join(recording, "INDEX.txt"))) {
      const faces = await drawFaces(3, 1);
      const scene = { scene: "people", seconds: SECONDS, seed: 1, faces, lossless: true } as const;
      await synthesizeRecording(recording, { ...scene, signal });
    }
    await rm(kinect, { recursive: true, force: true });
    await repeatRecording(recording, kinect, { times: TIMES, seconds: SECONDS });
    await kill("Kinect", "kinect", { FAKENECT_PATH: kinect });
  } else terminal.warn("fakenect is not installed: the Kinect is left out");
  const [webcam] = await listWebcams();
  if (webcam !== undefined) await kill("webcam", `webcam:${webcam.number}`);
  else {
    const camera = await startMjpegCamera(options.still);
    await kill("network camera", camera.address).finally(() => camera.close());
  }
  const rows = Object.entries(rounds).map(([name, times]) => ({
    name,
    said: summarise(times.map(({ saidMs }) => saidMs)),
    back: summarise(times.map(({ backMs }) => backMs)),
  }));
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  benchmarkTable(terminal, rows, [
    ["killed", ({ name }) => name],
    ["times", ({ said }) => said.count],
    ["reported after", ({ said }) => ms(said.median)],
    ["at most", ({ said }) => ms(said.max)],
    ["back after", ({ back }) => ms(back.median)],
    ["at most", ({ back }) => ms(back.max)],
  ]);
  return rounds;
}
