import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  KERAS_REQUIREMENTS,
  kerasEnvironment,
  openJsonProcess,
  type PeerOptions,
  peerPackages,
  peerPython,
  processContender,
} from "@mien/bench";
import type { Picture } from "@mien/runtime";
import { z } from "zod";
import { closing, type FaceContender } from "./face-contender.ts";

/** Versions by package, pinned, so that results can be compared. */
const NPM_VERSIONS = {
  "@vladmandic/human": "3.3.6",
  "@vladmandic/face-api": "1.7.15",
  "@tensorflow/tfjs": "4.22.0",
  "@tensorflow/tfjs-backend-wasm": "4.22.0",
} as const;
const PYTHON_PACKAGES = [
  ...KERAS_REQUIREMENTS.filter((requirement) => requirement.startsWith("tensorflow")),
  "opencv-contrib-python-headless==4.13.0.92",
  "pandas==2.3.3",
  "requests==2.32.5",
  "tqdm==4.67.1",
  "Pillow==12.0.0",
  "setuptools==80.9.0",
];
/**
 * Installed without its dependencies, which include PyTorch for a detector that is off by default.
 */
const FER_VERSION = "25.10.3";

/** Versions of the packages by name, for the result. */
export function peerVersions({ python }: { readonly python: boolean }): Record<string, string> {
  return { ...NPM_VERSIONS, ...(python ? { fer: FER_VERSION } : {}) };
}

const READY = z.object({ ready: z.literal(true) });

/**
 * Starts the other packages that find faces and read expressions, each in a process of its own that
 * gets the decoded frame, as mien does. They are installed into the cache folder the first time.
 *
 * @param options.python whether to also start the Python packages.
 * @throws {MienError} `environment` if one cannot be installed or does not start; `interrupted`.
 */
export async function openPeers(
  frame: Picture,
  { python, ...options }: PeerOptions & { readonly python: boolean },
): Promise<FaceContender[]> {
  const folder = await peerPackages(
    Object.entries(NPM_VERSIONS).map(([name, version]) => `${name}@${version}`),
    options,
  );
  const interpreter = python
    ? await peerPython(PYTHON_PACKAGES, { ...options, bare: [`fer==${FER_VERSION}`] })
    : undefined;
  const scratch = await mkdtemp(path.join(tmpdir(), "mien-benchmark-"));
  const file = path.join(scratch, "frame.rgb");
  await writeFile(file, frame.pixels);
  const { width, height } = frame;
  const given = JSON.stringify({ file, folder, width, height });
  const peers = [
    { name: "human (npm)", program: process.execPath, args: [peerFile("human.mjs"), given] },
    { name: "face-api (npm)", program: process.execPath, args: [peerFile("face-api.mjs"), given] },
    ...(interpreter === undefined
      ? []
      : [{ name: "fer (Python)", program: interpreter, args: ["-I", peerFile("fer.py"), given] }]),
  ];
  const opened: FaceContender[] = [];
  try {
    for (const { name, program, args } of peers) {
      const peer = openJsonProcess(program, {
        name,
        args,
        env: kerasEnvironment(),
        advice: "Leave the other packages out with --no-peers.",
        signal: options.signal,
      });
      opened.push(closing(processContender(name, peer), () => peer.close()));
      await peer.next(READY);
    }
    return opened;
  } catch (error) {
    for (const peer of opened) await peer.close();
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** These programs are not compiled: from dist they are found in src. */
function peerFile(name: string): string {
  return path.resolve(import.meta.dirname, "../../src/benchmark/peers", name);
}
