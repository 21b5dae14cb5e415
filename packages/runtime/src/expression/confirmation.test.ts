import { describe, expect, it } from "vitest";
import { createSmoother, resolveConfirmation, type ConfirmationOptions } from "./confirmation.ts";
import { Confirmations } from "./confirmation-windows.ts";

const LABELS = ["Happy", "Sad", "Neutral"];
const happy = [0.8, 0.1, 0.1];
const sad = [0.1, 0.8, 0.1];

function smoother(options: ConfirmationOptions = {}, labels = LABELS) {
  return createSmoother(resolveConfirmation(options, labels), labels);
}

/** What is confirmed after each frame. */
function run(frames: readonly number[][], options?: ConfirmationOptions, labels?: string[]) {
  const one = smoother(options, labels);
  return frames.map((frame) => one.add(frame)?.expression ?? null);
}

const times = <T>(n: number, value: T) => Array.from({ length: n }, () => value);

describe("the confirmation window", () => {
  it("answers null until it is full", () => {
    expect(run(times(20, happy))).toEqual([...times(19, null), "Happy"]);
    expect(run(times(3, happy), { size: 3 })).toEqual([null, null, "Happy"]);
  });

  it("wants more than 60 %: 12 of 20 are not enough, 13 are", () => {
    expect(run([...times(8, sad), ...times(12, happy)]).at(-1)).toBe("Neutral");
    expect(run([...times(8, sad), ...times(13, happy)]).at(-1)).toBe("Happy");
  });

  it("tells Neutral that fills the window from Neutral that stands for no quorum", () => {
    const last = (frames: readonly number[][], options?: ConfirmationOptions) => {
      const one = smoother(options);
      return frames.map((frame) => one.add(frame)).at(-1);
    };
    const neutral = [0.1, 0.1, 0.8];
    const mixed = [...times(10, happy), ...times(10, sad)];
    for (const method of ["window", "exponential"] as const) {
      expect(last(times(19, neutral), { method })).toBeNull();
      expect(last(times(20, neutral), { method })).toEqual({
        expression: "Neutral",
        quorumReached: true,
      });
      expect(last(mixed, { method })).toEqual({ expression: "Neutral", quorumReached: false });
    }
  });

  it("forgets what is older than the window", () => {
    const answers = run([...times(20, happy), ...times(13, sad)]);
    expect(answers.slice(19)).toEqual([...times(8, "Happy"), ...times(5, "Neutral"), "Sad"]);
  });

  it("says unsure by option, or where there is no Neutral", () => {
    const mixed = [...times(10, happy), ...times(10, sad)];
    expect(run(mixed, { fallback: "unsure" }).at(-1)).toBe("unsure");
    expect(run(mixed, {}, ["Top", "Bottom", "Left"]).at(-1)).toBe("unsure");
  });

  it.each(["exponential", "viterbi"] as const)(
    "has a rival, %s, that also waits and settles",
    (method) => {
      const answers = run([...times(30, happy), ...times(40, sad)], { method });
      expect(answers.slice(0, 19)).toEqual(times(19, null));
      expect(answers[29]).toBe("Happy");
      expect(answers.at(-1)).toBe("Sad");
      // One odd frame changes nothing.
      expect(run([...times(30, happy), sad, happy], { method }).slice(29)).toEqual(
        times(3, "Happy"),
      );
    },
  );

  it("refuses options out of range", () => {
    for (const options of [
      { size: 0 },
      { size: 2.5 },
      { quorum: 1 },
      { quorum: NaN },
      { change: 0 },
    ]) {
      expect(() => resolveConfirmation(options, LABELS)).toThrow(/, found /);
    }
    const method = "median" as "window";
    expect(() => resolveConfirmation({ method }, LABELS)).toThrow(
      /"window", "exponential", "viterbi"/,
    );
  });
});

describe("the windows of everybody", () => {
  it("keep two people's frames apart", () => {
    const windows = new Confirmations(LABELS, { size: 5 });
    for (let frame = 0; frame < 5; frame++) {
      windows.add({ track: 1, person: "Ada" }, happy, frame * 33);
      windows.add({ track: 2, person: null }, sad, frame * 33);
    }
    expect(windows.add({ track: 1, person: "Ada" }, happy, 200)?.expression).toBe("Happy");
    expect(windows.add({ track: 2, person: null }, sad, 200)?.expression).toBe("Sad");
  });

  it("go with a person from track to track, and from an unknown track to the person", () => {
    const windows = new Confirmations(LABELS, { size: 5 });
    for (let i = 0; i < 4; i++) {
      expect(windows.add({ track: 1, person: null }, happy, i)).toBe(null);
    }
    expect(windows.add({ track: 1, person: "Ada" }, happy, 5)?.expression).toBe("Happy");
    expect(windows.add({ track: 9, person: "Ada" }, happy, 6)?.expression).toBe("Happy");
    expect(windows.add({ track: 1, person: null }, happy, 7)).toBe(null);
  });

  it("begin anew for somebody who was away", () => {
    const windows = new Confirmations(LABELS, { size: 2 });
    windows.add({ track: 1, person: "Ada" }, happy, 0);
    expect(windows.add({ track: 1, person: "Ada" }, happy, 100)?.expression).toBe("Happy");
    expect(windows.add({ track: 2, person: "Ada" }, happy, 10_000)).toBe(null);
  });
});
