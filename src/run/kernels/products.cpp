#include "run/kernels/products.hpp"

#include <algorithm>

#include "base/lanes.hpp"

namespace jensen::run {
namespace {

constexpr std::int64_t block_levels = 8;  // with two vectors of rows (or two features), 16 sums stay in registers

template <int levels_here>
void predict_block(const FeaturePairs& features, const double* columns, std::int64_t rows, const double* g, std::int64_t levels, double* eta) {
  const std::int64_t count = features.size();
  for (std::int64_t r = 0; r < rows; r += 2 * lanes) {
    Lane first[levels_here] = {}, second[levels_here] = {};
    for (std::int64_t f = 0; f < count; ++f) {
      const double* a = columns + features.a[static_cast<std::size_t>(f)] * rows + r;
      const double* b = columns + features.b[static_cast<std::size_t>(f)] * rows + r;
      const Lane x = load_lane(a) * load_lane(b), y = load_lane(a + lanes) * load_lane(b + lanes);
      const double* row = g + f * levels;
      for (int s = 0; s < levels_here; ++s) {
        first[s] += x * row[s];
        second[s] += y * row[s];
      }
    }
    for (int s = 0; s < levels_here; ++s) {
      store_lane(eta + s * rows + r, first[s]);
      store_lane(eta + s * rows + r + lanes, second[s]);
    }
  }
}

template <int features_here, int levels_here>
void accumulate_block(const FeaturePairs& features, std::int64_t f, const double* columns, std::int64_t rows, const double* mean, std::int64_t levels,
                      double* sums) {
  Lane total[features_here][levels_here] = {};
  const double* a[features_here];
  const double* b[features_here];
  for (int i = 0; i < features_here; ++i) {
    a[i] = columns + features.a[static_cast<std::size_t>(f + i)] * rows;
    b[i] = columns + features.b[static_cast<std::size_t>(f + i)] * rows;
  }
  for (std::int64_t r = 0; r < rows; r += lanes) {
    Lane x[features_here];
    for (int i = 0; i < features_here; ++i) x[i] = load_lane(a[i] + r) * load_lane(b[i] + r);
    for (int s = 0; s < levels_here; ++s) {
      const Lane m = load_lane(mean + s * rows + r);
      for (int i = 0; i < features_here; ++i) total[i][s] += x[i] * m;
    }
  }
  for (int i = 0; i < features_here; ++i) {
    for (int s = 0; s < levels_here; ++s) {
      double* to = sums + ((f + i) * levels + s) * lanes;
      store_lane(to, load_lane(to) + total[i][s]);
    }
  }
}

template <int levels_here>
void accumulate_levels(const FeaturePairs& features, const double* columns, std::int64_t rows, const double* mean, std::int64_t levels,
                       double* sums) {
  constexpr int pair = 2;
  std::int64_t f = 0;
  for (; f + pair <= features.size(); f += pair) accumulate_block<pair, levels_here>(features, f, columns, rows, mean, levels, sums);
  for (; f < features.size(); ++f) accumulate_block<1, levels_here>(features, f, columns, rows, mean, levels, sums);
}

// Calls block(std::integral_constant<int, n>) for the number of levels left, at most block_levels.
template <class Block>
void with_levels(std::int64_t n, Block block) {
  switch (n) {
    case 1:
      return block(std::integral_constant<int, 1>());
    case 2:
      return block(std::integral_constant<int, 2>());
    case 3:
      return block(std::integral_constant<int, 3>());
    case 4:
      return block(std::integral_constant<int, 4>());
    case 5:
      return block(std::integral_constant<int, 5>());
    case 6:
      return block(std::integral_constant<int, 6>());
    case 7:
      return block(std::integral_constant<int, 7>());
    default:
      return block(std::integral_constant<int, 8>());
  }
}

}  // namespace

void predict(const FeaturePairs& features, const double* columns, std::int64_t rows, const double* g, std::int64_t levels, double* eta) {
  for (std::int64_t s = 0; s < levels; s += block_levels) {
    with_levels(std::min(block_levels, levels - s),
                [&](auto n) { predict_block<decltype(n)::value>(features, columns, rows, g + s, levels, eta + s * rows); });
  }
}

void accumulate(const FeaturePairs& features, const double* columns, std::int64_t rows, const double* mean, std::int64_t levels, double* sums) {
  for (std::int64_t s = 0; s < levels; s += block_levels) {
    with_levels(std::min(block_levels, levels - s),
                [&](auto n) { accumulate_levels<decltype(n)::value>(features, columns, rows, mean + s * rows, levels, sums + s * lanes); });
  }
}

void add_lanes(const std::vector<double>& sums, double* out) {
  for (std::size_t at = 0; at < sums.size(); at += lanes) *out++ += sum_lanes(load_lane(sums.data() + at));
}

}  // namespace jensen::run
