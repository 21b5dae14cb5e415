import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { confidentLearning } from "./confident-learning.ts";
import { suspectLabels } from "./label-suspicion.ts";
import { findNeighbours } from "./neighbours.ts";

/** Images of three classes whose features are points around three centres, with 10 % wrong labels. */
function planted(seed: number) {
  const stream = random("planted", seed);
  const count = 900;
  const truth = Array.from({ length: count }, (_, i) => i % 3);
  const isWrong = truth.map(() => stream.uniform() < 0.1);
  const labels = truth.map((k, i) => (isWrong[i] ? (k + 1 + stream.integer(2)) % 3 : k));
  const values = Float32Array.from(
    truth.flatMap((k) =>
      Array.from({ length: 4 }, (_, c) => (c === k ? 2.5 : 0) + stream.normal()),
    ),
  );
  // A model that is often wrong, and whose errors do not depend on the features.
  const probabilities = Float32Array.from(
    truth.flatMap((k) => {
      const scores = [0, 1, 2].map((c) => Math.exp((c === k ? 1 : 0) + 1.2 * stream.normal()));
      const sum = scores.reduce((total, score) => total + score, 0);
      return scores.map((score) => score / sum);
    }),
  );
  const fold = Uint16Array.from(truth, (_, i) => 1 + (i % 2));
  return { labels, isWrong, probabilities, fold, features: { rows: count, columns: 4, values } };
}

/** Number of wrong labels among the hundred most suspicious. */
function found(score: Float64Array, isWrong: readonly boolean[]): number {
  const order = [...score.keys()].sort((a, b) => score[b]! - score[a]!);
  return order.slice(0, 100).filter((i) => isWrong[i]).length;
}

describe("suspectLabels", () => {
  it("is 1 minus the self-confidence without neighbours if all classes have equal noise", () => {
    const probabilities = Float32Array.from([0.5, 0.25, 0.25, 0.125, 0.25, 0.625]);
    const given = { labels: [0, 1], probabilities, classes: 3 };
    const { score, suggestion } = suspectLabels(given, { noise: [0.5, 0.5, 0.5] });
    expect([...score]).toEqual([0.5, 0.75]);
    expect([...suggestion]).toEqual([1, 2]);
  });

  it("multiplies the odds of an error by the root of the odds in the class", () => {
    const probabilities = Float32Array.from([0.5, 0.5, 0.5, 0.5]);
    const given = { labels: [0, 1], probabilities, classes: 2 };
    const { score } = suspectLabels(given, { noise: [0.8, 0] });
    // Odds 1 × √(0.8 / 0.2), and 1 × √(0.01 / 0.99), since no noise counts as 1 %.
    expect(score[0]).toBeCloseTo(2 / 3, 6);
    expect(score[1]).toBeCloseTo(Math.sqrt(1 / 99) / (1 + Math.sqrt(1 / 99)), 6);
  });

  it.each([1, 2, 3])(
    "finds more planted errors with neighbours than without (seed %i)",
    async (seed) => {
      const { labels, isWrong, probabilities, fold, features } = planted(seed);
      const given = { labels, probabilities, classes: 3 };
      const positions = Uint32Array.from(labels.keys());
      const neighbours = await findNeighbours(features, { positions, group: fold, k: 20 });
      const { noise } = confidentLearning(given);
      const alone = suspectLabels(given, { noise });
      const together = suspectLabels(given, { noise, neighbours });
      expect(found(together.score, isWrong)).toBeGreaterThan(found(alone.score, isWrong) + 10);
      for (let i = 0; i < labels.length; i++) {
        const belief = together.belief.subarray(3 * i, 3 * i + 3);
        expect(belief.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
        expect(together.suggestion[i]).not.toBe(labels[i]);
      }
    },
  );
});

describe("findNeighbours", () => {
  it("finds the same images as sorting all cosines, only in the same fold", async () => {
    const { fold, features } = planted(4);
    const positions = Uint32Array.from({ length: 120 }, (_, i) => 3 * i);
    const { indices } = await findNeighbours(features, { positions, group: fold, k: 7 });
    const members = [...positions.keys()];
    for (const group of [1, 2]) {
      const own = members.filter((i) => fold[positions[i]!] === group);
      const raw = own.map((i) => [
        ...features.values.subarray(4 * positions[i]!, 4 * positions[i]! + 4),
      ]);
      const mean = [0, 1, 2, 3].map((c) => raw.reduce((sum, row) => sum + row[c]!, 0) / raw.length);
      const centred = raw.map((row) => row.map((value, c) => value - mean[c]!));
      own.forEach((i, a) => {
        const cosine = (b: number) => {
          const [x, y] = [centred[a]!, centred[b]!];
          const product = (p: number[], q: number[]) => p.reduce((sum, v, c) => sum + v * q[c]!, 0);
          return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
        };
        const sorted = [...own.keys()].filter((b) => b !== a).sort((b, c) => cosine(c) - cosine(b));
        expect([...indices.subarray(7 * i, 7 * i + 7)]).toEqual(
          sorted.slice(0, 7).map((b) => own[b]),
        );
      });
    }
  });

  it("has −1 where a fold has fewer images, and stops on a signal", async () => {
    const features = { rows: 3, columns: 1, values: Float32Array.of(1, 2, 3) };
    const positions = Uint32Array.of(0, 1, 2);
    const few = await findNeighbours(features, { positions, group: Uint16Array.of(1, 1, 2), k: 2 });
    expect([...few.indices]).toEqual([1, -1, 0, -1, -1, -1]);
    const signal = AbortSignal.abort();
    const { fold, features: many } = planted(5);
    await expect(
      findNeighbours(many, { positions: Uint32Array.from(fold.keys()), group: fold, k: 2, signal }),
    ).rejects.toMatchObject({ code: "interrupted" });
  });
});
