import type { Attribute } from "../graph/onnx-model.ts";
import { onImages, type LayerConverter } from "./layer.ts";
import { slideWindows } from "./convolution.ts";

// TensorFlow averages over the cells that exist, not over padding.
const averages = { count_include_pad: { int: 0 } };

export const poolingLayers: Readonly<Record<string, LayerConverter>> = {
  MaxPooling1D: pooling(1, "MaxPool"),
  MaxPooling2D: pooling(2, "MaxPool"),
  MaxPooling3D: pooling(3, "MaxPool"),
  AveragePooling1D: pooling(1, "AveragePool", averages),
  AveragePooling2D: pooling(2, "AveragePool", averages),
  AveragePooling3D: pooling(3, "AveragePool", averages),
  GlobalAveragePooling1D: globalPooling(1, "GlobalAveragePool"),
  GlobalAveragePooling2D: globalPooling(2, "GlobalAveragePool"),
  GlobalMaxPooling1D: globalPooling(1, "GlobalMaxPool"),
  GlobalMaxPooling2D: globalPooling(2, "GlobalMaxPool"),
};

function pooling(
  rank: number,
  op: string,
  attributes: Record<string, Attribute> = {},
): LayerConverter {
  return onImages(rank, (layer, input) => {
    const kernel = layer.config.sizes("pool_size", rank, [2]);
    const strides = layer.config.sizes("strides", rank, kernel);
    const dilations = kernel.map(() => 1);
    const { outputs, pads } = slideWindows(layer, input, { kernel, strides, dilations });
    return layer.graph.node(op, [input.image], {
      name: layer.name,
      shape: [...outputs, input.channels],
      layout: "channels-first",
      attributes: {
        ...attributes,
        kernel_shape: { ints: kernel },
        strides: { ints: strides },
        pads: { ints: pads },
      },
    });
  });
}

/** [N, height, width, channels] → [N, channels] */
function globalPooling(rank: number, op: string): LayerConverter {
  return onImages(rank, (layer, { image, channels }) => {
    layer.config.only("keepdims", false);
    const pooled = layer.graph.node(op, [image], {
      name: `${layer.name}/pool`,
      shape: [...new Array<number>(rank).fill(1), channels],
      layout: "channels-first",
    });
    return layer.graph.node("Flatten", [pooled], { name: layer.name, shape: [channels] });
  });
}
