// Vectors of floats. Include this after avx2-begin.h or avx512-begin.h, which define MIEN_VECTOR.
#pragma once

namespace {

// Floats in a vector.
constexpr int VECTOR = MIEN_VECTOR;

typedef float Vector __attribute__((vector_size(4 * VECTOR)));
typedef float Unaligned __attribute__((vector_size(4 * VECTOR), aligned(4)));

inline Vector load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Unaligned*>(to) = value; }
inline Vector repeat(float value) { return value - Vector{}; }

}  // namespace
