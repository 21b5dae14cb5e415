import { itemAt, MienError } from "@mien/format";
import { lastSize, sizeOf } from "./array.ts";
import { OPSETS, type Attribute, type GraphNode, type Tensor } from "./onnx-model.ts";

/**
 * The order of a value in memory, relative to its shape in tfjs. An image has one, two or three
 * spatial axes, then its channels.
 *
 * - `as-is`: row-major in the order of its shape.
 * - `channels-first`: shape [height, width, channels], stored as [channels, height, width], as ONNX's
 *   convolutions and pooling need it.
 * - an object: a flattened image, stored in the order channels, height, width; `flattened` is the
 *   [height, width, channels] of the image. A dense layer reorders its weights to this order, which
 *   saves a transpose.
 */
export type Layout = "as-is" | "channels-first" | { readonly flattened: readonly number[] };

/** A tensor of the graph. */
export interface Value {
  readonly name: string;
  /** Shape in tfjs, without the batch axis: [height, width, channels] for images. */
  readonly shape: readonly number[];
  readonly layout: Layout;
}

/** Name, shape and layout of a node's result. */
interface Result {
  /** Name of the node and of its output; made unique if taken. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Default `as-is`. */
  readonly layout?: Layout;
  readonly attributes?: Record<string, Attribute>;
}

/**
 * Builds an ONNX graph: collects nodes and constants, and inserts transposes where a node needs
 * them.
 */
export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly tensors = new Map<string, Tensor>();
  readonly #names = new Set<string>();
  readonly #converted = new Map<string, Value>();

  /** The operator set of the nodes. */
  readonly opset: number;

  /** @param reserved names of inputs and outputs, which nothing else may have. */
  constructor(reserved: readonly string[], opset: number = OPSETS.usual) {
    for (const name of reserved) this.#names.add(name);
    this.opset = opset;
  }

  /** Adds a node with one output. */
  node(op: string, inputs: readonly (Value | string)[], result: Result): Value {
    // A tensor too large for any machine comes from a damaged file.
    if (!Number.isSafeInteger(sizeOf(result.shape))) {
      throw new MienError("bad-model", `the result of ${result.name} is too large to be a tensor`);
    }
    const name = this.#unique(result.name);
    this.nodes.push({
      op,
      name,
      inputs: inputs.map((input) => (typeof input === "string" ? input : input.name)),
      outputs: [name],
      attributes: result.attributes ?? {},
    });
    return { name, shape: result.shape, layout: result.layout ?? "as-is" };
  }

  /**
   * Adds a node whose result has the shape and layout of its first input.
   *
   * @param result name of the result, or name and attributes.
   */
  elementwise(
    op: string,
    inputs: readonly [Value, ...(Value | string)[]],
    result: string | Pick<Result, "name" | "attributes">,
  ): Value {
    const { shape, layout } = inputs[0];
    const named = typeof result === "string" ? { name: result } : result;
    return this.node(op, inputs, { ...named, shape, layout });
  }

  /**
   * Adds a constant.
   *
   * @returns its name in the graph: `name`, made unique if taken.
   */
  tensor(name: string, dims: readonly number[], data: Tensor["data"]): string {
    const unique = this.#unique(name);
    this.tensors.set(unique, { dims, data });
    return unique;
  }

  /** Adds a float scalar. */
  scalar(name: string, value: number): string {
    return this.tensor(name, [], Float32Array.of(value));
  }

  /** Reshapes a value; its memory stays the same. */
  reshape(value: Value, result: Omit<Result, "attributes">, dims: readonly number[]): Value {
    // A 0 copies the batch axis, whatever its size, and keeps its name in shape inference.
    const shape = this.tensor(`${result.name}/shape`, [dims.length + 1], int64(0, ...dims));
    return this.node("Reshape", [value, shape], result);
  }

  /** The mean over some axes of the shape, whose length becomes 1. */
  mean(value: Value, axes: readonly number[], name: string): Value {
    const stored = axes.map((axis) => storedAxis(value, axis));
    const result = {
      name,
      shape: value.shape.map((size, i) => (axes.includes(i + 1) ? 1 : size)),
      layout: value.layout,
    };
    // The axes became an input in opset 18.
    if (this.opset < 18) {
      return this.node("ReduceMean", [value], {
        ...result,
        attributes: { axes: { ints: stored } },
      });
    }
    const list = this.tensor(`${name}/axes`, [stored.length], int64(...stored));
    return this.node("ReduceMean", [value, list], result);
  }

  /** The same image with its channels first. */
  channelsFirst(value: Value): Value {
    if (value.layout === "channels-first") return value;
    return this.#once(value, "channels_first", (from, name) => {
      const shape = channelsToFront(from.shape);
      const result = { name, shape: from.shape, layout: "channels-first" } as const;
      if (isFlat(from.shape)) return this.reshape(from, result, shape);
      const last = from.shape.length;
      const perm = [0, last, ...from.shape.slice(1).map((_, i) => i + 1)];
      return this.node("Transpose", [from], { ...result, attributes: { perm: { ints: perm } } });
    });
  }

  /** The same value in the order of its shape. */
  asIs(value: Value): Value {
    const { layout } = value;
    if (layout === "as-is") return value;
    return this.#once(value, "as_is", (from, name) => {
      const result = { name, shape: from.shape };
      if (layout !== "channels-first") {
        const image = this.reshape(
          from,
          { name: `${name}/image`, shape: layout.flattened, layout: "channels-first" },
          channelsToFront(layout.flattened),
        );
        return this.reshape(this.asIs(image), result, from.shape);
      }
      if (isFlat(from.shape)) return this.reshape(from, result, from.shape);
      const perm = [0, ...from.shape.slice(1).map((_, i) => i + 2), 1];
      return this.node("Transpose", [from], { ...result, attributes: { perm: { ints: perm } } });
    });
  }

  /** Converts values to one layout, so that they can be combined element by element. */
  aligned(values: readonly Value[]): readonly Value[] {
    const layouts = new Set(values.map((value) => JSON.stringify(value.layout)));
    if (layouts.size === 1) return values;
    const images = values.every((value) => value.shape.length > 1);
    return values.map((value) => (images ? this.channelsFirst(value) : this.asIs(value)));
  }

  #once(value: Value, to: string, convert: (value: Value, name: string) => Value): Value {
    const key = `${to} of ${value.name}`;
    const known = this.#converted.get(key);
    if (known !== undefined) return known;
    const made = convert(value, `${value.name}/${to}`);
    this.#converted.set(key, made);
    // If the result is converted back, the original value is used instead of a second transpose.
    const back = value.layout === "channels-first" ? "channels_first" : "as_is";
    if (typeof value.layout === "string") this.#converted.set(`${back} of ${made.name}`, value);
    return made;
  }

  #unique(name: string): string {
    let unique = name;
    for (let n = 2; this.#names.has(unique); n++) unique = `${name}_${n}`;
    this.#names.add(unique);
    return unique;
  }
}

/** Suffix for the name of a constant in one layout. */
export function layoutSuffix(layout: Layout): string {
  if (layout === "as-is") return "";
  const of = layout === "channels-first" ? "" : `_of_${layout.flattened.join("x")}`;
  return `/channels_first${of}`;
}

/** The size of a value along an axis of tfjs (0 is the batch), 1 or more. */
export function sizeAlong({ shape }: Value, axis: number): number {
  return itemAt(shape, axis - 1);
}

/** The axis of the stored tensor (0 is the batch) for an axis of the shape in tfjs. */
export function storedAxis(value: Value, axis: number): number {
  if (value.layout !== "channels-first" || axis === 0) return axis;
  return axis === value.shape.length ? 1 : axis + 1;
}

/** [height, width, channels] → [channels, height, width] */
export function channelsToFront(shape: readonly number[]): readonly number[] {
  return [lastSize(shape), ...shape.slice(0, -1)];
}

/**
 * Whether an image has one channel or one pixel, so that all layouts have the same order in memory.
 */
export function isFlat(shape: readonly number[]): boolean {
  return shape.at(-1) === 1 || sizeOf(shape.slice(0, -1)) === 1;
}

/** Whole numbers as int64, the type of shapes and pads in ONNX. */
export function int64(...values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}
