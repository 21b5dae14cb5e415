import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import type { Features } from "../network/trained-model.ts";
import { align, findAlignment } from "./align-features.ts";

const WIDTH = 6;

function normalFeatures(count: number, seed: number): Features {
  const stream = random("features", seed);
  const values = Float32Array.from({ length: count * WIDTH }, () => stream.normal());
  return { width: WIDTH, values };
}

/** Swaps the features, changes the sign of one, turns two of them by 30°, and moves all. */
function moved({ values }: Features): Features {
  const rows = [];
  for (let at = 0; at < values.length; at += WIDTH) {
    const [a, b, c, d, e, f] = values.subarray(at, at + WIDTH) as unknown as number[];
    const [cos, sin] = [Math.sqrt(0.75), 0.5];
    rows.push(3 + f!, cos * a! - sin * b!, sin * a! + cos * b!, -c!, e! - 1, d!);
  }
  return { width: WIDTH, values: Float32Array.from(rows) };
}

const largestDifference = (a: Features, b: Features) =>
  a.values.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b.values[i]!)), 0);

describe("the alignment of features", () => {
  it("undoes a rotation and a shift, also on images that it was not fitted to", () => {
    const alignment = findAlignment(moved(normalFeatures(200, 1)), normalFeatures(200, 1));
    const others = normalFeatures(50, 2);
    expect(largestDifference(moved(others), others)).toBeGreaterThan(2);
    expect(largestDifference(align(moved(others), alignment), others)).toBeLessThan(1e-4);
  });

  it("never changes a distance between two images of one network", () => {
    const features = normalFeatures(100, 3);
    const aligned = align(features, findAlignment(features, normalFeatures(100, 4)));
    const distance = ({ values }: Features) =>
      Math.hypot(...values.subarray(0, WIDTH).map((value, i) => value - values[WIDTH + i]!));
    expect(distance(aligned)).toBeCloseTo(distance(features), 4);
  });

  it("gives finite features if some of them are always zero", () => {
    const zeroed = ({ values }: Features): Features => ({
      width: WIDTH,
      values: values.map((value, i) => (i % WIDTH < 2 ? 0 : value)),
    });
    const features = zeroed(normalFeatures(100, 5));
    const aligned = align(features, findAlignment(features, features));
    expect(largestDifference(aligned, features)).toBeLessThan(1e-4);
  });
});
