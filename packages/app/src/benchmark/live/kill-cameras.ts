import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Terminal } from "@mien/cli";
import {
  drawFaces,
  findLibfreenect,
  listWebcams,
  repeatRecording,
  synthesizeRecording,
} from "@mien/camera";
import { killRounds, type KillRound } from "./kill-rounds.ts";
import { quantile } from "./measure-live.ts";
import { startMjpegCamera } from "./mjpeg-camera.ts";
import type { ServerProcess } from "./server-process.ts";
import type { WatchedPage } from "./watched-page.ts";

/** What it takes to kill cameras. */
export interface KillOptions {
  /** How often each. */
  readonly kills: number;
  /** Where recordings are made. */
  readonly out: string;
  /** What a network camera shows, as JPEG. */
  readonly still: Buffer;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** Runs a server with a source, and a page. */
  withPage<Result>(
    source: string,
    work: (server: ServerProcess, watched: WatchedPage) => Promise<Result>,
    environment?: NodeJS.ProcessEnv,
  ): Promise<Result>;
}

/** Seconds of the recording that is played again and again, and how often. */
const SECONDS = 2;
const TIMES = 15;

/**
 * Kills the process that reads a Kinect, played by fakenect, and the one that reads a webcam, or
 * a network camera where there is none: both are read by the same ffmpeg.
 *
 * @throws {MienError} `mismatch` if a page does not say so, or does not come back.
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
            ...{ kills, signal },
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
  terminal.table(
    ["killed", "times", "said after", "at most", "back after", "at most"],
    Object.entries(rounds).map(([name, times]) => {
      const said = times.map(({ saidMs }) => saidMs);
      const back = times.map(({ backMs }) => backMs);
      const ms = (values: readonly number[], share: number) =>
        `${quantile(values, share).toFixed(0)} ms`;
      return [name, times.length, ms(said, 0.5), ms(said, 1), ms(back, 0.5), ms(back, 1)];
    }),
  );
  return rounds;
}
