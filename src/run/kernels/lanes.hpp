// A machine vector of doubles. Loads and stores need no alignment, so that a result never depends on where an array happens to lie.
#pragma once

#include <cstdint>

namespace jensen::run {

#if defined(__AVX512F__)
inline constexpr std::int64_t lanes = 8;
#elif defined(__AVX__)
inline constexpr std::int64_t lanes = 4;
#else
inline constexpr std::int64_t lanes = 2;
#endif

// Not `using`: clang drops `aligned` there, and then takes every load for an aligned one.
typedef double Lane __attribute__((vector_size(lanes * 8), aligned(8), may_alias));
typedef std::int64_t LaneBits __attribute__((vector_size(lanes * 8), aligned(8), may_alias));

inline Lane load_lane(const double* from) { return *reinterpret_cast<const Lane*>(from); }
inline void store_lane(double* to, Lane value) { *reinterpret_cast<Lane*>(to) = value; }
inline Lane spread(double value) { return value - Lane{}; }

// Half of the lanes onto the other half, until one is left: an order that depends on nothing.
inline double sum_lanes(Lane value) {
  double part[lanes];
  store_lane(part, value);
  for (std::int64_t width = lanes / 2; width > 0; width /= 2) {
    for (std::int64_t l = 0; l < width; ++l) part[l] += part[l + width];
  }
  return part[0];
}

}  // namespace jensen::run
