import { overlap, type Box } from "../image/box.ts";
import { checkOptions } from "../check-options.ts";
import type { Detection } from "../detect/detector-kinds.ts";
import { MovingValue } from "./moving-value.ts";

/** How faces are followed. */
export interface TrackerOptions {
  /** Overlap (intersection over union, 0–1) from which a detection belongs to a track; default 0.25. */
  readonly minOverlap?: number;
  /** For how long a face that is not found stays, in milliseconds; default 400. */
  readonly bridgeMs?: number;
}

/** A face that is followed. */
export interface Track {
  /** 1 for the first face; never used again. */
  readonly id: number;
  /** Smoothed, or predicted where the detector did not run or did not find it. */
  readonly box: Box;
  /** Of the last detection. */
  readonly score: number;
  /** Milliseconds since the last detection; 0 if it was found just now. */
  readonly missedMs: number;
}

/** For how long a track waits for the next frame, in milliseconds, if it is not bridged longer. */
const LONGEST_GAP = 2000;

interface Followed {
  readonly id: number;
  readonly values: readonly [MovingValue, MovingValue, MovingValue, MovingValue];
  score: number;
  seenMs: number;
}

/**
 * Follows faces from frame to frame: a Kalman filter with constant velocity for the centre and the
 * size of each, detections given to the tracks whose predicted boxes they overlap best.
 *
 * @see https://arxiv.org/abs/1602.00763 (SORT), of which this is the core
 */
export class Tracker {
  readonly #minOverlap: number;
  readonly #bridgeMs: number;
  #tracks: Followed[] = [];
  #last = 0;
  #timeMs = -Infinity;

  /** @throws {MienError} `usage` for an option out of range. */
  constructor(options: TrackerOptions = {}) {
    checkOptions("Tracker", options);
    const { minOverlap = 0.25, bridgeMs = 400 } = options;
    this.#minOverlap = minOverlap;
    this.#bridgeMs = bridgeMs;
  }

  /**
   * @param timeMs of the frame. Where it goes back, as when a film begins anew, everybody is
   * forgotten; where it leaps by more than 2 s (or `bridgeMs`, if that is more), so is whoever was
   * there before.
   * @param detections what the detector found; null if it did not run on this frame.
   * @returns the faces that are there now, by id.
   */
  update(timeMs: number, detections: readonly Detection[] | null): Track[] {
    const gap = timeMs < this.#timeMs ? -Infinity : Math.max(this.#bridgeMs, LONGEST_GAP);
    this.#timeMs = timeMs;
    this.#tracks = this.#tracks.filter(({ seenMs }) => timeMs - seenMs <= gap);
    for (const { values } of this.#tracks) for (const value of values) value.predict(timeMs);
    if (detections !== null) this.#assign(timeMs, detections);
    this.#tracks = this.#tracks.filter(({ seenMs }) => timeMs - seenMs <= this.#bridgeMs);
    return this.#tracks.map((track) => ({
      id: track.id,
      box: boxOf(track),
      score: track.score,
      missedMs: timeMs - track.seenMs,
    }));
  }

  /**
   * Best pairs first: those that overlap, then those that are near, as somebody who walks by is who
   * was never seen moving; what is left of the detections begins tracks of its own.
   */
  #assign(timeMs: number, detections: readonly Detection[]): void {
    const pairs = this.#tracks.flatMap((track) =>
      detections.map((detection) => {
        const box = boxOf(track);
        const shared = overlap(box, detection.box);
        const rank = shared >= this.#minOverlap ? 1 + shared : nearness(box, detection.box);
        return { track, detection, rank };
      }),
    );
    const free = new Set<Detection>(detections);
    const waiting = new Set<Followed>(this.#tracks);
    for (const { track, detection, rank } of pairs.sort((a, b) => b.rank - a.rank)) {
      if (rank <= 0) break;
      if (!free.has(detection) || !waiting.has(track)) continue;
      free.delete(detection);
      waiting.delete(track);
      const size = sizeOf(detection.box);
      measuresOf(detection.box).forEach((value, i) => track.values[i]?.correct(value, size));
      track.score = detection.score;
      track.seenMs = timeMs;
    }
    for (const { box, score } of free) {
      const size = sizeOf(box);
      const [x, y, w, h] = measuresOf(box).map((value) => new MovingValue(value, size, timeMs));
      const values = [x, y, w, h] as Followed["values"];
      this.#tracks.push({ id: ++this.#last, values, score, seenMs: timeMs });
    }
  }
}

/** 1 for the same place, 0 from one face's size away or where one face is half as large again. */
function nearness(a: Box, b: Box): number {
  const size = Math.max(sizeOf(a), sizeOf(b));
  if (size > 1.5 * Math.min(sizeOf(a), sizeOf(b))) return 0;
  const [ax, ay] = measuresOf(a);
  const [bx, by] = measuresOf(b);
  return Math.max(0, 1 - Math.hypot(ax - bx, ay - by) / size);
}

/** Centre and size, which move more independently than corners. */
function measuresOf([x, y, width, height]: Box): [number, number, number, number] {
  return [x + width / 2, y + height / 2, width, height];
}

function boxOf({ values }: Followed): Box {
  const [x, y, w, h] = values.map(({ value }) => value) as [number, number, number, number];
  const width = Math.max(w, 1);
  const height = Math.max(h, 1);
  return [x - width / 2, y - height / 2, width, height];
}

function sizeOf([, , width, height]: Box): number {
  return Math.sqrt(width * height);
}
