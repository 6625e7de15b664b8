#include "run/kernels/discrete.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "family/special.hpp"
#include "family/stream.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

TEST_CASE("the rows of a tile are softmaxes of their natural parameters", "[run]") {
  constexpr std::int64_t rows = 64;
  for (const std::int64_t levels : {1, 2, 7, 40}) {
    for (const double spread : {1e-3, 1.0, 30.0, 1e4}) {
      family::Stream stream(static_cast<std::uint64_t>(levels), family::Purpose::test, 0);
      std::vector<double> eta(static_cast<std::size_t>(rows * levels));
      for (double& v : eta) v = spread * stream.normal();
      const std::vector<double> before = eta;
      std::vector<double> peak(rows), total(rows);
      run::softmax_rows(eta.data(), rows, levels, peak.data(), total.data());
      double sum = 0;
      for (std::int64_t r = 0; r < rows; ++r) {
        std::vector<double> row, expected(static_cast<std::size_t>(levels));
        for (std::int64_t s = 0; s < levels; ++s) row.push_back(before[static_cast<std::size_t>(s * rows + r)]);
        const double a = family::softmax(row, expected);
        sum += a;
        const auto at = static_cast<std::size_t>(r);
        REQUIRE_THAT(peak[at] + std::log(total[at]), WithinAbs(a, 1e-13 * (1 + std::abs(a))));
        double mass = 0;
        for (std::int64_t s = 0; s < levels; ++s) {
          const double p = eta[static_cast<std::size_t>(s * rows + r)];
          REQUIRE_THAT(p, WithinAbs(expected[static_cast<std::size_t>(s)], 1e-14));
          mass += p;
        }
        REQUIRE_THAT(mass, WithinAbs(1.0, 1e-14 * static_cast<double>(levels)));
      }
      REQUIRE_THAT(run::sum_log_partitions(peak.data(), total.data(), rows), WithinAbs(sum, 1e-12 * (1 + std::abs(sum))));
    }
  }
}

TEST_CASE("probabilities too small to matter are exactly zero, never denormal", "[run]") {
  std::vector<double> eta(32, 0.0), peak(16), total(16);
  for (std::size_t r = 0; r < 16; ++r) eta[16 + r] = -590.0 - 10.0 * static_cast<double>(r);
  run::softmax_rows(eta.data(), 16, 2, peak.data(), total.data());
  for (std::size_t r = 0; r < 16; ++r) REQUIRE((eta[16 + r] == 0.0 || eta[16 + r] > 1e-261));
}
