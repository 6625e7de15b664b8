#include "run/kernels/mixing.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "family/stream.hpp"

using namespace jensen;
using namespace jensen::run;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

struct Rows {
  std::int64_t rows, levels, padded, stride;
  AlignedVector own, share, weight, total, scaled, sums;

  Rows(std::int64_t r, std::int64_t k) : rows(r), levels(k), padded(padded_rows(r)), stride(padded_levels(k)) {
    family::Stream stream(5, family::Purpose::test, static_cast<std::uint64_t>(100 * r + k));
    own.assign(static_cast<std::size_t>(padded * stride), 1.0);
    share.assign(static_cast<std::size_t>(stride), 0.0);
    weight.assign(static_cast<std::size_t>(padded), 0.0);
    total.resize(weight.size());
    scaled.resize(weight.size());
    sums.resize(share.size());
    for (std::int64_t i = 0; i < rows; ++i) {
      weight[static_cast<std::size_t>(i)] = 3 * stream.uniform();
      for (std::int64_t l = 0; l < stride; ++l) at(i, l) = l < levels ? stream.uniform() : 0;
    }
    for (std::int64_t l = 0; l < levels; ++l) share[static_cast<std::size_t>(l)] = stream.uniform();
  }
  double& at(std::int64_t row, std::int64_t level) { return own[static_cast<std::size_t>(row * stride + level)]; }
  bool mix(bool backward = false) {
    return run::mix(own.data(), padded, stride, share.data(), weight.data(), backward, total.data(), scaled.data(), sums.data());
  }
};

}  // namespace

TEST_CASE("mixed rows: totals, scaled weights and sums", "[kernels]") {
  for (const auto& [rows, levels] : std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1}, {3, 2}, {8, 8}, {9, 17}, {50, 50}}) {
    Rows r(rows, levels);
    REQUIRE(r.mix());
    Rows reversed(rows, levels);
    REQUIRE(reversed.mix(true));
    CHECK(reversed.total == r.total);
    for (std::size_t l = 0; l < r.sums.size(); ++l) CHECK_THAT(reversed.sums[l], WithinRel(r.sums[l], 1e-13));
    std::vector<double> sums(static_cast<std::size_t>(levels), 0.0);
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto n = static_cast<std::size_t>(i);
      double total = 0;
      for (std::int64_t l = 0; l < levels; ++l) total += r.at(i, l) * r.share[static_cast<std::size_t>(l)];
      CHECK_THAT(r.total[n], WithinRel(total, 1e-14));
      CHECK_THAT(r.scaled[n], WithinRel(r.weight[n] / total, 1e-14));
      for (std::int64_t l = 0; l < levels; ++l) sums[static_cast<std::size_t>(l)] += r.weight[n] / total * r.at(i, l);
    }
    for (std::size_t l = 0; l < sums.size(); ++l) CHECK_THAT(r.sums[l], WithinRel(sums[l], 1e-13));
  }
}

TEST_CASE("a row whose product has no normal total is told of", "[kernels]") {
  for (const double bad : {0.0, 1e-300, std::numeric_limits<double>::infinity(), std::nan("")}) {
    Rows r(11, 3);
    for (std::int64_t l = 0; l < 3; ++l) r.at(7, l) = bad;
    CHECK_FALSE(r.mix());
  }
}

TEST_CASE("exponentials below the peak", "[kernels]") {
  const std::vector<double> eta{-1200, 700, 699, -3, 700.5, 12, 1, 0, 690};
  AlignedVector out(static_cast<std::size_t>(padded_levels(9)), 7.0);
  CHECK(exp_below_peak(eta.data(), 9, out.data()) == 700.5);
  for (std::size_t k = 0; k < eta.size(); ++k) CHECK_THAT(out[k], WithinAbs(std::exp(eta[k] - 700.5), 1e-15));
  for (std::size_t k = eta.size(); k < out.size(); ++k) CHECK(out[k] == 0);
}

TEST_CASE("weighted logarithms", "[kernels]") {
  std::vector<double> total(11), weight(11);
  double expected = 0;
  for (std::size_t i = 0; i < total.size(); ++i) {
    total[i] = std::exp(static_cast<double>(i) * 3 - 20);
    weight[i] = 0.5 + static_cast<double>(i);
    expected += weight[i] * std::log(total[i]);
  }
  CHECK_THAT(sum_weighted_logs(total.data(), weight.data(), 11), WithinRel(expected, 1e-14));
}
