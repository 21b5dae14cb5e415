/** Numbers drawn from one stream; the same keys always give the same stream. */
export interface Random {
  /** Uniform in [0, 1), with 32 random bits. */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** A whole number, uniform in [0, below). */
  integer(below: number): number;
  /** Standard normal (mean 0, variance 1), by the Box–Muller transform. */
  normal(): number;
}

/**
 * Creates a stream of pseudo-random numbers that depends only on its keys. With keys such as (seed,
 * purpose, step), a computation draws the same numbers when it is resumed, reordered or distributed
 * over workers, and no state of a generator has to be stored.
 *
 * The keys are hashed with FNV-1a and MurmurHash3's finaliser; the stream is mulberry32.
 *
 * @param keys whole numbers or words; their order matters.
 */
export function random(...keys: readonly (number | string)[]): Random {
  let state = hashKeys(keys);
  const bits = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const uniform = () => bits() / 2 ** 32;
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    integer: (below) => Math.floor(uniform() * below),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** Shuffles numbers in place (Fisher–Yates) and returns them. */
export function shuffle<T extends { [index: number]: number; length: number }>(
  values: T,
  stream: Random,
): T {
  for (let i = values.length - 1; i > 0; i--) {
    const j = stream.integer(i + 1);
    const kept = values[i] ?? 0;
    values[i] = values[j] ?? 0;
    values[j] = kept;
  }
  return values;
}

/** A 32-bit hash of a list of keys; `[1, 23]` and `[12, 3]` differ. */
export function hashKeys(keys: readonly (number | string)[]): number {
  let hash = 0x811c9dc5;
  for (const character of JSON.stringify(keys)) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
