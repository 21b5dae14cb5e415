import type { FaceResult } from "@mien/format";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Screen } from "../screen.ts";

/** Where the depth picture is shown. */
export interface DepthPlace {
  /** Whether it is shown beside the colour picture; else on it. */
  readonly beside: boolean;
  /**
   * Its position on the colour picture: the shares, 0–1, of the free width that is left of it and of
   * the free height that is above it.
   */
  readonly x: number;
  readonly y: number;
}

/** The lower right corner of the colour picture. */
const FIRST_PLACE: DepthPlace = { beside: false, x: 1, y: 1 };
/** How far an arrow key moves it, as a share of the free width or height. */
const STEP = 0.1;
/** How each arrow key changes the position. */
const KEYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

/** The place of the depth picture, which the browser stores, and a function that changes it. */
export function useDepthPlace(): [DepthPlace, (place: DepthPlace) => void] {
  const [place, setPlace] = useState<DepthPlace>(() => readPlace(localStorage.getItem("depth")));
  return [
    place,
    (next) => {
      localStorage.setItem("depth", JSON.stringify(next));
      setPlace(next);
    },
  ];
}

/** Reads a stored place; the first place if it cannot be read. */
function readPlace(text: string | null): DepthPlace {
  try {
    const value: unknown = JSON.parse(text ?? "");
    if (typeof value === "object" && value !== null && "x" in value && "y" in value) {
      const beside = "beside" in value && value.beside === true;
      return { beside, x: within(Number(value.x)), y: within(Number(value.y)) };
    }
  } catch {
    // Nothing was stored.
  }
  return FIRST_PLACE;
}

/** The nearest number between 0 and 1; 1 for no number. */
function within(value: number): number {
  return Number.isNaN(value) ? 1 : Math.min(1, Math.max(0, value));
}

/**
 * The latest depth picture, with solid boxes around the faces that the depth gate accepted and dashed
 * boxes around those that it rejected. On the colour picture, it can be dragged, and moved with the
 * arrow keys; a button moves it beside the colour picture and back.
 */
export function DepthView(props: {
  readonly screen: Screen;
  readonly mirror: boolean;
  readonly place: DepthPlace;
  readonly setPlace: (place: DepthPlace) => void;
}) {
  const { screen, mirror, place, setPlace } = props;
  const figure = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const paint = () => {
      if (canvas.current !== null) drawDepth(canvas.current, screen, mirror);
    };
    paint();
    return screen.addPainter(paint);
  }, [screen, mirror]);
  const { beside, x, y } = place;
  const move = (dx: number, dy: number) =>
    setPlace({ beside, x: within(x + dx), y: within(y + dy) });
  /** Moves it by a distance in pixels. */
  const drag = (event: PointerEvent) => {
    const own = figure.current;
    const parent = own?.parentElement;
    if (!own || !parent || event.buttons === 0) return;
    const free = (outer: number, inner: number) => Math.max(1, outer - inner);
    move(
      event.movementX / free(parent.clientWidth, own.offsetWidth),
      event.movementY / free(parent.clientHeight, own.offsetHeight),
    );
  };
  return (
    <figure
      ref={figure}
      class={`depth ${beside ? "beside" : ""}`}
      // The lengths are set by the style sheet from these two shares.
      style={{ "--x": x, "--y": y }}
    >
      <canvas ref={canvas} role="img" aria-label="Depth picture" width={320} height={240} />
      {!beside && (
        <div
          class="handle"
          tabIndex={0}
          role="group"
          aria-label="Position of the depth picture. Drag it, or press an arrow key, to move it."
          title="Drag to move"
          onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
          onPointerMove={drag}
          onKeyDown={(event) => {
            const change = KEYS[event.key];
            if (change === undefined) return;
            event.preventDefault();
            move(...change);
          }}
        />
      )}
      <figcaption>
        <span>
          {screen.latestDepth === null
            ? "Waiting for a depth picture"
            : "Depth: the nearer, the lighter"}
        </span>
        <button type="button" onClick={() => setPlace({ ...place, beside: !beside })}>
          {beside ? "Show on the picture" : "Show beside"}
        </button>
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
