import type { Box } from "../image/box.ts";
import type { Session } from "../session/ort.ts";

/** A face in a picture. */
export interface Detection {
  /** In pixels of the picture; may reach beyond its edges. */
  readonly box: Box;
  /** How sure the detector is, 0–1. */
  readonly score: number;
}

/** What a detector answered, by output name. */
export type Answers = Readonly<
  Record<string, { readonly dims: readonly number[]; readonly data: unknown }>
>;

/** A family of detectors: what its graph looks like, what it wants, and what its answer means. */
export interface DetectorKind {
  readonly name: string;
  /** Longer side of the input in pixels where nothing else is asked for. */
  readonly inputSize: number;
  /** Least score where nothing else is asked for. */
  readonly minScore: number;
  /** Whether the channels of the input are blue, green, red. */
  readonly bgr: boolean;
  /** Turns this family's box into one close around the face: chin to forehead, cheek to cheek. */
  tighten(box: Box): Box;
  /** Whether a graph is of this family, by its outputs. */
  fits(session: Session): boolean;
  /** @returns boxes in pixels of the input whose score is at least `minScore`; many a face. */
  decode(answers: Answers, input: { width: number; height: number }, minScore: number): Detection[];
}

/** Anchors of the tiny detector as [width, height] in cells. */
const ANCHORS = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;
const CELL = 32;
/** Per anchor: x, y, width, height, score. */
const VALUES = 5;
const CHANNELS = ANCHORS.length * VALUES;

/**
 * The tiny face detector of face-api: one map, a cell of which is 32 pixels, with five anchors.
 * Its map may have the channels last or first.
 *
 * @see https://github.com/vladmandic/face-api (MIT); YOLO v2, https://arxiv.org/abs/1612.08242
 */
const tiny: DetectorKind = {
  name: "tiny face detector",
  inputSize: 416,
  minScore: 0.5,
  bgr: false,
  // Its boxes are wide and hang low; docs/runtime.md says how this was measured.
  tighten: ([x, y, width, height]) => {
    const [w, h] = [0.65 * width, 1.05 * height];
    return [x + (width - w) / 2, y + (height - h) / 2 - 0.12 * height, w, h];
  },
  fits({ outputs: [map, ...others] }) {
    return (
      others.length === 0 &&
      map?.shape.length === 4 &&
      (map.shape[3] === CHANNELS || map.shape[1] === CHANNELS)
    );
  },
  decode(answers, input, minScore) {
    const columns = input.width / CELL;
    const rows = input.height / CELL;
    const [map] = Object.values(answers);
    const values = floatsOf(map, rows * columns * CHANNELS);
    const last = map?.dims[3] === CHANNELS;
    // Where a cell's values start, and how far apart they are.
    const between = last ? 1 : rows * columns;
    const perCell = last ? CHANNELS : 1;
    const found: Detection[] = [];
    const least = Math.log(minScore / (1 - minScore));
    for (let cell = 0; cell < rows * columns; cell++) {
      for (let k = 0; k < ANCHORS.length; k++) {
        const start = cell * perCell + k * VALUES * between;
        const score = values[start + 4 * between] as number;
        if (score < least) continue;
        const value = (i: number) => values[start + i * between] as number;
        const [anchorWidth, anchorHeight] = ANCHORS[k] as readonly [number, number];
        const width = Math.exp(value(2)) * anchorWidth * CELL;
        const height = Math.exp(value(3)) * anchorHeight * CELL;
        const x = ((cell % columns) + sigmoid(value(0))) * CELL - width / 2;
        const y = (Math.floor(cell / columns) + sigmoid(value(1))) * CELL - height / 2;
        found.push({ box: [x, y, width, height], score: sigmoid(score) });
      }
    }
    return found;
  },
};

const STRIDES = [8, 16, 32] as const;

/**
 * YuNet: three strides, no anchors; the score is the geometric mean of class and objectness.
 *
 * @see https://doi.org/10.1007/s11633-023-1423-y
 */
const yunet: DetectorKind = {
  name: "YuNet",
  inputSize: 640,
  minScore: 0.7,
  bgr: true,
  tighten: (box) => box,
  fits({ outputs }) {
    const names = outputs.map(({ name }) => name);
    return STRIDES.every((s) => ["cls", "obj", "bbox"].every((o) => names.includes(`${o}_${s}`)));
  },
  decode(answers, input, minScore) {
    const found: Detection[] = [];
    for (const stride of STRIDES) {
      const columns = input.width / stride;
      const cells = columns * (input.height / stride);
      const classes = floatsOf(answers[`cls_${stride}`], cells);
      const objects = floatsOf(answers[`obj_${stride}`], cells);
      const boxes = floatsOf(answers[`bbox_${stride}`], cells * 4);
      for (let cell = 0; cell < cells; cell++) {
        const score = Math.sqrt(clamp(classes[cell] as number) * clamp(objects[cell] as number));
        if (score < minScore) continue;
        const width = Math.exp(boxes[cell * 4 + 2] as number) * stride;
        const height = Math.exp(boxes[cell * 4 + 3] as number) * stride;
        const x = ((cell % columns) + (boxes[cell * 4] as number)) * stride;
        const y = (Math.floor(cell / columns) + (boxes[cell * 4 + 1] as number)) * stride;
        found.push({ box: [x - width / 2, y - height / 2, width, height], score });
      }
    }
    return found;
  },
};

/** Every family that mien can read. */
export const DETECTOR_KINDS: readonly DetectorKind[] = [tiny, yunet];

/** @throws {TypeError} if it is not float32 of the expected length; the caller names the file. */
function floatsOf(answer: Answers[string] | undefined, length: number): Float32Array {
  const data = answer?.data;
  if (data instanceof Float32Array && data.length === length) return data;
  throw new TypeError(
    `expected ${length} numbers, found [${answer?.dims.join(", ") ?? "nothing"}]`,
  );
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function clamp(x: number): number {
  return Math.min(Math.max(x, 0), 1);
}
