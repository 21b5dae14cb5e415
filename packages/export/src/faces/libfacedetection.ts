import { createHash } from "node:crypto";
import path from "node:path";
import { type PeerOptions, peerWheel } from "@mien/bench";
import { readBytes } from "@mien/cli";
import { MienError } from "@mien/format";
import { readElfArrays } from "./elf-arrays.ts";
import { askProcess } from "./peer-process.ts";

/** The PyPI package that the face detector comes from: libfacedetection, which contains YuNet. */
export const LIBFACEDETECTION = {
  name: "yuface",
  version: "2023.5.1",
  licence: "BSD-3-Clause",
} as const;

/** The library in the package, and its expected SHA-256. */
const LIBRARY = {
  file: "yuface/libfacedetection.so",
  sha256: "7fc3c140b563f449ce7cb5bd102ece650681e5bfeffc87efe79272be1932c4f4",
} as const;

/**
 * Downloads the package for Linux on x86-64 into the cache folder, unless it is there. The library
 * in it is read as data, so this works on every system.
 *
 * @returns the folder of the package.
 * @throws {MienError} `environment` if it cannot be downloaded.
 */
export function libfacedetectionFolder(options: PeerOptions): Promise<string> {
  const { name, version } = LIBFACEDETECTION;
  return peerWheel(
    { requirement: `${name}==${version}`, platform: "manylinux2014_x86_64", python: "3.11" },
    options,
  );
}

/** Path of the licence text in the package. */
export function licenceOf(folder: string): string {
  const { name, version } = LIBFACEDETECTION;
  return path.join(folder, `${name}-${version}.dist-info`, "LICENSE");
}

/**
 * Reads the weights of YuNet from the library.
 *
 * @param folder of the package.
 * @returns the arrays by the library's names, such as `backbone__model0_pw_weight`.
 * @throws {MienError} `mismatch` if the library has another SHA-256; the errors of reading it.
 */
export async function readYunetWeights(
  folder: string,
): Promise<{ weights: ReadonlyMap<string, Float32Array>; sha256: string }> {
  const file = path.join(folder, LIBRARY.file);
  const bytes = await readBytes(file);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== LIBRARY.sha256) {
    throw new MienError(
      "mismatch",
      `${file} should have SHA-256 ${LIBRARY.sha256}, found ${sha256}`,
    );
  }
  return { weights: readElfArrays(bytes, file), sha256 };
}

/** A face that libfacedetection found. */
export interface LibraryFace {
  /** In whole percent, rounded down. */
  readonly score: number;
  /** [x, y, width, height] in whole pixels, rounded down. */
  readonly box: readonly [number, number, number, number];
}

/** A picture in which faces are to be found. */
export interface LibraryRequest {
  readonly width: number;
  readonly height: number;
  /** RGB, uint8 [height, width, 3]. */
  readonly pixels: Uint8Array;
}

/**
 * Runs libfacedetection itself, in a process of Python.
 *
 * @param folder of the package.
 * @returns the faces in each picture with a score above 0.5.
 * @throws {MienError} `environment` if it cannot run, for example on another system than Linux on
 * x86-64; `interrupted` after the signal.
 */
export async function runLibfacedetection(
  folder: string,
  requests: readonly LibraryRequest[],
  signal?: AbortSignal,
): Promise<LibraryFace[][]> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new MienError(
      "environment",
      "the comparison runs libfacedetection, for which this system has no build",
      { advice: "Run this on Linux on x86-64, or use the files in artifacts/release/faces." },
    );
  }
  const script = path.resolve(import.meta.dirname, "../../peers/libfacedetection.py");
  const python = process.env["MIEN_PYTHON_BASE"] ?? "python3";
  const answer = await askProcess(
    [python, "-I", script, path.join(folder, LIBRARY.file)],
    requests.map(({ width, height, pixels }) => ({
      width,
      height,
      pixels: Buffer.from(pixels).toString("base64"),
    })),
    { name: "libfacedetection", signal },
  );
  if (Array.isArray(answer) && answer.every(isFaces)) return answer;
  throw new MienError("environment", "libfacedetection printed something other than its faces");
}

function isFaces(value: unknown): value is LibraryFace[] {
  return (
    Array.isArray(value) &&
    value.every(
      (face: unknown) =>
        typeof face === "object" &&
        face !== null &&
        "score" in face &&
        typeof face.score === "number" &&
        "box" in face &&
        Array.isArray(face.box) &&
        face.box.length === 4,
    )
  );
}
