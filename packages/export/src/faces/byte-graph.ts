import { MienError } from "@mien/format";
import { FLOAT, GraphBuilder, transpose, type Value, type Weight } from "@mien/tfjs-to-onnx";

/** How a convolution moves, and what is done to its output. */
interface Convolution {
  /** Name of the kernel [height, width, inputs, outputs], or of a depthwise one [height, width, channels, 1]. */
  readonly kernel: string;
  readonly depthwise?: boolean;
  /** Added to each output channel; default nothing. */
  readonly bias?: Float32Array;
  /** Multiplied into the kernel, one number or one per output channel; default 1. */
  readonly scale?: Float32Array;
  readonly stride?: number;
  /** Cells of zeros on all four sides; default 0. */
  readonly pad?: number;
}

/**
 * Builds convolutional graphs whose kernels stay bytes in the file, a quarter of its size otherwise:
 * a Cast, a Mul and an Add in front of each convolution, which onnxruntime computes once when it
 * opens the file.
 */
export class ByteGraph {
  readonly graph = new GraphBuilder(["input", "output"]);
  readonly #weights: Readonly<Record<string, Weight>>;

  /** @param weights by name, as face-api's manifests call them. */
  constructor(weights: Readonly<Record<string, Weight>>) {
    this.#weights = weights;
  }

  /** A weight as floats. */
  floats(name: string): Float32Array {
    return this.#weight(name).data;
  }

  /** The number of output channels of a kernel. */
  outputs(kernel: string): number {
    return this.#weight(kernel).shape.at(-1) as number;
  }

  /** A convolution of an image, called `name`. */
  convolve(image: Value, name: string, options: Convolution): Value {
    const { depthwise = false, stride = 1, pad = 0, bias } = options;
    const [rows = 0, columns = 0, inputs = 0, outputs = 0] = this.#weight(options.kernel).shape;
    const [height, width] = image.shape as [number, number, number];
    const size = (length: number, side: number) =>
      Math.floor((length + 2 * pad - side) / stride) + 1;
    const kernel = this.#kernel(options);
    const constants =
      bias === undefined
        ? [kernel]
        : [kernel, this.graph.tensor(`${name}/bias`, [bias.length], bias)];
    return this.graph.node("Conv", [this.graph.channelsFirst(image), ...constants], {
      name,
      shape: [size(height, rows), size(width, columns), depthwise ? inputs : outputs],
      layout: "channels-first",
      attributes: {
        kernel_shape: { ints: [rows, columns] },
        strides: { ints: [stride, stride] },
        pads: { ints: [pad, pad, pad, pad] },
        group: { int: depthwise ? inputs : 1 },
      },
    });
  }

  /** [N, inputs] × the matrix of that name. */
  multiply(x: Value, matrix: string): Value {
    const { shape } = this.#weight(matrix);
    const stored = this.#constant(matrix, [0, 1], Float32Array.of(1));
    return this.graph.node("MatMul", [x, stored], { name: matrix, shape: [shape[1] as number] });
  }

  /** The kernel as ONNX wants it, [outputs, inputs, height, width], scaled. */
  #kernel({ kernel, depthwise = false, scale = Float32Array.of(1) }: Convolution): string {
    return this.#constant(kernel, depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1], scale);
  }

  /** A weight with its axes in another order, times one number or one per first axis. */
  #constant(name: string, axes: readonly number[], scale: Float32Array): string {
    const { shape, data, bytes } = this.#weight(name);
    const { graph } = this;
    const dims = axes.map((axis) => shape[axis] as number);
    if (bytes === undefined) {
      const each = data.length / scale.length;
      const scaled = transpose(data, shape, axes).map(
        (value, i) => value * (scale[Math.floor(i / each)] as number),
      );
      return graph.tensor(name, dims, scaled);
    }
    const spread = scale.length === 1 ? [] : dims.map((_, i) => (i === 0 ? scale.length : 1));
    const result = (suffix: string) => ({ name: `${name}/${suffix}`, shape: dims });
    const stored = graph.tensor(`${name}/bytes`, dims, transpose(bytes.values, shape, axes));
    const attributes = { to: { int: FLOAT } };
    const cast = graph.node("Cast", [stored], { ...result("cast"), attributes });
    const factors = scale.map((factor) => bytes.scale * factor);
    const factor = graph.tensor(`${name}/scale`, spread, factors);
    const scaled = graph.node("Mul", [cast, factor], result("scaled"));
    const offsets = scale.map((factor) => bytes.min * factor);
    const offset = graph.tensor(`${name}/min`, spread, offsets);
    return graph.node("Add", [scaled, offset], result("floats")).name;
  }

  #weight(name: string): Weight {
    const weight = this.#weights[name];
    if (weight !== undefined) return weight;
    throw new MienError("bad-model", `the weights of face-api hold no ${name}`);
  }
}
