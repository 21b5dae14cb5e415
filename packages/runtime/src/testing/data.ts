import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Box } from "../image/box.ts";
import type { Picture } from "../image/shrink.ts";

/** The folder of photographs and ORL faces; undefined where there is none. */
export const DATA = process.env["MIEN_DATA"];

const RELEASED = path.resolve(import.meta.dirname, "../../../../artifacts/release/faces");
/** The face models that come with mien. */
export const DETECTOR = path.join(RELEASED, "detector.onnx");
export const EMBEDDING = path.join(RELEASED, "embedding.onnx");

/** A YuNet beside the data, if there is one. */
export function findYunet(): string | undefined {
  const file = path.join(DATA ?? "", "../models/yunet_s.onnx");
  return DATA !== undefined && existsSync(file) ? file : undefined;
}

/** Faces by picture, as YuNet saw them. */
export function faceBoxes(): Record<string, Box[]> {
  return JSON.parse(readFileSync(path.join(DATA ?? "", "faces/boxes.json"), "utf8")) as Record<
    string,
    Box[]
  >;
}

/** Picture 1–10 of person 1–40 of the ORL faces: 92×112, grey. */
export function orlFace(person: number, picture: number) {
  const bytes = readFileSync(path.join(DATA ?? "", `orl/s${person}/${picture}.pgm`));
  return { width: 92, height: 112, data: new Uint8Array(bytes.subarray(-92 * 112)) };
}

/** Grey as RGB, with `edge` more pixels all around, which repeat the outermost ones. */
export function widened(
  { width, height, data }: ReturnType<typeof orlFace>,
  edge: number,
): Picture {
  const inside = (at: number, size: number) => Math.min(Math.max(at, 0), size - 1);
  const pixels = new Uint8Array((width + 2 * edge) * (height + 2 * edge) * 3);
  let to = 0;
  for (let y = -edge; y < height + edge; y++) {
    for (let x = -edge; x < width + edge; x++, to += 3) {
      pixels.fill(data[inside(y, height) * width + inside(x, width)] as number, to, to + 3);
    }
  }
  return { width: width + 2 * edge, height: height + 2 * edge, pixels };
}
