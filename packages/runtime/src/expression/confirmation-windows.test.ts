import { describe, expect, it } from "vitest";
import { resolveConfirmation, type ConfirmationOptions } from "./confirmation.ts";
import { ConfirmationWindows, type TrackedFace } from "./confirmation-windows.ts";

const LABELS = ["Happy", "Sad", "Neutral"];
const happy = [0.8, 0.1, 0.1];
const sad = [0.1, 0.8, 0.1];

function windowsOf(options: ConfirmationOptions) {
  const windows = new ConfirmationWindows(LABELS, resolveConfirmation(options, LABELS));
  return (face: TrackedFace, probabilities: number[], timeMs: number) => {
    const { confirmed, counts } = windows.add(face, probabilities, timeMs);
    return { expression: confirmed?.expression ?? null, counts };
  };
}

describe("confirmation windows", () => {
  it("keep two people's frames apart", () => {
    const add = windowsOf({ size: 5 });
    for (let frame = 0; frame < 5; frame++) {
      add({ track: 1, person: "Ada" }, happy, frame * 33);
      add({ track: 2, person: null }, sad, frame * 33);
    }
    expect(add({ track: 1, person: "Ada" }, happy, 200).expression).toBe("Happy");
    expect(add({ track: 2, person: null }, sad, 200).expression).toBe("Sad");
  });

  it("follow a person from track to track, and a track until it is recognised", () => {
    const add = windowsOf({ size: 5 });
    for (let i = 0; i < 4; i++) {
      expect(add({ track: 1, person: null }, happy, i).expression).toBe(null);
    }
    expect(add({ track: 1, person: "Ada" }, happy, 5).expression).toBe("Happy");
    expect(add({ track: 9, person: "Ada" }, happy, 6).expression).toBe("Happy");
    expect(add({ track: 1, person: null }, happy, 7).expression).toBe(null);
  });

  it("start anew for a person who was away for more than 5 s", () => {
    const add = windowsOf({ size: 2 });
    add({ track: 1, person: "Ada" }, happy, 0);
    expect(add({ track: 1, person: "Ada" }, happy, 100).expression).toBe("Happy");
    expect(add({ track: 2, person: "Ada" }, happy, 5200)).toMatchObject({
      expression: null,
      counts: [1, 0, 0],
    });
  });

  it.each(["window", "exponential", "viterbi"] as const)(
    "count the labels of the last frames, no more than the window holds, for %s",
    (method) => {
      const add = windowsOf({ method, size: 4 });
      const rows = [happy, sad, happy, happy, sad, sad];
      const counts = rows.map((row, i) => add({ track: 3, person: null }, row, i).counts);
      expect(counts).toEqual([
        [1, 0, 0],
        [1, 1, 0],
        [2, 1, 0],
        [3, 1, 0],
        [2, 2, 0],
        [2, 2, 0],
      ]);
      // When the track is recognised, its window and counts pass to the person.
      expect(add({ track: 3, person: "Ada" }, happy, 9).counts).toEqual([2, 2, 0]);
      expect(add({ track: 3, person: null }, happy, 10).counts).toEqual([1, 0, 0]);
    },
  );
});
