// What follows, up to simd-end.h, is compiled for processors with AVX2. Other headers are included
// before it.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define MIEN_VECTOR 8
