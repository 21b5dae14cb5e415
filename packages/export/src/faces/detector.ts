import { MienError } from "@mien/format";
import { GraphBuilder, transpose, type Graph, type Value } from "@mien/tfjs-to-onnx";

/** Settings for decoding the detector's output to boxes. */
export const DETECTOR_DECODE = {
  /** Sides of the cells of the three maps, in pixels, in the order of the output. */
  strides: [8, 16, 32],
  /** The numbers of each cell; scores before the sigmoid, sizes before the exponential function. */
  values: ["class", "objectness", "x", "y", "width", "height"],
  /** The lowest score of a face, 0–1. */
  scoreThreshold: 0.65,
  /** If the intersection over union of two boxes is larger, the box with the lower score is removed. */
  overlapThreshold: 0.4,
} as const;

/** Sides of the input are multiples of this, in pixels. */
export const DETECTOR_MULTIPLE = 32;
/** The longer side of the input for which faces are at least about 10 pixels wide. */
export const DETECTOR_LONGER_SIDE = 640;

/** The parts of the heads of YuNet that find faces, with their numbers of channels. */
const HEADS = [
  ["cls", 1],
  ["obj", 1],
  ["bbox", 4],
] as const;
const CHANNELS = DETECTOR_DECODE.values.length;

/**
 * The graph of YuNet (its variant s) without the heads for landmarks. Input: [N, height, width, 3]
 * RGB 0–255, with sides that are multiples of 32. Output: [N, cells, 6], where the cells of the three
 * maps follow each other, row by row (`DETECTOR_DECODE`).
 *
 * The three heads of a map become one: onnxruntime computes 16 channels of a convolution as fast
 * as one.
 *
 * @param weights of libfacedetection, by name.
 * @throws {MienError} `bad-model` if one is missing or has another size.
 * @see https://doi.org/10.1007/s11633-023-1423-y
 */
export function detectorGraph(weights: ReadonlyMap<string, Float32Array>): Graph {
  const net = new Yunet(weights);
  const { graph } = net;
  // The graph works for every size; building it needs one as an example.
  const side = 4 * DETECTOR_MULTIPLE;
  const input: Value = { name: "input", shape: [side, side, 3], layout: "as-is" };
  let x = net.first(input);
  x = net.pool(net.unit(x, "backbone__model0_dp", 16));
  x = net.pair(x, "backbone__model1", [16, 32]);
  x = net.pair(x, "backbone__model2", [32, 64]);
  const fine = net.pair(net.pool(x), "backbone__model3", [64, 64]);
  const middle = net.pair(net.pool(fine), "backbone__model4", [64, 64]);
  const coarse = net.pair(net.pool(middle), "backbone__model5", [64, 64]);

  const level2 = net.unit(coarse, "neck__lateral_convs__2", 64);
  const level1 = net.unit(net.addEnlarged(middle, level2), "neck__lateral_convs__1", 64);
  const level0 = net.unit(net.addEnlarged(fine, level1), "neck__lateral_convs__0", 64);
  const maps = [level0, level1, level2].map((level, i) => net.heads(level, i));
  graph.node("Concat", maps, {
    name: "cells",
    shape: [maps.length, CHANNELS],
    attributes: { axis: { int: 1 } },
  });
  const last = graph.nodes.at(-1);
  if (last !== undefined) last.outputs = ["output"];
  return {
    name: "face_detector",
    inputs: [{ name: "input", shape: ["height", "width", 3] }],
    outputs: [{ name: "output", shape: ["cells", CHANNELS] }],
    nodes: graph.nodes,
    tensors: graph.tensors,
  };
}

/** A convolution with its kernel in ONNX's order, [outputs, inputs / group, rows, columns]. */
interface Convolution {
  readonly dims: readonly [number, number, number, number];
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  /** Default 1. */
  readonly stride?: number;
  readonly relu: boolean;
}

class Yunet {
  readonly graph = new GraphBuilder(["input", "output"]);
  readonly #weights: ReadonlyMap<string, Float32Array>;

  constructor(weights: ReadonlyMap<string, Float32Array>) {
    this.#weights = weights;
  }

  /** The first convolution, 3×3 with stride 2. */
  first(image: Value): Value {
    const name = "backbone__model0_pw";
    // Each output's 27 numbers (rows, columns, blue, green, red) are filled up to 32.
    const stored = this.#floats(`${name}_weight`, 16 * 32);
    const kernel = new Float32Array(16 * 27);
    for (let output = 0; output < 16; output++) {
      for (let place = 0; place < 9; place++) {
        for (let channel = 0; channel < 3; channel++) {
          kernel[output * 27 + channel * 9 + place] =
            stored[output * 32 + place * 3 + (2 - channel)] ?? 0;
        }
      }
    }
    const bias = this.#floats(`${name}_bias`, 16);
    return this.#convolve(this.graph.channelsFirst(image), name, {
      dims: [16, 3, 3, 3],
      kernel,
      bias,
      stride: 2,
      relu: true,
    });
  }

  /** A pointwise convolution, then a depthwise one of 3×3 and a ReLU. */
  unit(image: Value, name: string, outputs: number): Value {
    const inputs = image.shape[2] ?? 0;
    return this.#separable(image, name, {
      relu: true,
      pointwise: this.#pointwise(name, inputs, outputs),
      depthwise: this.#depthwise(name, outputs),
    });
  }

  /** Two units. */
  pair(image: Value, name: string, [first, second]: readonly [number, number]): Value {
    return this.unit(this.unit(image, `${name}_dp1`, first), `${name}_dp2`, second);
  }

  /** The maximum of 2×2. */
  pool(image: Value): Value {
    return this.graph.node("MaxPool", [image], {
      name: `${image.name}/pool`,
      shape: halved(image.shape),
      layout: "channels-first",
      attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
    });
  }

  /** A map plus another map of half its size, each cell of which is repeated 2×2 times. */
  addEnlarged(map: Value, small: Value): Value {
    const scales = this.graph.tensor(`${small.name}/scales`, [4], Float32Array.of(1, 1, 2, 2));
    const enlarged = this.graph.node("Resize", [small, "", scales], {
      name: `${small.name}/enlarged`,
      shape: map.shape,
      layout: "channels-first",
      attributes: {
        mode: { text: "nearest" },
        coordinate_transformation_mode: { text: "asymmetric" },
        nearest_mode: { text: "floor" },
      },
    });
    return this.graph.elementwise("Add", [map, enlarged], `${map.name}/add`);
  }

  /** The heads of one map as one, [cells, 6]. */
  heads(map: Value, level: number): Value {
    const inputs = map.shape[2] ?? 0;
    const names = HEADS.map(
      ([head, outputs]) => [`bbox_head__multi_level_${head}__${level}`, outputs] as const,
    );
    const found = this.#separable(map, `heads${level}`, {
      relu: false,
      pointwise: joined(names.map(([name, outputs]) => this.#pointwise(name, inputs, outputs))),
      depthwise: joined(names.map(([name, outputs]) => this.#depthwise(name, outputs))),
    });
    const result = { name: `cells${level}`, shape: [1, CHANNELS] };
    return this.graph.reshape(this.graph.asIs(found), result, [-1, CHANNELS]);
  }

  #separable(
    image: Value,
    name: string,
    parts: { readonly relu: boolean; readonly pointwise: Kernel; readonly depthwise: Kernel },
  ): Value {
    const { pointwise, depthwise, relu } = parts;
    const outputs = pointwise.bias.length;
    const mixed = this.#convolve(image, `${name}/pointwise`, {
      ...pointwise,
      dims: [outputs, image.shape[2] ?? 0, 1, 1],
      relu: false,
    });
    return this.#convolve(mixed, `${name}/depthwise`, {
      ...depthwise,
      dims: [outputs, 1, 3, 3],
      relu,
    });
  }

  #pointwise(name: string, inputs: number, outputs: number): Kernel {
    return {
      kernel: this.#floats(`${name}_pw_weight`, inputs * outputs),
      bias: this.#floats(`${name}_pw_bias`, outputs),
    };
  }

  /** The library stores [rows, columns, channels]. */
  #depthwise(name: string, channels: number): Kernel {
    const stored = this.#floats(`${name}_dw_weight`, 9 * channels);
    return {
      kernel: Float32Array.from(transpose(stored, [9, channels], [1, 0])),
      bias: this.#floats(`${name}_dw_bias`, channels),
    };
  }

  #convolve(image: Value, name: string, convolution: Convolution): Value {
    const { dims, kernel, bias, stride = 1, relu } = convolution;
    const [outputs, inputs, rows, columns] = dims;
    const pad = (rows - 1) / 2;
    const { graph } = this;
    const constants = [
      graph.tensor(`${name}/kernel`, dims, kernel),
      graph.tensor(`${name}/bias`, [outputs], bias),
    ];
    const spatial = stride === 1 ? image.shape : halved(image.shape);
    const made = graph.node("Conv", [image, ...constants], {
      name,
      shape: [...spatial.slice(0, 2), outputs],
      layout: "channels-first",
      attributes: {
        kernel_shape: { ints: [rows, columns] },
        strides: { ints: [stride, stride] },
        pads: { ints: [pad, pad, pad, pad] },
        group: { int: (image.shape[2] ?? 0) / inputs },
      },
    });
    return relu ? graph.elementwise("Relu", [made], `${name}/relu`) : made;
  }

  #floats(name: string, length: number): Float32Array {
    const found = this.#weights.get(name);
    if (found?.length === length) return found;
    throw new MienError(
      "bad-model",
      `libfacedetection should have ${length} numbers in ${name}, found ${found?.length ?? "none"}`,
    );
  }
}

interface Kernel {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** One convolution for several, whose outputs follow each other. */
function joined(parts: readonly Kernel[]): Kernel {
  return {
    kernel: Float32Array.from(parts.flatMap(({ kernel }) => [...kernel])),
    bias: Float32Array.from(parts.flatMap(({ bias }) => [...bias])),
  };
}

function halved([rows = 0, columns = 0, depth = 0]: readonly number[]): number[] {
  return [rows / 2, columns / 2, depth];
}
