import type { Attribute } from "../onnx-model.ts";
import { badModel, imageInput, type LayerConverter } from "../layer.ts";
import { slideWindow } from "../window.ts";
import { windowPadding } from "./convolution.ts";

export const poolingLayers: Readonly<Record<string, LayerConverter>> = {
  MaxPooling2D: pooling("MaxPool", {}),
  // TensorFlow averages over the cells that exist, not over padding.
  AveragePooling2D: pooling("AveragePool", { count_include_pad: { int: 0 } }),
  GlobalAveragePooling2D: globalPooling("GlobalAveragePool"),
  GlobalMaxPooling2D: globalPooling("GlobalMaxPool"),
};

function pooling(op: string, attributes: Record<string, Attribute>): LayerConverter {
  return (layer, inputs) => {
    const { image, height, width, channels } = imageInput(layer, inputs);
    const size = layer.config.pair("pool_size", [2, 2]);
    const strides = layer.config.pair("strides", size);
    const padding = windowPadding(layer);
    const move = (length: number, i: 0 | 1) =>
      slideWindow(length, size[i], { stride: strides[i], dilation: 1, padding });
    const rows = move(height, 0);
    const columns = move(width, 1);
    if (rows.output < 1 || columns.output < 1) {
      return badModel(layer, `has a window larger than its ${height}×${width} input`);
    }
    return layer.graph.node(op, [image], {
      name: layer.name,
      shape: [rows.output, columns.output, channels],
      layout: "channels-first",
      attributes: {
        ...attributes,
        kernel_shape: { ints: size },
        strides: { ints: strides },
        pads: { ints: [rows.before, columns.before, rows.after, columns.after] },
      },
    });
  };
}

/** [N, height, width, channels] → [N, channels] */
function globalPooling(op: string): LayerConverter {
  return (layer, inputs) => {
    layer.config.only("keepdims", false);
    const { image, channels } = imageInput(layer, inputs);
    const pooled = layer.graph.node(op, [image], {
      name: `${layer.name}/pool`,
      shape: [1, 1, channels],
      layout: "channels-first",
    });
    return layer.graph.node("Flatten", [pooled], { name: layer.name, shape: [channels] });
  };
}
