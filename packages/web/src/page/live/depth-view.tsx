import type { FaceResult } from "@mien/format";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Screen } from "../screen.ts";

/**
 * The latest depth picture, with solid boxes around the faces that the depth gate accepted and dashed
 * boxes around those that it rejected.
 */
export function DepthView({ screen, mirror }: { screen: Screen; mirror: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const paint = () => {
      if (canvas.current !== null) drawDepth(canvas.current, screen, mirror);
    };
    paint();
    return screen.addPainter(paint);
  }, [screen, mirror]);
  return (
    <figure class="depth">
      <canvas ref={canvas} role="img" aria-label="Depth picture" width={320} height={240} />
      <figcaption>
        {screen.latestDepth === null
          ? "Waiting for a depth picture"
          : "Depth: the nearer, the lighter"}
      </figcaption>
    </figure>
  );
}

/** Draws the latest depth picture of the screen, and the boxes of its latest result. */
function drawDepth(
  canvas: HTMLCanvasElement,
  { latest, latestDepth }: Screen,
  mirror: boolean,
): void {
  const context = canvas.getContext("2d");
  if (context === null || latest === null || latestDepth === null) return;
  const { width, height } = latestDepth;
  canvas.width = width;
  canvas.height = height;
  context.save();
  if (mirror) {
    context.translate(width, 0);
    context.scale(-1, 1);
  }
  context.drawImage(latestDepth, 0, 0);
  const { faces, rejected = [], ...result } = latest.result;
  const scale = width / result.width;
  const outline = ([x, y, w, h]: FaceResult["box"]) =>
    context.strokeRect(x * scale, y * scale, w * scale, h * scale);
  context.lineWidth = 2;
  context.strokeStyle = "#5eead4";
  for (const { box } of faces) outline(box);
  context.setLineDash([5, 4]);
  context.strokeStyle = "#e9a03b";
  for (const { box } of rejected) outline(box);
  context.restore();
}
