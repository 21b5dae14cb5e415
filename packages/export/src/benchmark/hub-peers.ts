import { createRequire } from "node:module";
import path from "node:path";
import { openJsonProcess, peerPackages, peerPython, type PeerOptions } from "@mien/bench";
import { TELEMETRY_OFF } from "@mien/format";
import { z } from "zod";
import type { HubPeer, ImageFile } from "../hub/verify-hub.ts";
import { PEERS, PYTHON_FLAGS } from "./keras-predict-peer.ts";

/** The package that runs the folder in JavaScript. */
export const TRANSFORMERS_JS = { name: "@huggingface/transformers", version: "4.3.2" } as const;
/** The packages that run the folder in Python. */
const PYTHON_PACKAGES = ["onnxruntime==1.23.2", "numpy==2.2.6", "pillow==12.0.0"];

/** A Python that also cuts test images out of photographs. */
export interface PythonPeer extends HubPeer {
  /**
   * Writes at most `count` crops of the images in folders to a file, as RGB.
   *
   * @param file path of the new file.
   */
  crop(folders: readonly string[], count: number, file: string): Promise<ImageFile>;
}

const STARTED = z.object({ version: z.string() });
const PREDICTED = z.object({ probabilities: z.array(z.array(z.number())) });
const CROPPED = z.object({ sizes: z.array(z.tuple([z.number(), z.number(), z.number()])) });

const environment = () => ({ ...process.env, ...TELEMETRY_OFF });

/**
 * Starts transformers.js, which is installed into the cache folder the first time. It opens no network
 * connection.
 *
 * @param folder in Hugging Face's layout.
 * @throws {MienError} `environment` if it cannot be installed or fails; `interrupted`.
 */
export async function startTransformersJs(folder: string, options: PeerOptions): Promise<HubPeer> {
  const { name, version } = TRANSFORMERS_JS;
  const packages = await peerPackages([`${name}@${version}`], options);
  const library = createRequire(path.join(packages, "package.json")).resolve(name);
  const script = path.join(PEERS, "hub_transformers.mjs");
  const peer = openJsonProcess(process.execPath, {
    name: "transformers.js",
    args: [script, library, folder],
    env: environment(),
    signal: options.signal,
  });
  await peer.next(STARTED);
  return {
    name: `transformers.js ${version}`,
    async predict({ images, sizes }, { dtype }) {
      const { probabilities } = await peer.ask({ images, sizes, dtype }, PREDICTED);
      return Float32Array.from(probabilities.flat());
    },
    close: () => peer.close(),
  };
}

/**
 * Starts a Python with onnxruntime and Pillow, which are installed into the cache folder the first
 * time.
 *
 * @param folder in Hugging Face's layout.
 * @throws {MienError} `environment` if they cannot be installed or fail; `interrupted`.
 */
export async function startHubPython(folder: string, options: PeerOptions): Promise<PythonPeer> {
  const python = await peerPython(PYTHON_PACKAGES, options);
  const peer = openJsonProcess(python, {
    name: "onnxruntime in Python",
    args: [...PYTHON_FLAGS, path.join(PEERS, "hub_onnxruntime.py"), folder],
    env: environment(),
    signal: options.signal,
  });
  const { version } = await peer.next(STARTED);
  return {
    name: `Python, onnxruntime ${version}`,
    async predict({ images, sizes }, { file }) {
      const { probabilities } = await peer.ask({ images, sizes, model: file }, PREDICTED);
      return Float32Array.from(probabilities.flat());
    },
    async crop(folders, count, file) {
      const question = { crop: folders.map((each) => path.resolve(each)), count, images: file };
      const { sizes } = await peer.ask(question, CROPPED);
      return { images: file, sizes };
    },
    close: () => peer.close(),
  };
}
