import type { LiveResult } from "../messages.ts";
import type { StatisticsRecorder } from "../page-statistics.ts";
import type { LiveFrame } from "./server/connection.ts";

/** Shortest time between two updates of the text about the frame, in ms. */
const TEXT_INTERVAL = 80;

/**
 * The frame on the screen. Every frame is drawn, but the text about it is updated less often, since
 * nobody can read text that changes with every frame.
 */
export class Screen {
  latest: LiveFrame | null = null;
  latestDepth: ImageBitmap | null = null;
  paused = false;
  /** Called with the result that the text must describe; null if no frame is shown. */
  onText: (result: LiveResult | null) => void = () => undefined;
  readonly #painters = new Set<() => void>();
  readonly #statistics: StatisticsRecorder;
  #lastTextAt = 0;

  /** @param statistics gets every frame that is drawn. */
  constructor(statistics: StatisticsRecorder) {
    this.#statistics = statistics;
  }

  /** The age of the latest frame when it was drawn, in ms; null before the first frame. */
  get latencyMs(): number | null {
    return this.#statistics.latencyMs;
  }

  /**
   * Adds a function that draws the latest frame; it is called for every new frame.
   *
   * @returns a function that removes it.
   */
  addPainter(paint: () => void): () => void {
    this.#painters.add(paint);
    return () => void this.#painters.delete(paint);
  }

  /**
   * Draws a frame in place of the one before, whose picture it closes to free its memory. While
   * paused, it only closes the new picture.
   */
  show(next: LiveFrame): void {
    if (this.paused) {
      next.picture?.close();
      return;
    }
    this.latest?.picture?.close();
    this.latest = next;
    this.#paint();
    this.#statistics.addFrame(next.result.frame, next.takenAt);
    const now = performance.now();
    if (now - this.#lastTextAt < TEXT_INTERVAL) return;
    this.#lastTextAt = now;
    this.onText(next.result);
  }

  /** Removes every name that is not in the list from the latest frame, since it was deleted. */
  keepNames(people: readonly string[]): void {
    if (this.latest === null) return;
    const { result } = this.latest;
    const faces = result.faces.map((face) =>
      people.includes(face.person?.name ?? "") ? face : { ...face, person: null },
    );
    this.latest = { ...this.latest, result: { ...result, faces } };
    this.#paint();
    this.onText(this.latest.result);
  }

  /** Removes the pictures, and keeps the result of the latest frame. */
  dropPictures(): void {
    this.latestDepth?.close();
    this.latestDepth = null;
    if (this.latest === null) return;
    this.latest.picture?.close();
    this.latest = { ...this.latest, picture: null };
    this.#paint();
  }

  /** Removes the latest frame. */
  clear(): void {
    this.latest?.picture?.close();
    this.latest = null;
    this.onText(null);
  }

  /** Pauses or resumes. A pause updates the text, so that it describes the frame that stays. */
  pause(paused: boolean): void {
    this.paused = paused;
    if (paused && this.latest !== null) this.onText(this.latest.result);
  }

  /** Keeps a depth picture, which is drawn with the next frame, and closes the one before. */
  showDepth(next: ImageBitmap): void {
    if (this.paused) {
      next.close();
      return;
    }
    this.latestDepth?.close();
    this.latestDepth = next;
  }

  #paint(): void {
    for (const paint of this.#painters) paint();
  }
}
