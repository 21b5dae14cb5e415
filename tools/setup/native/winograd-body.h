// Convolutions of 3 × 3 by Winograd's algorithm, for vectors of VECTOR floats. winograd-avx2.cc and
// winograd-avx512.cc include this after their instructions and vectors.h.

namespace {

// Rows of a block of products: ROWS × 2 vectors of sums, 2 of a kernel and one value fit the
// registers.
constexpr int ROWS = VECTOR == 16 ? 12 : 6;
// Rows of a block of the kernel's gradient: GRADIENT_ROWS × 3 vectors of sums, 3 of a gradient and
// one value fit the registers.
constexpr int GRADIENT_ROWS = VECTOR == 16 ? 8 : 4;
// Tiles that are transformed at once: at least MIN_BLOCK, else as many as fit these numbers of
// floats (measured on an AMD EPYC with 512 KiB of level-2 cache in each core).
constexpr long MIN_BLOCK = 24;
constexpr long FORWARD_CACHE = 64 * 1024;
constexpr long GRADIENT_CACHE = 768 * 1024;

// ---- The transforms of one row or column -------------------------------------------------------

// The matrices of F(m, 3): m outputs of a kernel of 3 from m + 2 inputs (Lavin & Gray 2016).
//   Input  (Bᵀ): m + 2 inputs → m + 2 points
//   Kernel (G):  3 weights    → m + 2 points
//   Output (Aᵀ): m + 2 points → m outputs
// At each point, the transformed inputs are multiplied by the transformed weights. For the gradient
// of the kernel, kernel and output change their roles: A transforms the m gradients of the output,
// and Gᵀ the products. A transform gets its values by get(i), and returns its results by put(i,
// value).
template <int m>
struct Transform;

// Points 0, 1, −1, 2, −2, ∞.
template <>
struct Transform<4> {
  struct Input {
    static constexpr int from = 6, to = 6;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector d0 = get(0), d1 = get(1), d2 = get(2), d3 = get(3), d4 = get(4), d5 = get(5);
      const Vector a = d4 - 4 * d2, b = d3 - 4 * d1, c = d4 - d2, e = 2 * (d3 - d1);
      put(0, 4 * d0 - 5 * d2 + d4);
      put(1, a + b);
      put(2, a - b);
      put(3, c + e);
      put(4, c - e);
      put(5, 4 * d1 - 5 * d3 + d5);
    }
  };
  struct Kernel {
    static constexpr int from = 3, to = 6;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector g0 = get(0), g1 = get(1), g2 = get(2);
      const Vector a = (g0 + g2) * (-1.f / 6), b = g1 * (1.f / 6);
      const Vector c = g0 * (1.f / 24) + g2 * (1.f / 6), e = g1 * (1.f / 12);
      put(0, g0 * .25f);
      put(1, a - b);
      put(2, a + b);
      put(3, c + e);
      put(4, c - e);
      put(5, g2);
    }
  };
  struct Output {
    static constexpr int from = 6, to = 4;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector p1 = get(1), p2 = get(2), p3 = get(3), p4 = get(4);
      const Vector a = p1 + p2, b = p1 - p2, c = p3 + p4, e = p3 - p4;
      put(0, get(0) + a + c);
      put(1, b + 2 * e);
      put(2, a + 4 * c);
      put(3, b + 8 * e + get(5));
    }
  };
  // The transpose of Output.
  struct OutputGradient {
    static constexpr int from = 4, to = 6;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector y0 = get(0), y1 = get(1), y2 = get(2), y3 = get(3);
      const Vector a = y0 + y2, b = y1 + y3, c = y0 + 4 * y2, e = 2 * y1 + 8 * y3;
      put(0, y0);
      put(1, a + b);
      put(2, a - b);
      put(3, c + e);
      put(4, c - e);
      put(5, y3);
    }
  };
  // The transpose of Kernel.
  struct KernelGradient {
    static constexpr int from = 6, to = 3;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector p1 = get(1), p2 = get(2), p3 = get(3), p4 = get(4);
      const Vector a = (p1 + p2) * (-1.f / 6), b = p3 + p4;
      put(0, get(0) * .25f + a + b * (1.f / 24));
      put(1, (p2 - p1) * (1.f / 6) + (p3 - p4) * (1.f / 12));
      put(2, a + b * (1.f / 6) + get(5));
    }
  };
};

// Points 0, 1, −1, 2, ∞.
template <>
struct Transform<3> {
  struct Input {
    static constexpr int from = 5, to = 5;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector d0 = get(0), d1 = get(1), d2 = get(2), d3 = get(3), d4 = get(4);
      put(0, 2 * (d0 - d2) + d3 - d1);
      put(1, d3 - d2 - 2 * d1);
      put(2, d3 - 3 * d2 + 2 * d1);
      put(3, d3 - d1);
      put(4, 2 * (d1 - d3) + d4 - d2);
    }
  };
  struct Kernel {
    static constexpr int from = 3, to = 5;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector g0 = get(0), g1 = get(1), g2 = get(2), a = g0 + g2;
      put(0, g0 * .5f);
      put(1, (a + g1) * -.5f);
      put(2, (g1 - a) * (1.f / 6));
      put(3, (g0 + 2 * g1 + 4 * g2) * (1.f / 6));
      put(4, g2);
    }
  };
  struct Output {
    static constexpr int from = 5, to = 3;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector p1 = get(1), p2 = get(2), p3 = get(3), a = p1 + p2;
      put(0, get(0) + a + p3);
      put(1, p1 - p2 + 2 * p3);
      put(2, a + 4 * p3 + get(4));
    }
  };
  struct OutputGradient {
    static constexpr int from = 3, to = 5;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector y0 = get(0), y1 = get(1), y2 = get(2), a = y0 + y2;
      put(0, y0);
      put(1, a + y1);
      put(2, a - y1);
      put(3, y0 + 2 * y1 + 4 * y2);
      put(4, y2);
    }
  };
  struct KernelGradient {
    static constexpr int from = 5, to = 3;
    template <class Get, class Put>
    void operator()(Get get, Put put) const {
      const Vector a = get(2) * (1.f / 6), b = get(1) * .5f, c = get(3) * (1.f / 6);
      put(0, get(0) * .5f - b - a + c);
      put(1, a - b + 2 * c);
      put(2, 4 * c - b - a + get(4));
    }
  };
};

// Applies a transform to the columns, then to the rows of a square. get(y, x) is a value of the
// square, and put(y, x, value) takes one of the result.
template <class Row, class Get, class Put>
inline void both_ways(Get get, Put put) {
  Vector half[Row::to][Row::from];
#pragma GCC unroll 8
  for (int x = 0; x < Row::from; x++) {
    Row{}([&](int y) { return get(y, x); }, [&](int y, Vector value) { half[y][x] = value; });
  }
#pragma GCC unroll 8
  for (int y = 0; y < Row::to; y++) {
    Row{}([&](int x) { return half[y][x]; }, [&](int x, Vector value) { put(y, x, value); });
  }
}

// ---- Tiles
// ---------------------------------------------------------------------------------------

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

long points_size(int points, long tiles, int channels) { return points * (channels * tiles + 16L); }

// Transforms the tiles [first, first + count) of maps, each a square of pixels that begins `before`
// pixels above and left of the tile. Around a map are zeros.
template <int m, int before, class Row>
void transform_tiles(const float* maps, const Tiles& t, long first, long count, const Points& to,
                     long at) {
  const int side = Row::from, n = Row::to;
  const long line = static_cast<long>(t.width) * t.channels, channels = t.channels;
  for (long i = 0; i < count; i++) {
    const auto place = t.place(first + i, m);
    const int y0 = place.y - before, x0 = place.x - before;
    const float* square = maps + (place.image * t.height + y0) * line + x0 * channels;
    const bool whole = y0 >= 0 && x0 >= 0 && y0 + side <= t.height && x0 + side <= t.width;
    for (int panel = 0; panel < to.panels; panel++, square += VECTOR) {
      float* point = to.at(0, panel, at + i);
      const long stride = to.stride();
      const auto put = [&](int y, int x, Vector value) {
        store(point + (y * n + x) * stride, value);
      };
      if (whole) {
        both_ways<Row>([&](int y, int x) { return load(square + y * line + x * channels); }, put);
        continue;
      }
      both_ways<Row>(
          [&](int y, int x) {
            const bool inside = y0 + y >= 0 && y0 + y < t.height && x0 + x >= 0 && x0 + x < t.width;
            return inside ? load(square + y * line + x * channels) : Vector{};
          },
          put);
    }
  }
}

// Transforms the products of tiles [first, first + count) to the output of the convolution.
template <int m>
void untransform_tiles(const Points& from, long count, float* maps, const Tiles& t, long first) {
  const int n = m + 2;
  const long line = static_cast<long>(t.width) * t.channels, channels = t.channels;
  for (long i = 0; i < count; i++) {
    const auto place = t.place(first + i, m);
    float* square = maps + (place.image * t.height + place.y) * line + place.x * channels;
    const int rows = t.height - place.y, columns = t.width - place.x;
    for (int panel = 0; panel < from.panels; panel++, square += VECTOR) {
      const float* point = from.at(0, panel, i);
      const long stride = from.stride();
      Vector products[n * n];
      for (int p = 0; p < n * n; p++) products[p] = load(point + p * stride);
      const auto get = [&](int y, int x) { return products[y * n + x]; };
      if (rows >= m && columns >= m) {
        both_ways<typename Transform<m>::Output>(get, [&](int y, int x, Vector value) {
          store(square + y * line + x * channels, value);
        });
        continue;
      }
      both_ways<typename Transform<m>::Output>(get, [&](int y, int x, Vector value) {
        if (y < rows && x < columns) store(square + y * line + x * channels, value);
      });
    }
  }
}

// ---- Products
// ------------------------------------------------------------------------------------

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
void multiply_rows(long left, const float* points, long panel_stride, int panels,
                   const float* kernel, float* to, long to_stride) {
  if constexpr (rows > 0) {
    if (left == rows) {
      multiply_block<rows, vectors>(points, panel_stride, panels, kernel, to, to_stride);
    } else {
      multiply_rows<rows - 1, vectors>(left, points, panel_stride, panels, kernel, to, to_stride);
    }
  }
}

// The products of all tiles at one point, for `vectors` panels of the output from panel k on.
template <int vectors>
void multiply_panels(const Points& in, int point, long count, const float* kernel,
                     const Points& out, int k) {
  const long stride = in.tiles * VECTOR, to_stride = out.tiles * VECTOR;
  long i = 0;
  for (; i + ROWS <= count; i += ROWS) {
    multiply_block<ROWS, vectors>(in.at(point, 0, i), stride, in.panels, kernel,
                                  out.at(point, k, i), to_stride);
  }
  multiply_rows<ROWS - 1, vectors>(count - i, in.at(point, 0, i), stride, in.panels, kernel,
                                   out.at(point, k, i), to_stride);
}

// The products of all tiles at one point, with a kernel as transform_kernel stores it.
void multiply_point(const Points& in, int point, long count, const float* kernel,
                    const Points& out) {
  int k = 0;
  for (; k + 2 <= out.panels; k += 2, kernel += 2 * VECTOR * VECTOR * in.panels) {
    multiply_panels<2>(in, point, count, kernel, out, k);
  }
  if (k < out.panels) multiply_panels<1>(in, point, count, kernel, out, k);
}

// sums[c][k] += Σ_tile x[tile][c] · dy[tile][k], for GRADIENT_ROWS channels c and
// `vectors` vectors of k.
template <int vectors>
inline void correlate_block(const float* x, const float* dy, long dy_stride, long count,
                            float* sums, long row) {
  Vector sum[GRADIENT_ROWS][vectors];
#pragma GCC unroll 8
  for (int i = 0; i < GRADIENT_ROWS; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) sum[i][j] = load(sums + i * row + j * VECTOR);
  }
  for (long t = 0; t < count; t++, x += VECTOR, dy += VECTOR) {
    Vector k[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) k[j] = load(dy + j * dy_stride);
#pragma GCC unroll 8
    for (int i = 0; i < GRADIENT_ROWS; i++) {
      const Vector d = repeat(x[i]);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; j++) sum[i][j] += d * k[j];
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < GRADIENT_ROWS; i++) {
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
      for (int c = 0; c < VECTOR; c += GRADIENT_ROWS) {
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

// ---- Kernels
// -------------------------------------------------------------------------------------

// Transforms the kernels of the input channels [c0, c1). The result is ordered as multiply_point
// reads it: [point][pair of vectors of k][c][2 vectors], and a single vector at the end.
template <int m>
void transform_kernel(const float* kernel, const Convolution& s, bool rotated, int c0, int c1,
                      float* to) {
  const int n = m + 2, panels = s.out / VECTOR;
  const long size = static_cast<long>(s.in) * s.out;
  for (int c = c0; c < c1; c++) {
    for (int panel = 0; panel < panels; panel++) {
      const int pair = panel / 2 * 2, vectors = panels - pair >= 2 ? 2 : 1;
      float* at =
          to + static_cast<long>(pair) * VECTOR * s.in + (c * vectors + panel - pair) * VECTOR;
      const auto get = [&](int y, int x) {
        const int p = 3 * y + x;
        if (!rotated)
          return load(kernel + p * size + static_cast<long>(c) * s.out + panel * VECTOR);
        // The kernel is [3, 3, s.out, s.in].
        const float* from = kernel + (8 - p) * size + static_cast<long>(panel) * VECTOR * s.in + c;
        Vector values{};
        for (int i = 0; i < VECTOR; i++) values[i] = from[static_cast<long>(i) * s.in];
        return values;
      };
      both_ways<typename Transform<m>::Kernel>(
          get, [&](int y, int x, Vector value) { store(at + (y * n + x) * size, value); });
    }
  }
}

template <int m>
void untransform_kernel(const float* from, const Convolution& s, int c0, int c1, float* kernel) {
  const int n = m + 2;
  const long size = static_cast<long>(s.in) * s.out;
  for (long at = static_cast<long>(c0) * s.out; at < static_cast<long>(c1) * s.out; at += VECTOR) {
    both_ways<typename Transform<m>::KernelGradient>(
        [&](int y, int x) { return load(from + (y * n + x) * size + at); },
        [&](int y, int x, Vector value) { store(kernel + (3 * y + x) * size + at, value); });
  }
}

// ---- The three convolutions of a training step
// ---------------------------------------------------

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
  const long block = cache / tile < tiles ? cache / tile : tiles;
  return block < MIN_BLOCK ? MIN_BLOCK : block;
}

Tiles tiles_of(const Convolution& s, int channels, int m) {
  return {s.height, s.width, channels, (s.height + m - 1) / m, (s.width + m - 1) / m};
}

template <int m>
void convolve_by(const float* x, const float* kernel, bool rotated, float* y,
                 const Convolution& s) {
  const int points = (m + 2) * (m + 2);
  const Tiles in = tiles_of(s, s.in, m), out = tiles_of(s, s.out, m);
  const long tiles = static_cast<long>(s.batch) * in.rows * in.columns;
  Buffer transformed(static_cast<long>(points) * s.in * s.out);
  float* weights = transformed.values();
  parallel(s.in / VECTOR, [&](long i) {
    const int c0 = VECTOR * static_cast<int>(i);
    transform_kernel<m>(kernel, s, rotated, c0, c0 + VECTOR, weights);
  });
  const long fitting = block_of((tiles + 1) / 2, points * (s.in + s.out), FORWARD_CACHE);
  const long block = (fitting + ROWS - 1) / ROWS * ROWS;
  parallel((tiles + block - 1) / block, [&](long i) {
    const long first = i * block, count = first + block <= tiles ? block : tiles - first;
    Buffer memory(points_size(points, block, s.in) + points_size(points, block, s.out));
    const Points from{memory.values(), block, s.in / VECTOR};
    const Points to{memory.values() + points_size(points, block, s.in), block, s.out / VECTOR};
    transform_tiles<m, 1, typename Transform<m>::Input>(x, in, first, count, from, 0);
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
  parallel(points, [&](long p) { memset(sums + p * size, 0, sizeof(float) * size); });
  for (long first = 0; first < tiles; first += block) {
    const long count = first + block <= tiles ? block : tiles - first;
    const long part = (count + 7) / 8;
    parallel((count + part - 1) / part, [&](long i) {
      const long at = i * part, some = at + part <= count ? part : count - at;
      transform_tiles<m, 1, typename Transform<m>::Input>(x, in, first + at, some, from, at);
      transform_tiles<m, 0, typename Transform<m>::OutputGradient>(dy, out, first + at, some, to,
                                                                   at);
    });
    parallel(points, [&](long p) {
      correlate_point(from, to, static_cast<int>(p), count, sums + p * size);
    });
  }
  parallel(s.in / VECTOR, [&](long i) {
    const int c0 = VECTOR * static_cast<int>(i);
    untransform_kernel<m>(sums, s, c0, c0 + VECTOR, gradient);
  });
}

void convolve(const float* x, const float* kernel, bool rotated, float* y, const Convolution& s) {
  if (best_tile(s) == 3) convolve_by<3>(x, kernel, rotated, y, s);
  else convolve_by<4>(x, kernel, rotated, y, s);
}

void kernel_gradient(const float* x, const float* dy, float* gradient, const Convolution& s) {
  if (best_tile(s) == 3) kernel_gradient_by<3>(x, dy, gradient, s);
  else kernel_gradient_by<4>(x, dy, gradient, s);
}

}  // namespace
