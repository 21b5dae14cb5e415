import { describe, expect, it } from "vitest";
import { averageWeights } from "./weight-average.ts";
import { scope, tensorCount } from "../tensor/native.ts";
import { Variable } from "../tensor/variable.ts";

describe("moving averages of weights", () => {
  it("follow the recursion, with a smaller decay at the start, and do not change the weights", () => {
    const variable = new Variable("x", [2], Float32Array.of(1, -1));
    const average = averageWeights([variable], 0.9);
    const expected = [1, -1];
    const before = tensorCount();
    for (let step = 0; step < 300; step++) {
      const values = [Math.sin(step), step / 100];
      variable.assign(Float32Array.from(values));
      scope(() => average.update(step));
      const kept = Math.min(0.9, (1 + step) / (10 + step));
      values.forEach((value, i) => (expected[i] = kept * expected[i]! + (1 - kept) * value));
    }
    expect(tensorCount()).toBe(before);
    const [first, second] = average.state()["x"]!.data as unknown as [number, number];
    expect(first).toBeCloseTo(expected[0]!, 5);
    expect(second).toBeCloseTo(expected[1]!, 5);
    expect(variable.values()[1]).toBeCloseTo(2.99, 5);
    expect(average.slots.map(({ name }) => name)).toEqual(["ema.x"]);
    average.dispose();
    variable.dispose();
  });
});
