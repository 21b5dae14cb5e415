import { random } from "@mien/format";
import type { FrameInput, FrameResult, Picture } from "../index.ts";
import type { TestPage } from "./browser.ts";
import { paint } from "./pictures.ts";

/** A frame of a film: a bright spot that moves over noise, at two picture sizes. */
export function movingSpot(i: number): Picture {
  const stream = random(i, "noise");
  const scale = i < 6 ? 1 : 1.5;
  return paint(416 * scale, 320 * scale, (x, y) => {
    const isSpot = Math.abs(x / scale - 100 - i) < 24 && Math.abs(y / scale - 120) < 24;
    const value = (isSpot ? 200 : 20) + stream.integer(50);
    return [value, value - 10, value - 20];
  });
}

/**
 * Processes the frames of a film in a page, one after the other.
 *
 * @param film.detector address of the face detector.
 * @param film.wasmPath address of onnxruntime's WebAssembly file.
 */
export async function filmInPage(
  test: TestPage,
  film: {
    readonly frames: readonly FrameInput[];
    readonly detector: string;
    readonly wasmPath: string;
  },
): Promise<FrameResult[]> {
  const sent = film.frames.map((frame) => ({
    ...frame,
    pixels: Buffer.from(frame.pixels).toString("base64"),
  }));
  return test.page.evaluate(
    async ([detector, wasmPath, received]) => {
      const pipeline = await mien.createPipeline({
        expression: "/grey.onnx",
        detector,
        mirror: true,
        wasmPath,
      });
      const results = [];
      for (const { pixels, ...frame } of received) {
        const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
        results.push(await pipeline.process({ ...frame, pixels: bytes }));
      }
      await pipeline.close();
      return results;
    },
    [film.detector, film.wasmPath, sent] as const,
  );
}
