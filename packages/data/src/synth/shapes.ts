import { itemAt } from "@mien/format";
/** A point in pixels: x to the right, y downwards. */
export type Point = readonly [number, number];

/** Coverage of the points of one row by a shape, 0–1, as a function of x. */
type RowCoverage = (x: number) => number;

/** A shape as a function of the row, so that the values that are constant in a row are computed once. */
export type Shape = (y: number) => RowCoverage;

/** A segment from (x, y) to (x + dx, y + dy). */
interface Segment {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  /** Width at its start and the change to its end; 0 for an outline. */
  readonly width: number;
  readonly widening: number;
}

/**
 * The inside of a closed polygon, by the even-odd rule.
 *
 * @param soft width of the edge in pixels, over which coverage falls from 1 to 0.
 */
export function polygonShape(points: readonly Point[], soft: number): Shape {
  const sides = segmentsOf([...points, itemAt(points, 0)], [0]);
  return (y) => {
    const near = sides.filter((side) => reaches(side, y, soft / 2));
    const crossings = sides
      .filter((side) => side.y > y !== side.y + side.dy > y)
      .map((side) => side.x + ((y - side.y) / side.dy) * side.dx);
    return (x) => {
      let inside = false;
      for (const crossing of crossings) if (x < crossing) inside = !inside;
      const distance = Math.sqrt(Math.min(soft * soft, nearestSquared(near, x, y)));
      return smoothEdge(inside ? -distance : distance, soft);
    };
  };
}

/**
 * A line through points, with round ends.
 *
 * @param widths in pixels, one for each point; further points have the last width.
 * @param soft width of the edge in pixels, over which coverage falls from 1 to 0.
 */
export function strokeShape(
  points: readonly Point[],
  widths: readonly number[],
  soft: number,
): Shape {
  const segments = segmentsOf(points, widths);
  const reach = Math.max(...widths) / 2 + soft;
  return (y) => {
    const near = segments.filter((segment) => reaches(segment, y, reach));
    return (x) => {
      let distance = Infinity;
      for (const segment of near) {
        const t = nearestPlace(segment, x, y);
        const dx = x - segment.x - t * segment.dx;
        const dy = y - segment.y - t * segment.dy;
        const half = (segment.width + t * segment.widening) / 2;
        distance = Math.min(distance, Math.sqrt(dx * dx + dy * dy) - half);
      }
      return smoothEdge(distance, soft);
    };
  };
}

/** A bell-shaped spot; `radius` is its standard deviation in pixels along x and y. */
export function spotShape([centreX, centreY]: Point, radius: readonly [number, number]): Shape {
  const [scaleX, scaleY] = [1 / radius[0], 1 / radius[1]];
  return (y) => {
    const dy = (y - centreY) * scaleY;
    return (x) => {
      const dx = (x - centreX) * scaleX;
      return Math.exp(-(dx * dx + dy * dy) / 2);
    };
  };
}

function segmentsOf(points: readonly Point[], widths: readonly number[]): Segment[] {
  return points.slice(1).map((end, i) => {
    const [x, y] = itemAt(points, i);
    const width = itemAt(widths, Math.min(i, widths.length - 1));
    const next = itemAt(widths, Math.min(i + 1, widths.length - 1));
    return { x, y, dx: end[0] - x, dy: end[1] - y, width, widening: next - width };
  });
}

function reaches({ y, dy }: Segment, row: number, margin: number): boolean {
  return row >= Math.min(y, y + dy) - margin && row <= Math.max(y, y + dy) + margin;
}

function nearestSquared(segments: readonly Segment[], x: number, y: number): number {
  let nearest = Infinity;
  for (const segment of segments) {
    const t = nearestPlace(segment, x, y);
    const dx = x - segment.x - t * segment.dx;
    const dy = y - segment.y - t * segment.dy;
    nearest = Math.min(nearest, dx * dx + dy * dy);
  }
  return nearest;
}

/** The position on a segment nearest to the point (x, y), 0–1. */
function nearestPlace(segment: Segment, x: number, y: number): number {
  const squared = segment.dx * segment.dx + segment.dy * segment.dy;
  if (squared === 0) return 0;
  const along = ((x - segment.x) * segment.dx + (y - segment.y) * segment.dy) / squared;
  return Math.min(1, Math.max(0, along));
}

/** 1 well inside a shape, 0 well outside, and a smooth step of the given width between. */
function smoothEdge(distance: number, width: number): number {
  const t = Math.min(1, Math.max(0, 0.5 - distance / width));
  return t * t * (3 - 2 * t);
}
