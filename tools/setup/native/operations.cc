// Adds mien's own operations to TensorFlow when the addon is loaded. On a processor that lacks
// AVX2, they do not exist, and training uses TensorFlow's.
#include "normalization.h"
#include "tensorflow-op.h"
#include "winograd.h"

namespace {

// Whether this processor has the instructions that the operations need.
bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool has_avx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

// The fastest functions for a convolution.
const Winograd& winograd_for(const Convolution& s) {
  static const bool has_wide_vectors = has_avx512();
  return has_wide_vectors && s.in % 16 == 0 && s.out % 16 == 0 ? winograd_avx512 : winograd_avx2;
}

// The convolution of maps, which are an input of the call.
Convolution convolution_of(Call& call, int maps, int kernel, int in_axis) {
  call.expect(call.axes(0) == 4 && call.axes(1) == 4, "expected two inputs with four axes");
  if (!call.ok()) return {};
  const int in = call.size(maps, 3), out = call.size(kernel, 5 - in_axis);
  call.expect(in % 8 == 0 && out % 8 == 0, "expected multiples of 8 channels");
  call.expect(
      call.size(kernel, 0) == 3 && call.size(kernel, 1) == 3 && call.size(kernel, in_axis) == in,
      "expected a kernel of 3 × 3 for the channels of the maps");
  return {call.size(maps, 0), call.size(maps, 1), call.size(maps, 2), in, out};
}

// x [batch, height, width, in], kernel [3, 3, in, out] → y
void convolution(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Convolution s = convolution_of(call, 0, 1, 2);
  float* y = call.output(0, {s.batch, s.height, s.width, s.out});
  if (y != nullptr) winograd_for(s).convolve(call.values(0), call.values(1), false, y, s);
}

// kernel [3, 3, in, out], dy [batch, height, width, out] → dx
void convolution_input_gradient(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Convolution s = convolution_of(call, 1, 0, 3);
  float* dx = call.output(0, {s.batch, s.height, s.width, s.out});
  if (dx != nullptr) winograd_for(s).convolve(call.values(1), call.values(0), true, dx, s);
}

// x [batch, height, width, in], dy [batch, height, width, out] → gradient [3, 3, in, out]
void convolution_kernel_gradient(void*, TF_OpKernelContext* context) {
  Call call(context);
  call.expect(call.axes(0) == 4 && call.axes(1) == 4, "expected two inputs with four axes");
  for (int axis = 0; axis < 3 && call.ok(); axis++) {
    call.expect(call.size(0, axis) == call.size(1, axis), "expected maps of one size");
  }
  if (!call.ok()) return;
  const int in = call.size(0, 3), out = call.size(1, 3);
  call.expect(in % 8 == 0 && out % 8 == 0, "expected multiples of 8 channels");
  const Convolution s{call.size(0, 0), call.size(0, 1), call.size(0, 2), in, out};
  float* gradient = call.output(0, {3, 3, in, out});
  if (gradient == nullptr) return;
  winograd_for(s).kernel_gradient(call.values(0), call.values(1), gradient, s);
}

Maps maps_of(Call& call, int window) {
  call.expect(call.axes(0) == 4, "expected maps with four axes");
  if (!call.ok()) return {};
  const Maps maps{call.size(0, 0), call.size(0, 1), call.size(0, 2), call.size(0, 3), window};
  call.expect(maps.channels % 8 == 0, "expected a multiple of 8 channels");
  return maps;
}

void expect_channels(Call& call, const Maps& maps, int from, int to) {
  for (int i = from; i <= to && call.ok(); i++) {
    call.expect(call.axes(i) == 1 && call.size(i, 0) == maps.channels,
                "expected a value for each channel");
  }
}

// x, scale, offset, moving mean, moving variance, momentum → y, the new moving mean and variance,
// mean and inverse deviation of the batch
template <int window>
void normalization(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Maps maps = maps_of(call, window);
  expect_channels(call, maps, 1, 4);
  call.expect(call.axes(5) == 0, "expected a number as momentum");
  float* y = call.output(0, {maps.batch, maps.height / window, maps.width / window, maps.channels});
  float* results[4];
  for (int i = 0; i < 4; i++) results[i] = call.output(i + 1, {maps.channels});
  if (!call.ok()) return;
  const Statistics moving{results[0], results[1]}, batch{results[2], results[3]};
  for (int i = 0; i < maps.channels; i++) {
    moving.mean[i] = call.values(3)[i];
    moving.deviation[i] = call.values(4)[i];
  }
  normalize(call.values(0), call.values(1), call.values(2), *call.values(5), y, moving, batch,
            maps);
}

// x, dy, scale, offset, mean, inverse deviation → dx, gradients of scale and offset
template <int window>
void normalization_gradient(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Maps maps = maps_of(call, window);
  call.expect(call.axes(1) == 4, "expected a gradient with four axes");
  const int expected[] = {maps.batch, maps.height / window, maps.width / window, maps.channels};
  for (int axis = 0; axis < 4 && call.ok(); axis++) {
    call.expect(call.size(1, axis) == expected[axis],
                "expected a gradient of the size of the output");
  }
  expect_channels(call, maps, 2, 5);
  float* dx = call.output(0, {maps.batch, maps.height, maps.width, maps.channels});
  float* scale = call.output(1, {maps.channels});
  float* offset = call.output(2, {maps.channels});
  if (!call.ok()) return;
  const Parameters p{call.values(2), call.values(3), call.values(4), call.values(5)};
  normalize_gradient(call.values(0), call.values(1), p, dx, scale, offset, maps);
}

__attribute__((constructor)) void add_operations() {
  if (!has_avx2()) return;
  add_operation("MienConv2D", "xk", "y", convolution);
  add_operation("MienConv2DInputGradient", "kd", "x", convolution_input_gradient);
  add_operation("MienConv2DKernelGradient", "xd", "k", convolution_kernel_gradient);
  add_operation("MienNormRelu", "xsomvr", "yabcd", normalization<1>);
  add_operation("MienNormPoolRelu", "xsomvr", "yabcd", normalization<2>);
  add_operation("MienNormReluGradient", "xdsomv", "abc", normalization_gradient<1>);
  add_operation("MienNormPoolReluGradient", "xdsomv", "abc", normalization_gradient<2>);
}

}  // namespace
