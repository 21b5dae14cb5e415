import type { Picture } from "../image/picture.ts";

/** Columns and rows of the grid to which pictures are reduced. */
const [COLUMNS, ROWS] = [32, 24];
/** Samples along each side of a cell. */
const SAMPLES = 4;
/** Differences between neighbouring cells up to this are noise, in grey levels 0–255. */
const NOISE = 1;
/**
 * Smallest sum of squared differences of a picture with content; below that it is black, white or
 * plain, and can be compared with nothing.
 */
const CONTENT = 5000;
/** Side of a block, in cells. */
const BLOCK = 8;
const BLOCKS = (COLUMNS * ROWS) / BLOCK ** 2;
/** Correlation from which a block of one picture is in the other. */
const AGREES = 0.8;
/**
 * Pictures are of one shot if they share at least this part of their content. Photographs of different
 * people share 0 in the median and 0.22 at most in 95 of 100 pairs; docs/runtime.md has the figures.
 */
const SAME_SHOT = 0.45;
/** Largest movement between two pictures of one shot, in cells along and across. */
const [ACROSS, DOWN] = [5, 3];

/** The differences between neighbouring cells of a picture. */
interface Structure {
  /** Differences to the next column, then to the next row; 0 at the edge. */
  readonly values: Float32Array;
  /** Sum of the squares. */
  readonly energy: number;
}

/**
 * Detects the cuts of a film: pictures that share little with the picture before.
 *
 * Pictures are compared by the differences of brightness between the cells of a grid, which hardly
 * change if lights are switched on or off, and at every small shift, so that fast motion is no cut.
 * A person who enters changes only a part of the picture. Black, white and plain pictures are
 * skipped: the next picture with content is compared with the last one that had content.
 */
export class CutDetector {
  #last: Structure | undefined;

  /** Whether the film is cut before this picture. Call this once for each frame, in order. */
  isCut(picture: Picture): boolean {
    const structure = structureOf(picture);
    if (structure.energy < CONTENT) return false;
    const last = this.#last;
    this.#last = structure;
    if (last === undefined) return false;
    // A face that enters is not in the picture before, and a face that leaves is not in this one.
    return sharedContent(last, structure) < SAME_SHOT && sharedContent(structure, last) < SAME_SHOT;
  }
}

/**
 * The share of the content of `now`, 0–1, that is also in `before`: blocks of the grid that
 * agree at any small shift, weighted by their content.
 */
function sharedContent(before: Structure, now: Structure): number {
  let all = 0;
  let shared = 0;
  for (let top = 0; top < ROWS; top += BLOCK) {
    for (let left = 0; left < COLUMNS; left += BLOCK) {
      const content = energyOf(now, left, top);
      if (content < CONTENT / BLOCKS) continue;
      const weight = Math.sqrt(content);
      all += weight;
      if (isFound(before, now, [left, top])) shared += weight;
    }
  }
  return all === 0 ? 1 : shared / all;
}

function isFound(
  before: Structure,
  now: Structure,
  [left, top]: readonly [number, number],
): boolean {
  if (agreement(before, now, { left, top, across: 0, down: 0 }) >= AGREES) return true;
  for (let down = -DOWN; down <= DOWN; down++) {
    for (let across = -ACROSS; across <= ACROSS; across++) {
      if (agreement(before, now, { left, top, across, down }) >= AGREES) return true;
    }
  }
  return false;
}

/** Correlation of a block, −1 to 1, with the place in the other picture from which it moved. */
function agreement(
  before: Structure,
  now: Structure,
  { left, top, across, down }: Record<"left" | "top" | "across" | "down", number>,
): number {
  let product = 0;
  let [first, second] = [0, 0];
  for (let row = top; row < top + BLOCK; row++) {
    if (row + down < 0 || row + down >= ROWS) continue;
    for (let column = left; column < left + BLOCK; column++) {
      if (column + across < 0 || column + across >= COLUMNS) continue;
      const to = 2 * (row * COLUMNS + column);
      const from = 2 * ((row + down) * COLUMNS + column + across);
      for (let i = 0; i < 2; i++) {
        const a = before.values[from + i] ?? 0;
        const b = now.values[to + i] ?? 0;
        product += a * b;
        first += a * a;
        second += b * b;
      }
    }
  }
  return first === 0 || second === 0 ? 0 : product / Math.sqrt(first * second);
}

function energyOf({ values }: Structure, left: number, top: number): number {
  let sum = 0;
  for (let row = top; row < top + BLOCK; row++) {
    for (const value of values.subarray(
      2 * (row * COLUMNS + left),
      2 * (row * COLUMNS + left + BLOCK),
    )) {
      sum += value * value;
    }
  }
  return sum;
}

/** The differences of green, which is most of the brightness, between the cells of a picture. */
function structureOf({ width, height, pixels }: Picture): Structure {
  const cells = new Float32Array(COLUMNS * ROWS);
  for (let y = 0; y < ROWS * SAMPLES; y++) {
    const line = Math.floor(((y + 0.5) * height) / (ROWS * SAMPLES)) * width;
    const row = Math.floor(y / SAMPLES) * COLUMNS;
    for (let x = 0; x < COLUMNS * SAMPLES; x++) {
      const at = line + Math.floor(((x + 0.5) * width) / (COLUMNS * SAMPLES));
      const cell = row + Math.floor(x / SAMPLES);
      cells[cell] = (cells[cell] ?? 0) + (pixels[3 * at + 1] ?? 0);
    }
  }
  blur(cells, COLUMNS, 1);
  blur(cells, ROWS, COLUMNS);
  const values = new Float32Array(2 * COLUMNS * ROWS);
  let energy = 0;
  const difference = (from: number, to: number) => {
    const found = ((cells[to] ?? 0) - (cells[from] ?? 0)) / SAMPLES ** 2;
    return Math.abs(found) <= NOISE ? 0 : found;
  };
  for (let cell = 0; cell < COLUMNS * ROWS; cell++) {
    const right = (cell + 1) % COLUMNS === 0 ? 0 : difference(cell, cell + 1);
    const below = cell >= COLUMNS * (ROWS - 1) ? 0 : difference(cell, cell + COLUMNS);
    values[2 * cell] = right;
    values[2 * cell + 1] = below;
    energy += right * right + below * below;
  }
  return { values, energy };
}

/** Blurs a grid along one axis with the weights 1, 2, 1, so that a shift by half a cell matters less. */
function blur(cells: Float32Array, length: number, step: number): void {
  const other = step === 1 ? COLUMNS : 1;
  for (let line = 0; line < cells.length / length; line++) {
    const start = line * other;
    let before = cells[start] ?? 0;
    for (let i = 0; i < length; i++) {
      const at = start + i * step;
      const here = cells[at] ?? 0;
      const after = i + 1 < length ? (cells[at + step] ?? 0) : here;
      cells[at] = (before + 2 * here + after) / 4;
      before = here;
    }
  }
}
