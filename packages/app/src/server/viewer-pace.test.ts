import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Pace } from "./viewer-pace.ts";

const frame = (number: number) => ({ frame: number, capturedAt: Date.now() });

describe("the pace of a viewer", () => {
  it("allows several frames in flight to a quick viewer, and one to a slow viewer", async () => {
    const pace = new Pace();
    for (const number of [1, 2, 3]) {
      expect(pace.isFree).toBe(true);
      pace.sent(frame(number));
    }
    expect(pace.isFree).toBe(false);
    await setTimeout(120);
    pace.acknowledged(3);
    expect(pace.isFree).toBe(true);
    pace.sent(frame(4));
    expect(pace.isFree).toBe(false);
    pace.acknowledged(4);
    pace.sent(frame(5));
    expect(pace.isFree).toBe(true);
  });

  it("counts an acknowledgement for the frames before it, and none of an unknown frame", () => {
    const pace = new Pace();
    for (const number of [1, 2, 3]) pace.sent(frame(number));
    pace.acknowledged(9);
    expect(pace.isFree).toBe(false);
    pace.acknowledged(2);
    expect(pace.isFree).toBe(true);
  });

  it("reports the longest lag since the last report", async () => {
    const pace = new Pace();
    pace.sent({ frame: 1, capturedAt: Date.now() - 700 });
    pace.acknowledged(1);
    pace.skip();
    await setTimeout(10);
    const { lagMs, framesPerSecond, skipped } = pace.read();
    expect(lagMs).toBeGreaterThanOrEqual(700);
    expect(framesPerSecond).toBeGreaterThan(0);
    expect(skipped).toBe(1);
    expect(pace.read().lagMs).toBeNull();
  });
});
