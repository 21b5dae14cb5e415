import { describe, expect, it } from "vitest";
import { TimeSpan } from "./time-span.ts";

/** A span that ends at second 1000 and shows a minute. */
function spanAt1000(): TimeSpan {
  const span = new TimeSpan();
  span.advance(1000);
  return span;
}

describe("TimeSpan", () => {
  it("shows the last minute while it follows the newest result", () => {
    const span = spanAt1000();
    expect([span.min, span.max]).toEqual([940, 1000]);
  });

  it("does not follow after it was moved, until it is told to follow again", () => {
    const span = spanAt1000();
    let changes = 0;
    span.onChange = () => changes++;
    span.move(-0.5);
    span.move(-0.5);
    span.advance(1100);
    expect([span.follows, span.min, span.max, changes]).toEqual([false, 880, 940, 1]);
    span.follow();
    span.advance(1200);
    expect([span.follows, span.min, span.max, changes]).toEqual([true, 1140, 1200, 2]);
  });

  it("goes on following with another length when its length changes", () => {
    const span = spanAt1000();
    span.zoom(2);
    expect([span.follows, span.min, span.max]).toEqual([true, 880, 1000]);
    span.advance(1100);
    expect([span.min, span.max]).toEqual([980, 1100]);
    span.move(-0.5);
    span.zoom(0.5);
    expect([span.follows, span.min, span.max]).toEqual([false, 980, 1040]);
    span.follow();
    span.advance(1200);
    expect([span.min, span.max]).toEqual([1140, 1200]);
  });

  it("shows at least 2 seconds and at most 6 hours", () => {
    const span = spanAt1000();
    span.zoom(0);
    expect(span.max - span.min).toBe(2);
    span.show(0, 1e6);
    expect(span.max - span.min).toBe(6 * 3600);
  });
});
