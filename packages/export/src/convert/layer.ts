import { MienError } from "@mien/format";
import type { GraphBuilder, Value } from "./graph.ts";
import type { LayerConfig } from "./layer-config.ts";
import type { Tensor } from "./onnx-model.ts";

/** Appends one call of a layer to the graph and answers its result. */
export type LayerConverter = (layer: Layer, inputs: readonly Value[]) => Value;

/** A layer that is being converted; one object for all calls of a shared layer. */
export interface Layer {
  /** Begins the names of the layer's nodes and constants. */
  readonly name: string;
  /** What to call it in errors: its name and class. */
  readonly label: string;
  readonly config: LayerConfig;
  readonly graph: GraphBuilder;
  /**
   * The layer's variable of that name.
   *
   * @throws {MienError} `bad-model` if the model has none or it has another shape.
   */
  weight(variable: string, shape: readonly number[]): Float32Array;
  /** The shape of a variable; undefined if there is none. */
  weightShape(variable: string): readonly number[] | undefined;
  /** A constant named after the layer; made once, even if the layer is called again. */
  constant(suffix: string, dims: readonly number[], data: () => Tensor["data"]): string;
}

/** The input of a layer that takes exactly one. */
export function onlyInput(layer: Layer, inputs: readonly Value[]): Value {
  const [input] = inputs;
  if (inputs.length === 1 && input !== undefined) return input;
  return badModel(layer, `takes one input, found ${inputs.length}`);
}

/** The only input as [height, width, channels], stored with its channels first. */
export function imageInput(
  layer: Layer,
  inputs: readonly Value[],
): { image: Value; height: number; width: number; channels: number } {
  const input = onlyInput(layer, inputs);
  const [height, width, channels] = input.shape;
  if (input.shape.length !== 3 || !height || !width || !channels) {
    return badModel(layer, `takes [height, width, channels], found [${input.shape.join(", ")}]`);
  }
  layer.config.only("data_format", "channels_last");
  return { image: layer.graph.channelsFirst(input), height, width, channels };
}

/** An axis as tfjs counts it (the batch is 0, negative from the end), from 1 to the last. */
export function checkAxis(layer: Layer, axis: number, value: Value): number {
  const rank = value.shape.length + 1;
  const positive = axis < 0 ? axis + rank : axis;
  if (Number.isSafeInteger(positive) && positive >= 1 && positive < rank) return positive;
  return badModel(layer, `has axis ${axis}, expected one of 1 to ${rank - 1}`);
}

/** @throws {MienError} `bad-model` */
export function badModel(layer: Pick<Layer, "label">, problem: string): never {
  throw new MienError("bad-model", `${layer.label} ${problem}`);
}

/** @throws {MienError} `unsupported` */
export function unsupported(layer: Pick<Layer, "label">, problem: string): never {
  throw new MienError("unsupported", `${layer.label} ${problem}`);
}
