/** Frames per second for which the interval between detections is meant. */
const FRAMES_PER_SECOND = 30;

/**
 * What is to be done in a frame: nothing, find the faces that are followed, or search the whole
 * picture for new faces, too.
 */
export type DueDetection = "none" | "follow" | "search";

/** Decides in which frames faces are detected. */
export class DetectionSchedule {
  readonly #every: number;
  #framesSince = Infinity;
  #detectedMs = 0;
  #timeMs = -Infinity;
  /** Whether the last detection searched the whole picture. */
  #hasSearched = false;

  /**
   * @param every interval in frames; where fewer than 30 frames a second arrive, the longest interval
   * is `every` thirtieths of a second.
   */
  constructor(every: number) {
    this.#every = every;
  }

  /**
   * Which detection is due in the next frame. One is due in the first frame, after the interval, and
   * if time goes back, for example because a film starts again. Every second one searches.
   *
   * @param timeMs time of that frame. Call this once for each frame.
   * @param isCut whether the film is cut before that frame; then a search is due.
   */
  next(timeMs: number, isCut = false): DueDetection {
    this.#framesSince++;
    const isBack = timeMs < this.#timeMs;
    const isDue =
      isBack ||
      isCut ||
      this.#framesSince >= this.#every ||
      timeMs - this.#detectedMs >= (this.#every * 1000) / FRAMES_PER_SECOND;
    this.#timeMs = timeMs;
    if (!isDue) return "none";
    this.#framesSince = 0;
    this.#detectedMs = timeMs;
    this.#hasSearched = isBack || isCut || !this.#hasSearched;
    return this.#hasSearched ? "search" : "follow";
  }
}
