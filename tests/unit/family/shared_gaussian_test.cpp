#include "family/shared_gaussian.hpp"

#include <limits>

#include "catch.hpp"
#include "family/families.hpp"
#include "family/stream.hpp"

using namespace jensen;
using namespace jensen::family;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

// η₂ = scale · common of elements with random linear parts; common is not symmetric, as messages are not.
struct Example {
  std::size_t dimension, count;
  std::vector<double> common, scale, natural;

  Example(std::size_t d, std::size_t n, std::uint64_t seed) : dimension(d), count(n), common(d * d), scale(n), natural(n * (d + d * d)) {
    Stream stream(seed, Purpose::test, d);
    std::vector<double> root(d * d);
    for (double& v : root) v = stream.normal();
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < d; ++j) {
        double sum = i == j ? 0.5 : 0;
        for (std::size_t k = 0; k < d; ++k) sum += root[i * d + k] * root[j * d + k];
        common[i * d + j] = -0.5 * sum + (i < j ? 0.3 : i > j ? -0.3 : 0);
      }
    }
    for (std::size_t e = 0; e < n; ++e) {
      scale[e] = 0.01 + 5 * stream.uniform();
      double* eta = natural.data() + e * (d + d * d);
      for (std::size_t i = 0; i < d; ++i) eta[i] = 3 * stream.normal();
      for (std::size_t i = 0; i < d * d; ++i) eta[d + i] = scale[e] * common[i];
    }
  }
};

struct Results {
  std::vector<double> mean, value, log_partition;
  explicit Results(const Example& x) : mean(x.natural.size()), value(x.count * x.dimension), log_partition(x.count) {}
};

}  // namespace

TEST_CASE("a common precision gives every element the q that it has alone", "[family][shared_gaussian]") {
  for (const std::size_t d : {std::size_t{2}, std::size_t{5}, std::size_t{11}, std::size_t{70}}) {
    CAPTURE(d);
    const Example x(d, 7, 3);
    Results r(x);
    SharedGaussianScratch scratch;
    REQUIRE(update_shared({d, x.common, x.scale, x.natural, r.mean, {}, r.log_partition}, scratch));
    const auto alone = make_gaussian(d);
    const std::size_t size = alone->size();
    std::vector<double> mean(size);
    for (std::size_t e = 0; e < x.count; ++e) {
      double log_partition = 0;
      REQUIRE_FALSE(alone->update(std::span(x.natural).subspan(e * size, size), mean, log_partition));
      CHECK_THAT(r.log_partition[e], WithinRel(log_partition, 1e-11) || WithinAbs(log_partition, 1e-9));
      for (std::size_t s = 0; s < size; ++s) CHECK_THAT(r.mean[e * size + s], WithinRel(mean[s], 1e-8) || WithinAbs(mean[s], 1e-8));
    }
  }
}

TEST_CASE("a common precision gives every point the value that it has alone", "[family][shared_gaussian]") {
  const Example x(6, 9, 4);
  Results r(x);
  SharedGaussianScratch scratch;
  REQUIRE(update_shared({6, x.common, x.scale, x.natural, r.mean, r.value, {}}, scratch));
  const auto alone = make_gaussian(6);
  std::vector<double> value(6), mean(alone->size());
  for (std::size_t e = 0; e < x.count; ++e) {
    REQUIRE_FALSE(alone->mode(std::span(x.natural).subspan(e * mean.size(), mean.size()), value));
    alone->statistics_of(value, mean);
    for (std::size_t i = 0; i < 6; ++i) CHECK_THAT(r.value[e * 6 + i], WithinRel(value[i], 1e-10) || WithinAbs(value[i], 1e-10));
    for (std::size_t s = 0; s < mean.size(); ++s) CHECK_THAT(r.mean[e * mean.size() + s], WithinRel(mean[s], 1e-9) || WithinAbs(mean[s], 1e-9));
  }
}

TEST_CASE("what is no common precision is left to the elements", "[family][shared_gaussian]") {
  const Example x(3, 4, 5);
  Results r(x);
  SharedGaussianScratch scratch;
  const auto decided = [&](const Example& y) { return update_shared({3, y.common, y.scale, y.natural, r.mean, r.value, {}}, scratch); };
  REQUIRE(decided(x));
  for (const double scale : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    Example y = x;
    y.scale[2] = scale;
    CHECK_FALSE(decided(y));
  }
  Example indefinite = x;
  indefinite.common[4] = 1;
  CHECK_FALSE(decided(indefinite));
  Example not_finite = x;
  not_finite.common[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(decided(not_finite));
  Example no_message = x;
  no_message.natural[1] = std::numeric_limits<double>::infinity();
  CHECK_FALSE(decided(no_message));
}
