// Vectors of 8 floats, for code that is compiled for processors with AVX2: such code is between
// AVX2_BEGIN and AVX2_END.
#pragma once

#if defined(__clang__)
#define AVX2_BEGIN _Pragma("clang attribute push(__attribute__((target(\"avx2,fma\"))), apply_to = function)")
#define AVX2_END _Pragma("clang attribute pop")
#else
#define AVX2_BEGIN _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma\")")
#define AVX2_END _Pragma("GCC pop_options")
#endif

AVX2_BEGIN
namespace {

// Floats in a vector.
constexpr int VECTOR = 8;

typedef float Vector __attribute__((vector_size(4 * VECTOR)));
typedef float Unaligned __attribute__((vector_size(4 * VECTOR), aligned(4)));

inline Vector load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Unaligned*>(to) = value; }
inline Vector repeat(float value) { return value - Vector{}; }

}  // namespace
AVX2_END
