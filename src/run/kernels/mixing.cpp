#include "run/kernels/mixing.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "run/kernels/exp.hpp"

namespace jensen::run {
namespace {

using Vector = double __attribute__((vector_size(lanes * 8)));

// Where place l of the sum of neighbouring halves comes from: groups of 2 · width places hold `width` places of a, then of b.
constexpr int low_place(int l, int width) { return l % (2 * width) < width ? l : static_cast<int>(lanes) + l - width; }
constexpr int high_place(int l, int width) { return low_place(l, width) + width; }

template <int width, int... l>
Vector fold(Vector a, Vector b, std::integer_sequence<int, l...>) {
  return __builtin_shufflevector(a, b, low_place(l, width)...) + __builtin_shufflevector(a, b, high_place(l, width)...);
}

// Place i of the result is the sum of all places of part[i].
template <int width>
Vector sum_each(const Vector* part) {
  if constexpr (width == lanes) {
    return part[0];
  } else {
    Vector folded[width];
    for (int i = 0; i < width; ++i) folded[i] = fold<width>(part[i], part[i + width], std::make_integer_sequence<int, lanes>());
    if constexpr (width == 1) {
      return folded[0];
    } else {
      return sum_each<width / 2>(folded);
    }
  }
}

Vector load(const double* from) { return load_lane(from); }

double largest(const double* x, std::int64_t n) {
  double peak = x[0];
  std::int64_t k = 0;
  if (n >= lanes) {
    Vector high = load(x);
    for (; k + lanes <= n; k += lanes) {
      const Vector v = load(x + k);
      high = v > high ? v : high;
    }
    for (std::int64_t l = 0; l < lanes; ++l) peak = std::max(peak, high[l]);
  }
  for (; k < n; ++k) peak = std::max(peak, x[k]);
  return peak;
}

}  // namespace

double exp_below_peak(const double* eta, std::int64_t levels, double* out) {
  const double peak = largest(eta, levels);
  const std::int64_t padded = padded_levels(levels);
  for (std::int64_t k = 0; k < levels; ++k) out[k] = eta[k] - peak;
  for (std::int64_t k = 0; k < padded; k += lanes) store_lane(out + k, exp_lane(load_lane(out + k)));
  std::fill(out + levels, out + padded, 0.0);
  return peak;
}

bool mix(const double* own, std::int64_t rows, std::int64_t levels, const double* share, const double* weight, bool backward, double* total,
         double* scaled, double* sums) {
  std::fill(sums, sums + levels, 0.0);
  LaneBits normal = ~LaneBits{};
  for (std::int64_t done = 0; done < rows; done += lanes) {
    const std::int64_t r = backward ? rows - lanes - done : done;
    const double* block = own + r * levels;
    Vector part[lanes] = {};
    for (std::int64_t k = 0; k < levels; k += lanes) {
      const Vector s = load(share + k);
      for (int i = 0; i < lanes; ++i) part[i] += s * load(block + i * levels + k);
    }
    const Vector all = sum_each<lanes / 2>(part), scale = load(weight + r) / all;
    normal &= (all > 1e-290) & (all < std::numeric_limits<double>::max());
    store_lane(total + r, all);
    store_lane(scaled + r, scale);
    for (std::int64_t k = 0; k < levels; k += lanes) {
      Vector sum = load(sums + k);
      for (int i = 0; i < lanes; ++i) sum += scale[i] * load(block + i * levels + k);
      store_lane(sums + k, sum);
    }
  }
  bool all_normal = true;
  for (std::int64_t l = 0; l < lanes; ++l) all_normal = all_normal && normal[l] != 0;
  return all_normal;
}

// In packets of four wherever the arrays lie, so that every logarithm is of one kind.
double sum_weighted_logs(const double* total, const double* weight, std::int64_t rows) {
  using Packet = Eigen::Array<double, 4, 1>;
  Packet sum = Packet::Zero();
  std::int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const Packet logs = Packet(Eigen::Map<const Packet>(total + r)).log();
    sum += logs * Eigen::Map<const Packet>(weight + r);
  }
  double rest = 0;
  for (; r < rows; ++r) rest += std::log(total[r]) * weight[r];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]) + rest;
}

}  // namespace jensen::run
