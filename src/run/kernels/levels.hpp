// Numbers of one row, one per level: padded with zeros to whole machine vectors. The number of levels is a template parameter where it is small,
// so that sums stay in registers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/lanes.hpp"

namespace jensen::run {

template <int width>
struct Pack;
template <>
struct Pack<2> {
  using Value = double __attribute__((vector_size(16)));
};
template <>
struct Pack<4> {
  using Value = double __attribute__((vector_size(32)));
};
template <>
struct Pack<8> {
  using Value = double __attribute__((vector_size(64)));
};

// Copies, since clang forgets the alignment of a type that depends on a template parameter.
template <int width>
inline typename Pack<width>::Value load_pack(const double* from) {
  typename Pack<width>::Value value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}
template <int width>
inline void store_pack(double* to, typename Pack<width>::Value value) {
  __builtin_memcpy(to, &value, sizeof value);
}

constexpr std::int64_t round_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }
constexpr int widest(std::int64_t padded) {
  int width = static_cast<int>(lanes);
  while (padded % width != 0) width /= 2;
  return width;
}
constexpr int vectors_together(std::int64_t vectors) {
  for (const int together : {4, 3, 2}) {
    if (vectors % together == 0) return together;
  }
  return 1;
}

// `padded`: distance of rows that are kept; `used`: levels that can be other than 0, rounded to whole steps of a product; `apart`: distance of rows
// in scratch memory, where a whole machine vector may be read or written anywhere.
template <std::int64_t padded_levels_>
struct FixedLevels {
  static constexpr std::int64_t padded = padded_levels_;
  static constexpr std::int64_t used = padded;
  static constexpr std::int64_t apart = round_up(padded, lanes);
  static constexpr int width = widest(padded);
  static constexpr int together = vectors_together(padded / width);
};
struct AnyLevels {
  static constexpr int width = static_cast<int>(lanes);
  static constexpr int together = 2;
  std::int64_t padded = 0, used = 0, apart = 0;
  explicit AnyLevels(std::int64_t levels) : padded(round_up(levels, together * lanes)), used(round_up(levels, 4)), apart(padded) {}
};

// Calls body(FixedLevels or AnyLevels) for the smallest that holds `levels`.
template <class Body>
inline auto with_levels_of(std::int64_t levels, Body body) {
  if (levels <= 2) return body(FixedLevels<2>());
  if (levels <= 4) return body(FixedLevels<4>());
  if (levels <= 8) return body(FixedLevels<8>());
  if (levels <= 12) return body(FixedLevels<12>());
  if (levels <= 16) return body(FixedLevels<16>());
  if (levels <= 24) return body(FixedLevels<24>());
  if (levels <= 32) return body(FixedLevels<32>());
  return body(AnyLevels(levels));
}

template <class Size>
inline constexpr int sums_apart() {  // partial sums hide the latency of adding, as many as registers allow
  constexpr int registers = lanes == 8 ? 32 : 16;
  return std::min({registers / 2 / Size::together, Size::width == 2 && Size::together == 1 ? 2 : 4, 4}) / 2 * 2;
}

// use(at, Σ_k matrix[k, at...] x[k]) for all levels, a machine vector at a time.
template <class Size, class Use>
inline void product(Size size, const double* matrix, const double* x, Use use) {
  constexpr int width = Size::width, together = Size::together, apart = sums_apart<Size>();
  for (std::int64_t at = 0; at < size.padded; at += together * width) {
    typename Pack<width>::Value sum[apart][together] = {};
    for (std::int64_t k = 0; k < size.used; k += apart) {
      for (int c = 0; c < apart; ++c) {
        for (int v = 0; v < together; ++v) sum[c][v] += x[k + c] * load_pack<width>(matrix + (k + c) * size.padded + at + v * width);
      }
    }
    for (int half = apart / 2; half > 0; half /= 2) {
      for (int c = 0; c < half; ++c) {
        for (int v = 0; v < together; ++v) sum[c][v] += sum[c + half][v];
      }
    }
    for (int v = 0; v < together; ++v) use(at + v * width, sum[0][v]);
  }
}

// The same for several rows x[i] at once, each summed in the order of k.
template <int rows, class Size, class Use>
inline void products(Size size, const double* matrix, const double* const* x, Use use) {
  constexpr int width = Size::width, together = Size::together;
  for (std::int64_t at = 0; at < size.padded; at += together * width) {
    typename Pack<width>::Value sum[rows][together] = {};
    for (std::int64_t k = 0; k < size.used; ++k) {
      for (int v = 0; v < together; ++v) {
        const auto column = load_pack<width>(matrix + k * size.padded + at + v * width);
        for (int i = 0; i < rows; ++i) sum[i][v] += x[i][k] * column;
      }
    }
    for (int i = 0; i < rows; ++i) {
      for (int v = 0; v < together; ++v) use(i, at + v * width, sum[i][v]);
    }
  }
}

// sums[j, k] += Σ_i a[i][j] b[i][k], in the order of i.
template <int rows, class Size>
inline void add_outer(Size size, const double* const* a, const double* const* b, double* sums) {
  constexpr int width = Size::width, together = Size::together;
  for (std::int64_t at = 0; at < size.padded; at += together * width) {
    typename Pack<width>::Value y[rows][together];
    for (int i = 0; i < rows; ++i) {
      for (int v = 0; v < together; ++v) y[i][v] = load_pack<width>(b[i] + at + v * width);
    }
    for (std::int64_t j = 0; j < size.used; ++j) {
      double* to = sums + j * size.padded + at;
      for (int v = 0; v < together; ++v) {
        auto sum = load_pack<width>(to + v * width);
        for (int i = 0; i < rows; ++i) sum += a[i][j] * y[i][v];
        store_pack<width>(to + v * width, sum);
      }
    }
  }
}

template <int step, class Vector, int... l>
inline Vector exchange(Vector a, std::integer_sequence<int, l...>) {
  return __builtin_shufflevector(a, a, (l ^ step)...);
}

// join over all places of a vector.
template <int width, int step = width / 2, class Join>
inline double join_places(typename Pack<width>::Value value, Join join) {
  if constexpr (step == 0) {
    return value[0];
  } else {
    return join_places<width, step / 2>(join(value, exchange<step>(value, std::make_integer_sequence<int, width>())), join);
  }
}

template <class Size>
inline double largest_level(Size size, const double* row) {
  const auto larger = [](auto a, auto b) { return a > b ? a : b; };
  auto high = load_pack<Size::width>(row);
  for (std::int64_t at = Size::width; at < size.padded; at += Size::width) high = larger(high, load_pack<Size::width>(row + at));
  return join_places<Size::width>(high, larger);
}

template <class Size>
inline double sum_levels(Size size, const double* row) {
  auto sum = load_pack<Size::width>(row);
  for (std::int64_t at = Size::width; at < size.padded; at += Size::width) sum += load_pack<Size::width>(row + at);
  return join_places<Size::width>(sum, [](auto a, auto b) { return a + b; });
}

template <class Size>
inline void scale_levels(Size size, double* row, double factor) {
  for (std::int64_t at = 0; at < size.padded; at += Size::width) store_pack<Size::width>(row + at, load_pack<Size::width>(row + at) * factor);
}

// Place l of two vectors interleaved in groups of `width` places.
template <int width, int... l>
inline void interleave(typename Pack<lanes>::Value& a, typename Pack<lanes>::Value& b, std::integer_sequence<int, l...>) {
  const auto low = __builtin_shufflevector(a, b, ((l & width) == 0 ? l : static_cast<int>(lanes) + l - width)...);
  const auto high = __builtin_shufflevector(a, b, ((l & width) == 0 ? l + width : static_cast<int>(lanes) + l)...);
  a = low;
  b = high;
}

// Rows become columns.
template <int width = 1>
inline void transpose(typename Pack<lanes>::Value* block) {
  if constexpr (width < lanes) {
    for (int i = 0; i < lanes; ++i) {
      if ((i & width) == 0) interleave<width>(block[i], block[i + width], std::make_integer_sequence<int, static_cast<int>(lanes)>());
    }
    transpose<2 * width>(block);
  }
}

}  // namespace jensen::run
