import { confirmedText, type FaceResult, type FrameResult } from "@mien/format";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Picture } from "../server/connection.ts";
import { faceColour, shownName } from "./expressions.ts";
import { placeLabels } from "./place-labels.ts";
import type { Screen } from "../screen.ts";

/** How frames are drawn. */
export interface StageView {
  /** Whether left and right are swapped. */
  readonly mirror: boolean;
  /** Whether the picture and the names are hidden, and only numbered boxes are drawn. */
  readonly privacy: boolean;
  readonly labels: readonly string[];
  /** Whether the picture is a single image, in which no expression is confirmed. Default false. */
  readonly stills?: boolean;
}

/** What is drawn of a result. */
type SeenFaces = Pick<FrameResult, "width" | "height" | "faces" | "rejected">;

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
  { result, picture }: { readonly result: SeenFaces; readonly picture: Picture | null },
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
  if (view.privacy || picture === null) {
    context.fillStyle = "#1b1d1c";
    context.fillRect(0, 0, width, height);
  } else context.drawImage(picture, 0, 0);
  context.restore();
  const labels: BoxLabel[] = [];
  const place = ([x, y, w, h]: FaceResult["box"]) =>
    [view.mirror ? width - x - w : x, y, w, h] as const;
  // In the order of the tracks, so that labels do not change places from frame to frame.
  for (const face of result.faces.toSorted((a, b) => (a.track ?? 0) - (b.track ?? 0))) {
    const colour = faceColour(face, view.labels);
    const box = place(face.box);
    context.lineWidth = 3 * unit;
    context.strokeStyle = colour;
    context.beginPath();
    context.roundRect(...box, 8 * unit);
    context.stroke();
    labels.push({
      box,
      text: [
        shownName(face, view.privacy || view.stills === true),
        confirmedText(face) ?? (view.stills ? face.expression : undefined),
      ]
        .filter(Boolean)
        .join(" · "),
      // Darker than the box, so that white text on it is legible.
      background: `color-mix(in srgb, ${colour} 65%, black)`,
      colour: "#ffffff",
    });
  }
  for (const { box: detected } of result.rejected ?? []) {
    const box = place(detected);
    context.setLineDash([6 * unit, 5 * unit]);
    context.lineWidth = 2 * unit;
    context.strokeStyle = "#e9a03b";
    context.strokeRect(...box);
    context.setLineDash([]);
    labels.push({ box, text: "rejected", background: "#e9a03b", colour: "#1b1d1c" });
  }
  drawLabels(context, labels, unit);
}

/** The label of a box. */
interface BoxLabel {
  /** The box that it belongs to: [x, y, width, height] in pixels of the canvas. */
  readonly box: readonly [number, number, number, number];
  readonly text: string;
  /** Colour of the background. */
  readonly background: string;
  /** Colour of the text. */
  readonly colour: string;
}

/**
 * Writes labels beside their boxes, so that none covers another.
 *
 * @param unit size of a pixel of a picture that is 640 pixels wide, in pixels of the canvas.
 */
function drawLabels(
  context: CanvasRenderingContext2D,
  labels: readonly BoxLabel[],
  unit: number,
): void {
  // Smaller with many faces, so that the labels cover less of the picture.
  const size = (labels.length > 6 ? 11 : 14) * unit;
  const height = 1.6 * size;
  const padding = 0.45 * size;
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const sizes = labels.map(({ box, text }) => {
    return { box, width: context.measureText(text).width + 2 * padding, height };
  });
  placeLabels(sizes, context.canvas).forEach(([left, top], i) => {
    const label = labels[i];
    if (label === undefined) return;
    context.fillStyle = label.background;
    context.beginPath();
    context.roundRect(left, top, sizes[i]?.width ?? 0, height, 0.4 * size);
    context.fill();
    context.fillStyle = label.colour;
    context.fillText(label.text, left + padding, top + height / 2 + 0.07 * size);
  });
}
