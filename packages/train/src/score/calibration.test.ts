import { random } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { applyTemperature, calibrate, fitTemperature, labelledRows } from "./calibration.ts";
import { calibrationBins, expectedCalibrationError } from "./calibration-error.ts";
import { predictedClasses } from "./predicted-classes.ts";

/** Calibrated probabilities [N, classes] with labels drawn from them. */
function calibrated(images: number, classes: number, seed: number) {
  const stream = random("calibration", seed);
  const probabilities = new Float32Array(images * classes);
  const labels = Int16Array.from({ length: images }, (_, i) => {
    const raw = Array.from({ length: classes }, () => Math.exp(2 * stream.normal()));
    const sum = raw.reduce((a, b) => a + b);
    raw.forEach((value, c) => (probabilities[i * classes + c] = value / sum));
    let left = stream.uniform() * sum;
    const label = raw.findIndex((value) => (left -= value) < 0);
    return label < 0 ? classes - 1 : label;
  });
  return { probabilities, labels };
}

describe("fitTemperature", () => {
  it("finds the temperature that made calibrated probabilities overconfident or underconfident", () => {
    const { probabilities, labels } = calibrated(20_000, 5, 1);
    for (const temperature of [0.4, 1, 2.5]) {
      const distorted = applyTemperature(probabilities, 5, 1 / temperature);
      const found = fitTemperature(distorted, 5, [{ labels, weight: 1 }]);
      expect(found / temperature).toBeCloseTo(1, 1);
    }
  });

  it("ignores images without a label, and weighs sources of labels", () => {
    const { probabilities, labels } = calibrated(2000, 3, 2);
    const wrong = labels.map((label) => (label + 1) % 3);
    const none = labels.map(() => -1);
    const fitted = (...targets: [ArrayLike<number>, number][]) =>
      fitTemperature(probabilities, 3, targets.map(([labels, weight]) => ({ labels, weight }))); // prettier-ignore
    const alone = fitted([labels, 1]);
    expect(fitted([labels, 1], [none, 1])).toBe(alone);
    expect(fitted([labels, 1], [wrong, 0])).toBe(alone);
    expect(fitted([labels, 0.9], [wrong, 0.1])).toBeGreaterThan(1.1 * alone);
    expect(fitted([none, 1])).toBe(1);
  });

  it("is 1 if every prediction is correct, and finite if every prediction is wrong", () => {
    const sure = Float32Array.of(1, 0, 0, 1);
    expect(fitTemperature(sure, 2, [{ labels: [0, 1], weight: 1 }])).toBe(1);
    const unsure = Float32Array.of(0.8, 0.2, 0.2, 0.8);
    expect(fitTemperature(unsure, 2, [{ labels: [0, 1], weight: 1 }])).toBe(1);
    expect(fitTemperature(sure, 2, [{ labels: [1, 0], weight: 1 }])).toBeCloseTo(20);
  });

  it.skipIf(withoutPython("scipy"))("equals SciPy's minimum of the cross-entropy", () => {
    const cases = [0.5, 1.3, 3].map((temperature, seed) => {
      const { probabilities, labels } = calibrated(400, 7, 10 + seed);
      const distorted = applyTemperature(probabilities, 7, 1 / temperature);
      return { probabilities: [...distorted], labels: [...labels] };
    });
    const expected = runPython(
      `
import json, sys
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
out = []
for case in json.load(sys.stdin):
    z = np.log(np.array(case["probabilities"]).reshape(-1, 7))
    y = np.array(case["labels"])
    loss = lambda t: -log_softmax(z / t, axis=1)[np.arange(len(y)), y].mean()
    out.append(minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-9}).x)
print(json.dumps(out))`,
      { input: cases },
    ) as number[];
    cases.forEach(({ probabilities, labels }, i) => {
      const found = fitTemperature(Float32Array.from(probabilities), 7, [{ labels, weight: 1 }]);
      expect(found).toBeCloseTo(expected[i]!, 4);
    });
  });
});

describe("applyTemperature", () => {
  it("keeps predictions and sums, and changes nothing at 1", () => {
    const { probabilities } = calibrated(50, 4, 3);
    const tempered = applyTemperature(probabilities, 4, 3.7);
    expect(predictedClasses(tempered, 4)).toEqual(predictedClasses(probabilities, 4));
    for (let at = 0; at < tempered.length; at += 4) {
      expect(tempered.subarray(at, at + 4).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    }
    applyTemperature(probabilities, 4, 1).forEach((p, i) => {
      expect(p).toBeCloseTo(probabilities[i]!, 6);
    });
  });
});

describe("calibrate", () => {
  it("lowers the calibration error, by the labels that the model was trained on", () => {
    const { probabilities, labels } = calibrated(5000, 5, 4);
    const distorted = applyTemperature(probabilities, 5, 0.3);
    const votes = labels.map((label, i) => (i % 10 === 0 ? -1 : label));
    const own = labels.map((label, i) => (i % 3 === 0 ? (label + 1) % 5 : label));
    const byVotes = calibrate(distorted, 5, { own, votes, voteShare: 1 });
    expect(byVotes.temperature).toBeCloseTo(1 / 0.3, 0);
    expect(byVotes.ece.after).toBeLessThan(0.03);
    expect(byVotes.ece.before).toBeGreaterThan(0.1);
    expect(byVotes.loss.after).toBeLessThan(byVotes.loss.before);
    const labelled = labelledRows(distorted, votes, 5);
    const bins = calibrationBins(labelled.probabilities, labelled.labels, 5);
    expect(byVotes.ece.before).toBe(expectedCalibrationError(bins));
    // Half by each source: the same as all images once by the labels and once by the votes.
    const both = calibrate(distorted, 5, { own, votes, voteShare: 0.5 });
    const doubled = calibrationBins(
      Float32Array.from([...distorted, ...labelled.probabilities]),
      [...own, ...labelled.labels],
      5,
    );
    expect(both.ece.before).toBeCloseTo(expectedCalibrationError(doubled), 12);
    expect(both.ece.after).toBeLessThan(both.ece.before / 3);
    const byLabels = calibrate(distorted, 5, { own, votes, voteShare: 0 });
    expect(byLabels.temperature).toBeGreaterThan(1.2 * byVotes.temperature);
    expect(calibrate(distorted, 5, { own, voteShare: 1 })).toEqual({
      ...byLabels,
      voteShare: 0,
    });
  });
});
