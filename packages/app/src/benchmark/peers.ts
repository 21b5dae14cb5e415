import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { peerPackages, type PeerOptions } from "@mien/cli";
import { MienError } from "@mien/format";
import type { Picture } from "@mien/runtime";
import { killChild, watchChild } from "../sources/child-processes.ts";
import type { Contender, Turn } from "./turns.ts";

/** Other packages that find faces and read expressions. */
export const PEERS = ["human", "face-api"] as const;

/** Pinned, so that figures can be compared. */
const PACKAGES = [
  "@vladmandic/human@3.3.6",
  "@vladmandic/face-api@1.7.15",
  "@tensorflow/tfjs@4.22.0",
  "@tensorflow/tfjs-backend-wasm@4.22.0",
];
/** Loading a model on a busy machine takes this long at most, in milliseconds. */
const PATIENCE = 120_000;

/**
 * Starts the other packages, each in a process of its own with the frame already decoded, as mien
 * gets it. They are installed into the cache folder the first time.
 *
 * @throws {MienError} `environment` if one cannot be installed or does not start.
 */
export async function openPeers(frame: Picture, options: PeerOptions): Promise<Contender[]> {
  const folder = await peerPackages(PACKAGES, options);
  const scratch = await mkdtemp(path.join(tmpdir(), "mien-benchmark-"));
  const file = path.join(scratch, "frame.rgb");
  await writeFile(file, frame.pixels);
  const { width, height } = frame;
  const given = JSON.stringify({ file, folder, width, height });
  const opened: Contender[] = [];
  try {
    for (const name of PEERS) opened.push(await openPeer(name, given));
    return opened;
  } catch (error) {
    for (const peer of opened) await peer.close();
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function openPeer(name: (typeof PEERS)[number], given: string): Promise<Contender> {
  // From source and from dist alike, since these programs are not compiled.
  const program = path.resolve(import.meta.dirname, `../../src/benchmark/peers/${name}.mjs`);
  const child = fork(program, [given], { silent: true, execArgv: [] });
  watchChild(child);
  let complaint = "";
  child.stderr?.on(
    "data",
    (text: Buffer) => (complaint = (complaint + text.toString()).slice(-2000)),
  );
  const answer = async () => {
    const message = await nextMessage(child);
    if (message !== undefined) return message;
    await killChild(child);
    const line =
      complaint
        .trim()
        .split("\n")
        .find((text) => /Error/.test(text)) ?? "no answer";
    throw new MienError("environment", `${name} does not run: ${line.trim()}`, {
      advice: "Leave the other packages out with --no-peers.",
    });
  };
  await answer();
  return {
    name: `${name} (npm)`,
    async turn(milliseconds) {
      child.send({ milliseconds });
      return (await answer()) as Turn;
    },
    close: () => killChild(child),
  };
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const late = AbortSignal.timeout(PATIENCE);
  const message = once(child, "message", { signal: late }).then(([one]) => one as unknown);
  const exit = once(child, "exit", { signal: late }).then(() => undefined);
  exit.catch(() => undefined);
  message.catch(() => undefined);
  return Promise.race([message, exit]).catch(() => undefined);
}
