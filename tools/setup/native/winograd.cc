#include "winograd.h"

#include <string.h>

#include "parallel.h"

// The rest of this file is compiled for processors with AVX2; has_winograd() says whether this is one.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

namespace {

// Floats in a vector of the processor.
constexpr int VECTOR = 8;
// Rows of a block of products: ROWS × 2 vectors of sums, 2 of a kernel and one value fit its 16 registers.
constexpr int ROWS = 6;
// Tiles that are transformed at once: at least MIN_BLOCK, else as many as fit these numbers of floats
// (measured on an AMD EPYC with 512 KiB of level-2 cache in each core).
constexpr long MIN_BLOCK = 24;
constexpr long FORWARD_CACHE = 128 * 1024;
constexpr long GRADIENT_CACHE = 768 * 1024;

typedef float Vector __attribute__((vector_size(4 * VECTOR)));
typedef float Unaligned __attribute__((vector_size(4 * VECTOR), aligned(4)));

inline Vector load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Unaligned*>(to) = value; }
inline Vector repeat(float value) { return value - Vector{}; }

// ---- The transforms of one row or column -------------------------------------------------------

// The matrices of F(m, 3): m outputs of a kernel of 3 from m + 2 inputs (Lavin & Gray 2016).
//   input  Bᵀ: m + 2 inputs  → m + 2 points
//   kernel G:  3 weights     → m + 2 points
//   output Aᵀ: m + 2 points  → m outputs
// For the kernel's gradient, the roles of kernel and output are exchanged: A transforms the m
// gradients of the output, and Gᵀ the products.
template <int m>
struct Transform;

// Points 0, 1, −1, 2, −2, ∞.
template <>
struct Transform<4> {
  static inline void input(const Vector* d, int s, Vector* o) {
    const Vector a = d[4 * s] - 4 * d[2 * s], b = d[3 * s] - 4 * d[s];
    const Vector c = d[4 * s] - d[2 * s], e = 2 * (d[3 * s] - d[s]);
    o[0] = 4 * d[0] - 5 * d[2 * s] + d[4 * s];
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = 4 * d[s] - 5 * d[3 * s] + d[5 * s];
  }
  static inline void kernel(const Vector* g, int s, Vector* o) {
    const Vector a = (g[0] + g[2 * s]) * (-1.f / 6), b = g[s] * (1.f / 6);
    const Vector c = g[0] * (1.f / 24) + g[2 * s] * (1.f / 6), e = g[s] * (1.f / 12);
    o[0] = g[0] * .25f;
    o[1] = a - b;
    o[2] = a + b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = g[2 * s];
  }
  static inline void output(const Vector* p, int s, Vector* o) {
    const Vector a = p[s] + p[2 * s], b = p[s] - p[2 * s];
    const Vector c = p[3 * s] + p[4 * s], e = p[3 * s] - p[4 * s];
    o[0] = p[0] + a + c;
    o[1] = b + 2 * e;
    o[2] = a + 4 * c;
    o[3] = b + 8 * e + p[5 * s];
  }
  static inline void output_transposed(const Vector* y, int s, Vector* o) {
    const Vector a = y[0] + y[2 * s], b = y[s] + y[3 * s];
    const Vector c = y[0] + 4 * y[2 * s], e = 2 * y[s] + 8 * y[3 * s];
    o[0] = y[0];
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = y[3 * s];
  }
  static inline void kernel_transposed(const Vector* p, int s, Vector* o) {
    const Vector a = (p[s] + p[2 * s]) * (-1.f / 6), b = p[3 * s] + p[4 * s];
    o[0] = p[0] * .25f + a + b * (1.f / 24);
    o[1] = (p[2 * s] - p[s]) * (1.f / 6) + (p[3 * s] - p[4 * s]) * (1.f / 12);
    o[2] = a + b * (1.f / 6) + p[5 * s];
  }
};

// Points 0, 1, −1, 2, ∞.
template <>
struct Transform<3> {
  static inline void input(const Vector* d, int s, Vector* o) {
    o[0] = 2 * (d[0] - d[2 * s]) + d[3 * s] - d[s];
    o[1] = d[3 * s] - d[2 * s] - 2 * d[s];
    o[2] = d[3 * s] - 3 * d[2 * s] + 2 * d[s];
    o[3] = d[3 * s] - d[s];
    o[4] = 2 * (d[s] - d[3 * s]) + d[4 * s] - d[2 * s];
  }
  static inline void kernel(const Vector* g, int s, Vector* o) {
    const Vector a = g[0] + g[2 * s];
    o[0] = g[0] * .5f;
    o[1] = (a + g[s]) * -.5f;
    o[2] = (g[s] - a) * (1.f / 6);
    o[3] = (g[0] + 2 * g[s] + 4 * g[2 * s]) * (1.f / 6);
    o[4] = g[2 * s];
  }
  static inline void output(const Vector* p, int s, Vector* o) {
    const Vector a = p[s] + p[2 * s];
    o[0] = p[0] + a + p[3 * s];
    o[1] = p[s] - p[2 * s] + 2 * p[3 * s];
    o[2] = a + 4 * p[3 * s] + p[4 * s];
  }
  static inline void output_transposed(const Vector* y, int s, Vector* o) {
    const Vector a = y[0] + y[2 * s];
    o[0] = y[0];
    o[1] = a + y[s];
    o[2] = a - y[s];
    o[3] = y[0] + 2 * y[s] + 4 * y[2 * s];
    o[4] = y[2 * s];
  }
  static inline void kernel_transposed(const Vector* p, int s, Vector* o) {
    const Vector a = p[2 * s] * (1.f / 6), b = p[s] * .5f, c = p[3 * s] * (1.f / 6);
    o[0] = p[0] * .5f - b - a + c;
    o[1] = a - b + 2 * c;
    o[2] = 4 * c - b - a + p[4 * s];
  }
};

// Applies a transform of rows to the columns and the rows of a square of vectors.
template <int from, int to, void (*row)(const Vector*, int, Vector*)>
inline void both_ways(const Vector* in, Vector* out) {
  Vector half[to * from];  // [column][row of the result]
#pragma GCC unroll 8
  for (int x = 0; x < from; x++) row(in + x, from, half + x * to);
#pragma GCC unroll 8
  for (int y = 0; y < to; y++) row(half + y, to, out + y * to);
}

// ---- Tiles ---------------------------------------------------------------------------------------

// A batch of maps, divided into tiles of m × m pixels. Tile number: [image][row][column].
struct Tiles {
  int height, width, channels, rows, columns;
  struct Place {
    long image;
    int y, x;
  };
  Place place(long tile, int m) const {
    const long row = tile / columns;
    return {row / rows, static_cast<int>(row % rows) * m, static_cast<int>(tile % columns) * m};
  }
};

// Values at the points of some tiles: [point][channel / VECTOR][tile][VECTOR]. A point has some
// floats more, since values that are a power of two apart would share a line of the cache.
struct Points {
  float* values;
  long tiles;  // its capacity
  int panels;
  long stride() const { return panels * tiles * VECTOR + 16; }
  float* at(int point, int panel, long tile) const {
    return values + point * stride() + (panel * tiles + tile) * VECTOR;
  }
};

long points_size(int points, long tiles, int channels) {
  return points * (channels * tiles + 16L);
}

// Loads side × side pixels of VECTOR channels, with zeros around the map.
template <int side>
inline void load_square(const float* map, const Tiles& t, int y0, int x0, Vector* d) {
  if (y0 >= 0 && x0 >= 0 && y0 + side <= t.height && x0 + side <= t.width) {
    for (int y = 0; y < side; y++) {
      const float* line = map + (static_cast<long>(y0 + y) * t.width + x0) * t.channels;
      for (int x = 0; x < side; x++) d[y * side + x] = load(line + x * t.channels);
    }
    return;
  }
  for (int y = 0; y < side; y++) {
    const bool row = y0 + y >= 0 && y0 + y < t.height;
    const float* line = map + (static_cast<long>(y0 + y) * t.width + x0) * t.channels;
    for (int x = 0; x < side; x++) {
      const bool inside = row && x0 + x >= 0 && x0 + x < t.width;
      d[y * side + x] = inside ? load(line + x * t.channels) : Vector{};
    }
  }
}

// Transforms the tiles [from, from + count) of maps: squares of `side` pixels that begin `before`
// pixels before the tile.
template <int m, int side, int before, void (*row)(const Vector*, int, Vector*)>
void transform_tiles(const float* maps, const Tiles& t, long from, long count, const Points& to,
                            long at) {
  const int n = m + 2;
  Vector d[side * side], o[n * n];
  for (long i = 0; i < count; i++) {
    const auto place = t.place(from + i, m);
    const float* map = maps + place.image * t.height * t.width * t.channels;
    for (int panel = 0; panel < to.panels; panel++) {
      load_square<side>(map + panel * VECTOR, t, place.y - before, place.x - before, d);
      both_ways<side, n, row>(d, o);
      for (int p = 0; p < n * n; p++) store(to.at(p, panel, at + i), o[p]);
    }
  }
}

// The inverse for the outputs of a convolution.
template <int m>
void untransform_tiles(const Points& from, long count, float* maps, const Tiles& t, long first) {
  const int n = m + 2;
  Vector d[n * n], o[m * m];
  for (long i = 0; i < count; i++) {
    const auto place = t.place(first + i, m);
    float* map = maps + place.image * t.height * t.width * t.channels;
    const int rows = t.height - place.y < m ? t.height - place.y : m;
    const int columns = t.width - place.x < m ? t.width - place.x : m;
    for (int panel = 0; panel < from.panels; panel++) {
      for (int p = 0; p < n * n; p++) d[p] = load(from.at(p, panel, i));
      both_ways<n, m, Transform<m>::output>(d, o);
      for (int y = 0; y < rows; y++) {
        float* line = map + (static_cast<long>(place.y + y) * t.width + place.x) * t.channels;
        for (int x = 0; x < columns; x++) store(line + x * t.channels + panel * VECTOR, o[y * m + x]);
      }
    }
  }
}

// ---- Products ------------------------------------------------------------------------------------

// sums[tile][k] = Σ_c points[tile][c] · kernel[c][k], for `rows` tiles and `vectors` vectors of k.
template <int rows, int vectors>
inline void multiply_block(const float* points, long panel_stride, int panels, const float* kernel,
                                  float* to, long to_stride) {
  Vector sums[rows][vectors] = {};
  for (int panel = 0; panel < panels; panel++, points += panel_stride) {
#pragma GCC unroll 2
    for (int c = 0; c < VECTOR; c++, kernel += vectors * VECTOR) {
      Vector k[vectors];
#pragma GCC unroll 4
      for (int j = 0; j < vectors; j++) k[j] = load(kernel + j * VECTOR);
#pragma GCC unroll 16
      for (int i = 0; i < rows; i++) {
        const Vector d = repeat(points[i * VECTOR + c]);
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) sums[i][j] += d * k[j];
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) store(to + j * to_stride + i * VECTOR, sums[i][j]);
  }
}

template <int rows, int vectors>
void multiply_rows(long left, const float* points, long panel_stride, int panels, const float* kernel,
                          float* to, long to_stride) {
  if constexpr (rows > 0) {
    if (left == rows) {
      multiply_block<rows, vectors>(points, panel_stride, panels, kernel, to, to_stride);
    } else {
      multiply_rows<rows - 1, vectors>(left, points, panel_stride, panels, kernel, to, to_stride);
    }
  }
}

// The products of all tiles at one point, with a kernel as transform_kernel stores it.
void multiply_point(const Points& in, int point, long count, const float* kernel, const Points& out) {
  const int depth = in.panels * VECTOR;
  const long stride = in.tiles * VECTOR, to_stride = out.tiles * VECTOR;
  int k = 0;
  for (; k + 2 <= out.panels; k += 2, kernel += 2 * VECTOR * depth) {
    long i = 0;
    for (; i + ROWS <= count; i += ROWS) {
      multiply_block<ROWS, 2>(in.at(point, 0, i), stride, in.panels, kernel, out.at(point, k, i), to_stride);
    }
    multiply_rows<ROWS - 1, 2>(count - i, in.at(point, 0, i), stride, in.panels, kernel, out.at(point, k, i),
                               to_stride);
  }
  if (k == out.panels) return;
  long i = 0;
  for (; i + ROWS <= count; i += ROWS) {
    multiply_block<ROWS, 1>(in.at(point, 0, i), stride, in.panels, kernel, out.at(point, k, i), to_stride);
  }
  multiply_rows<ROWS - 1, 1>(count - i, in.at(point, 0, i), stride, in.panels, kernel, out.at(point, k, i),
                             to_stride);
}

// sums[c][k] += Σ_tile x[tile][c] · dy[tile][k], for 4 channels c and `vectors` vectors of k.
template <int vectors>
inline void correlate_block(const float* x, const float* dy, long dy_stride, long count, float* sums,
                                   long row) {
  Vector sum[4][vectors];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) sum[i][j] = load(sums + i * row + j * VECTOR);
  }
  for (long t = 0; t < count; t++, x += VECTOR, dy += VECTOR) {
    Vector k[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) k[j] = load(dy + j * dy_stride);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      const Vector d = repeat(x[i]);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; j++) sum[i][j] += d * k[j];
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) store(sums + i * row + j * VECTOR, sum[i][j]);
  }
}

void correlate_point(const Points& x, const Points& dy, int point, long count, float* sums) {
  const long row = dy.panels * static_cast<long>(VECTOR), stride = dy.tiles * VECTOR;
  int k = 0;
  while (k < dy.panels) {
    const int vectors = dy.panels - k >= 5 || dy.panels - k == 3 ? 3 : dy.panels - k >= 2 ? 2 : 1;
    for (int panel = 0; panel < x.panels; panel++) {
      for (int c = 0; c < VECTOR; c += 4) {
        const float* from = x.at(point, panel, 0) + c;
        float* to = sums + (panel * VECTOR + c) * row + k * VECTOR;
        const float* gradient = dy.at(point, k, 0);
        if (vectors == 3) correlate_block<3>(from, gradient, stride, count, to, row);
        else if (vectors == 2) correlate_block<2>(from, gradient, stride, count, to, row);
        else correlate_block<1>(from, gradient, stride, count, to, row);
      }
    }
    k += vectors;
  }
}

// ---- Kernels -------------------------------------------------------------------------------------

// Transforms the kernels of some input channels. The result is ordered as multiply_point reads it:
// [point][pair of vectors of k][c][2 vectors], and a single vector at the end.
template <int m>
void transform_kernel(const float* kernel, const Convolution& s, bool rotated, int c0, int c1, float* to) {
  const int n = m + 2, panels = s.out / VECTOR;
  const long size = static_cast<long>(s.in) * s.out;
  Vector g[9], o[n * n];
  for (int c = c0; c < c1; c++) {
    for (int panel = 0; panel < panels; panel++) {
      for (int p = 0; p < 9; p++) {
        if (!rotated) {
          g[p] = load(kernel + (static_cast<long>(p) * s.in + c) * s.out + panel * VECTOR);
        } else {
          // The kernel of the convolution itself is [3, 3, s.out, s.in].
          const float* from = kernel + (static_cast<long>(8 - p) * s.out + panel * VECTOR) * s.in + c;
          for (int i = 0; i < VECTOR; i++) g[p][i] = from[i * s.in];
        }
      }
      both_ways<3, n, Transform<m>::kernel>(g, o);
      const int pair = panel / 2 * 2, vectors = panels - pair >= 2 ? 2 : 1;
      float* at = to + static_cast<long>(pair) * VECTOR * s.in + (c * vectors + panel - pair) * VECTOR;
      for (int p = 0; p < n * n; p++) store(at + p * size, o[p]);
    }
  }
}

template <int m>
void untransform_kernel(const float* from, const Convolution& s, int c0, int c1, float* kernel) {
  const int n = m + 2;
  const long size = static_cast<long>(s.in) * s.out;
  Vector d[n * n], o[9];
  for (int c = c0; c < c1; c++) {
    for (int k = 0; k < s.out; k += VECTOR) {
      const long at = static_cast<long>(c) * s.out + k;
      for (int p = 0; p < n * n; p++) d[p] = load(from + p * size + at);
      both_ways<n, 3, Transform<m>::kernel_transposed>(d, o);
      for (int p = 0; p < 9; p++) store(kernel + p * size + at, o[p]);
    }
  }
}

// ---- The three convolutions of a training step ---------------------------------------------------

// The side of the tiles, 3 or 4 pixels, that needs fewer products in all. Tiles of 4 need fewer for
// each pixel, but may reach far over the edge: 6 × 6 pixels need 4 tiles of either side.
int best_tile(const Convolution& s) {
  const auto products = [&](int m) {
    return ((s.height + m - 1) / m) * ((s.width + m - 1) / m) * (m + 2) * (m + 2);
  };
  return products(3) < products(4) ? 3 : 4;
}

// The number of tiles that are transformed at once, of `tiles` in all: as many as fit a cache.
// @param tile floats of a tile at all its points; @param cache floats.
long block_of(long tiles, long tile, long cache) {
  const long block = cache / tile;
  return block < MIN_BLOCK ? MIN_BLOCK : block < tiles ? block : tiles;
}

Tiles tiles_of(const Convolution& s, int channels, int m) {
  return {s.height, s.width, channels, (s.height + m - 1) / m, (s.width + m - 1) / m};
}

template <int m>
void convolve_by(const float* x, const float* kernel, bool rotated, float* y, const Convolution& s) {
  const int points = (m + 2) * (m + 2);
  const Tiles in = tiles_of(s, s.in, m), out = tiles_of(s, s.out, m);
  const long tiles = static_cast<long>(s.batch) * in.rows * in.columns;
  Buffer transformed(static_cast<long>(points) * s.in * s.out);
  float* weights = transformed.values();
  parallel((s.in + 7) / 8, [&](long i) {
    const int c0 = 8 * static_cast<int>(i);
    transform_kernel<m>(kernel, s, rotated, c0, c0 + 8 < s.in ? c0 + 8 : s.in, weights);
  });
  const long fitting = block_of((tiles + 1) / 2, points * (s.in + s.out), FORWARD_CACHE);
  const long block = (fitting + ROWS - 1) / ROWS * ROWS;
  parallel((tiles + block - 1) / block, [&](long i) {
    const long first = i * block, count = first + block <= tiles ? block : tiles - first;
    Buffer memory(points_size(points, block, s.in) + points_size(points, block, s.out));
    const Points from{memory.values(), block, s.in / VECTOR};
    const Points to{memory.values() + points_size(points, block, s.in), block, s.out / VECTOR};
    transform_tiles<m, m + 2, 1, Transform<m>::input>(x, in, first, count, from, 0);
    for (int p = 0; p < points; p++) {
      multiply_point(from, p, count, weights + static_cast<long>(p) * s.in * s.out, to);
    }
    untransform_tiles<m>(to, count, y, out, first);
  });
}

template <int m>
void kernel_gradient_by(const float* x, const float* dy, float* gradient, const Convolution& s) {
  const int points = (m + 2) * (m + 2);
  const Tiles in = tiles_of(s, s.in, m), out = tiles_of(s, s.out, m);
  const long tiles = static_cast<long>(s.batch) * in.rows * in.columns;
  const long size = static_cast<long>(s.in) * s.out;
  const long block = block_of(tiles, points * (s.in + s.out), GRADIENT_CACHE);
  const long in_size = points_size(points, block, s.in);
  Buffer memory(in_size + points_size(points, block, s.out) + points * size);
  const Points from{memory.values(), block, s.in / VECTOR};
  const Points to{memory.values() + in_size, block, s.out / VECTOR};
  float* sums = memory.values() + in_size + points_size(points, block, s.out);
  for (long first = 0; first < tiles; first += block) {
    const long count = first + block <= tiles ? block : tiles - first;
    const long part = (count + 7) / 8;
    parallel((count + part - 1) / part, [&](long i) {
      const long at = i * part, some = at + part <= count ? part : count - at;
      transform_tiles<m, m + 2, 1, Transform<m>::input>(x, in, first + at, some, from, at);
      transform_tiles<m, m, 0, Transform<m>::output_transposed>(dy, out, first + at, some, to, at);
    });
    parallel(points, [&](long p) {
      float* own = sums + p * size;
      if (first == 0) memset(own, 0, sizeof(float) * size);
      correlate_point(from, to, static_cast<int>(p), count, own);
    });
  }
  parallel((s.in + 7) / 8, [&](long i) {
    const int c0 = 8 * static_cast<int>(i);
    untransform_kernel<m>(sums, s, c0, c0 + 8 < s.in ? c0 + 8 : s.in, gradient);
  });
}

}  // namespace

void convolve(const float* x, const float* kernel, bool rotated, float* y, const Convolution& s) {
  if (best_tile(s) == 3) convolve_by<3>(x, kernel, rotated, y, s);
  else convolve_by<4>(x, kernel, rotated, y, s);
}

void kernel_gradient(const float* x, const float* dy, float* gradient, const Convolution& s) {
  if (best_tile(s) == 3) kernel_gradient_by<3>(x, dy, gradient, s);
  else kernel_gradient_by<4>(x, dy, gradient, s);
}

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

bool has_winograd() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
