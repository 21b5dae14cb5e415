import { useLayoutEffect, useRef } from "preact/hooks";
import type { Screen } from "../screen.ts";

/** What the depth camera sees, with the boxes that the gate let in (round) and rejected (dashed). */
export function DepthView({ screen, mirror }: { screen: Screen; mirror: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const paint = () => {
      if (canvas.current !== null) drawDepth(canvas.current, screen, mirror);
    };
    paint();
    return screen.add(paint);
  }, [screen, mirror]);
  return (
    <figure class="depth">
      <canvas ref={canvas} role="img" aria-label="Depth: near is light" width={320} height={240} />
      <figcaption>
        {screen.latestDepth === null ? "waiting for depth" : "depth: near is light"}
      </figcaption>
    </figure>
  );
}

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
  const place = (box: readonly number[]) =>
    box.map((n) => n * scale) as [number, number, number, number];
  context.lineWidth = 2;
  context.strokeStyle = "#5eead4";
  for (const { box } of faces) context.strokeRect(...place(box));
  context.setLineDash([5, 4]);
  context.strokeStyle = "#e9a03b";
  for (const { box } of rejected) context.strokeRect(...place(box));
  context.restore();
}
