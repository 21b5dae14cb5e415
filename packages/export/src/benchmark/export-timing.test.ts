import { describe, expect, it } from "vitest";
import { contender, summarise, timeAlternating } from "./export-timing.ts";

describe("summarise", () => {
  it("takes the middle of an odd number and the mean of the middle two of an even one", () => {
    expect(summarise([3, 1, 2])).toEqual({ calls: 3, mean: 2, median: 2, p99: 3 });
    expect(summarise([1, 2, 4, 10]).median).toBe(3);
  });

  it("is not moved by one slow call of a thousand, except in the mean", () => {
    const durations = Array.from({ length: 1000 }, () => 1);
    durations[17] = 1001;
    expect(summarise(durations)).toEqual({ calls: 1000, mean: 2, median: 1, p99: 1 });
  });
});

describe("timeAlternating", () => {
  it("lets every contender have its turn in every round, in reversing order", async () => {
    const calls: string[] = [];
    const noting = (name: string) => contender(name, () => calls.push(name));
    const timings = await timeAlternating([noting("a"), noting("b")], { seconds: 0.4 });
    const turns = calls.slice(6).filter((name, i, all) => name !== all[i - 1]);
    expect(turns).toEqual(["a", "b", "a", "b", "a"]);
    expect(timings.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("lets every contender make as many calls as are asked for, whatever they take", async () => {
    const wait = () => new Promise((resolve) => setTimeout(resolve, 30));
    const contenders = [contender("fast", () => undefined), contender("slow", wait)];
    const timings = await timeAlternating(contenders, { calls: 7 });
    expect(timings.map(({ calls }) => calls)).toEqual([7, 7]);
  });

  it("stops on the signal", async () => {
    const contenders = [contender("a", () => undefined)];
    const signal = AbortSignal.abort();
    const timing = timeAlternating(contenders, { seconds: 1 }, { signal });
    await expect(timing).rejects.toThrow(/stopped/);
  });
});
