import { transpose } from "../array.ts";
import type { Value } from "../graph.ts";
import { badModel, imageInput, unsupported, type Layer, type LayerConverter } from "../layer.ts";
import { slideWindow } from "../window.ts";
import { activate } from "./activation.ts";

export const convolutionLayers: Readonly<Record<string, LayerConverter>> = {
  Conv2D: (layer, inputs) => {
    const { channels } = imageInput(layer, inputs);
    const { config } = layer;
    config.only("groups", 1);
    const filters = config.count("filters");
    const [height, width] = config.pair("kernel_size");
    const shape = [height, width, channels, filters];
    const kernel = layer.weight("kernel", shape);
    const weights = layer.constant("kernel", [filters, channels, height, width], () =>
      transpose(kernel, shape, [3, 2, 0, 1]),
    );
    return activate(layer, convolve(layer, inputs, { weights, filters, bias: true }));
  },

  DepthwiseConv2D: (layer, inputs) => {
    layer.config.only(
      "dilation_rate",
      1,
      ": tfjs ignores the setting where Keras obeys it, so that there is no one right answer",
    );
    const { weights, filters, groups } = depthwiseKernel(layer, inputs);
    return activate(layer, convolve(layer, inputs, { weights, filters, groups, bias: true }));
  },

  SeparableConv2D: (layer, inputs) => {
    const { weights, filters: middle, groups } = depthwiseKernel(layer, inputs);
    const depthwise = convolve(layer, inputs, {
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
    const [height, width] = depthwise.shape as [number, number];
    const result = layer.graph.node("Conv", [depthwise, pointwise, ...bias(layer, filters)], {
      name: layer.name,
      shape: [height, width, filters],
      layout: "channels-first",
      attributes: { kernel_shape: { ints: [1, 1] } },
    });
    return activate(layer, result);
  },
};

/** Kernel [height, width, channels, multiplier] as ONNX wants it: one group a channel. */
function depthwiseKernel(
  layer: Layer,
  inputs: readonly Value[],
): { weights: string; filters: number; groups: number } {
  const { channels } = imageInput(layer, inputs);
  // tfjs forgets to save the multiplier of separable convolutions; their weights tell it.
  const saved = layer.weightShape("depthwise_kernel")?.[3] ?? 1;
  const multiplier = layer.config.count("depth_multiplier", saved);
  const [height, width] = layer.config.pair("kernel_size");
  const shape = [height, width, channels, multiplier];
  const kernel = layer.weight("depthwise_kernel", shape);
  const filters = channels * multiplier;
  const weights = layer.constant("depthwise_kernel", [filters, 1, height, width], () =>
    transpose(kernel, shape, [2, 3, 0, 1]),
  );
  return { weights, filters, groups: channels };
}

interface Convolution {
  /** Name of the constant [filters, channels / groups, height, width]. */
  readonly weights: string;
  readonly filters: number;
  readonly groups?: number;
  /** Whether the layer's bias, if it has one, is added here. */
  readonly bias: boolean;
  readonly suffix?: string;
}

/** A convolution with the layer's kernel size, strides, padding and dilation. */
function convolve(layer: Layer, inputs: readonly Value[], options: Convolution): Value {
  const { filters, groups = 1, suffix = "" } = options;
  const { image, height, width } = imageInput(layer, inputs);
  const { config } = layer;
  const kernel = config.pair("kernel_size");
  const strides = config.pair("strides", [1, 1]);
  const dilations = config.pair("dilation_rate", [1, 1]);
  const padding = windowPadding(layer);
  const [rows, columns] = [height, width].map((size, i) =>
    slideWindow(size, kernel[i] as number, {
      stride: strides[i] as number,
      dilation: dilations[i] as number,
      padding,
    }),
  ) as [ReturnType<typeof slideWindow>, ReturnType<typeof slideWindow>];
  if (rows.output < 1 || columns.output < 1) {
    return badModel(layer, `has a kernel larger than its ${height}×${width} input`);
  }
  const constants = [options.weights, ...(options.bias ? bias(layer, filters) : [])];
  return layer.graph.node("Conv", [image, ...constants], {
    name: layer.name + suffix,
    shape: [rows.output, columns.output, filters],
    layout: "channels-first",
    attributes: {
      kernel_shape: { ints: kernel },
      strides: { ints: strides },
      pads: { ints: [rows.before, columns.before, rows.after, columns.after] },
      dilations: { ints: dilations },
      group: { int: groups },
    },
  });
}

/** The `padding` of a layer that slides a window; `valid` where it is absent. */
export function windowPadding(layer: Layer): "same" | "valid" {
  const padding = layer.config.text("padding") ?? "valid";
  if (padding === "same" || padding === "valid") return padding;
  return unsupported(layer, `has the padding "${padding}"; supported are same and valid`);
}

function bias(layer: Layer, filters: number): string[] {
  if (!layer.config.flag("use_bias", true)) return [];
  const values = layer.weight("bias", [filters]);
  return [layer.constant("bias", [filters], () => values)];
}
