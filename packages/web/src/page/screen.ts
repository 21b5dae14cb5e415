import type { LiveResult } from "../messages.ts";
import type { StatisticsRecorder } from "../page-statistics.ts";
import type { LiveFrame } from "./server/connection.ts";

/** What is written about a frame changes at most this often, in milliseconds: nobody reads faster. */
const WORDS_INTERVAL = 80;

/** What is shown now. Every frame is drawn; what is written about it follows less often. */
export class Screen {
  latest: LiveFrame | null = null;
  latestDepth: ImageBitmap | null = null;
  paused = false;
  onText: (result: LiveResult | null) => void = () => undefined;
  readonly #painters = new Set<() => void>();
  readonly #statistics: StatisticsRecorder;
  #lastWords = 0;

  /** @param statistics gets every frame that is drawn. */
  constructor(statistics: StatisticsRecorder) {
    this.#statistics = statistics;
  }

  /** The age of the frame when it was drawn, in ms; null before the first. */
  get latencyMs(): number | null {
    return this.#statistics.latencyMs;
  }

  /** @returns how to stop painting. */
  add(paint: () => void): () => void {
    this.#painters.add(paint);
    return () => void this.#painters.delete(paint);
  }

  /** A picture is closed when the next one takes its place: each is more than a megabyte. */
  show(next: LiveFrame): void {
    if (this.paused) {
      next.picture.close();
      return;
    }
    this.latest?.picture.close();
    this.latest = next;
    for (const paint of this.#painters) paint();
    this.#statistics.addFrame(next.result.frame, next.takenAt);
    const now = performance.now();
    if (now - this.#lastWords < WORDS_INTERVAL) return;
    this.#lastWords = now;
    this.onText(next.result);
  }

  /** Takes out names of those who are not among these people: they were deleted. */
  keepOnly(people: readonly string[]): void {
    if (this.latest === null) return;
    const { result } = this.latest;
    const faces = result.faces.map((face) =>
      people.includes(face.person?.name ?? "") ? face : { ...face, person: null },
    );
    this.latest = { ...this.latest, result: { ...result, faces } };
    for (const paint of this.#painters) paint();
    this.onText(this.latest.result);
  }

  /** Forgets the picture. */
  clear(): void {
    this.latest?.picture.close();
    this.latest = null;
    this.onText(null);
  }

  /** Stands still, with what is written about the frame that is seen; or goes on. */
  pause(paused: boolean): void {
    this.paused = paused;
    if (paused && this.latest !== null) this.onText(this.latest.result);
  }

  showDepth(next: ImageBitmap): void {
    if (this.paused) {
      next.close();
      return;
    }
    this.latestDepth?.close();
    this.latestDepth = next;
  }
}
