import { itemAt } from "@mien/format";
import { transpose } from "../graph/array.ts";
import type { Value } from "../graph/graph.ts";
import {
  badModel,
  onImages,
  unsupported,
  type ImageInput,
  type Layer,
  type LayerConverter,
} from "./layer.ts";
import { slideWindow } from "./window.ts";
import { activate } from "./activation.ts";

export const convolutionLayers: Readonly<Record<string, LayerConverter>> = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Conv3D: convolution(3),

  DepthwiseConv2D: onImages(
    2,
    (layer, input) => {
      // tfjs ignores the setting, Keras uses it.
      if (layer.maker.rules === "tfjs") layer.config.only("dilation_rate", 1);
      const { weights, filters, groups } = depthwiseKernel(layer, input);
      return convolve(layer, input, { weights, filters, groups, bias: true });
    },
    activate,
  ),

  // In tfjs, the activation of this layer, unlike others, is applied before the channels are moved
  // to the front again.

  SeparableConv2D: onImages(
    2,
    (layer, input) => {
      const { weights, filters: middle, groups } = depthwiseKernel(layer, input);
      const depthwise = convolve(layer, input, {
        weights,
        filters: middle,
        groups,
        bias: false,
        suffix: "/depthwise",
      });
      const filters = layer.config.count("filters");
      const shape = [1, 1, middle, filters];
      const kernel = layer.weight("pointwise_kernel", shape);
      const pointwise = layer.constant("pointwise_kernel", [filters, middle, 1, 1], () =>
        transpose(kernel, shape, [3, 2, 0, 1]),
      );
      const result = layer.graph.node("Conv", [depthwise, pointwise, ...bias(layer, filters)], {
        name: layer.name,
        shape: [...depthwise.shape.slice(0, -1), filters],
        layout: "channels-first",
        attributes: { kernel_shape: { ints: [1, 1] } },
      });
      return layer.maker.rules === "tfjs" ? activate(layer, result) : result;
    },
    (layer, result) => (layer.maker.rules === "tfjs" ? result : activate(layer, result)),
  ),
};

/** Convolutions with `rank` spatial axes. */
function convolution(rank: number): LayerConverter {
  const convert = (layer: Layer, input: ImageInput) => {
    const { config } = layer;
    config.only("groups", 1);
    const filters = config.count("filters");
    const size = config.sizes("kernel_size", rank);
    const shape = [...size, input.channels, filters];
    const kernel = layer.weight("kernel", shape);
    const weights = layer.constant("kernel", [filters, input.channels, ...size], () =>
      transpose(kernel, shape, kernelAxes(rank)),
    );
    return convolve(layer, input, { weights, filters, bias: true });
  };
  return onImages(rank, convert, activate);
}

/** [height, width, a, b] → [b, a, height, width], for any number of spatial axes. */
export function kernelAxes(rank: number): readonly number[] {
  return [rank + 1, rank, ...Array.from({ length: rank }, (_, axis) => axis)];
}

/** Kernel [height, width, channels, multiplier] in ONNX's order: one group per channel. */
function depthwiseKernel(
  layer: Layer,
  { channels }: ImageInput,
): { weights: string; filters: number; groups: number } {
  // Keras 3 names the kernel of a depthwise convolution `kernel`.
  const variable = layer.weightShape("depthwise_kernel") ? "depthwise_kernel" : "kernel";
  // tfjs does not save the multiplier of separable convolutions; it follows from the weights.
  const saved = layer.weightShape(variable)?.[3] ?? 1;
  const multiplier = layer.config.count("depth_multiplier", saved);
  const size = layer.config.sizes("kernel_size", 2);
  const shape = [...size, channels, multiplier];
  const kernel = layer.weight(variable, shape);
  const filters = channels * multiplier;
  const weights = layer.constant("depthwise_kernel", [filters, 1, ...size], () =>
    transpose(kernel, shape, [2, 3, 0, 1]),
  );
  return { weights, filters, groups: channels };
}

interface Convolution {
  /** Name of the constant [filters, channels / groups, height, width]. */
  readonly weights: string;
  readonly filters: number;
  readonly groups?: number;
  /** Whether to add the layer's bias, if it has one. */
  readonly bias: boolean;
  readonly suffix?: string;
}

/** A convolution with the layer's kernel size, strides, padding and dilation. */
function convolve(layer: Layer, input: ImageInput, options: Convolution): Value {
  const { filters, groups = 1, suffix = "" } = options;
  const { config } = layer;
  const rank = input.sizes.length;
  const kernel = config.sizes("kernel_size", rank);
  const strides = config.sizes("strides", rank, [1]);
  const dilations = config.sizes("dilation_rate", rank, [1]);
  const windows = slideWindows(layer, input, { kernel, strides, dilations });
  const constants = [options.weights, ...(options.bias ? bias(layer, filters) : [])];
  return layer.graph.node("Conv", [input.image, ...constants], {
    name: layer.name + suffix,
    shape: [...windows.outputs, filters],
    layout: "channels-first",
    attributes: {
      kernel_shape: { ints: kernel },
      strides: { ints: strides },
      pads: { ints: windows.pads },
      dilations: { ints: dilations },
      group: { int: groups },
    },
  });
}

/**
 * The lengths of a sliding window's result, and ONNX's `pads`: for each axis the cells before the
 * first one, then for each axis the cells after the last one.
 *
 * @throws {MienError} `bad-model` if the window does not fit.
 */
export function slideWindows(
  layer: Layer,
  { sizes }: ImageInput,
  window: Readonly<Record<"kernel" | "strides" | "dilations", readonly number[]>>,
): { outputs: number[]; pads: number[] } {
  const padding = windowPadding(layer);
  const moves = sizes.map((size, i) =>
    slideWindow(size, itemAt(window.kernel, i), {
      stride: itemAt(window.strides, i),
      dilation: itemAt(window.dilations, i),
      padding,
    }),
  );
  const outputs = moves.map(({ output }) => output);
  if (outputs.some((output) => output < 1)) {
    return badModel(layer, `has a window larger than its ${sizes.join("×")} input`);
  }
  const pads = [...moves.map(({ before }) => before), ...moves.map(({ after }) => after)];
  return { outputs, pads };
}

/** The `padding` of a layer that slides a window; `valid` where it is absent. */
export function windowPadding(layer: Layer): "same" | "valid" {
  const padding = layer.config.text("padding") ?? "valid";
  if (padding === "same" || padding === "valid") return padding;
  return unsupported(layer, `has the padding "${padding}"; supported are same and valid`);
}

/** The constant of a layer's bias, if it has one. */
export function bias(layer: Layer, filters: number): string[] {
  if (!layer.config.flag("use_bias", true)) return [];
  const values = layer.weight("bias", [filters]);
  return [layer.constant("bias", [filters], () => values)];
}
