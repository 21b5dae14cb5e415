import { MienError } from "@mien/format";
import { sizeOf } from "./array.ts";
import type { Attribute, GraphNode, Tensor } from "./onnx-model.ts";

/**
 * How a value lies in memory, against its shape as tfjs sees it.
 *
 * - `as-is`: row-major in the order of its shape.
 * - `channels-first`: shape [height, width, channels], stored as [channels, height, width], which
 *   is what ONNX's convolutions and poolings take.
 * - an object: a flattened image of that [height, width, channels], stored in the order channels,
 *   height, width. A dense layer absorbs the order in its weights, which saves a transpose.
 */
export type Layout =
  "as-is" | "channels-first" | { readonly flattened: readonly [number, number, number] };

/** A tensor that flows through the graph. */
export interface Value {
  readonly name: string;
  /** Shape as tfjs sees it, without the batch axis: [height, width, channels] for images. */
  readonly shape: readonly number[];
  readonly layout: Layout;
}

/** Where a node's result goes. */
interface Result {
  /** Name of the node and of its output; made unique if taken. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Default `as-is`. */
  readonly layout?: Layout;
  readonly attributes?: Record<string, Attribute>;
}

/** Collects the nodes and constants of an ONNX graph, and reorders memory where a node wants it. */
export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly tensors = new Map<string, Tensor>();
  readonly #names = new Set<string>();
  readonly #converted = new Map<string, Value>();

  /** @param reserved names of inputs and outputs, which nothing else may take. */
  constructor(reserved: readonly string[]) {
    for (const name of reserved) this.#names.add(name);
  }

  /** Adds a node with one output. */
  node(op: string, inputs: readonly (Value | string)[], result: Result): Value {
    // What no machine could hold comes from a damaged file.
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

  /** A node whose result has the shape and layout of its first input. */
  elementwise(
    op: string,
    inputs: readonly [Value, ...(Value | string)[]],
    name: string,
    attributes: Record<string, Attribute> = {},
  ): Value {
    const { shape, layout } = inputs[0];
    return this.node(op, inputs, { name, shape, layout, attributes });
  }

  /**
   * Adds a constant.
   *
   * @returns the name to refer to it by: `name`, made unique if taken.
   */
  tensor(name: string, dims: readonly number[], data: Tensor["data"]): string {
    const unique = this.#unique(name);
    this.tensors.set(unique, { dims, data });
    return unique;
  }

  /** A float constant without axes. */
  scalar(name: string, value: number): string {
    return this.tensor(name, [], Float32Array.of(value));
  }

  /** Gives a value another shape; memory stays as it is. */
  reshape(value: Value, result: Omit<Result, "attributes">, dims: readonly number[]): Value {
    // A 0 copies the batch axis, whatever its size, and keeps its name in shape inference.
    const shape = this.tensor(`${result.name}/shape`, [dims.length + 1], int64(0, ...dims));
    return this.node("Reshape", [value, shape], result);
  }

  /** The same image with its channels first. */
  channelsFirst(value: Value): Value {
    if (value.layout === "channels-first") return value;
    return this.#once(value, "channels_first", (from, name) => {
      const [height, width, channels] = from.shape as [number, number, number];
      const result = { name, shape: from.shape, layout: "channels-first" } as const;
      return channels === 1 || height * width === 1
        ? this.reshape(from, result, [channels, height, width])
        : this.node("Transpose", [from], {
            ...result,
            attributes: { perm: { ints: [0, 3, 1, 2] } },
          });
    });
  }

  /** The same value in the order of its shape. */
  asIs(value: Value): Value {
    const { layout } = value;
    if (layout === "as-is") return value;
    return this.#once(value, "as_is", (from, name) => {
      if (layout !== "channels-first") {
        const [height, width, channels] = layout.flattened;
        const image = this.reshape(
          from,
          { name: `${name}/image`, shape: layout.flattened, layout: "channels-first" },
          [channels, height, width],
        );
        return this.reshape(this.asIs(image), { name, shape: from.shape }, from.shape);
      }
      const [height, width, channels] = from.shape as [number, number, number];
      const result = { name, shape: from.shape };
      return channels === 1 || height * width === 1
        ? this.reshape(from, result, from.shape)
        : this.node("Transpose", [from], {
            ...result,
            attributes: { perm: { ints: [0, 2, 3, 1] } },
          });
    });
  }

  /** Brings values into one layout, so that they can be combined element by element. */
  aligned(values: readonly Value[]): readonly Value[] {
    const layouts = new Set(values.map((value) => JSON.stringify(value.layout)));
    if (layouts.size === 1) return values;
    const images = values.every((value) => value.shape.length === 3);
    return values.map((value) => (images ? this.channelsFirst(value) : this.asIs(value)));
  }

  #once(value: Value, to: string, convert: (value: Value, name: string) => Value): Value {
    const key = `${to} of ${value.name}`;
    const known = this.#converted.get(key);
    if (known !== undefined) return known;
    const made = convert(value, `${value.name}/${to}`);
    this.#converted.set(key, made);
    return made;
  }

  #unique(name: string): string {
    let unique = name;
    for (let n = 2; this.#names.has(unique); n++) unique = `${name}_${n}`;
    this.#names.add(unique);
    return unique;
  }
}

/** Marks the name of a constant that is stored for one layout only. */
export function layoutSuffix(layout: Layout): string {
  if (layout === "as-is") return "";
  const of = layout === "channels-first" ? "" : `_of_${layout.flattened.join("x")}`;
  return `/channels_first${of}`;
}

/** The axis of the stored tensor (0 is the batch) for an axis of the shape as tfjs sees it. */
export function storedAxis(value: Value, axis: number): number {
  if (value.layout !== "channels-first") return axis;
  return [0, 2, 3, 1][axis] as number;
}

/** Whole numbers as ONNX wants shapes and pads. */
export function int64(...values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}
