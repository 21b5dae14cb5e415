import { describe, expect, it } from "vitest";
import type { LiveResult } from "../../messages.ts";
import { ExpressionHistory } from "./expression-history.ts";

/**
 * A result with one face, at a time in seconds.
 *
 * @param name of the person, or the number of the track of an unknown face.
 * @param probability of the first of two expressions.
 */
function resultAt(second: number, name: string | number, probability = 0.5): LiveResult {
  return {
    type: "frame",
    source: "camera",
    frame: 0,
    timeMs: 0,
    width: 640,
    height: 480,
    timings: {},
    capturedAt: 1000 * second,
    depth: false,
    windows: {},
    faces: [
      {
        track: typeof name === "number" ? name : 1,
        box: [0, 0, 48, 48],
        score: 1,
        distanceMm: null,
        relief: "unknown",
        person: typeof name === "number" ? null : { name, distance: 0 },
        probabilities: [probability, 1 - probability],
        expression: "Happy",
        confirmed: null,
        quorumReached: null,
      },
    ],
  };
}

describe("ExpressionHistory", () => {
  it("keeps the mean of each fifth of a second", () => {
    const history = new ExpressionHistory();
    history.add(resultAt(100, "Ada", 0.25));
    history.add(resultAt(100.125, "Ada", 0.75));
    history.add(resultAt(100.25, "Ada", 1));
    expect(history.series.get("Ada")).toMatchObject({ times: [100], shares: [[0.5], [0.5]] });
    expect(history.now).toBe(100.25);
  });

  it("puts a gap where a person was away for more than a second", () => {
    const history = new ExpressionHistory();
    for (const second of [100, 100.25, 110, 110.25]) history.add(resultAt(second, "Ada"));
    expect(history.series.get("Ada")?.shares[0]).toContain(null);
    const steady = new ExpressionHistory();
    for (const second of [100, 100.25, 100.5, 100.75]) steady.add(resultAt(second, "Ada"));
    expect(steady.series.get("Ada")?.shares[0]).toEqual([0.5, 0.5, 0.5]);
  });

  it("removes deleted people at once, and keeps unknown ones", () => {
    const history = new ExpressionHistory();
    for (const name of ["Ada", "Bob", 7]) {
      history.add(resultAt(100, name));
      history.add(resultAt(101, name));
    }
    history.keepNames(["Bob"]);
    expect([...history.series.keys()]).toEqual(["Bob", "Unknown 7"]);
    // The step that was not finished when Ada was deleted is removed, too.
    history.add(resultAt(102, "Ada"));
    expect(history.series.has("Ada")).toBe(false);
  });

  it("goes on with the series of an unknown face when the face is recognised", () => {
    const history = new ExpressionHistory();
    for (const second of [100, 100.25, 100.5]) history.add(resultAt(second, 1));
    for (const second of [100.75, 101]) history.add(resultAt(second, "Ada"));
    expect([...history.series.keys()]).toEqual(["Ada"]);
    expect(history.series.get("Ada")).toMatchObject({ times: [100, 100.25, 100.5, 100.75] });
    // Another track is recognised as the same person later.
    for (const second of [110, 110.25]) history.add(resultAt(second, 1));
    history.add(resultAt(110.5, "Ada"));
    history.add(resultAt(110.75, "Ada"));
    expect([...history.series.keys()]).toEqual(["Ada"]);
    expect(history.series.get("Ada")?.times.filter((time) => time >= 110)).toEqual([
      110, 110.25, 110.5,
    ]);
  });

  it("keeps the twelve people who were seen last", () => {
    const history = new ExpressionHistory();
    for (let track = 1; track <= 20; track++) {
      history.add(resultAt(10 * track, track));
      history.add(resultAt(10 * track + 1, track));
    }
    expect([...history.series.keys()]).toEqual(
      Array.from({ length: 12 }, (_, i) => `Unknown ${i + 9}`),
    );
  });
});
