import { describe, expect, it } from "vitest";
import { learningRateAt, type Schedule } from "./schedule.ts";

const base: Schedule = { learningRate: 0.1, schedule: "cosine", warmup: 0, decay: 0.5 };

describe("the learning rate", () => {
  it("falls as rate / (1 + decay · step) by inverse time", () => {
    const config: Schedule = { ...base, schedule: "inverse-time" };
    const rates = [0, 1, 2, 8].map((step) => learningRateAt(step, 10, config));
    expect(rates).toEqual([0.1, 0.1 / 1.5, 0.05, 0.02]);
    expect(learningRateAt(1e6, 2e6, { ...config, decay: 0 })).toBe(0.1);
  });

  it("falls along half a cosine, to half its maximum in the middle", () => {
    expect(learningRateAt(0, 100, base)).toBe(0.1);
    expect(learningRateAt(50, 100, base)).toBeCloseTo(0.05, 12);
    expect(learningRateAt(99, 100, base)).toBeLessThan(1e-4);
    expect(learningRateAt(99, 100, base)).toBeGreaterThan(0);
  });

  it("rises during the warm-up to the start of the cosine", () => {
    const config = { ...base, warmup: 0.25 };
    const rates = Array.from({ length: 100 }, (_, step) => learningRateAt(step, 100, config));
    expect(rates[0]).toBeCloseTo(0.1 / 26, 12);
    expect(rates.indexOf(Math.max(...rates))).toBe(25);
    expect(rates[25]).toBe(0.1);
    for (let i = 1; i < 100; i++) expect(rates[i]! > rates[i - 1]!).toBe(i <= 25);
  });
});
