import type { FaceResult, Frame, FrameResult } from "@mien/format";
import { COLOURS, FONT, registerFonts } from "@mien/plot";
import { createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import { captionOf } from "./face-caption.ts";

/** Draws results onto frames of one size. */
export class FacePainter {
  readonly #width: number;
  readonly #height: number;
  readonly #labels: readonly string[];
  readonly #context: SKRSContext2D;
  readonly #rgba;

  /** @param labels of the probabilities. */
  constructor(width: number, height: number, labels: readonly string[]) {
    registerFonts();
    this.#width = width;
    this.#height = height;
    this.#labels = labels;
    this.#context = createCanvas(width, height).getContext("2d");
    this.#rgba = this.#context.createImageData(width, height);
  }

  /**
   * @param frame of the painter's size.
   * @returns RGBA, uint8 [height, width, 4]; overwritten by the next call.
   */
  paint(frame: Frame, { faces, rejected = [] }: FrameResult): Uint8ClampedArray {
    const { data } = this.#rgba;
    for (let from = 0, to = 0; to < data.length; from += 3, to += 4) {
      data[to] = frame.pixels[from] ?? 0;
      data[to + 1] = frame.pixels[from + 1] ?? 0;
      data[to + 2] = frame.pixels[from + 2] ?? 0;
      data[to + 3] = 255;
    }
    this.#context.putImageData(this.#rgba, 0, 0);
    for (const { box, reason } of rejected) this.#box(box, COLOURS.quiet, reason.split(":", 1)[0]);
    for (const face of faces) this.#box(face.box, colourOf(face), captionOf(face, this.#labels));
    return this.#context.getImageData(0, 0, this.#width, this.#height).data;
  }

  #box([x, y, w, h]: FaceResult["box"], colour: string, caption = ""): void {
    const context = this.#context;
    const size = Math.max(12, Math.round(this.#height / 30));
    context.lineWidth = Math.max(2, Math.round(this.#height / 240));
    context.strokeStyle = colour;
    context.strokeRect(x, y, w, h);
    context.font = `bold ${size}px "${FONT}"`;
    const width = context.measureText(caption).width + size * 0.6;
    const height = size * 1.35;
    // Above the box if there is room, and always inside the picture.
    const left = Math.max(0, Math.min(x, this.#width - width));
    const top = y >= height ? y - height : Math.min(y + h, this.#height - height);
    context.fillStyle = colour;
    context.fillRect(left, top, width, height);
    context.fillStyle = "#ffffff";
    context.fillText(caption, left + size * 0.3, top + size * 1.02);
  }
}

/** The colour of a track. */
function colourOf({ track }: FaceResult): string {
  const { series } = COLOURS;
  return series[((track ?? 1) - 1) % series.length] ?? COLOURS.quiet;
}
