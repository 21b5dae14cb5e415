import { itemAt, MienError } from "@mien/format";
import { FLOAT, GraphBuilder, transpose, type Value, type Weight } from "@mien/tfjs-to-onnx";

/** Kernel, stride, padding, scale and bias of a convolution. */
interface Convolution {
  /** Name of the kernel [height, width, inputs, outputs]. */
  readonly kernel: string;
  /** A number to add to each output channel; default none. */
  readonly bias?: Float32Array;
  /** Factors of the kernel: one number, or one for each output channel; default 1. */
  readonly scale?: Float32Array;
  /** In cells; default 1. */
  readonly stride?: number;
  /** Width of the border of zeros on all four sides, in cells; default 0. */
  readonly pad?: number;
}

/**
 * Builds convolutional graphs whose kernels are stored as bytes, a quarter of the size of float32. A
 * Cast, a Mul and an Add before each convolution convert them to floats; onnxruntime computes these
 * once, when it opens the file.
 */
export class ByteGraph {
  readonly graph = new GraphBuilder(["input", "output"]);
  readonly #weights: Readonly<Record<string, Weight>>;

  /** @param weights by their names in face-api's manifests. */
  constructor(weights: Readonly<Record<string, Weight>>) {
    this.#weights = weights;
  }

  /**
   * The numbers of a weight.
   *
   * @throws {MienError} `bad-model` if no weight has that name.
   */
  floats(name: string): Float32Array {
    return this.#weight(name).data;
  }

  /** The number of output channels of a kernel. */
  outputs(kernel: string): number {
    const { shape } = this.#weight(kernel);
    return itemAt(shape, shape.length - 1);
  }

  /** Appends a convolution of an image; its node is called `name`. */
  convolve(image: Value, name: string, options: Convolution): Value {
    const { stride = 1, pad = 0, bias } = options;
    const [rows = 0, columns = 0, , outputs = 0] = this.#weight(options.kernel).shape;
    const [height, width] = sizesOf(image);
    const size = (length: number, side: number) =>
      Math.floor((length + 2 * pad - side) / stride) + 1;
    const kernel = this.#kernel(options);
    const constants =
      bias === undefined
        ? [kernel]
        : [kernel, this.graph.tensor(`${name}/bias`, [bias.length], bias)];
    return this.graph.node("Conv", [this.graph.channelsFirst(image), ...constants], {
      name,
      shape: [size(height, rows), size(width, columns), outputs],
      layout: "channels-first",
      attributes: {
        kernel_shape: { ints: [rows, columns] },
        strides: { ints: [stride, stride] },
        pads: { ints: [pad, pad, pad, pad] },
        group: { int: 1 },
      },
    });
  }

  /** Appends the product of [N, inputs] and a matrix [inputs, outputs], given by name. */
  multiply(x: Value, matrix: string): Value {
    const { shape } = this.#weight(matrix);
    const stored = this.#constant(matrix, [0, 1], Float32Array.of(1));
    return this.graph.node("MatMul", [x, stored], { name: matrix, shape: [itemAt(shape, 1)] });
  }

  /** The scaled kernel in the order of ONNX, [outputs, inputs, height, width]. */
  #kernel({ kernel, scale = Float32Array.of(1) }: Convolution): string {
    return this.#constant(kernel, [3, 2, 0, 1], scale);
  }

  /** A weight with reordered axes, times one number or one number for each index of its first axis. */
  #constant(name: string, axes: readonly number[], scale: Float32Array): string {
    const { shape, data, bytes } = this.#weight(name);
    const { graph } = this;
    const dims = axes.map((axis) => itemAt(shape, axis));
    if (bytes === undefined) {
      const each = data.length / scale.length;
      const scaled = transpose(data, shape, axes).map(
        (value, i) => value * itemAt(scale, Math.floor(i / each)),
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
    throw new MienError("bad-model", `the weights of face-api have no ${name}`);
  }
}

/** The sizes of an image. */
export function sizesOf({ shape }: Value): readonly [height: number, width: number, depth: number] {
  return [itemAt(shape, 0), itemAt(shape, 1), itemAt(shape, 2)];
}

/** Renames the result of the last node to `output`, the output of the graph. */
export function nameOutput({ nodes }: GraphBuilder): void {
  itemAt(nodes, nodes.length - 1).outputs = ["output"];
}
