#include "run/kernels/products.hpp"

#include "base/lanes.hpp"
#include "catch.hpp"
#include "family/stream.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

TEST_CASE("both products of a tile equal their sums", "[run]") {
  constexpr std::int64_t rows = 48, columns = 5;
  family::Stream stream(1, family::Purpose::test, 0);
  std::vector<double> x(rows * columns);
  for (double& v : x) v = stream.normal();
  for (const std::int64_t levels : {1, 2, 3, 5, 8, 9, 17}) {
    run::FeaturePairs pairs;
    for (std::int32_t f = 0; f < 7; ++f) {
      pairs.a.push_back(f % static_cast<std::int32_t>(columns));
      pairs.b.push_back((f * 3 + 1) % static_cast<std::int32_t>(columns));
    }
    std::vector<double> g(static_cast<std::size_t>(pairs.size() * levels)), m(static_cast<std::size_t>(levels * rows)), eta(m.size());
    for (double& v : g) v = stream.normal();
    for (double& v : m) v = stream.uniform();
    run::predict(pairs, x.data(), rows, g.data(), levels, eta.data());
    std::vector<double> lane_sums(g.size() * lanes, 0.0), sums(g.size(), 0.0);
    run::accumulate(pairs, x.data(), rows, m.data(), levels, lane_sums.data());
    run::add_lanes(lane_sums, sums.data());
    const auto feature = [&](std::int64_t f, std::int64_t r) {
      const auto at = static_cast<std::size_t>(f);
      return x[static_cast<std::size_t>(pairs.a[at] * rows + r)] * x[static_cast<std::size_t>(pairs.b[at] * rows + r)];
    };
    for (std::int64_t s = 0; s < levels; ++s) {
      for (std::int64_t r = 0; r < rows; ++r) {
        double expected = 0;
        for (std::int64_t f = 0; f < pairs.size(); ++f) expected += feature(f, r) * g[static_cast<std::size_t>(f * levels + s)];
        REQUIRE_THAT(eta[static_cast<std::size_t>(s * rows + r)], WithinAbs(expected, 1e-12));
      }
      for (std::int64_t f = 0; f < pairs.size(); ++f) {
        double expected = 0;
        for (std::int64_t r = 0; r < rows; ++r) expected += feature(f, r) * m[static_cast<std::size_t>(s * rows + r)];
        REQUIRE_THAT(sums[static_cast<std::size_t>(f * levels + s)], WithinAbs(expected, 1e-11));
      }
    }
  }
}
