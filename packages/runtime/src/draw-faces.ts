import { confirmedText, type FaceResult, type FrameResult } from "@mien/format";

/** The part of a canvas's 2D context that `drawFaces` uses; contexts of canvas libraries have it, too. */
export interface DrawingContext {
  readonly canvas: { readonly width: number; readonly height: number };
  fillStyle: unknown;
  strokeStyle: unknown;
  lineWidth: number;
  font: string;
  save(): void;
  restore(): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
  measureText(text: string): { readonly width: number };
}

/** Dark enough for white text: the colours of tracks, in turn. */
const COLOURS = ["#2563b0", "#b4460f", "#1d7a45", "#8a3ea8", "#8a6100", "#0f7285"];

/**
 * Draws a box and a caption for each face of a result onto a canvas. The canvas may have another size
 * than the frame: boxes are scaled. What is on the canvas stays; draw the frame first.
 *
 * The caption is the confirmed expression; while none is confirmed and for images, the expression of
 * this frame with its probability. The name of a recognised person comes before it.
 *
 * @example
 * const result = await pipeline.process(video);
 * context.drawImage(video, 0, 0, canvas.width, canvas.height);
 * drawFaces(context, result);
 */
export function drawFaces(
  context: DrawingContext,
  result: Pick<FrameResult, "width" | "height"> & { readonly faces: readonly FaceResult[] },
): void {
  const { width, height } = context.canvas;
  context.save();
  for (const face of result.faces) {
    const [x, y, w, h] = face.box;
    const box = { x: x * (width / result.width), y: y * (height / result.height) };
    const size = { width: w * (width / result.width), height: h * (height / result.height) };
    drawFace(context, face, { ...box, ...size });
  }
  context.restore();
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawFace(context: DrawingContext, face: FaceResult, box: Rectangle): void {
  const { canvas } = context;
  const colour = COLOURS[((face.track ?? 1) - 1) % COLOURS.length];
  context.strokeStyle = colour;
  context.lineWidth = Math.max(2, canvas.height / 240);
  context.strokeRect(box.x, box.y, box.width, box.height);
  const size = Math.max(12, Math.round(canvas.height / 30));
  context.font = `bold ${size}px system-ui, sans-serif`;
  const caption = captionOf(face);
  const width = context.measureText(caption).width + size * 0.6;
  const height = size * 1.35;
  // Above the box if there is room, and always inside the canvas.
  const left = Math.max(0, Math.min(box.x, canvas.width - width));
  const top =
    box.y >= height ? box.y - height : Math.min(box.y + box.height, canvas.height - height);
  context.fillStyle = colour;
  context.fillRect(left, top, width, height);
  context.fillStyle = "#ffffff";
  context.fillText(caption, left + size * 0.3, top + size * 1.02);
}

function captionOf(face: FaceResult): string {
  const highest = Math.max(...face.probabilities);
  const now = `${face.expression} ${Math.round(100 * highest)} %`;
  const who = face.person === null ? "" : `${face.person.name}: `;
  return who + (confirmedText(face) ?? now);
}
