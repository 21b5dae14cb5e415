import { overlap, type Box } from "../image/box.ts";
import { checkOptions } from "../check-options.ts";
import { ConstantVelocityFilter } from "./constant-velocity-filter.ts";
import type { Detection } from "../detect/detector-kinds.ts";
import type { OptionsOf, ResolvedOptions } from "../setting.ts";
import { pipelineSettings } from "../pipeline-settings.ts";

const settings = pipelineSettings.tracking;

/** How faces are followed from frame to frame. */
export type TrackerOptions = OptionsOf<(typeof pipelineSettings)["tracking"]>;

/** A face that is followed from frame to frame. */
export interface Track {
  /** Number of the track; never used again. */
  readonly id: number;
  /** Smoothed box; predicted where the face was not detected. */
  readonly box: Box;
  /** Score of the last detection, 0–1. */
  readonly score: number;
  /** Milliseconds since the last detection; 0 if the face was detected in this frame. */
  readonly missedMs: number;
}

/** Tracks end if no frame comes for longer than this or `bridgeMs`, whichever is longer, in ms. */
const LONGEST_GAP_MS = 2000;
/** A detection whose size differs from a track's by more than this factor is another face. */
const MAX_SIZE_RATIO = 1.5;

interface TrackState {
  readonly id: number;
  /** Filters of the box's centre and size, which are less correlated than its corners. */
  readonly filters: BoxFilters;
  score: number;
  /** Time of the last detection. */
  detectedMs: number;
}

interface BoxFilters {
  readonly centreX: ConstantVelocityFilter;
  readonly centreY: ConstantVelocityFilter;
  readonly width: ConstantVelocityFilter;
  readonly height: ConstantVelocityFilter;
}

/**
 * Follows faces from frame to frame: a Kalman filter with constant velocity for the centre and the
 * size of each face; each detection is assigned to the track whose predicted box it overlaps best.
 *
 * @see https://arxiv.org/abs/1602.00763 (SORT), whose core this is
 * @example
 * const tracker = new Tracker({ bridgeMs: 1000 });
 * const tracks = tracker.update(frame.timeMs, await detector.detect(frame));
 * for (const { id, box } of tracks) console.log(id, box);
 */
export class Tracker {
  readonly #minOverlap: number;
  readonly #bridgeMs: number;
  readonly #nextId: () => number;
  #tracks: TrackState[] = [];
  #timeMs = -Infinity;

  /**
   * @param nextId gives each new track its id; default: 1, 2, 3, ….
   * @throws {MienError} `usage` for an option that is unknown or out of range.
   */
  constructor(options: TrackerOptions = {}, nextId = countFrom1()) {
    checkOptions("Tracker", options);
    const { minOverlap, bridgeMs } = resolveTracking(options);
    this.#minOverlap = minOverlap;
    this.#bridgeMs = bridgeMs;
    this.#nextId = nextId;
  }

  /**
   * Takes the detections of one frame.
   *
   * @param timeMs of the frame. If it goes back, for example because a film starts again, every
   * track ends; if it leaps by more than 2 s (or `bridgeMs`, if that is more), every earlier track
   * ends.
   * @param detections of the detector; null if it did not run on this frame.
   * @returns the current tracks, by id.
   */
  update(timeMs: number, detections: readonly Detection[] | null): Track[] {
    const longestGap = timeMs < this.#timeMs ? -Infinity : Math.max(this.#bridgeMs, LONGEST_GAP_MS);
    this.#timeMs = timeMs;
    this.#tracks = this.#tracks.filter(({ detectedMs }) => timeMs - detectedMs <= longestGap);
    for (const { filters } of this.#tracks) {
      filters.centreX.predict(timeMs);
      filters.centreY.predict(timeMs);
      filters.width.predict(timeMs);
      filters.height.predict(timeMs);
    }
    if (detections !== null) this.#assign(timeMs, detections);
    this.#tracks = this.#tracks.filter(({ detectedMs }) => timeMs - detectedMs <= this.#bridgeMs);
    return this.#tracks.map((track) => ({
      id: track.id,
      box: boxOf(track),
      score: track.score,
      missedMs: timeMs - track.detectedMs,
    }));
  }

  /** Ends every track, for example at a film's cut. No id is used again. */
  endAll(): void {
    this.#tracks = [];
  }

  /** Size √(width · height) of the smallest face that is followed, in pixels; undefined without any. */
  get smallestFace(): number | undefined {
    if (this.#tracks.length === 0) return undefined;
    return Math.min(...this.#tracks.map((track) => sizeOf(boxOf(track))));
  }

  /**
   * Assigns detections to tracks, best pairs first: those that overlap, then those that are near, since
   * a person who walks by fast does not overlap the prediction. The remaining detections start tracks.
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
    const unassigned = new Set<Detection>(detections);
    const waiting = new Set<TrackState>(this.#tracks);
    for (const { track, detection, rank } of pairs.sort((a, b) => b.rank - a.rank)) {
      if (rank <= 0) break;
      if (!unassigned.has(detection) || !waiting.has(track)) continue;
      unassigned.delete(detection);
      waiting.delete(track);
      correct(track.filters, detection.box);
      track.score = detection.score;
      track.detectedMs = timeMs;
    }
    for (const { box, score } of unassigned) {
      const filters = filtersFor(box, timeMs);
      this.#tracks.push({ id: this.#nextId(), filters, score, detectedMs: timeMs });
    }
  }
}

/** Fills in the defaults of checked options. */
export function resolveTracking(
  options: TrackerOptions,
): ResolvedOptions<(typeof pipelineSettings)["tracking"]> {
  const { minOverlap = settings.minOverlap.default, bridgeMs = settings.bridgeMs.default } =
    options;
  return { minOverlap, bridgeMs };
}

/** A function that returns 1, 2, 3, … from one call to the next. */
export function countFrom1(): () => number {
  let last = 0;
  return () => ++last;
}

/**
 * How near two boxes are: 1 at the same place; 0 at a face's size apart or if their sizes differ
 * too much.
 */
function nearness(a: Box, b: Box): number {
  const size = Math.max(sizeOf(a), sizeOf(b));
  if (size > MAX_SIZE_RATIO * Math.min(sizeOf(a), sizeOf(b))) return 0;
  const centreOf = ([x, y, width, height]: Box) => [x + width / 2, y + height / 2] as const;
  const [ax, ay] = centreOf(a);
  const [bx, by] = centreOf(b);
  return Math.max(0, 1 - Math.hypot(ax - bx, ay - by) / size);
}

function filtersFor(box: Box, timeMs: number): BoxFilters {
  const [x, y, width, height] = box;
  const start = (value: number) => new ConstantVelocityFilter(value, sizeOf(box), timeMs);
  return {
    centreX: start(x + width / 2),
    centreY: start(y + height / 2),
    width: start(width),
    height: start(height),
  };
}

function correct(filters: BoxFilters, box: Box): void {
  const [x, y, width, height] = box;
  const size = sizeOf(box);
  filters.centreX.correct(x + width / 2, size);
  filters.centreY.correct(y + height / 2, size);
  filters.width.correct(width, size);
  filters.height.correct(height, size);
}

function boxOf({ filters }: TrackState): Box {
  const width = Math.max(filters.width.value, 1);
  const height = Math.max(filters.height.value, 1);
  return [filters.centreX.value - width / 2, filters.centreY.value - height / 2, width, height];
}

function sizeOf([, , width, height]: Box): number {
  return Math.sqrt(width * height);
}
