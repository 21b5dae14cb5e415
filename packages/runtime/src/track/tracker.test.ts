import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { overlap, type Box } from "../image/box.ts";
import { Tracker } from "./tracker.ts";

const face = (x: number, y: number, size = 80): { box: Box; score: number } => ({
  box: [x, y, size, size],
  score: 0.9,
});

describe("a tracker", () => {
  it("keeps the ids of two faces that pass each other at different heights", () => {
    const tracker = new Tracker();
    const seen: [number, number][] = [];
    for (let frame = 0; frame < 60; frame++) {
      const found = [face(40 + 8 * frame, 100), face(512 - 8 * frame, 170)];
      // The detector's order means nothing.
      if (frame % 2 === 1) found.reverse();
      const tracks = tracker.update(frame * 33, found);
      expect(tracks.map(({ id }) => id)).toEqual([1, 2]);
      seen.push([tracks[0]!.box[0], tracks[1]!.box[0]]);
    }
    expect(seen.at(-1)![0]).toBeGreaterThan(480);
    expect(seen.at(-1)![1]).toBeLessThan(80);
  });

  it("bridges missed frames by going on, then lets go and never uses the id again", () => {
    const tracker = new Tracker({ bridgeMs: 400 });
    for (let frame = 0; frame < 20; frame++) tracker.update(frame * 40, [face(50 + 6 * frame, 50)]);
    const [bridged] = tracker.update(20 * 40 + 80, []);
    expect(bridged).toMatchObject({ id: 1, missedMs: 120 });
    expect(overlap(bridged!.box, face(50 + 6 * 22, 50).box)).toBeGreaterThan(0.8);
    expect(tracker.update(20 * 40 + 500, [])).toEqual([]);
    expect(tracker.update(20 * 40 + 540, [face(50 + 6 * 33, 50)])[0]!.id).toBe(2);
  });

  it("with every second frame not looked at stays as near to a moving face", () => {
    const tracker = new Tracker();
    let worst = 1;
    for (let frame = 0; frame < 90; frame++) {
      const truth = face(200 + 120 * Math.sin(frame / 15), 100 + 30 * Math.cos(frame / 10));
      const [track] = tracker.update(frame * 33, frame % 2 === 0 ? [truth] : null);
      if (frame > 10) worst = Math.min(worst, overlap(track!.box, truth.box));
    }
    expect(worst).toBeGreaterThan(0.75);
  });

  it("keeps somebody who walks by, and whoever stands a face's size beside them", () => {
    const tracker = new Tracker();
    for (let frame = 0; frame < 30; frame++) {
      // Eleven face sizes a second, looked for in every second frame.
      const found = [face(40 + 30 * frame, 100), face(400, 215)];
      const tracks = tracker.update(frame * 33.3, frame % 2 === 0 ? found : null);
      expect(tracks.map(({ id }) => id)).toEqual([1, 2]);
    }
    const left = new Tracker();
    left.update(0, [face(100, 100), face(185, 100)]);
    // The first one is gone; the second one has not become it.
    expect(left.update(33, [face(185, 100)]).at(-1)).toMatchObject({ id: 2, missedMs: 0 });
    expect(left.update(500, [face(160, 160, 160)]).map(({ id }) => id)).toEqual([3]);
  });

  it("halves the jitter of a face that keeps still", () => {
    const tracker = new Tracker();
    const stream = random(3, "jitter");
    const raw: number[] = [];
    const smooth: number[] = [];
    for (let frame = 0; frame < 300; frame++) {
      const found = face(100 + 3 * stream.normal(), 100 + 3 * stream.normal());
      const [track] = tracker.update(frame * 33, [found]);
      raw.push(found.box[0]);
      smooth.push(track!.box[0]);
    }
    const jitter = (xs: number[]) => {
      const steps = xs.slice(51).map((x, i) => x - xs[50 + i]!);
      return Math.sqrt(steps.reduce((sum, step) => sum + step * step, 0) / steps.length);
    };
    expect(jitter(smooth)).toBeLessThan(0.55 * jitter(raw));
  });

  it("does not take whoever comes after seconds without frames for who was there", () => {
    const tracker = new Tracker();
    tracker.update(0, [face(100, 100)]);
    // A slow camera keeps them.
    expect(tracker.update(1900, [face(100, 100)])).toMatchObject([{ id: 1 }]);
    expect(tracker.update(4000, [face(100, 100)])).toMatchObject([{ id: 2 }]);
    const patient = new Tracker({ bridgeMs: 5000 });
    patient.update(0, [face(100, 100)]);
    expect(patient.update(4000, [face(100, 100)])).toMatchObject([{ id: 1 }]);
  });

  it("forgets everybody when time goes back, and uses no id again", () => {
    const tracker = new Tracker();
    for (let frame = 0; frame < 90; frame++) tracker.update(frame * 33, [face(100, 100)]);
    expect(tracker.update(0, [face(400, 100)])).toMatchObject([{ id: 2, missedMs: 0 }]);
    expect(tracker.update(33, null)).toMatchObject([{ id: 2 }]);
  });

  it("refuses options that make no sense", () => {
    expect(() => new Tracker({ minOverlap: 0 })).toThrow(/minOverlap must be between 0 and 1/);
    expect(() => new Tracker({ bridgeMs: NaN })).toThrow(/bridgeMs/);
  });
});
