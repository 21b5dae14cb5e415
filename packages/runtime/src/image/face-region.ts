import type { Box } from "./box.ts";

/**
 * How much of a picture around a face's box a model wants to see, as a square: its side counted in
 * the box's own size √(width · height), its centre moved down by a share of that size.
 */
export interface Margin {
  readonly side: number;
  readonly down: number;
}

/** What FER2013's own crops show; docs/runtime.md says how it was measured. */
export const EXPRESSION_MARGIN: Margin = { side: 1.27, down: 0.04 };

/** What the recogniser sees best; docs/runtime.md says how it was measured. */
export const EMBEDDING_MARGIN: Margin = { side: 1.5, down: 0.22 };

/** The square around a face that a margin asks for; it may reach beyond the picture. */
export function regionOf([x, y, width, height]: Box, { side, down }: Margin): Box {
  const size = Math.sqrt(width * height);
  const edge = side * size;
  return [x + (width - edge) / 2, y + (height - edge) / 2 + down * size, edge, edge];
}
