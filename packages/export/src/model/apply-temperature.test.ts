import { describe, expect, it } from "vitest";
import { applyTemperature } from "./apply-temperature.ts";

describe("applyTemperature", () => {
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
      applyTemperature(probabilities, 3, temperature).forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i] as number, 6);
      });
    }
  });

  it("returns the same array at temperature 1", () => {
    const probabilities = Float32Array.of(0.25, 0.75);
    expect(applyTemperature(probabilities, 2, 1)).toBe(probabilities);
  });
});
