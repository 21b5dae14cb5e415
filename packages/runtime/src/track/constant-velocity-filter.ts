/** Standard deviation of a detector's box edges, in face sizes. */
const MEASUREMENT_NOISE = 0.04;
/** Standard deviation of the change of a face's speed within a second, in face sizes per second. */
const SPEED_NOISE = 3;
/** Standard deviation of the speed of a face that is new, in face sizes per second. */
const FIRST_SPEED = 1;
/** Longest time that is predicted at once, so that a value does not run away in a pause, in seconds. */
const LONGEST_STEP = 0.5;

/**
 * A Kalman filter of one number that moves with nearly constant velocity, from noisy measurements at
 * any times.
 */
export class ConstantVelocityFilter {
  /** The current estimate. */
  value: number;
  #velocity = 0;
  #timeMs: number;
  /** Covariance of value and velocity: [[a, b], [b, c]]. */
  #a: number;
  #b = 0;
  #c: number;
  #size: number;

  /** @param size of the face in pixels; all noise is in proportion to it. */
  constructor(measured: number, size: number, timeMs: number) {
    this.value = measured;
    this.#size = size;
    this.#timeMs = timeMs;
    this.#a = (MEASUREMENT_NOISE * size) ** 2;
    this.#c = (FIRST_SPEED * size) ** 2;
  }

  /** Predicts the value at a later time; an earlier time changes nothing. */
  predict(timeMs: number): void {
    const seconds = Math.min(LONGEST_STEP, Math.max(0, timeMs - this.#timeMs) / 1000);
    this.#timeMs = Math.max(this.#timeMs, timeMs);
    const noise = (SPEED_NOISE * this.#size) ** 2 * seconds;
    this.value += this.#velocity * seconds;
    this.#a += 2 * this.#b * seconds + this.#c * seconds ** 2 + (noise * seconds ** 2) / 3;
    this.#b += this.#c * seconds + (noise * seconds) / 2;
    this.#c += noise;
  }

  /** Corrects the estimate by a measurement at the time of the last prediction. */
  correct(measured: number, size: number): void {
    this.#size = size;
    const variance = this.#a + (MEASUREMENT_NOISE * size) ** 2;
    const valueGain = this.#a / variance;
    const velocityGain = this.#b / variance;
    const difference = measured - this.value;
    this.value += valueGain * difference;
    this.#velocity += velocityGain * difference;
    this.#c -= velocityGain * this.#b;
    this.#b *= 1 - valueGain;
    this.#a *= 1 - valueGain;
  }
}
