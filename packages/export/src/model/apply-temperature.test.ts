import { describe, expect, it } from "vitest";
import { temper } from "./apply-temperature.ts";

describe("temper", () => {
  it("divides logits before the softmax", () => {
    const softmax = (logits: number[]) => {
      const powers = logits.map(Math.exp);
      const sum = powers.reduce((a, b) => a + b);
      return powers.map((power) => power / sum);
    };
    const rows = [
      [1, -2, 0.5],
      [30, 0, -30],
    ];
    const probabilities = Float32Array.from(rows.flatMap(softmax));
    for (const temperature of [0.5, 2.5]) {
      const expected = rows.flatMap((row) => softmax(row.map((logit) => logit / temperature)));
      temper(probabilities, 3, temperature).forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i] as number, 6);
      });
    }
  });

  it("leaves numbers alone at temperature 1", () => {
    const probabilities = Float32Array.of(0.25, 0.75);
    expect(temper(probabilities, 2, 1)).toBe(probabilities);
  });
});
