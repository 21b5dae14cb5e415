import type { Box } from "./box.ts";

/**
 * The square around the box of a face that a model takes as input. Its size and place are in units
 * of the box's own size, √(width · height).
 */
export interface Margin {
  /** Side of the square, in sizes of the box. */
  readonly side: number;
  /** How far below the box's centre the square's centre is, in sizes of the box. */
  readonly down: number;
}

/** The margin that FER2013's images have; docs/runtime.md says how it was measured. */
export const EXPRESSION_MARGIN: Margin = { side: 1.27, down: 0.04 };

/** The margin at which the face embedding recognises best; docs/runtime.md says how it was measured. */
export const EMBEDDING_MARGIN: Margin = { side: 1.5, down: 0.22 };

/**
 * The square around a face that a model takes as input. It may reach beyond the picture.
 *
 * @example
 * regionOf([100, 100, 80, 80], EXPRESSION_MARGIN); // a square of 101.6 pixels around the box
 */
export function regionOf([x, y, width, height]: Box, { side, down }: Margin): Box {
  const size = Math.sqrt(width * height);
  const edge = side * size;
  return [x + (width - edge) / 2, y + (height - edge) / 2 + down * size, edge, edge];
}
