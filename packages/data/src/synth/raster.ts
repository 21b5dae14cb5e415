/** A point in layout pixels: x to the right, y downwards. */
export type Point = readonly [number, number];

/** Samples per pixel and axis; together with soft edges this leaves no jagged lines. */
const OVERSAMPLING = 2;

/** How a shape is laid over what is there. */
export interface Paint {
  /** Grey value, 0 (black) to 1 (white). */
  readonly value: number;
  /** Share of `value` in the result, 0–1, by default 1. */
  readonly alpha?: number;
  /** Width of the blurred edge in pixels, by default 0.7. */
  readonly soft?: number;
  /** Paint only where this mask covers. */
  readonly within?: Mask;
}

/** Where a shape covers the canvas, 0–1 for each sample. */
export interface Mask {
  readonly coverage: Float32Array;
}

/** The samples of a rectangle, from first to last; empty if it lies outside the canvas. */
interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * A grey square canvas that draws with nothing but arithmetic of its own, so that a picture is the
 * same on every machine.
 */
export class Raster {
  /** Side length in pixels. */
  readonly size: number;
  readonly #side: number;
  readonly #samples: Float32Array;

  constructor(size: number) {
    this.size = size;
    this.#side = size * OVERSAMPLING;
    this.#samples = new Float32Array(this.#side * this.#side);
  }

  /** Sets every sample from its position in pixels and its value so far, all or within a mask. */
  shade(shader: (x: number, y: number, value: number) => number, within?: Mask): void {
    for (let row = 0, at = 0; row < this.#side; row++) {
      for (let column = 0; column < this.#side; column++, at++) {
        const share = within === undefined ? 1 : (within.coverage[at] as number);
        if (share === 0) continue;
        const value = this.#samples[at] as number;
        const shaded = shader(toPixels(column), toPixels(row), value);
        this.#samples[at] = value + (shaded - value) * share;
      }
    }
  }

  /** Fills a closed polygon. */
  fill(polygon: readonly Point[], paint: Paint): void {
    const soft = paint.soft ?? 0.7;
    this.#cover(boxOf(polygon, soft, this.#side), paint, (x, y) =>
      edge(distanceToPolygon(x, y, polygon), soft),
    );
  }

  /**
   * Draws a line through points, with round ends.
   *
   * @param widths in pixels, one at each point; a single one holds for all.
   */
  stroke(points: readonly Point[], widths: readonly number[], paint: Paint): void {
    const soft = paint.soft ?? 0.7;
    const widest = Math.max(...widths);
    this.#cover(boxOf(points, widest / 2 + soft, this.#side), paint, (x, y) =>
      edge(distanceToStroke(x, y, points, widths), soft),
    );
  }

  /** Lays a bell-shaped spot over the canvas; `radius` is its standard deviation in pixels. */
  spot([centreX, centreY]: Point, radius: readonly [number, number], paint: Paint): void {
    const reach = 3 * Math.max(...radius);
    const box = boxOf([[centreX, centreY]], reach, this.#side);
    this.#cover(box, paint, (x, y) => {
      const squared = ((x - centreX) / radius[0]) ** 2 + ((y - centreY) / radius[1]) ** 2;
      return Math.exp(-squared / 2);
    });
  }

  /** Where a closed polygon covers the canvas. */
  mask(polygon: readonly Point[], soft = 0.7): Mask {
    const coverage = new Float32Array(this.#samples.length);
    const { left, right, top, bottom } = boxOf(polygon, soft, this.#side);
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const distance = distanceToPolygon(toPixels(column), toPixels(row), polygon);
        coverage[row * this.#side + column] = edge(distance, soft);
      }
    }
    return { coverage };
  }

  /** Averages the samples of each pixel. @returns [size, size] row-major, 0–1 where painted so. */
  pixels(): Float32Array {
    const out = new Float32Array(this.size * this.size);
    for (let row = 0; row < this.#side; row++) {
      for (let column = 0; column < this.#side; column++) {
        const at = Math.floor(row / OVERSAMPLING) * this.size + Math.floor(column / OVERSAMPLING);
        const sample = this.#samples[row * this.#side + column] as number;
        out[at] = (out[at] as number) + sample / OVERSAMPLING ** 2;
      }
    }
    return out;
  }

  #cover(box: Box, paint: Paint, coverage: (x: number, y: number) => number): void {
    const { value, alpha = 1, within } = paint;
    for (let row = box.top; row <= box.bottom; row++) {
      for (let column = box.left; column <= box.right; column++) {
        const at = row * this.#side + column;
        const limit = within === undefined ? 1 : (within.coverage[at] as number);
        if (limit === 0) continue;
        const share = alpha * limit * coverage(toPixels(column), toPixels(row));
        const before = this.#samples[at] as number;
        this.#samples[at] = before + (value - before) * share;
      }
    }
  }
}

function toPixels(sample: number): number {
  return (sample + 0.5) / OVERSAMPLING;
}

function boxOf(points: readonly Point[], margin: number, side: number): Box {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const clamp = (value: number) => Math.min(side - 1, Math.max(0, value));
  if (right + margin < 0 || bottom + margin < 0) return { left: 0, right: -1, top: 0, bottom: -1 };
  return {
    left: clamp(Math.floor((left - margin) * OVERSAMPLING)),
    right: clamp(Math.ceil((right + margin) * OVERSAMPLING)),
    top: clamp(Math.floor((top - margin) * OVERSAMPLING)),
    bottom: clamp(Math.ceil((bottom + margin) * OVERSAMPLING)),
  };
}

/** 1 well inside a shape, 0 well outside, and a smooth step of the given width between. */
function edge(distance: number, width: number): number {
  const t = Math.min(1, Math.max(0, 0.5 - distance / width));
  return t * t * (3 - 2 * t);
}

function distanceToStroke(
  x: number,
  y: number,
  points: readonly Point[],
  widths: readonly number[],
): number {
  let nearest = Infinity;
  for (let i = 0; i + 1 < points.length; i++) {
    const [ax, ay] = points[i] as Point;
    const [bx, by] = points[i + 1] as Point;
    const t = nearestOnSegment(x - ax, y - ay, bx - ax, by - ay);
    const from = widths[Math.min(i, widths.length - 1)] as number;
    const to = widths[Math.min(i + 1, widths.length - 1)] as number;
    const [dx, dy] = [x - ax - t * (bx - ax), y - ay - t * (by - ay)];
    nearest = Math.min(nearest, Math.sqrt(dx * dx + dy * dy) - (from + t * (to - from)) / 2);
  }
  return nearest;
}

/** Negative inside, by the even-odd rule. */
function distanceToPolygon(x: number, y: number, polygon: readonly Point[]): number {
  let nearest = Infinity;
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[j] as Point;
    const [bx, by] = polygon[i] as Point;
    const t = nearestOnSegment(x - ax, y - ay, bx - ax, by - ay);
    const [dx, dy] = [x - ax - t * (bx - ax), y - ay - t * (by - ay)];
    nearest = Math.min(nearest, dx * dx + dy * dy);
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  }
  return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
}

/** Where on a segment from the origin to (dx, dy) the point (x, y) is nearest, 0–1. */
function nearestOnSegment(x: number, y: number, dx: number, dy: number): number {
  const squared = dx * dx + dy * dy;
  if (squared === 0) return 0;
  return Math.min(1, Math.max(0, (x * dx + y * dy) / squared));
}
