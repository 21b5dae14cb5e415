import { useEffect, useRef } from "preact/hooks";
import type { LiveResult } from "../messages.ts";

/** What the depth camera sees, with the boxes that the gate let in (round) and rejected (dashed). */
export function DepthView(props: {
  picture: ImageBitmap | null;
  result: LiveResult | undefined;
  mirror: boolean;
}) {
  const { picture, result, mirror } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || picture === null || result === undefined) return;
    const { width, height } = picture;
    context.canvas.width = width;
    context.canvas.height = height;
    context.save();
    if (mirror) {
      context.translate(width, 0);
      context.scale(-1, 1);
    }
    context.drawImage(picture, 0, 0);
    const scale = width / result.width;
    const place = (box: readonly number[]) =>
      box.map((n) => n * scale) as [number, number, number, number];
    context.lineWidth = 2;
    context.strokeStyle = "#5eead4";
    for (const { box } of result.faces) context.strokeRect(...place(box));
    context.setLineDash([5, 4]);
    context.strokeStyle = "#e9a03b";
    for (const { box } of result.rejected ?? []) context.strokeRect(...place(box));
    context.restore();
  }, [picture, result, mirror]);
  return (
    <figure class="depth">
      <canvas ref={canvas} role="img" aria-label="Depth: near is light" width={320} height={240} />
      <figcaption>{picture === null ? "waiting for depth" : "depth: near is light"}</figcaption>
    </figure>
  );
}
