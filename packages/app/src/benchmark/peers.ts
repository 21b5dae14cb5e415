import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { KERAS_REQUIREMENTS, type PeerOptions, peerPackages, peerPython } from "@mien/bench";
import { MienError } from "@mien/format";
import type { Picture } from "@mien/runtime";
import { killChild, killChildOnExit } from "@mien/cli";
import type { Contender, Turn } from "./turns.ts";

/** Pinned, so that figures can be compared. */
const NPM_PACKAGES = [
  "@vladmandic/human@3.3.6",
  "@vladmandic/face-api@1.7.15",
  "@tensorflow/tfjs@4.22.0",
  "@tensorflow/tfjs-backend-wasm@4.22.0",
];
const PYTHON_PACKAGES = [
  ...KERAS_REQUIREMENTS.filter((requirement) => requirement.startsWith("tensorflow")),
  "opencv-contrib-python-headless==4.13.0.92",
  "pandas==2.3.3",
  "requests==2.32.5",
  "tqdm==4.67.1",
  "Pillow==12.0.0",
  "setuptools==80.9.0",
];
/** Alone, since it also requires PyTorch, for a detector that is off by default. */
const FER = "fer==25.10.3";
/** Loading a model on a busy machine takes this long at most, in milliseconds. */
const PATIENCE = 120_000;

/** A process that works when it is told to, and says what came of it. */
interface Peer {
  readonly child: ChildProcess;
  readonly send: (message: object) => void;
  /** The next thing that it says; undefined if it ends, or keeps silent for too long. */
  readonly next: () => Promise<unknown>;
}

/**
 * Starts the other packages that find faces and read expressions, each in a process of its own with
 * the frame already decoded, as mien gets it. They are installed into the cache folder the first time.
 *
 * @param python whether to also start those for Python.
 * @throws {MienError} `environment` if one cannot be installed or does not start.
 */
export async function openPeers(
  frame: Picture,
  { python, ...options }: PeerOptions & { readonly python: boolean },
): Promise<Contender[]> {
  const folder = await peerPackages(NPM_PACKAGES, options);
  const interpreter = python
    ? await peerPython(PYTHON_PACKAGES, { ...options, bare: [FER] })
    : undefined;
  const scratch = await mkdtemp(path.join(tmpdir(), "mien-benchmark-"));
  const file = path.join(scratch, "frame.rgb");
  await writeFile(file, frame.pixels);
  const { width, height } = frame;
  const given = JSON.stringify({ file, folder, width, height });
  const opened: Contender[] = [];
  try {
    for (const name of ["human", "face-api"]) {
      opened.push(await contend(`${name} (npm)`, startNode(program(`${name}.mjs`), given)));
    }
    if (interpreter !== undefined) {
      const peer = startPython(interpreter, program("fer.py"), given);
      opened.push(await contend("fer (Python)", peer));
    }
    return opened;
  } catch (error) {
    for (const peer of opened) await peer.close();
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** From source and from dist alike, since these programs are not compiled. */
function program(name: string): string {
  return path.resolve(import.meta.dirname, "../../src/benchmark/peers", name);
}

function startNode(file: string, given: string): Peer {
  const child = fork(file, [given], { silent: true, execArgv: [] });
  return {
    child,
    send: (message) => child.send(message),
    next: () => nextEvent(child, child, "message"),
  };
}

function startPython(interpreter: string, file: string, given: string): Peer {
  const child = spawn(interpreter, ["-I", file, given], { stdio: "pipe" });
  const lines = createInterface({ input: child.stdout });
  return {
    child,
    send: (message) => child.stdin.write(`${JSON.stringify(message)}\n`),
    next: async () => {
      const line = await nextEvent(child, lines, "line");
      return line === undefined ? undefined : (JSON.parse(line as string) as unknown);
    },
  };
}

async function contend(name: string, { child, send, next }: Peer): Promise<Contender> {
  killChildOnExit(child);
  let complaint = "";
  child.stderr?.on(
    "data",
    (text: Buffer) => (complaint = (complaint + text.toString()).slice(-2000)),
  );
  const answer = async () => {
    const message = await next();
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
    name,
    async turn(milliseconds) {
      send({ milliseconds });
      return (await answer()) as Turn;
    },
    close: () => killChild(child),
  };
}

async function nextEvent(child: ChildProcess, emitter: NodeJS.EventEmitter, name: string) {
  // Whatever comes first, the others are not listened to any longer.
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(PATIENCE)]);
  const event = once(emitter, name, { signal }).then(([one]) => one as unknown);
  const exit = once(child, "exit", { signal }).then(() => undefined);
  exit.catch(() => undefined);
  event.catch(() => undefined);
  return Promise.race([event, exit])
    .catch(() => undefined)
    .finally(() => over.abort());
}
