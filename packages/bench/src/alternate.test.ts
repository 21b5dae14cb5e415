import { describe, expect, it } from "vitest";
import { alternate } from "./alternate.ts";
import { callContender } from "./contender.ts";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("alternate", () => {
  it("gives every contender a turn in every round, in reversing order, after a warm-up", async () => {
    const calls: string[] = [];
    const noting = (name: string) => callContender(name, () => void calls.push(name));
    const amount = { seconds: 0.4 };
    const turns = await alternate([noting("a"), noting("b")], { amount });
    expect(calls.slice(0, 6).join("")).toBe("aaabbb");
    const order = calls.slice(6).filter((name, i, all) => name !== all[i - 1]);
    expect(order.join("")).toBe("ababa");
    expect(turns.map(({ length }) => length)).toEqual([4, 4]);
  });

  it("lets every contender make as many calls as are asked for, whatever they take", async () => {
    const contenders = [
      callContender("fast", () => undefined),
      callContender("slow", () => wait(30)),
    ];
    const turns = await alternate(contenders, { amount: { calls: 7 } });
    const calls = turns.map((own) => own.reduce((sum, turn) => sum + turn.durations.length, 0));
    expect(calls).toEqual([7, 7]);
  });

  it("makes at least the least number of rounds when the time is over before", async () => {
    const contenders = [callContender("a", () => wait(5)), callContender("b", () => wait(5))];
    const amount = { totalSeconds: 0.001, minRounds: 3 };
    const turns = await alternate(contenders, { amount, turnMs: 1 });
    expect(turns.map(({ length }) => length)).toEqual([3, 3]);
  });

  it("tells whose turn it was and a share that grows to 1", async () => {
    const seen: [number, string][] = [];
    await alternate([callContender("a", () => 1), callContender("b", () => 2)], {
      amount: { rounds: 2 },
      turnMs: 1,
      onProgress: (share, name) => seen.push([share, name]),
    });
    expect(seen).toEqual([
      [0.25, "a"],
      [0.5, "b"],
      [0.75, "b"],
      [1, "a"],
    ]);
  });

  it("stops on the signal", async () => {
    const contenders = [callContender("a", () => undefined)];
    const options = { amount: { seconds: 1 }, signal: AbortSignal.abort() };
    await expect(alternate(contenders, options)).rejects.toMatchObject({ code: "interrupted" });
  });
});

describe("callContender", () => {
  it("keeps as many calls running as it may, and waits for all of them at the end", async () => {
    let [running, most, ended] = [0, 0, 0];
    const call = async () => {
      most = Math.max(most, ++running);
      await wait(2);
      running--;
      return ++ended;
    };
    const contender = callContender("two", call, { inFlight: 2 });
    const { durations, last } = await contender.turn({ ms: Infinity, calls: 5 });
    expect({ most, running, last, count: durations.length }).toEqual({
      most: 2,
      running: 0,
      last: 5,
      count: 5,
    });
    expect((await contender.turn({ ms: 0, calls: 5 })).durations).toHaveLength(1);
  });
});
