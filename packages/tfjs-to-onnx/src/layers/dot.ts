import { sizeAlong, type Value } from "../graph/graph.ts";
import { asMade, badModel, checkAxis, type Layer } from "./layer.ts";

/** Smallest squared length by which a vector is divided. */
const LEAST_SQUARE = { tfjs: 1e-7, keras2: 1e-12, keras3: 1e-14 };

/**
 * The dot product of two inputs along one axis of each input. An input holds one vector or several
 * rows. With `normalize`, the result is the cosine of the angle.
 */
export function dot(layer: Layer, inputs: readonly Value[]): Value {
  const [left, right] = inputs;
  if (inputs.length !== 2 || left === undefined || right === undefined) {
    return badModel(layer, `takes two inputs, found ${inputs.length}`);
  }
  if (left.shape.length > 2 || right.shape.length > 2) {
    return badModel(layer, "takes vectors or rows of vectors, as in tfjs");
  }
  const raw: unknown[] = [layer.config.raw("axes")].flat();
  const axisA = checkAxis(layer, Number(raw[0]), left);
  const axisB = checkAxis(layer, Number(raw.length === 1 ? raw[0] : raw[1]), right);
  const operand = (value: Value, axis: number, side: string) => {
    const x = layer.graph.asIs(value);
    if (!layer.config.flag("normalize", false)) return x;
    return unit(layer, x, { axis, name: `${layer.name}/${side}` });
  };
  const a = operand(left, axisA, "left");
  const b = operand(right, axisB, "right");
  if (sizeAlong(a, axisA) !== sizeAlong(b, axisB)) {
    return badModel(layer, `cannot multiply [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`);
  }
  // [rows, summed] × [summed, columns]; a vector is one row or one column.
  const rows = matrix(layer, a, { axis: axisA, last: true, name: "left" });
  const columns = matrix(layer, b, { axis: axisB, last: false, name: "right" });
  const [height, width] = [sizeAlong(rows, 1), sizeAlong(columns, 2)];
  const shape = [height, width];
  const free = [
    ...(a.shape.length === 2 ? [height] : []),
    ...(b.shape.length === 2 ? [width] : []),
  ];
  const product = layer.graph.node("MatMul", [rows, columns], {
    name: free.length === 2 ? layer.name : `${layer.name}/product`,
    shape,
  });
  if (free.length === 2) return product;
  const result = free.length === 0 ? [1] : free;
  return layer.graph.reshape(product, { name: layer.name, shape: result }, result);
}

/** A value as a matrix whose last axis (or first axis, if `last` is false) is the given axis. */
function matrix(
  layer: Layer,
  value: Value,
  options: { readonly axis: number; readonly last: boolean; readonly name: string },
): Value {
  const { axis, last } = options;
  const name = `${layer.name}/${options.name}/matrix`;
  const [first = 0, second] = value.shape;
  if (second === undefined) {
    const shape = last ? [1, first] : [first, 1];
    return layer.graph.reshape(value, { name, shape }, shape);
  }
  if (axis === (last ? 2 : 1)) return value;
  return layer.graph.node("Transpose", [value], {
    name,
    shape: [second, first],
    attributes: { perm: { ints: [0, 2, 1] } },
  });
}

/** Vectors along an axis, divided by their length. */
function unit(
  layer: Layer,
  x: Value,
  { axis, name }: { readonly axis: number; readonly name: string },
): Value {
  const { graph } = layer;
  const least = asMade(layer, "normalised vectors", LEAST_SQUARE);
  const size = graph.scalar(`${name}/size`, sizeAlong(x, axis));
  const square = graph.elementwise("Mul", [x, x], `${name}/square`);
  const mean = graph.mean(square, [axis], `${name}/mean`);
  const sum = graph.elementwise("Mul", [mean, size], `${name}/sum`);
  const floor = graph.scalar(`${name}/floor`, least);
  const guarded = graph.elementwise("Max", [sum, floor], `${name}/guarded`);
  const length = graph.elementwise("Sqrt", [guarded], `${name}/length`);
  return graph.elementwise("Div", [x, length], `${name}/unit`);
}
