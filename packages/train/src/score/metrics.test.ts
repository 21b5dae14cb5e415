import { random } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import {
  CALIBRATION_BINS,
  calibrationBins,
  expectedCalibrationError,
} from "./calibration-error.ts";
import { normalisedConfusion, scorePredictions, wilsonInterval } from "./metrics.ts";

describe("metrics", () => {
  it("equal a case that is worked out by hand", () => {
    // Predictions 0, 1, 1, 0 against labels 0, 1, 0, 1; a third class never occurs.
    const probabilities = Float32Array.of(0.5, 0.25, 0.25, 0, 1, 0, 0.25, 0.5, 0.25, 1, 0, 0);
    const metrics = scorePredictions(probabilities, [0, 1, 0, 1], 3);
    expect(metrics.images).toBe(4);
    expect(metrics.accuracy).toBe(0.5);
    expect(metrics.confusion).toEqual([
      [1, 1, 0],
      [1, 1, 0],
      [0, 0, 0],
    ]);
    expect(metrics.recall).toEqual([0.5, 0.5, null]);
    expect(metrics.macroF1).toBe(0.5);
    // Wrong predictions have the label in second place, before a tie with a higher index.
    expect(metrics.top2Accuracy).toBe(1);
    const loss = (Math.log(2) + 0 + Math.log(4) + Math.log(1e12)) / 4;
    expect(metrics.loss).toBeCloseTo(loss, 6);
    expect(normalisedConfusion(metrics.confusion)[0]).toEqual([0.5, 0.5, 0]);
    expect(normalisedConfusion(metrics.confusion)[2]).toEqual([NaN, NaN, NaN]);
  });

  it("take the first of equal probabilities as the prediction", () => {
    expect(scorePredictions(Float32Array.of(0.5, 0.5), [0], 2).accuracy).toBe(1);
    expect(scorePredictions(Float32Array.of(0.5, 0.5), [1], 2).accuracy).toBe(0);
    const ofThree = [0, 1, 2].map((label) => {
      return scorePredictions(Float32Array.of(0.25, 0.25, 0.25), [label], 3).top2Accuracy;
    });
    expect(ofThree).toEqual([1, 1, 0]);
  });

  it("count a confidence on a bound into the lower of its two bins", () => {
    const bins = calibrationBins(Float32Array.of(1, 0, 0.6, 0.4, 0.6, 0.4), [0, 0, 1], 2);
    expect(bins).toHaveLength(CALIBRATION_BINS);
    expect(bins[14]).toEqual({ images: 1, confidence: 1, accuracy: 1 });
    expect(bins[8]?.images).toBe(0);
    expect(bins[9]).toMatchObject({ images: 2, accuracy: 0.5 });
    expect(expectedCalibrationError(bins)).toBeCloseTo((2 * 0.1) / 3, 6);
  });

  it("have an interval within 0 and 1 that narrows with the number of images", () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
    const [low, high] = wilsonInterval(10, 10);
    expect(high).toBeCloseTo(1, 12);
    expect(low).toBeGreaterThan(0.69);
    expect(low).toBeLessThan(0.75);
    const width = (n: number) => wilsonInterval(n / 2, n)[1] - wilsonInterval(n / 2, n)[0];
    expect(width(1000)).toBeLessThan(width(100));
    // A survey of 3,589 images near 70 % is uncertain by 1.5 points.
    const [from, to] = wilsonInterval(2512, 3589);
    expect(to - from).toBeCloseTo(0.03, 3);
  });

  it.skipIf(withoutPython("sklearn", "scipy"))("equal scikit-learn's and SciPy's", () => {
    const stream = random("metrics");
    const cases = [2, 3, 7].map((classes) => {
      const labels = Array.from({ length: 200 }, () => stream.integer(classes === 7 ? 6 : classes));
      const probabilities = labels.flatMap(() => {
        const raw = Array.from({ length: classes }, () => stream.uniform() ** 3);
        const sum = raw.reduce((a, b) => a + b);
        return raw.map((value) => value / sum);
      });
      return { classes, labels, probabilities: [...Float32Array.from(probabilities)] };
    });
    const expected = runPython(
      `
import json, sys
import numpy as np
from sklearn import metrics
from scipy.stats import binomtest
def ece(p, y):
    sure = p.max(1)
    right = p.argmax(1) == y
    edges = np.linspace(0, 1, 16)
    error = 0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (sure > low) & (sure <= high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    return float(error)
out = []
for case in json.load(sys.stdin):
    k = case["classes"]
    y = np.array(case["labels"])
    p = np.array(case["probabilities"]).reshape(-1, k)
    guess = p.argmax(1)
    ci = binomtest(int((guess == y).sum()), len(y)).proportion_ci(0.95, method="wilson")
    recall = metrics.recall_score(y, guess, labels=range(k), average=None, zero_division=np.nan)
    out.append({
        "accuracy": metrics.accuracy_score(y, guess),
        "top2": metrics.top_k_accuracy_score(y, p, k=2, labels=range(k)) if k > 2 else 1,
        "macroF1": metrics.f1_score(y, guess, average="macro"),
        "loss": metrics.log_loss(y, p, labels=range(k)),
        "recall": [None if np.isnan(r) else r for r in recall],
        "precision": [None if np.isnan(r) else r for r in metrics.precision_score(y, guess, labels=range(k), average=None, zero_division=np.nan)],
        "f1": metrics.f1_score(y, guess, labels=range(k), average=None, zero_division=0).tolist(),
        "meanRecall": float(np.nanmean(recall)),
        "ece": ece(p, y),
        "confusion": metrics.confusion_matrix(y, guess, labels=range(k)).tolist(),
        "interval": [ci.low, ci.high],
    })
print(json.dumps(out))`,
      { input: cases },
    ) as {
      accuracy: number;
      top2: number;
      macroF1: number;
      loss: number;
      recall: (number | null)[];
      precision: (number | null)[];
      f1: number[];
      meanRecall: number;
      ece: number;
      confusion: number[][];
      interval: number[];
    }[];
    cases.forEach(({ classes, labels, probabilities }, i) => {
      const found = scorePredictions(Float32Array.from(probabilities), labels, classes);
      const { accuracy, macroF1, loss, recall, confusion, interval } = expected[i]!;
      expect(found.accuracy).toBeCloseTo(accuracy, 12);
      expect(found.top2Accuracy).toBeCloseTo(expected[i]!.top2, 12);
      expect(found.macroF1).toBeCloseTo(macroF1, 12);
      expect(found.loss).toBeCloseTo(loss, 5);
      expect(found.confusion).toEqual(confusion);
      expect(found.recall.map((r) => r?.toFixed(9))).toEqual(recall.map((r) => r?.toFixed(9)));
      const rounded = (list?: readonly (number | null)[]) => list?.map((r) => r?.toFixed(9));
      expect(rounded(found.precision)).toEqual(rounded(expected[i]!.precision));
      expect(found.f1?.map((f) => (f ?? 0).toFixed(9))).toEqual(rounded(expected[i]!.f1));
      expect(found.meanRecall).toBeCloseTo(expected[i]!.meanRecall, 12);
      expect(found.ece).toBeCloseTo(expected[i]!.ece, 6);
      expect(found.accuracyInterval[0]).toBeCloseTo(interval[0]!, 6);
      expect(found.accuracyInterval[1]).toBeCloseTo(interval[1]!, 6);
    });
  });
});
