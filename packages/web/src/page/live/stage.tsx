import { confirmedText, type FaceResult } from "@mien/format";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { LiveFrame } from "../server/connection.ts";
import { faceColour, nameOf } from "./expressions.ts";
import type { Screen } from "../screen.ts";

/** How frames are drawn. */
export interface StageView {
  /** Whether left and right are swapped. */
  readonly mirror: boolean;
  /** Whether the picture and the names are hidden, and only boxes are drawn. */
  readonly privacy: boolean;
  readonly labels: readonly string[];
}

/** The latest frame, with boxes around its faces. @param props.alt describes it in words. */
export function Stage({ screen, view, alt }: { screen: Screen; view: StageView; alt: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const paint = () => {
      if (canvas.current !== null && screen.latest !== null) {
        drawFrame(canvas.current, screen.latest, view);
      }
    };
    paint();
    return screen.addPainter(paint);
  }, [screen, view.mirror, view.privacy, view.labels]);
  return (
    <canvas ref={canvas} class="picture" role="img" aria-label={alt} width={640} height={480} />
  );
}

/**
 * Draws a frame on a canvas, which takes the size of the frame: the picture, a box with a label around
 * each face, and a dashed box around each detection that was rejected.
 */
export function drawFrame(
  canvas: HTMLCanvasElement,
  { result, picture }: LiveFrame,
  view: StageView,
): void {
  const { width, height } = result;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d", { alpha: false });
  if (context === null) return;
  const unit = Math.max(width, height) / 640;
  context.save();
  if (view.mirror) {
    context.translate(width, 0);
    context.scale(-1, 1);
  }
  if (view.privacy) {
    context.fillStyle = "#1b1d1c";
    context.fillRect(0, 0, width, height);
  } else context.drawImage(picture, 0, 0);
  context.restore();
  context.font = `600 ${14 * unit}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const place = ([x, y, w, h]: FaceResult["box"]) =>
    [view.mirror ? width - x - w : x, y, w, h] as const;
  for (const { box } of result.rejected ?? []) {
    const [x, y, w, h] = place(box);
    context.setLineDash([6 * unit, 5 * unit]);
    context.lineWidth = 2 * unit;
    context.strokeStyle = "#e9a03b";
    context.strokeRect(x, y, w, h);
    context.setLineDash([]);
    const style = { unit, background: "#e9a03b", colour: "#1b1d1c" };
    drawLabel(context, "rejected", { ...style, box: [x, y, w, h] });
  }
  for (const face of result.faces) {
    const colour = faceColour(face, view.labels);
    const [x, y, w, h] = place(face.box);
    context.lineWidth = 3 * unit;
    context.strokeStyle = colour;
    context.beginPath();
    context.roundRect(x, y, w, h, 8 * unit);
    context.stroke();
    const words = [view.privacy ? "" : nameOf(face), confirmedText(face) ?? "…"].filter(Boolean);
    // Darker than the box, so that white text on it is legible.
    const background = `color-mix(in srgb, ${colour} 65%, black)`;
    const style = { unit, background, colour: "#ffffff" };
    drawLabel(context, words.join(" · "), { ...style, box: [x, y, w, h] });
  }
}

interface LabelStyle {
  /** The box that the label belongs to: [x, y, width, height] in pixels of the canvas. */
  readonly box: readonly [number, number, number, number];
  /** Size of a pixel of a picture that is 640 pixels wide, in pixels of the canvas. */
  readonly unit: number;
  /** Colour of the background. */
  readonly background: string;
  /** Colour of the text. */
  readonly colour: string;
}

/** Writes a text above a box, or below it if there is no room above. */
function drawLabel(context: CanvasRenderingContext2D, text: string, style: LabelStyle): void {
  const { unit, background, colour } = style;
  const [x, y, , h] = style.box;
  const width = context.measureText(text).width + 12 * unit;
  const height = 22 * unit;
  const top =
    y > height + 4 * unit
      ? y - height - 3 * unit
      : Math.min(y + h + 3 * unit, context.canvas.height - height);
  const left = Math.max(0, Math.min(x, context.canvas.width - width));
  context.fillStyle = background;
  context.beginPath();
  context.roundRect(left, top, width, height, 6 * unit);
  context.fill();
  context.fillStyle = colour;
  context.fillText(text, left + 6 * unit, top + height / 2 + unit);
}
