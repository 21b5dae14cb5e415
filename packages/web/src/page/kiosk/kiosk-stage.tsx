import { confirmedText, type FaceResult } from "@mien/format";
import { useLayoutEffect, useRef } from "preact/hooks";
import { faceColour } from "../live/expressions.ts";
import type { LiveResult } from "../../messages.ts";
import type { Picture } from "../server/connection.ts";

/** A result to draw, with its picture; null without one. */
export interface KioskFrame {
  readonly result: LiveResult;
  readonly picture: Picture | null;
}

/** How a frame is drawn. */
export interface KioskStageProps {
  readonly labels: readonly string[];
  readonly mirror: boolean;
  /** Whether nothing is drawn behind the boxes. */
  readonly transparent: boolean;
  /** Gets the function that draws a frame; called again if the other properties change. */
  readonly onReady: (draw: (frame: KioskFrame) => void) => void;
  /** A description in words. */
  readonly alt: string;
}

/** The picture of the kiosk, with a box around each face. */
export function KioskStage({ labels, mirror, transparent, onReady, alt }: KioskStageProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    onReady((frame) => {
      if (canvas.current !== null) {
        drawKiosk(canvas.current, frame, { labels, mirror, transparent });
      }
    });
  }, [labels, mirror, transparent]);
  return (
    <canvas ref={canvas} class="picture" role="img" aria-label={alt} width={640} height={480} />
  );
}

function drawKiosk(
  canvas: HTMLCanvasElement,
  { result, picture }: KioskFrame,
  view: Pick<KioskStageProps, "labels" | "mirror" | "transparent">,
): void {
  const { width, height } = result;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) return;
  const unit = Math.max(width, height) / 640;
  context.clearRect(0, 0, width, height);
  context.save();
  if (view.mirror) {
    context.translate(width, 0);
    context.scale(-1, 1);
  }
  if (picture !== null) context.drawImage(picture, 0, 0);
  context.restore();
  for (const face of result.faces) {
    const [x, y, w, h] = face.box;
    const left = view.mirror ? width - x - w : x;
    context.lineWidth = 4 * unit;
    context.strokeStyle = faceColour(face, view.labels);
    context.beginPath();
    context.roundRect(left, y, w, h, 14 * unit);
    context.stroke();
  }
}

/** What a face shows, in words; undefined until its expression is confirmed. */
export function kioskText(face: FaceResult, privacy: boolean): KioskText | undefined {
  const expression = confirmedText(face);
  if (face.confirmed === null || expression === undefined) return undefined;
  return { name: privacy ? "" : (face.person?.name ?? ""), expression };
}

/** The words for a face. */
export interface KioskText {
  /** The name of a recognised person; empty without one, and in privacy. */
  readonly name: string;
  readonly expression: string;
}
