import { itemAt, random, shuffle } from "@mien/format";

/** Vectors of one length: float32 [count, width], row-major. */
export interface Vectors {
  readonly values: Float32Array;
  readonly width: number;
}

/** Vectors that need not be in memory at the same time. */
export interface VectorSource {
  readonly count: number;
  readonly width: number;
  /** @returns the vectors at these places, float32 [places, width]. */
  read(places: Uint32Array): Float32Array;
}

/** The directions in which vectors vary most. */
export interface PrincipalComponents {
  /** The components of all vectors, float32 [count, components]. */
  readonly projected: Vectors;
  /** Share of the variance along each component, 0–1, the largest first. */
  readonly explained: readonly number[];
}

/** Largest number of vectors from which the components are computed, and of multiplications. */
const MOST = { vectors: 2500, products: 1e9 };
/** Further directions that are iterated, so that the wanted ones converge faster. */
const FURTHER = 8;
/**
 * The iteration ends when no variance changes by more than this share of the largest one, or after
 * `ROUNDS`.
 */
const TOLERANCE = 1e-12;
const ROUNDS = 100;
/** Number of vectors that are read and projected at a time. */
const CHUNK = 4096;

/**
 * Principal component analysis: orthogonal iteration with the Rayleigh–Ritz procedure on the
 * covariance matrix (Golub and Van Loan, Matrix Computations, 4th edition, section 8.2.4). The sign of
 * a component is such that its largest coefficient is positive.
 *
 * @param options.components number of components, at most the width of the vectors.
 * @param options.seed chooses the vectors from which components are computed if there are more than
 * 2,500.
 */
export function principalComponents(
  source: VectorSource,
  { components, seed }: { readonly components: number; readonly seed: number },
): PrincipalComponents {
  const { count, width } = source;
  const most = Math.max(2, Math.min(MOST.vectors, Math.floor(MOST.products / width ** 2)));
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const chosen =
    count > most ? shuffle(order, random(seed, "components")).subarray(0, most) : order;
  const wanted = Math.min(components, width);
  const sample = { values: source.read(chosen), width };
  const { mean, axes, variances, total } = principalAxes(sample, Uint32Array.from(chosen.keys()), {
    wanted,
    seed,
  });
  const projected = new Float32Array(count * wanted);
  for (let from = 0; from < count; from += CHUNK) {
    const to = Math.min(count, from + CHUNK);
    const values = source.read(Uint32Array.from({ length: to - from }, (_, i) => from + i));
    for (let i = from; i < to; i++) {
      for (let c = 0; c < wanted; c++) {
        let sum = 0;
        for (let k = 0, at = (i - from) * width; k < width; k++, at++) {
          sum += (values[at]! - mean[k]!) * axes[c * width + k]!;
        }
        projected[i * wanted + c] = sum;
      }
    }
  }
  return {
    projected: { values: projected, width: wanted },
    explained: Array.from(variances, (v) => (total > 0 ? v / total : 0)),
  };
}

/** Vectors in memory as a source. */
export function readableVectors({ values, width }: Vectors): VectorSource {
  return {
    count: values.length / width,
    width,
    read: (places) => {
      const found = new Float32Array(places.length * width);
      places.forEach((place, i) => {
        found.set(values.subarray(place * width, (place + 1) * width), i * width);
      });
      return found;
    },
  };
}

/** The mean of vectors, and the directions in which they vary most. */
export interface PrincipalAxes {
  /** [width] */
  readonly mean: Float64Array;
  /** [wanted, width], each of length 1; zeros where nothing varies. */
  readonly axes: Float64Array;
  /** [wanted], the variance along each axis, the largest first. */
  readonly variances: Float64Array;
  /** The variance along all directions together. */
  readonly total: number;
}

/**
 * The principal axes of some vectors, by the method of `principalComponents`.
 *
 * @param chosen indices of the vectors from which the axes are computed.
 * @param options.wanted number of axes, at most the width of the vectors.
 * @param options.rounds largest number of iterations; default 100.
 */
export function principalAxes(
  vectors: Vectors,
  chosen: Uint32Array,
  options: { readonly wanted: number; readonly seed: number; readonly rounds?: number },
): PrincipalAxes {
  const { values, width } = vectors;
  const mean = new Float64Array(width);
  for (const i of chosen) {
    for (let k = 0; k < width; k++) mean[k]! += (values[i * width + k] ?? 0) / chosen.length;
  }
  const covariance = covarianceOf(vectors, chosen, mean);
  let total = 0;
  for (let k = 0; k < width; k++) total += covariance[k * width + k] ?? 0;
  const { wanted } = options;
  const { axes, variances } = largestDirections(covariance, width, options);
  return {
    mean,
    axes: axes.subarray(0, wanted * width),
    variances: variances.subarray(0, wanted),
    total,
  };
}

/** [width, width] */
function covarianceOf({ values, width }: Vectors, chosen: Uint32Array, mean: Float64Array) {
  const n = chosen.length;
  // Columns, so that memory is read in sequence.
  const columns = new Float32Array(width * n);
  for (let i = 0; i < n; i++) {
    const from = itemAt(chosen, i) * width;
    for (let k = 0; k < width; k++) columns[k * n + i] = (values[from + k] ?? 0) - (mean[k] ?? 0);
  }
  const covariance = new Float64Array(width * width);
  for (let a = 0; a < width; a++) {
    for (let b = a; b < width; b++) {
      let sum = 0;
      for (let p = a * n, q = b * n, end = p + n; p < end; p++, q++) {
        sum += columns[p]! * columns[q]!;
      }
      covariance[a * width + b] = covariance[b * width + a] = sum / Math.max(1, n - 1);
    }
  }
  return covariance;
}

/** The eigenvectors with the largest eigenvalues as rows, [wanted, width], and these eigenvalues. */
function largestDirections(
  matrix: Float64Array,
  width: number,
  options: { readonly wanted: number; readonly seed: number; readonly rounds?: number },
): { axes: Float64Array; variances: Float64Array } {
  const { wanted, seed, rounds = ROUNDS } = options;
  const rows = Math.min(width, wanted + FURTHER);
  const chance = random(seed, "directions");
  let axes: Float64Array = Float64Array.from({ length: rows * width }, () => chance.between(-1, 1));
  let variances: Float64Array = new Float64Array(rows);
  orthonormalise(axes, width);
  for (let round = 0; round < rounds; round++) {
    const images = timesMatrix(axes, matrix, width);
    // Rayleigh–Ritz: the eigenvectors within the present directions, and then one step of iteration.
    const small = new Float64Array(rows * rows);
    for (let r = 0; r < rows; r++) {
      for (let s = 0; s < rows; s++) {
        small[r * rows + s] = dot(axes, images, { at: r * width, other: s * width, width });
      }
    }
    const { values, vectors } = eigenvectors(small, rows);
    const change = values.reduce((most, value, r) => {
      const difference = r < wanted ? Math.abs(value - (variances[r] ?? 0)) : 0;
      return Math.max(most, difference);
    }, 0);
    variances = values;
    if (change <= TOLERANCE * (values[0] ?? 0)) {
      axes = rotate(axes, vectors, { rows, width });
      break;
    }
    axes = rotate(images, vectors, { rows, width });
    orthonormalise(axes, width);
  }
  for (let r = 0; r < wanted; r++) {
    const axis = axes.subarray(r * width, (r + 1) * width);
    const largest = axis.reduce((best, v) => (Math.abs(v) > Math.abs(best) ? v : best), 0);
    if (largest < 0) axis.forEach((value, k) => (axis[k] = -value));
  }
  return { axes, variances };
}

/** rows × matrix, for a symmetric matrix [width, width]. */
function timesMatrix(rows: Float64Array, matrix: Float64Array, width: number): Float64Array {
  const result = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += width) {
    for (let k = 0; k < width; k++) {
      result[at + k] = dot(matrix, rows, { at: k * width, other: at, width });
    }
  }
  return result;
}

/** vectors × values: new rows that are mixtures of the given ones. */
function rotate(
  values: Float64Array,
  vectors: Float64Array,
  { rows, width }: { readonly rows: number; readonly width: number },
): Float64Array {
  const result = new Float64Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let s = 0; s < rows; s++) {
      const weight = vectors[r * rows + s]!;
      for (let k = 0; k < width; k++) result[r * width + k]! += weight * values[s * width + k]!;
    }
  }
  return result;
}

/** All eigenvectors of a small symmetric matrix as rows, the largest eigenvalue first (Jacobi's method). */
function eigenvectors(matrix: Float64Array, size: number) {
  const m = matrix.slice();
  const rows = new Float64Array(size * size);
  for (let r = 0; r < size; r++) rows[r * size + r] = 1;
  for (let sweep = 0; sweep < 30; sweep++) {
    let rest = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const off = m[p * size + q]!;
        rest += off * off;
        if (Math.abs(off) < 1e-300) continue;
        const half = (m[q * size + q]! - m[p * size + p]!) / (2 * off);
        const t = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.sqrt(half * half + 1));
        const cos = 1 / Math.sqrt(t * t + 1);
        const turn = (values: Float64Array, a: number, b: number) => {
          const [x, y] = [values[a]!, values[b]!];
          values[a] = cos * x - cos * t * y;
          values[b] = cos * t * x + cos * y;
        };
        for (let k = 0; k < size; k++) turn(m, k * size + p, k * size + q);
        for (let k = 0; k < size; k++) turn(m, p * size + k, q * size + k);
        for (let k = 0; k < size; k++) turn(rows, p * size + k, q * size + k);
      }
    }
    const diagonal = m.reduce(
      (sum, value, at) => (at % (size + 1) === 0 ? sum + value ** 2 : sum),
      0,
    );
    if (rest <= 1e-28 * diagonal) break;
  }
  const order = Array.from({ length: size }, (_, r) => r).sort(
    (a, b) => m[b * size + b]! - m[a * size + a]!,
  );
  const vectors = new Float64Array(size * size);
  for (const [r, from] of order.entries()) {
    vectors.set(rows.subarray(from * size, (from + 1) * size), r * size);
  }
  return { values: Float64Array.from(order, (r) => m[r * size + r]!), vectors };
}

/** Makes rows of length 1 that are at right angles to each other (modified Gram–Schmidt). */
function orthonormalise(rows: Float64Array, width: number): void {
  for (let r = 0; r < rows.length; r += width) {
    for (let s = 0; s < r; s += width) {
      const along = dot(rows, rows, { at: r, other: s, width });
      for (let k = 0; k < width; k++) rows[r + k]! -= along * rows[s + k]!;
    }
    const length = Math.sqrt(dot(rows, rows, { at: r, other: r, width }));
    // A direction without variance stays zero.
    for (let k = 0; k < width; k++) rows[r + k]! /= length > 1e-12 ? length : Infinity;
  }
}

function dot(
  a: Float64Array,
  b: Float64Array,
  { at, other, width }: { readonly at: number; readonly other: number; readonly width: number },
): number {
  let sum = 0;
  for (let k = 0; k < width; k++) sum += a[at + k]! * b[other + k]!;
  return sum;
}
