import { describe, expect, it } from "vitest";
import { confidentLearning } from "./confident-learning.ts";

const labels = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
const probabilities = Float32Array.from(
  [
    [0.682, 0.116, 0.202],
    [0.708, 0.019, 0.273],
    [0.867, 0.088, 0.045],
    [0.037, 0.73, 0.233],
    [0.037, 0.73, 0.233],
    [0.481, 0.499, 0.02],
    [0.087, 0.489, 0.424],
    [0.027, 0.453, 0.52],
    [0.7, 0.2, 0.1],
    [0.014, 0.61, 0.376],
    [0.397, 0.172, 0.431],
    [0.173, 0.324, 0.503],
  ].flat(),
);

describe("confidentLearning", () => {
  it("has the thresholds and the joint that cleanlab 2.9.0 computes", () => {
    // get_confident_thresholds and compute_confident_joint(calibrate=False) of cleanlab.
    const result = confidentLearning({ labels, probabilities, classes: 3 });
    [0.5735, 0.54275, 0.3525].forEach((threshold, k) =>
      expect(result.thresholds[k]).toBeCloseTo(threshold, 6),
    );
    expect(result.joint).toEqual([
      [3, 1, 0],
      [0, 1, 2],
      [1, 1, 2],
    ]);
    expect(result.noise.map((share) => Number(share.toFixed(4)))).toEqual([0.25, 0.6667, 0.5]);
    // Neither class of the sixth image reaches its threshold.
    expect(result.confidentClass[5]).toBe(-1);
  });

  it("counts no image to a class without labels", () => {
    const two = [0.3, 0.3, 0.4, 0.2, 0.2, 0.6];
    const result = confidentLearning({
      labels: [0, 1],
      probabilities: Float32Array.from(two),
      classes: 3,
    });
    expect(result.thresholds[2]).toBe(1);
    expect(result.joint.map((row) => row[2])).toEqual([0, 0, 0]);
    expect(result.noise[2]).toBe(0);
  });
});
