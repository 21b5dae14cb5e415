#include <string.h>

#include "parallel.h"
#include "winograd.h"

#include "avx512-begin.h"
#include "vectors.h"
#include "winograd-body.h"
#include "simd-end.h"

const Winograd winograd_avx512{convolve, kernel_gradient};
