import { polygonShape, spotShape, strokeShape, type Point, type Shape } from "./shapes.ts";

/** How a shape is blended with the picture. */
export interface Paint {
  /** Grey value, 0 (black) to 1 (white). */
  readonly value: number;
  /** Share of `value` in the result, 0–1; default 1. */
  readonly alpha?: number;
  /** Width of the soft edge in pixels, against jagged lines; default 1. */
  readonly soft?: number;
  /** Mask outside which nothing is painted; default: none. */
  readonly within?: Mask;
}

/** Coverage of the canvas by a shape: a share, 0–1, for each pixel of a rectangle. */
export interface Mask extends Box {
  readonly coverage: Float32Array;
}

/** Rows and columns of a rectangle, from first to last; empty if it lies outside the canvas. */
interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * A grey square canvas that uses plain arithmetic only, so that pictures do not depend on a graphics
 * library and its version.
 */
export class Raster {
  /** Side length in pixels. */
  readonly size: number;
  /** [size, size] row-major, 0 (black) to 1 (white). */
  readonly pixels: Float32Array;

  constructor(size: number) {
    this.size = size;
    this.pixels = new Float32Array(size * size);
  }

  /** Sets every pixel, or those within a mask, as a function of its position. */
  shade(shader: (x: number, y: number) => number, within?: Mask): void {
    const box = within ?? { left: 0, right: this.size - 1, top: 0, bottom: this.size - 1 };
    for (let row = box.top; row <= box.bottom; row++) {
      for (let column = box.left; column <= box.right; column++) {
        const share = within === undefined ? 1 : shareOf(within, row, column);
        if (share > 0)
          this.#mix(row * this.size + column, shader(centreOf(column), centreOf(row)), share);
      }
    }
  }

  /** Fills a closed polygon. */
  fill(polygon: readonly Point[], paint: Paint): void {
    const soft = paint.soft ?? 1;
    this.#cover(polygonShape(polygon, soft), this.#boxOf(polygon, soft), paint);
  }

  /**
   * Draws a line through points, with round ends.
   *
   * @param widths in pixels, one for each point; further points have the last width.
   */
  stroke(points: readonly Point[], widths: readonly number[], paint: Paint): void {
    const soft = paint.soft ?? 1;
    const box = this.#boxOf(points, Math.max(...widths) / 2 + soft);
    this.#cover(strokeShape(points, widths, soft), box, paint);
  }

  /** Draws a Gaussian spot; `radius` is its standard deviation in pixels. */
  spot(centre: Point, radius: readonly [number, number], paint: Paint): void {
    this.#cover(spotShape(centre, radius), this.#boxOf([centre], 3 * Math.max(...radius)), paint);
  }

  /** The coverage of the canvas by a closed polygon. */
  mask(polygon: readonly Point[], soft = 1): Mask {
    const box = this.#boxOf(polygon, soft);
    const width = box.right - box.left + 1;
    const coverage = new Float32Array(Math.max(0, width * (box.bottom - box.top + 1)));
    const shape = polygonShape(polygon, soft);
    for (let row = box.top, at = 0; row <= box.bottom; row++) {
      const along = shape(centreOf(row));
      for (let column = box.left; column <= box.right; column++) {
        coverage[at++] = along(centreOf(column));
      }
    }
    return { ...box, coverage };
  }

  #cover(shape: Shape, box: Box, { value, alpha = 1, within }: Paint): void {
    if (alpha <= 0) return;
    for (let row = box.top; row <= box.bottom; row++) {
      const along = shape(centreOf(row));
      for (let column = box.left; column <= box.right; column++) {
        const limit = within === undefined ? 1 : shareOf(within, row, column);
        if (limit > 0)
          this.#mix(row * this.size + column, value, alpha * limit * along(centreOf(column)));
      }
    }
  }

  #mix(at: number, value: number, share: number): void {
    const before = this.pixels[at] as number;
    this.pixels[at] = before + (value - before) * share;
  }

  #boxOf(points: readonly Point[], margin: number): Box {
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const [x, y] of points) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    const last = this.size - 1;
    return {
      left: Math.max(0, Math.floor(left - margin)),
      right: Math.min(last, Math.ceil(right + margin)),
      top: Math.max(0, Math.floor(top - margin)),
      bottom: Math.min(last, Math.ceil(bottom + margin)),
    };
  }
}

function shareOf(mask: Mask, row: number, column: number): number {
  const { left, right, top, bottom } = mask;
  if (row < top || row > bottom || column < left || column > right) return 0;
  return mask.coverage[(row - top) * (right - left + 1) + column - left] as number;
}

/** The centre of a row or column. */
function centreOf(index: number): number {
  return index + 0.5;
}
