import { itemAt, MienError } from "@mien/format";
import { lastSize } from "../graph/array.ts";
import { channelsToFront, type GraphBuilder, type Value } from "../graph/graph.ts";
import type { LayerConfig } from "./layer-config.ts";
import type { Maker } from "../read/maker.ts";
import type { Tensor } from "../graph/onnx-model.ts";

/** Appends one call of a layer to the graph and returns the result. */
export type LayerConverter = (layer: Layer, inputs: readonly Value[]) => Value;

/** A layer that is being converted; one object for all calls of a shared layer. */
export interface Layer {
  /** Prefix of the names of the layer's nodes and constants. */
  readonly name: string;
  /** The layer's name and class, for errors. */
  readonly label: string;
  readonly config: LayerConfig;
  readonly graph: GraphBuilder;
  /** The program (and its version) whose computation the layer follows. */
  readonly maker: Maker;
  /**
   * The layer's variable of that name.
   *
   * @throws {MienError} `bad-model` if the model has none or it has another shape.
   */
  weight(variable: string, shape: readonly number[]): Float32Array;
  /** The shape of a variable; undefined if there is none. */
  weightShape(variable: string): readonly number[] | undefined;
  /** A constant named after the layer; added once, even if the layer is called again. */
  constant(suffix: string, dims: readonly number[], data: () => Tensor["data"]): string;
}

/** The input of a layer that takes exactly one. */
export function onlyInput(layer: Layer, inputs: readonly Value[]): Value {
  const [input] = inputs;
  if (inputs.length === 1 && input !== undefined) return input;
  return badModel(layer, `takes one input, found ${inputs.length}`);
}

/** The only input of a layer on images, stored with its channels first. */
export interface ImageInput {
  readonly image: Value;
  /** Lengths of its one, two or three spatial axes. */
  readonly sizes: readonly number[];
  readonly channels: number;
}

/**
 * Makes the converter of a layer on images with `rank` spatial axes.
 *
 * With the data format channelsFirst, tfjs stores an image as [channels, height, width], which is
 * already ONNX's order; only its shape is read differently.
 *
 * @param finish appended to the result in tfjs' order, such as a softmax along the last axis.
 */
export function onImages(
  rank: number,
  convert: (layer: Layer, input: ImageInput) => Value,
  finish: (layer: Layer, result: Value) => Value = (_, result) => result,
): LayerConverter {
  return (layer, inputs) => {
    const input = onlyInput(layer, inputs);
    const { shape } = input;
    const format = layer.config.text("data_format") ?? "channels_last";
    if (format !== "channels_last" && format !== "channels_first") {
      return badModel(layer, `has the "data_format" ${format}`);
    }
    if (shape.length !== rank + 1 || shape.some((size) => size < 1)) {
      const names = ["height", "width", "depth"].slice(0, rank).join(", ");
      return badModel(layer, `takes [${names}, channels], found [${shape.join(", ")}]`);
    }
    const { graph } = layer;
    if (format === "channels_last") {
      const image = graph.channelsFirst(input);
      const channels = lastSize(shape);
      return finish(layer, convert(layer, { image, sizes: shape.slice(0, -1), channels }));
    }
    const [channels, sizes] = [itemAt(shape, 0), shape.slice(1)];
    const image = { ...graph.asIs(input), shape: [...sizes, channels] };
    const result = convert(layer, {
      image: { ...image, layout: "channels-first" },
      sizes,
      channels,
    });
    if (result.layout !== "channels-first") return finish(layer, result);
    const { name } = result;
    return finish(layer, { name, shape: channelsToFront(result.shape), layout: "as-is" });
  };
}

/** Resolves an axis of tfjs (0 is the batch; negative from the end) to 1 … last. */
export function checkAxis(layer: Layer, axis: number, value: Value): number {
  const rank = value.shape.length + 1;
  const positive = axis < 0 ? axis + rank : axis;
  if (Number.isSafeInteger(positive) && positive >= 1 && positive < rank) return positive;
  return badModel(layer, `has axis ${axis}, expected one of 1 to ${rank - 1}`);
}

/**
 * Selects the meaning of a setting by the program that made the file.
 *
 * @param what names the setting in the error if versions of Keras differ and the file does not
 * state its version.
 * @throws {MienError} `unsupported` then, naming the layer.
 */
export function asMade<Meaning>(
  layer: Layer,
  what: string,
  meanings: Readonly<Record<"tfjs" | "keras2" | "keras3", Meaning>>,
): Meaning {
  const { rules, title } = layer.maker;
  if (rules !== "keras") return meanings[rules];
  if (meanings.keras2 === meanings.keras3) return meanings.keras3;
  return unsupported(
    layer,
    `has ${what}, which Keras 2 and 3 compute differently; the file was made by ${title} and "keras_version" must begin with 2. or 3.`,
  );
}

/** @throws {MienError} `bad-model` */
export function badModel(layer: Pick<Layer, "label">, problem: string): never {
  throw new MienError("bad-model", `${layer.label} ${problem}`);
}

/** @throws {MienError} `unsupported` */
export function unsupported(layer: Pick<Layer, "label">, problem: string): never {
  throw new MienError("unsupported", `${layer.label} ${problem}`);
}
