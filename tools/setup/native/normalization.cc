#include "normalization.h"

#include <math.h>
#include <string.h>

#include "parallel.h"

#include "avx2-begin.h"
#include "vectors.h"

namespace {

// Added to the variance.
constexpr double EPSILON = 1e-3;

Vector larger(Vector a, Vector b) { return a < b ? b : a; }

// Two sums for each channel, over all images. The sums of a row are added in 32 bits and all others
// in 64 bits, always in the same order.
class Sums {
 public:
  Sums(int images, int channels)
      : images_(images), channels_(channels), memory_(4L * (images + 1) * channels) {}

  // Calls row(first, second, panel, image, y) for each row of each image, which adds to two
  // vectors.
  template <class Row>
  void add(int rows, Row row) {
    parallel(images_, [&](long image) {
      double* sums = of(static_cast<int>(image));
      memset(sums, 0, sizeof(double) * 2 * channels_);
      for (int y = 0; y < rows; y++) {
        for (int c = 0; c < channels_; c += VECTOR) {
          Vector first{}, second{};
          row(first, second, c, image, y);
          for (int i = 0; i < VECTOR; i++) {
            sums[c + i] += first[i];
            sums[channels_ + c + i] += second[i];
          }
        }
      }
    });
    double* all = of(images_);
    memset(all, 0, sizeof(double) * 2 * channels_);
    for (int image = 0; image < images_; image++) {
      const double* sums = of(image);
      for (int i = 0; i < 2 * channels_; i++) all[i] += sums[i];
    }
  }

  double first(int channel) const { return of(images_)[channel]; }
  double second(int channel) const { return of(images_)[channels_ + channel]; }

 private:
  double* of(int image) const {
    return reinterpret_cast<double*>(memory_.values()) + 2L * image * channels_;
  }

  int images_, channels_;
  Buffer memory_;
};

// The factor and the summand of the normalisation of each channel: x · factor + summand.
class Line {
 public:
  Line(const Parameters& p, int channels) : channels_(channels), memory_(2 * channels) {
    for (int c = 0; c < channels; c++) {
      const float factor = p.scale[c] * p.inverse_deviation[c];
      memory_.values()[c] = factor;
      memory_.values()[channels + c] = p.offset[c] - p.mean[c] * factor;
    }
  }
  Vector at(Vector x, int c) const {
    return x * load(memory_.values() + c) + load(memory_.values() + channels_ + c);
  }

 private:
  int channels_;
  Buffer memory_;
};

// The pixels of a window, and which of them is the first maximum after the normalisation.
template <int window>
struct Window {
  static constexpr int pixels = window * window;
  Vector x[pixels], maximum;
  Vector normalized[pixels];

  Window(const float* from, long line, long pixel, const Line& by, int c) {
    for (int i = 0; i < pixels; i++) {
      x[i] = load(from + i / window * line + i % window * pixel + c);
      normalized[i] = by.at(x[i], c);
      maximum = i == 0 ? normalized[0] : larger(maximum, normalized[i]);
    }
  }
  // Calls use(i, gradient) with the gradient of each pixel: dy at the first maximum if it is
  // positive.
  template <class Use>
  void share(Vector dy, Use use) const {
    Vector left = maximum > 0 ? dy : Vector{};
    for (int i = 0; i < pixels; i++) {
      const Vector own = normalized[i] == maximum ? left : Vector{};
      left = normalized[i] == maximum ? Vector{} : left;
      use(i, own);
    }
  }
};

template <int window>
void normalize_by(const float* x, float* y, const Line& by, const Maps& m) {
  const int rows = m.height / window, columns = m.width / window;
  const long pixel = m.channels, line = pixel * m.width;
  parallel(m.batch, [&](long image) {
    for (int row = 0; row < rows; row++) {
      const float* from = x + (image * m.height + row * window) * line;
      float* to = y + (image * rows + row) * columns * pixel;
      for (int column = 0; column < columns; column++) {
        for (int c = 0; c < m.channels; c += VECTOR) {
          const Vector top = Window<window>(from, line, pixel, by, c).maximum;
          // A value that is not a number stays one, so that a failed training is noticed.
          store(to + c, top < 0 ? Vector{} : top);
        }
        from += window * pixel;
        to += pixel;
      }
    }
  });
}

template <int window>
void gradient_by(const float* x, const float* dy, const Parameters& p, float* dx, float* scale,
                 float* offset, const Maps& m) {
  const int rows = m.height / window, columns = m.width / window;
  const long pixel = m.channels, line = pixel * m.width;
  const Line by(p, m.channels);
  // The sums of the gradient, and of the gradient times the normalised x before scale and offset.
  Sums sums(m.batch, m.channels);
  sums.add(rows, [&](Vector& first, Vector& second, int c, long image, int row) {
    const float* from = x + (image * m.height + row * window) * line;
    const float* gradient = dy + (image * rows + row) * columns * pixel + c;
    const Vector mean = load(p.mean + c), inverse = load(p.inverse_deviation + c);
    for (int column = 0; column < columns; column++, from += window * pixel, gradient += pixel) {
      const Window<window> w(from, line, pixel, by, c);
      w.share(load(gradient), [&](int i, Vector own) {
        first += own;
        second += own * ((w.x[i] - mean) * inverse);
      });
    }
  });
  // dx = factor · gradient + slope · x + constant
  Buffer memory(3 * m.channels);
  float *factor = memory.values(), *slope = factor + m.channels, *constant = slope + m.channels;
  const double count = static_cast<double>(m.batch) * m.height * m.width;
  for (int c = 0; c < m.channels; c++) {
    const double k = static_cast<double>(p.scale[c]) * p.inverse_deviation[c];
    const double s = -k * p.inverse_deviation[c] * sums.second(c) / count;
    factor[c] = static_cast<float>(k);
    slope[c] = static_cast<float>(s);
    constant[c] = static_cast<float>(-k * sums.first(c) / count - s * p.mean[c]);
    offset[c] = static_cast<float>(sums.first(c));
    scale[c] = static_cast<float>(sums.second(c));
  }
  const auto put = [&](float* to, Vector value, Vector own, int c) {
    store(to + c, load(factor + c) * own + (load(slope + c) * value + load(constant + c)));
  };
  parallel(m.batch, [&](long image) {
    for (int row = 0; row < m.height; row += window) {
      for (int column = 0; column < m.width; column += window) {
        const long at = (image * m.height + row) * line + column * pixel;
        const bool whole = row + window <= m.height && column + window <= m.width;
        const float* gradient =
            dy + ((image * rows + row / window) * columns + column / window) * pixel;
        for (int c = 0; c < m.channels; c += VECTOR) {
          if (whole) {
            const Window<window> w(x + at, line, pixel, by, c);
            w.share(load(gradient + c), [&](int i, Vector own) {
              put(dx + at + i / window * line + i % window * pixel, w.x[i], own, c);
            });
            continue;
          }
          // The last row or column, which the pooling drops.
          for (int i = 0; i < window * window; i++) {
            if (row + i / window >= m.height || column + i % window >= m.width) continue;
            const long one = at + i / window * line + i % window * pixel;
            put(dx + one, load(x + one + c), Vector{}, c);
          }
        }
      }
    }
  });
}

}  // namespace

void normalize(const float* x, const float* scale, const float* offset, float momentum, float* y,
               const Statistics& moving, const Statistics& batch, const Maps& m) {
  const long line = static_cast<long>(m.width) * m.channels;
  Sums sums(m.batch, m.channels);
  sums.add(m.height, [&](Vector& first, Vector& second, int c, long image, int row) {
    const float* from = x + (image * m.height + row) * line + c;
    for (int column = 0; column < m.width; column++, from += m.channels) {
      const Vector value = load(from);
      first += value;
      second += value * value;
    }
  });
  const double count = static_cast<double>(m.batch) * m.height * m.width;
  for (int c = 0; c < m.channels; c++) {
    const double mean = sums.first(c) / count;
    const double difference = sums.second(c) / count - mean * mean;
    const double variance = difference < 0 ? 0 : difference;
    const double corrected = count > 1 ? variance * count / (count - 1) : variance;
    batch.mean[c] = static_cast<float>(mean);
    batch.deviation[c] = static_cast<float>(1 / sqrt(variance + EPSILON));
    moving.mean[c] = static_cast<float>(momentum * moving.mean[c] + (1. - momentum) * mean);
    moving.deviation[c] =
        static_cast<float>(momentum * moving.deviation[c] + (1. - momentum) * corrected);
  }
  const Line by({scale, offset, batch.mean, batch.deviation}, m.channels);
  if (m.window == 2) normalize_by<2>(x, y, by, m);
  else normalize_by<1>(x, y, by, m);
}

void normalize_gradient(const float* x, const float* dy, const Parameters& p, float* dx,
                        float* scale, float* offset, const Maps& m) {
  if (m.window == 2) gradient_by<2>(x, dy, p, dx, scale, offset, m);
  else gradient_by<1>(x, dy, p, dx, scale, offset, m);
}

#include "simd-end.h"
