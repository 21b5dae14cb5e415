/** Time of one step in one round, in milliseconds. */
export interface Sample {
  readonly wall: number;
  /** Processor time of all threads. */
  readonly cpu: number;
}

/** How fast one way of training is. */
export interface SpeedRow {
  /** Median over the rounds. */
  readonly imagesPerSecond: number;
  /** Lowest and highest round. */
  readonly imagesPerSecondRange: readonly [number, number];
  /** Processor time of all threads a step, in milliseconds; median over the rounds. */
  readonly cpuMsPerStep: number;
  readonly cpuMsPerStepRange: readonly [number, number];
  /** Useful floating-point operations a second, in 10⁹, at the median speed. */
  readonly gflops: number;
}

/** How many times as fast one way is as another, compared round by round. */
export interface SpeedRatio {
  readonly median: number;
  /** Lowest and highest round. */
  readonly range: readonly [number, number];
}

/** @param flopsPerImage of one training step. */
export function speedRow(
  samples: readonly Sample[],
  { batchSize, flopsPerImage }: { readonly batchSize: number; readonly flopsPerImage: number },
): SpeedRow {
  const speeds = samples.map(({ wall }) => (1000 * batchSize) / wall);
  const cpu = samples.map((sample) => sample.cpu);
  const imagesPerSecond = median(speeds);
  return {
    imagesPerSecond,
    imagesPerSecondRange: [Math.min(...speeds), Math.max(...speeds)],
    cpuMsPerStep: median(cpu),
    cpuMsPerStepRange: [Math.min(...cpu), Math.max(...cpu)],
    gflops: (imagesPerSecond * flopsPerImage) / 1e9,
  };
}

/** Speed of the first over that of the second; rounds of one number took turns. */
export function speedRatio(first: readonly Sample[], second: readonly Sample[]): SpeedRatio {
  const ratios = first.map(({ wall }, round) => (second[round] as Sample).wall / wall);
  return { median: median(ratios), range: [Math.min(...ratios), Math.max(...ratios)] };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
