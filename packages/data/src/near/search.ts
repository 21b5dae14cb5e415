import { itemAt } from "@mien/format";
import { COMPONENTS, type Descriptors } from "./descriptors.ts";

/** Receives two images whose descriptors are near. `isMirrored`: they are if one is mirrored. */
export type OnCandidate = (a: number, b: number, isMirrored: boolean) => void;

/**
 * Largest squared distances of the descriptors of near-copies: of the first component, the first two,
 * the first four, all even ones, and all. At least 98 % of copies with every change at once are below
 * each of them; a copy that is moved by 2 of 48 pixels in both directions is the farthest.
 */
const MOST = { one: 0.045, two: 0.06, four: 0.09, even: 0.19, all: 0.38 };
/** Largest part of the whole squared distance that small moves do not explain. */
const MAX_UNEXPLAINED = 0.1;
/** Number of even components that are compared one by one, with an exit after each. */
const FIRST = 4;

/** Which images are the first of a pair: all whose place leaves this rest when divided. */
export interface Part {
  readonly of: number;
  readonly rest: number;
}

/**
 * Finds all pairs of images with near descriptors, each once. The pairs of one first image follow each
 * other.
 *
 * Images are sorted by the component with the largest variance, so that only images in a window have
 * to be compared, and most of them are told apart by the first components.
 *
 * @param given.movesOf from `movesFrom`.
 * @param given.part of the pairs, so that several threads can share the work; default all.
 */
export function searchPairs(
  descriptors: Descriptors,
  given: { readonly movesOf: (image: number) => Float64Array; readonly part?: Part },
  onCandidate: OnCandidate,
): void {
  const { values, even } = descriptors;
  const { of, rest } = given.part ?? { of: 1, rest: 0 };
  const count = values.length / COMPONENTS;
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => itemAt(values, a * COMPONENTS) - itemAt(values, b * COMPONENTS),
  );
  const sorted = new Float32Array(values.length);
  for (const [place, image] of order.entries()) {
    const row = values.subarray(image * COMPONENTS, (image + 1) * COMPONENTS);
    sorted.set(row, place * COMPONENTS);
  }
  const collect = collector(sorted, even);
  const near = new Int32Array(count);
  for (let i = rest; i < count; i += of) {
    const found = collect(i, near);
    if (found === 0) continue;
    const a = order[i]!;
    const moves = given.movesOf(a);
    const some = firstMoves(moves, even);
    for (let n = 0; n < found; n++) {
      const j = near[n]!;
      if (!mayBeNear({ sorted, even, moves: some }, i, j)) continue;
      const sides = compare({ sorted, even, moves }, i, j);
      const b = order[j]!;
      if ((sides & SAME) !== 0) onCandidate(a, b, false);
      if ((sides & MIRRORED) !== 0) onCandidate(a, b, true);
    }
  }
}

/** Number of the first even and of the first odd components that `mayBeNear` compares. */
const SOME = { even: 10, odd: 8 };
const SOME_COUNT = SOME.even + SOME.odd;
const some = new Float64Array(3 * SOME_COUNT);

/** The directions of moves in some components only, at right angles to each other. */
function firstMoves(moves: Float64Array, even: number): Float64Array {
  const width = SOME_COUNT;
  for (let from = 0, move = 0; from < some.length; from += width, move += COMPONENTS) {
    for (let k = 0; k < SOME.even; k++) some[from + k] = moves[move + k]!;
    for (let k = 0; k < SOME.odd; k++) some[from + SOME.even + k] = moves[move + even + k]!;
    for (let earlier = 0; earlier < from; earlier += width) {
      let along = 0;
      for (let k = 0; k < width; k++) along += some[from + k]! * some[earlier + k]!;
      for (let k = 0; k < width; k++) some[from + k]! -= along * some[earlier + k]!;
    }
    let length = 0;
    for (let k = 0; k < width; k++) length += some[from + k]! ** 2;
    const scale = length < 1e-12 ? 0 : 1 / Math.sqrt(length);
    for (let k = 0; k < width; k++) some[from + k]! *= scale;
  }
  return some;
}

/**
 * Whether two places can be near by their first components: what moves do not explain of some
 * components is at most what they do not explain of all.
 */
function mayBeNear(
  given: { readonly sorted: Float32Array; readonly even: number; readonly moves: Float64Array },
  i: number,
  j: number,
): boolean {
  const { sorted, even, moves } = given;
  const width = SOME_COUNT;
  const [p, q, evens] = [i * COMPONENTS, j * COMPONENTS, SOME.even];
  const [oddP, oddQ] = [p + even - evens, q + even - evens];
  let same = 0;
  for (let k = 0; k < evens; k++) {
    const d = sorted[p + k]! - sorted[q + k]!;
    same += d * d;
  }
  let mirrored = same;
  for (let k = evens; k < width; k++) {
    const left = sorted[oddP + k]!;
    const right = sorted[oddQ + k]!;
    same += (left - right) * (left - right);
    mirrored += (left + right) * (left + right);
  }
  if (Math.min(same, mirrored) > MOST.all) return false;
  for (let at = 0; at < moves.length; at += width) {
    let alongEven = 0;
    let alongLeft = 0;
    let alongRight = 0;
    for (let k = 0; k < evens; k++) alongEven += moves[at + k]! * (sorted[p + k]! - sorted[q + k]!);
    for (let k = evens; k < width; k++) {
      alongLeft += moves[at + k]! * sorted[oddP + k]!;
      alongRight += moves[at + k]! * sorted[oddQ + k]!;
    }
    same -= (alongEven + alongLeft - alongRight) ** 2;
    mirrored -= (alongEven + alongLeft + alongRight) ** 2;
  }
  return Math.min(same, mirrored) <= MAX_UNEXPLAINED + ROUNDING;
}

/** What rounding may add to a distance. */
const ROUNDING = 1e-5;

/** Bits of an answer of `compare`. */
const [SAME, MIRRORED] = [1, 2];

/**
 * @returns a function that writes into `near` the places after `i` whose even components are near
 * those of place `i`, and returns their number.
 */
function collector(sorted: Float32Array, even: number): (i: number, near: Int32Array) => number {
  const count = sorted.length / COMPONENTS;
  // The first components as columns, so that memory is read in sequence.
  const column = (k: number) =>
    Float32Array.from({ length: count }, (_, place) => itemAt(sorted, place * COMPONENTS + k));
  const [c0, c1, c2, c3] = [column(0), column(1), column(2), column(3)];
  const reach = Math.sqrt(MOST.one);
  // Plain constants of this function: the loop is run some hundred million times.
  const { two, four, even: mostEven } = MOST;
  const width = COMPONENTS;
  return (i, near) => {
    let found = 0;
    const a0 = c0[i]!;
    const a1 = c1[i]!;
    const a2 = c2[i]!;
    const a3 = c3[i]!;
    const end = a0 + reach;
    for (let j = i + 1; j < count; j++) {
      const b0 = c0[j]!;
      if (b0 > end) break;
      const d0 = b0 - a0;
      const d1 = a1 - c1[j]!;
      let distance = d0 * d0 + d1 * d1;
      if (distance > two) continue;
      const d2 = a2 - c2[j]!;
      const d3 = a3 - c3[j]!;
      distance += d2 * d2 + d3 * d3;
      if (distance > four) continue;
      const last = i * width + even;
      let p = i * width + FIRST;
      let q = j * width + FIRST;
      for (; p < last && distance <= mostEven; p++, q++) {
        const d = sorted[p]! - sorted[q]!;
        distance += d * d;
      }
      if (distance <= mostEven) near[found++] = j;
    }
    return found;
  };
}

/** Compares all components of two places. @returns the bits of the ways in which they are near. */
function compare(
  given: { readonly sorted: Float32Array; readonly even: number; readonly moves: Float64Array },
  i: number,
  j: number,
): number {
  const { sorted, even, moves } = given;
  const width = COMPONENTS;
  const from = j * width;
  let evenDistance = 0;
  let same = 0;
  let mirrored = 0;
  let k = 0;
  let p = i * width;
  for (; k < even; k++, p++) {
    const d = sorted[p]! - sorted[from + k]!;
    evenDistance += d * d;
  }
  for (; k < width; k++, p++) {
    const left = sorted[p]!;
    const right = sorted[from + k]!;
    same += (left - right) * (left - right);
    mirrored += (left + right) * (left + right);
  }
  const isSame = evenDistance + same <= MOST.all;
  const isMirrored = evenDistance + mirrored <= MOST.all;
  if (!isSame && !isMirrored) return 0;
  // The part of the squared distances that lies in the directions of small moves. They are at right
  // angles to the descriptor of place `i`, so that place `j` alone counts.
  let explainedSame = 0;
  let explainedMirrored = 0;
  for (let at = 0; at < moves.length; at += width) {
    let alongEven = 0;
    let alongOdd = 0;
    for (k = 0; k < even; k++) alongEven += moves[at + k]! * sorted[from + k]!;
    for (; k < width; k++) alongOdd += moves[at + k]! * sorted[from + k]!;
    explainedSame += (alongEven + alongOdd) * (alongEven + alongOdd);
    explainedMirrored += (alongEven - alongOdd) * (alongEven - alongOdd);
  }
  return (
    (isSame && evenDistance + same - explainedSame <= MAX_UNEXPLAINED ? SAME : 0) |
    (isMirrored && evenDistance + mirrored - explainedMirrored <= MAX_UNEXPLAINED ? MIRRORED : 0)
  );
}
