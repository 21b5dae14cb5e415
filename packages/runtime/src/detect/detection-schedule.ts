/** Frames per second for which the interval between detections is meant. */
const FRAMES_PER_SECOND = 30;

/** Decides in which frames faces are detected. */
export class DetectionSchedule {
  readonly #every: number;
  #framesSince = Infinity;
  #detectedMs = 0;
  #timeMs = -Infinity;

  /**
   * @param every interval in frames; where fewer than 30 frames a second arrive, the longest interval
   * is `every` thirtieths of a second.
   */
  constructor(every: number) {
    this.#every = every;
  }

  /**
   * Whether faces are to be detected in the next frame: in the first frame, after the interval, and
   * if time goes back, for example because a film starts again.
   *
   * @param timeMs time of that frame. Call this once for each frame.
   */
  isDue(timeMs: number): boolean {
    this.#framesSince++;
    const isDue =
      timeMs < this.#timeMs ||
      this.#framesSince >= this.#every ||
      timeMs - this.#detectedMs >= (this.#every * 1000) / FRAMES_PER_SECOND;
    this.#timeMs = timeMs;
    if (isDue) {
      this.#framesSince = 0;
      this.#detectedMs = timeMs;
    }
    return isDue;
  }
}
