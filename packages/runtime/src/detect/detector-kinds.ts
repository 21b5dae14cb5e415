import type { Box } from "../image/box.ts";
import { pipelineSettings } from "../pipeline-settings.ts";
import type { Session } from "../session/ort.ts";

const { minScore, inputSize } = pipelineSettings.detection;

/** A face in a picture. */
export interface Detection {
  /** In pixels of the picture; may reach beyond its edges. */
  readonly box: Box;
  /** Score of the detector, 0–1. */
  readonly score: number;
}

/** The outputs of a detector by name. */
type DetectorOutputs = Readonly<
  Record<string, { readonly dims: readonly number[]; readonly data: unknown }>
>;

/** A kind of detector: how its graph looks, and what its input and outputs mean. */
export interface DetectorKind {
  readonly name: string;
  /** Default of the longer side of the input, in pixels. */
  readonly inputSize: number;
  /** Default of the smallest score. */
  readonly minScore: number;
  /**
   * Size √(width · height) from which faces are found reliably, in pixels of the input; undefined if
   * faces are only found at the resolution for which the detector was trained.
   */
  readonly reliableSize: number | undefined;
  /** Whether the channels of the input are blue, green, red. */
  readonly bgr: boolean;
  /** Turns a box of this kind into one close around the face: chin to forehead, cheek to cheek. */
  toFaceBox(box: Box): Box;
  /** Whether a graph is of this kind, by its outputs. */
  matches(session: Session): boolean;
  /** @returns boxes in pixels of the input whose score is at least `minScore`; many per face. */
  decode(
    outputs: DetectorOutputs,
    input: { readonly width: number; readonly height: number },
    minScore: number,
  ): Detection[];
}

/** Anchors of the tiny face detector as [width, height] in cells. */
const ANCHORS = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;
/** Side of a cell in pixels of the input. */
const CELL = 32;
/** Per anchor: x, y, width, height, score. */
const VALUES = 5;
const CHANNELS = ANCHORS.length * VALUES;
/**
 * The face in relation to the tiny detector's box, which is too wide and too low; docs/runtime.md
 * says how this was measured.
 */
const TINY_FACE = { width: 0.65, height: 1.05, up: 0.12 };

/**
 * The tiny face detector of face-api: one output map with cells of 32 pixels and five anchors per
 * cell. The channels of the map are last or first.
 *
 * @see https://github.com/vladmandic/face-api (MIT); YOLO v2, https://arxiv.org/abs/1612.08242
 */
const tiny: DetectorKind = {
  name: "tiny face detector",
  inputSize: inputSize.default.tiny,
  minScore: minScore.default.tiny,
  reliableSize: undefined,
  bgr: false,
  toFaceBox([x, y, width, height]) {
    const [w, h] = [TINY_FACE.width * width, TINY_FACE.height * height];
    return [x + (width - w) / 2, y + (height - h) / 2 - TINY_FACE.up * height, w, h];
  },
  matches({ outputs: [map, ...others] }) {
    return (
      others.length === 0 &&
      map?.shape.length === 4 &&
      (map.shape[3] === CHANNELS || map.shape[1] === CHANNELS)
    );
  },
  decode(outputs, input, minScore) {
    const columns = input.width / CELL;
    const rows = input.height / CELL;
    const [map] = Object.values(outputs);
    const values = floatsOf(map, rows * columns * CHANNELS);
    const channelsLast = map?.dims[3] === CHANNELS;
    // Distances in the map: between the channels of a cell, and between cells.
    const channelStride = channelsLast ? 1 : rows * columns;
    const cellStride = channelsLast ? CHANNELS : 1;
    const found: Detection[] = [];
    const minLogit = Math.log(minScore / (1 - minScore));
    for (let cell = 0; cell < rows * columns; cell++) {
      for (const [k, [anchorWidth, anchorHeight]] of ANCHORS.entries()) {
        const start = cell * cellStride + k * VALUES * channelStride;
        const value = (i: number) => values[start + i * channelStride] ?? 0;
        const logit = value(4);
        if (logit < minLogit) continue;
        const width = Math.exp(value(2)) * anchorWidth * CELL;
        const height = Math.exp(value(3)) * anchorHeight * CELL;
        const x = ((cell % columns) + sigmoid(value(0))) * CELL - width / 2;
        const y = (Math.floor(cell / columns) + sigmoid(value(1))) * CELL - height / 2;
        found.push({ box: [x, y, width, height], score: sigmoid(logit) });
      }
    }
    return found;
  },
};

const STRIDES = [8, 16, 32] as const;
/** Numbers per cell in mien's form of YuNet: class, objectness, x, y, width, height. */
const PACKED = 6;

/** What both forms of YuNet have in common. */
const YUNET = {
  name: "YuNet",
  inputSize: inputSize.default.yunet,
  minScore: minScore.default.yunet,
  reliableSize: 40,
  toFaceBox: (box: Box) => box,
};

/**
 * YuNet as its authors export it: three strides, no anchors; class score, objectness and box of each
 * stride are separate outputs. The score is the geometric mean of the class score and the
 * objectness.
 *
 * @see https://doi.org/10.1007/s11633-023-1423-y
 */
const yunet: DetectorKind = {
  ...YUNET,
  bgr: true,
  matches({ outputs }) {
    const names = outputs.map(({ name }) => name);
    return STRIDES.every((s) => ["cls", "obj", "bbox"].every((o) => names.includes(`${o}_${s}`)));
  },
  decode(outputs, input, minScore) {
    const found: Detection[] = [];
    for (const stride of STRIDES) {
      const columns = input.width / stride;
      const cells = columns * (input.height / stride);
      const classScores = floatsOf(outputs[`cls_${stride}`], cells);
      const objectness = floatsOf(outputs[`obj_${stride}`], cells);
      const boxes = floatsOf(outputs[`bbox_${stride}`], cells * 4);
      for (let cell = 0; cell < cells; cell++) {
        const score = Math.sqrt(clamp(classScores[cell] ?? 0) * clamp(objectness[cell] ?? 0));
        if (score < minScore) continue;
        const place = { stride, column: cell % columns, row: Math.floor(cell / columns) };
        found.push({ box: yunetBox(boxes, cell * 4, place), score });
      }
    }
    return found;
  },
};

/**
 * YuNet as `export:faces` makes it: one output [1, cells, 6], where the cells of the three strides
 * follow each other; both scores before the sigmoid.
 */
const packedYunet: DetectorKind = {
  ...YUNET,
  bgr: false,
  matches({ outputs: [cells, ...others] }) {
    return others.length === 0 && cells?.shape.length === 3 && cells.shape[2] === PACKED;
  },
  decode(outputs, { width, height }, minScore) {
    const cells = STRIDES.map((stride) => (width / stride) * (height / stride));
    const [output] = Object.values(outputs);
    const values = floatsOf(output, PACKED * cells.reduce((sum, count) => sum + count, 0));
    const found: Detection[] = [];
    // A geometric mean of at least `minScore` needs both factors to be at least its square.
    const minLogit = Math.log(minScore ** 2 / (1 - minScore ** 2));
    let at = 0;
    for (const stride of STRIDES) {
      for (let row = 0; row < height / stride; row++) {
        for (let column = 0; column < width / stride; column++, at += PACKED) {
          const classLogit = values[at] ?? 0;
          const objectLogit = values[at + 1] ?? 0;
          if (classLogit < minLogit || objectLogit < minLogit) continue;
          const score = Math.sqrt(sigmoid(classLogit) * sigmoid(objectLogit));
          if (score < minScore) continue;
          found.push({ box: yunetBox(values, at + 2, { stride, column, row }), score });
        }
      }
    }
    return found;
  },
};

/** The box of a cell; `values` has its place in the cell and the logarithms of its size from `at`. */
function yunetBox(
  values: Float32Array,
  at: number,
  { stride, column, row }: { stride: number; column: number; row: number },
): Box {
  const width = Math.exp(values[at + 2] ?? 0) * stride;
  const height = Math.exp(values[at + 3] ?? 0) * stride;
  const x = (column + (values[at] ?? 0)) * stride;
  const y = (row + (values[at + 1] ?? 0)) * stride;
  return [x - width / 2, y - height / 2, width, height];
}

/** Every kind of detector that mien can read. */
export const DETECTOR_KINDS: readonly DetectorKind[] = [packedYunet, yunet, tiny];

/** @throws {TypeError} if the output is not float32 of the expected length; callers name the file. */
function floatsOf(output: DetectorOutputs[string] | undefined, length: number): Float32Array {
  const data = output?.data;
  if (data instanceof Float32Array && data.length === length) return data;
  throw new TypeError(
    `expected ${length} numbers, found [${output?.dims.join(", ") ?? "nothing"}]`,
  );
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function clamp(x: number): number {
  return Math.min(Math.max(x, 0), 1);
}
