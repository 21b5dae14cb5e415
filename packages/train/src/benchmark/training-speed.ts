import { summarise, summariseRatios, type Turn } from "@mien/bench";

/** A turn of several training steps; `durations` holds one value, the mean time per step. */
export interface StepTurn extends Turn {
  /** Processor time of all threads, in milliseconds per step. */
  readonly cpuMs: number;
}

/** The speed of one way of training. */
export interface SpeedRow {
  /** Median over the rounds. */
  readonly imagesPerSecond: number;
  /** Lowest and highest round. */
  readonly imagesPerSecondRange: readonly [number, number];
  /** Processor time of all threads, in milliseconds per step; median over the rounds. */
  readonly cpuMsPerStep: number;
  readonly cpuMsPerStepRange: readonly [number, number];
  /** Useful floating-point operations per second, in 10⁹, at the median speed. */
  readonly gflops: number;
}

/** The ratio of the speeds of two ways, computed in each round. */
export interface SpeedRatio {
  readonly median: number;
  /** Lowest and highest round. */
  readonly range: readonly [number, number];
}

/** @param flopsPerImage floating-point operations of one training step per image. */
export function speedRow(
  turns: readonly StepTurn[],
  { batchSize, flopsPerImage }: { readonly batchSize: number; readonly flopsPerImage: number },
): SpeedRow {
  const speed = summarise(stepTimes(turns).map((ms) => (1000 * batchSize) / ms));
  const cpu = summarise(turns.map(({ cpuMs }) => cpuMs));
  return {
    imagesPerSecond: speed.median,
    imagesPerSecondRange: [speed.min, speed.max],
    cpuMsPerStep: cpu.median,
    cpuMsPerStepRange: [cpu.min, cpu.max],
    gflops: (speed.median * flopsPerImage) / 1e9,
  };
}

/** The speed of the first way divided by the speed of the second, in each round. */
export function speedRatio(first: readonly StepTurn[], second: readonly StepTurn[]): SpeedRatio {
  const { median, min, max } = summariseRatios(stepTimes(second), stepTimes(first));
  return { median, range: [min, max] };
}

function stepTimes(turns: readonly StepTurn[]): number[] {
  return turns.flatMap(({ durations }) => durations);
}
