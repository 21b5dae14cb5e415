#include <string.h>

#include "parallel.h"
#include "winograd.h"

#include "avx2-begin.h"
#include "vectors.h"
#include "winograd-body.h"
#include "simd-end.h"

const Winograd winograd_avx2{convolve, kernel_gradient};
