import { describe, expect, it } from "vitest";
import { createSmoother, resolveConfirmation, type ConfirmationOptions } from "./confirmation.ts";

const LABELS = ["Happy", "Sad", "Neutral"];
const happy = [0.8, 0.1, 0.1];
const sad = [0.1, 0.8, 0.1];

function smoother(options: ConfirmationOptions = {}, labels = LABELS) {
  return createSmoother(resolveConfirmation(options, labels), labels);
}

/** The confirmed expression after each frame. */
function run(frames: readonly number[][], options?: ConfirmationOptions, labels?: string[]) {
  const one = smoother(options, labels);
  return frames.map((frame) => one.add(frame)?.expression ?? null);
}

const times = <T>(n: number, value: T) => Array.from({ length: n }, () => value);

describe("the confirmation window", () => {
  it("gives null until it is full", () => {
    expect(run(times(20, happy))).toEqual([...times(19, null), "Happy"]);
    expect(run(times(3, happy), { size: 3 })).toEqual([null, null, "Happy"]);
  });

  it("needs more than 60 %: 13 of 20 frames, not 12", () => {
    expect(run([...times(8, sad), ...times(12, happy)]).at(-1)).toBe("Neutral");
    expect(run([...times(8, sad), ...times(13, happy)]).at(-1)).toBe("Happy");
  });

  it("distinguishes Neutral as the expression from Neutral as the fallback", () => {
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

  it("falls back to unsure by option, or where Neutral is no label", () => {
    const mixed = [...times(10, happy), ...times(10, sad)];
    expect(run(mixed, { fallback: "unsure" }).at(-1)).toBe("unsure");
    expect(run(mixed, {}, ["Top", "Bottom", "Left"]).at(-1)).toBe("unsure");
  });

  it.each(["exponential", "viterbi"] as const)(
    "with method %s also waits for size frames, and follows a lasting change",
    (method) => {
      const answers = run([...times(30, happy), ...times(40, sad)], { method });
      expect(answers.slice(0, 19)).toEqual(times(19, null));
      expect(answers[29]).toBe("Happy");
      expect(answers.at(-1)).toBe("Sad");
      // A single different frame changes nothing.
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
