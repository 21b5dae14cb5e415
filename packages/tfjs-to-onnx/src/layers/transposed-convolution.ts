import { itemAt } from "@mien/format";
import { transpose } from "../graph/array.ts";
import { onImages, type ImageInput, type Layer, type LayerConverter } from "./layer.ts";
import { activate } from "./activation.ts";
import { bias, kernelAxes, windowPadding } from "./convolution.ts";

export const transposedConvolutionLayers: Readonly<Record<string, LayerConverter>> = {
  Conv2DTranspose: transposed(2),
  Conv3DTranspose: transposed(3),
};

/** Transposed convolutions, which enlarge images. */
function transposed(rank: number): LayerConverter {
  const convert = (layer: Layer, { image, sizes, channels }: ImageInput) => {
    const { config } = layer;
    config.only("dilation_rate", 1, "; tfjs ignores the setting, Keras obeys it");
    config.only("output_padding", false, "; tfjs ignores the setting, Keras obeys it");
    const filters = config.count("filters");
    const kernelSize = config.sizes("kernel_size", rank);
    const strides = config.sizes("strides", rank, [1]);
    const shape = [...kernelSize, filters, channels];
    const kernel = layer.weight("kernel", shape);
    const weights = layer.constant("kernel", [channels, filters, ...kernelSize], () =>
      transpose(kernel, shape, kernelAxes(rank)),
    );
    const padding = windowPadding(layer);
    const moves = sizes.map((size, i) =>
      enlarge(size, itemAt(kernelSize, i), { stride: itemAt(strides, i), padding }),
    );
    return layer.graph.node("ConvTranspose", [image, weights, ...bias(layer, filters)], {
      name: layer.name,
      shape: [...moves.map(({ output }) => output), filters],
      layout: "channels-first",
      attributes: {
        kernel_shape: { ints: kernelSize },
        strides: { ints: strides },
        pads: { ints: [...moves.map((m) => m.before), ...moves.map((m) => m.after)] },
        output_padding: { ints: moves.map(({ extra }) => extra) },
      },
    });
  };
  return onImages(rank, convert, activate);
}

/**
 * Lengths and pads of a transposed convolution. The padding of the reversed convolution is cropped;
 * `extra` cells, which no window reaches, are appended.
 */
function enlarge(
  size: number,
  kernel: number,
  { stride, padding }: { stride: number; padding: "same" | "valid" },
) {
  const surplus = Math.max(kernel - stride, 0);
  const cut = padding === "same" ? surplus : 0;
  const before = Math.floor(cut / 2);
  return {
    output: size * stride + surplus - cut,
    before,
    after: cut - before,
    extra: Math.max(stride - kernel, 0),
  };
}
