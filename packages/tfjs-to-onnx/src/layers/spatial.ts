import { itemAt } from "@mien/format";
import { int64, type Value } from "../graph/graph.ts";
import {
  asMade,
  badModel,
  onImages,
  unsupported,
  type ImageInput,
  type Layer,
  type LayerConverter,
} from "./layer.ts";
import { isIndex, isList } from "../read/json.ts";

/** Layers that change the size of an image. */
export const spatialLayers: Readonly<Record<string, LayerConverter>> = {
  ZeroPadding2D: onImages(2, (layer, { image, sizes, channels }) => {
    const [[top, bottom], [left, right]] = margins(layer, "padding");
    const [height = 0, width = 0] = sizes;
    const pads = layer.constant("pads", [8], () => int64(0, 0, top, left, 0, 0, bottom, right));
    // A negative zero: onnxruntime 1.30 moves padding by a positive zero into a following max
    // pooling (PadFusion), which ignores padded cells.
    const zero = layer.constant("zero", [], () => Float32Array.of(-0));
    return layer.graph.node("Pad", [image, pads, zero], {
      name: layer.name,
      shape: [height + top + bottom, width + left + right, channels],
      layout: "channels-first",
      attributes: { mode: { text: "constant" } },
    });
  }),

  Cropping2D: onImages(2, (layer, { image, sizes, channels }) => {
    const [[top, bottom], [left, right]] = margins(layer, "cropping");
    const [height = 0, width = 0] = sizes;
    const shape = [height - top - bottom, width - left - right, channels];
    if (shape.some((size) => size < 1)) {
      return badModel(layer, `cuts everything off its ${height}×${width} input`);
    }
    const starts = layer.constant("starts", [2], () => int64(top, left));
    const ends = layer.constant("ends", [2], () => int64(height - bottom, width - right));
    const axes = layer.constant("axes", [2], () => int64(2, 3));
    return layer.graph.node("Slice", [image, starts, ends, axes], {
      name: layer.name,
      shape,
      layout: "channels-first",
    });
  }),

  UpSampling2D: onImages(2, (layer, { image, sizes, channels }) => {
    const times = layer.config.sizes("size", 2, [2]);
    const interpolation = layer.config.text("interpolation") ?? "nearest";
    if (interpolation !== "nearest" && interpolation !== "bilinear") {
      return unsupported(
        layer,
        `has the interpolation "${interpolation}"; supported are nearest and bilinear`,
      );
    }
    const shape = [...sizes.map((size, i) => size * itemAt(times, i)), channels];
    if (interpolation === "nearest") {
      const scales = layer.constant("scales", [4], () => Float32Array.of(1, 1, ...times));
      return layer.graph.node("Resize", [image, "", scales], {
        name: layer.name,
        shape,
        layout: "channels-first",
        attributes: {
          mode: { text: "nearest" },
          coordinate_transformation_mode: { text: "asymmetric" },
          nearest_mode: { text: "floor" },
        },
      });
    }
    return bilinear(layer, { image, sizes, channels }, { times, shape });
  }),
};

/**
 * Resizes every channel as a separate image. onnxruntime 1.30 moves transposes across a Resize,
 * even if it then rejects the scales; it does not move transposes across a Reshape.
 */
function bilinear(
  layer: Layer,
  { image, sizes, channels }: ImageInput,
  { times, shape }: { readonly times: readonly number[]; readonly shape: readonly number[] },
): Value {
  const { graph, name, maker } = layer;
  if (maker.rules !== "tfjs" && maker.version[0] === 2 && maker.version[1] < 4) {
    return unsupported(
      layer,
      `has the interpolation "bilinear", and ${maker.title} computes it as its TensorFlow did; supported are files of tfjs and of Keras from 2.4 on`,
    );
  }
  // Pixel centres are at whole numbers in tfjs, at halves in Keras.
  const centres = asMade(layer, 'the interpolation "bilinear"', {
    tfjs: "asymmetric",
    keras2: "half_pixel",
    keras3: "half_pixel",
  });
  const apart = layer.constant("apart", [4], () => int64(-1, 1, ...sizes));
  const together = layer.constant("together", [4], () =>
    int64(-1, channels, ...shape.slice(0, -1)),
  );
  const scales = layer.constant("scales", [4], () => Float32Array.of(1, 1, ...times));
  const single = graph.node("Reshape", [image, apart], {
    name: `${name}/apart`,
    shape: image.shape,
  });
  const resized = graph.node("Resize", [single, "", scales], {
    name: `${name}/resized`,
    shape,
    attributes: {
      mode: { text: "linear" },
      coordinate_transformation_mode: { text: centres },
    },
  });
  return graph.node("Reshape", [resized, together], { name, shape, layout: "channels-first" });
}

/** [[top, bottom], [left, right]]; one number stands for all four, two for each direction. */
function margins(
  layer: Layer,
  key: string,
): readonly [readonly [number, number], readonly [number, number]] {
  const raw = layer.config.raw(key) ?? 1;
  const ofAxis = (value: unknown): readonly [number, number] => {
    const [before, after = before] = isList(value) ? value : [value];
    if (isIndex(before) && isIndex(after)) return [before, after];
    return badModel(layer, `"${key}" must be [[top, bottom], [left, right]]`);
  };
  const [rows, columns = rows] = isList(raw) ? raw : [raw];
  return [ofAxis(rows), ofAxis(columns)];
}
