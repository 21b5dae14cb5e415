// Convolutions of 3 × 3 by Winograd's algorithm, which needs about a quarter of the products of a
// direct convolution (Lavin & Gray, "Fast algorithms for convolutional neural networks", CVPR
// 2016).
#pragma once

// A convolution of stride 1 that keeps height and width; `in` and `out` are numbers of channels,
// and multiples of 8. Maps are [batch, height, width, channels], kernels [3, 3, in, out].
struct Convolution {
  int batch, height, width, in, out;
};

// The functions for processors with some instructions.
struct Winograd {
  // The maps y of a convolution of x. If rotated, `kernel` is [3, 3, out, in] and is turned by
  // 180°: the gradient of a convolution with respect to its input.
  void (*convolve)(const float* x, const float* kernel, bool rotated, float* y,
                   const Convolution& shape);
  // The gradient of a convolution with respect to its kernel.
  void (*kernel_gradient)(const float* x, const float* dy, float* gradient,
                          const Convolution& shape);
};

// For processors with AVX2.
extern const Winograd winograd_avx2;
// For processors with AVX-512, and multiples of 16 channels.
extern const Winograd winograd_avx512;
