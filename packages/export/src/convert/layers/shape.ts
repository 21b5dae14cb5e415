import { sizeOf } from "../array.ts";
import { int64, type Layout } from "../graph.ts";
import { badModel, imageInput, onlyInput, type Layer, type LayerConverter } from "../layer.ts";

const identity: LayerConverter = (layer, inputs) => onlyInput(layer, inputs);

export const shapeLayers: Readonly<Record<string, LayerConverter>> = {
  // Noise and dropout act in training only.
  Dropout: identity,
  SpatialDropout1D: identity,
  GaussianNoise: identity,
  GaussianDropout: identity,
  AlphaDropout: identity,

  Flatten: (layer, inputs) => {
    layer.config.only("data_format", "channels_last");
    const x = onlyInput(layer, inputs);
    const shape = [sizeOf(x.shape)];
    if (x.shape.length === 1) return x;
    return layer.graph.node("Flatten", [x], {
      name: layer.name,
      shape,
      layout: flattened(x.layout, x.shape),
    });
  },

  Reshape: (layer, inputs) => {
    const x = onlyInput(layer, inputs);
    const shape = targetShape(layer, sizeOf(x.shape));
    return layer.graph.reshape(layer.graph.asIs(x), { name: layer.name, shape }, shape);
  },

  ZeroPadding2D: (layer, inputs) => {
    const { image, height, width, channels } = imageInput(layer, inputs);
    const [[top, bottom], [left, right]] = paddingOf(layer);
    const pads = layer.constant("pads", [8], () => int64(0, 0, top, left, 0, 0, bottom, right));
    // A negative zero, because onnxruntime 1.30 moves padding by a positive one into a following
    // max pooling, where padding counts for nothing (its PadFusion).
    const zero = layer.constant("zero", [], () => Float32Array.of(-0));
    return layer.graph.node("Pad", [image, pads, zero], {
      name: layer.name,
      shape: [height + top + bottom, width + left + right, channels],
      layout: "channels-first",
      attributes: { mode: { text: "constant" } },
    });
  },
};

/** The layout of a flattened value; the order of an image of one channel or one pixel is as it is. */
function flattened(layout: Layout, shape: readonly number[]): Layout {
  if (layout !== "channels-first") return layout;
  const [height, width, channels] = shape as [number, number, number];
  return channels === 1 || height * width === 1
    ? "as-is"
    : { flattened: [height, width, channels] };
}

/** `target_shape` with its one unknown size, null or negative, filled in. */
function targetShape(layer: Layer, size: number): readonly number[] {
  const target = layer.config.raw("target_shape");
  const isSize = (n: unknown) => n === null || Number.isSafeInteger(n);
  if (!Array.isArray(target) || target.length === 0 || !target.every(isSize)) {
    return badModel(layer, '"target_shape" must be a list of sizes');
  }
  const sizes = target as (number | null)[];
  const isKnown = (n: number | null): n is number => n !== null && n >= 0;
  const known = sizeOf(sizes.filter(isKnown));
  const missing = size / known;
  const shape = sizes.map((n) => (isKnown(n) ? n : missing));
  const unknowns = sizes.length - sizes.filter(isKnown).length;
  if (
    unknowns > 1 ||
    sizeOf(shape) !== size ||
    !shape.every((n) => Number.isSafeInteger(n) && n > 0)
  ) {
    return badModel(layer, `cannot reshape ${size} values to [${sizes.join(", ")}]`);
  }
  return shape;
}

/** [[top, bottom], [left, right]]; one number stands for all four, two for each direction. */
function paddingOf(layer: Layer): readonly [readonly [number, number], readonly [number, number]] {
  const raw = layer.config.raw("padding") ?? 1;
  const ofAxis = (value: unknown): readonly [number, number] => {
    const [before, after = before] = Array.isArray(value) ? (value as unknown[]) : [value];
    const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
    if (isCount(before) && isCount(after)) return [before, after];
    return badModel(layer, '"padding" must be [[top, bottom], [left, right]]');
  };
  const [rows, columns = rows] = Array.isArray(raw) ? (raw as unknown[]) : [raw];
  return [ofAxis(rows), ofAxis(columns)];
}
