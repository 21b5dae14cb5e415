// Batch normalisation (Ioffe & Szegedy 2015) of maps, with the max pooling and the ReLU after it,
// in as few passes over the maps as possible: reading and writing them takes longer than computing.
#pragma once

// Maps [batch, height, width, channels], channels a multiple of 8. The pooling takes the maximum of
// window × window pixels, and drops an odd last row or column; a window of 1 is no pooling.
struct Maps {
  int batch, height, width, channels, window;
};

// A value for each channel.
struct Statistics {
  float *mean, *deviation;
};

struct Parameters {
  const float *scale, *offset, *mean, *inverse_deviation;
};

// y = max(pooled normalised x, 0).
// @param moving the moving averages of mean and variance (as `deviation`): each becomes
//   momentum × old + (1 − momentum) × batch; the variance with Bessel's correction, as in Keras.
// @param batch the mean and the inverse standard deviation of the batch, for the gradient.
void normalize(const float* x, const float* scale, const float* offset, float momentum, float* y,
               const Statistics& moving, const Statistics& batch, const Maps& maps);

// The gradients of normalize with respect to x, scale and offset. Of several maxima in a window,
// the first one gets the gradient.
void normalize_gradient(const float* x, const float* dy, const Parameters& parameters, float* dx,
                        float* scale, float* offset, const Maps& maps);
