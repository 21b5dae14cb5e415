import { random } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { classCurves, rankingScores } from "./ranking-curves.ts";

describe("classCurves", () => {
  it("equal a case that is worked out by hand, with a tie of a positive and a negative", () => {
    // Ranked by the first class: positive 0.75; positive and negative 0.5; negative 0.25.
    const probabilities = Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.5, 0.5, 0.25, 0.75);
    const [first] = classCurves(probabilities, [0, 0, 1, 1], 2);
    expect(first).toEqual({
      positives: 2,
      negatives: 2,
      roc: [[0, 0], [0, 0.5], [0.5, 1], [1, 1]], // prettier-ignore
      rocAuc: 7 / 8,
      precisionRecall: [[0, 1], [0.5, 1], [1, 2 / 3], [1, 1 / 2]], // prettier-ignore
      averagePrecision: 0.5 + 0.5 * (2 / 3),
    });
  });

  it("are undefined for a class without images, and its areas do not count in the means", () => {
    const probabilities = Float32Array.of(0.5, 0.25, 0.25, 0.25, 0.5, 0.25);
    const empty = classCurves(probabilities, [0, 1], 3)[2];
    expect(empty).toMatchObject({ roc: [], rocAuc: null, precisionRecall: [], averagePrecision: null }); // prettier-ignore
    expect(rankingScores(probabilities, [0, 1], 3)).toEqual({
      rocAuc: [1, 1, null],
      meanRocAuc: 1,
      averagePrecision: [1, 1, null],
      meanAveragePrecision: 1,
    });
  });

  it("have no ROC curve for the class of all images, and no means without images", () => {
    expect(rankingScores(Float32Array.of(0.5, 0.5), [1], 2)).toEqual({
      rocAuc: [null, null],
      meanRocAuc: null,
      averagePrecision: [null, 1],
      meanAveragePrecision: 1,
    });
    expect(rankingScores(new Float32Array(), [], 2).meanAveragePrecision).toBeNull();
  });

  it.skipIf(withoutPython("sklearn"))("equal scikit-learn's", () => {
    const stream = random("ranking-curves");
    const cases = [
      { classes: 2, steps: 1e6, present: 2 },
      { classes: 2, steps: 4, present: 2 },
      { classes: 7, steps: 1e6, present: 7 },
      { classes: 7, steps: 8, present: 7 },
      { classes: 7, steps: 8, present: 6 },
      // All probabilities are equal.
      { classes: 3, steps: 1, present: 3 },
    ].map(({ classes, steps, present }) => {
      const labels = Array.from({ length: 300 }, () => stream.integer(present));
      const probabilities = Float32Array.from(
        labels.flatMap((label) =>
          Array.from(
            { length: classes },
            (_, c) => Math.floor(steps * stream.uniform() ** (c === label ? 0.5 : 1)) / steps,
          ),
        ),
      );
      return { classes, labels, probabilities };
    });
    const expected = runPython(
      `
import json, sys
import numpy as np
from sklearn import metrics
out = []
for case in json.load(sys.stdin):
    y = np.array(case["labels"])
    p = np.array(case["probabilities"]).reshape(len(y), -1)
    curves = []
    for c in range(case["classes"]):
        own, score = y == c, p[:, c]
        if not own.any():
            curves.append({"roc": [], "rocAuc": None, "precisionRecall": [], "averagePrecision": None})
            continue
        fpr, tpr, _ = metrics.roc_curve(own, score, drop_intermediate=False)
        precision, recall, _ = metrics.precision_recall_curve(own, score)
        curves.append({
            "roc": np.stack([fpr, tpr], 1).tolist(),
            "rocAuc": metrics.roc_auc_score(own, score),
            "precisionRecall": np.stack([recall, precision], 1)[::-1].tolist(),
            "averagePrecision": metrics.average_precision_score(own, score),
        })
    # The classes without images are the last ones.
    present = int(y.max()) + 1
    own, p = np.eye(case["classes"], dtype=int)[y][:, :present], p[:, :present]
    out.append({
        "curves": curves,
        "meanRocAuc": metrics.roc_auc_score(own, p, average="macro"),
        "meanAveragePrecision": metrics.average_precision_score(own, p, average="macro"),
    })
print(json.dumps(out))`,
      {
        input: cases.map(({ probabilities, ...rest }) => ({
          ...rest,
          probabilities: [...probabilities],
        })),
      },
    ) as {
      curves: {
        roc: [number, number][];
        rocAuc: number | null;
        precisionRecall: [number, number][];
        averagePrecision: number | null;
      }[];
      meanRocAuc: number;
      meanAveragePrecision: number;
    }[];
    const rounded = (points: readonly (readonly [number, number])[]) =>
      points.map(([x, y]) => [x.toFixed(9), y.toFixed(9)]);
    cases.forEach(({ probabilities, labels, classes }, i) => {
      const { curves, meanRocAuc, meanAveragePrecision } = expected[i]!;
      classCurves(probabilities, labels, classes).forEach((found, c) => {
        const { roc, rocAuc, precisionRecall, averagePrecision } = curves[c]!;
        expect(rounded(found.roc)).toEqual(rounded(roc));
        expect(rounded(found.precisionRecall)).toEqual(rounded(precisionRecall));
        expect(found.rocAuc?.toFixed(9)).toBe(rocAuc?.toFixed(9));
        expect(found.averagePrecision?.toFixed(9)).toBe(averagePrecision?.toFixed(9));
      });
      const scores = rankingScores(probabilities, labels, classes);
      expect(scores.meanRocAuc).toBeCloseTo(meanRocAuc, 12);
      expect(scores.meanAveragePrecision).toBeCloseTo(meanAveragePrecision, 12);
    });
    const undefinedOnes = expected
      .flatMap(({ curves }) => curves)
      .filter((one) => one.rocAuc === null);
    expect(undefinedOnes).toHaveLength(1);
  });
});
