/** Standard deviation of a detector's box edges, as a share of the face's size. */
const MEASUREMENT = 0.04;
/** Standard deviation of how a face's speed changes in a second, in face sizes a second. */
const ACCELERATION = 3;
/** How fast a face may be when it is first seen, in face sizes a second (standard deviation). */
const FIRST_SPEED = 1;
/** After a pause a prediction is worth nothing; this keeps it from running away, in seconds. */
const LONGEST_STEP = 0.5;

/**
 * One number that moves with a nearly constant velocity, estimated by a Kalman filter from noisy
 * measurements at any times.
 */
export class MovingValue {
  /** The estimate now. */
  value: number;
  #velocity = 0;
  #timeMs: number;
  /** Covariance of value and velocity: [[a, b], [b, c]]. */
  #a: number;
  #b = 0;
  #c: number;
  #size: number;

  /** @param size of the face in pixels, to which all noise is in proportion. */
  constructor(measured: number, size: number, timeMs: number) {
    this.value = measured;
    this.#size = size;
    this.#timeMs = timeMs;
    this.#a = (MEASUREMENT * size) ** 2;
    this.#c = (FIRST_SPEED * size) ** 2;
  }

  /** Moves the estimate on to a later time; an earlier one changes nothing. */
  predict(timeMs: number): void {
    const seconds = Math.min(LONGEST_STEP, Math.max(0, timeMs - this.#timeMs) / 1000);
    this.#timeMs = Math.max(this.#timeMs, timeMs);
    const push = (ACCELERATION * this.#size) ** 2 * seconds;
    this.value += this.#velocity * seconds;
    this.#a += 2 * this.#b * seconds + this.#c * seconds ** 2 + (push * seconds ** 2) / 3;
    this.#b += this.#c * seconds + (push * seconds) / 2;
    this.#c += push;
  }

  /** Takes in a measurement at the time that was last predicted. */
  correct(measured: number, size: number): void {
    this.#size = size;
    const spread = this.#a + (MEASUREMENT * size) ** 2;
    const gain = this.#a / spread;
    const speedGain = this.#b / spread;
    const surprise = measured - this.value;
    this.value += gain * surprise;
    this.#velocity += speedGain * surprise;
    this.#c -= speedGain * this.#b;
    this.#b *= 1 - gain;
    this.#a *= 1 - gain;
  }
}
