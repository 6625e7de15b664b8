#include "family/stream.hpp"

#include <array>
#include <cmath>
#include "catch.hpp"

#include "family/special.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::WithinAbs;

constexpr int draws = 40000;

// Mean and variance of `draw` within five standard errors; the variance's own standard error from the fourth central moment 3 + excess kurtosis.
template <class Draw>
void check_moments(Draw draw, double mean, double variance, double kurtosis) {
  double sum = 0, squares = 0;
  for (int i = 0; i < draws; ++i) {
    const double x = draw() - mean;
    sum += x;
    squares += x * x;
  }
  CHECK_THAT(sum / draws, WithinAbs(0, 5 * std::sqrt(variance / draws)));
  CHECK_THAT(squares / draws, WithinAbs(variance, 5 * variance * std::sqrt((kurtosis - 1) / draws)));
}

}  // namespace

TEST_CASE("a stream is a function of seed, purpose and element", "[family][stream]") {
  const auto first = [](std::uint64_t seed, Purpose purpose, std::uint64_t element) {
    Stream stream(seed, purpose, element);
    return std::array{stream.uniform(), stream.uniform(), stream.normal(), stream.gamma(0.3), stream.uniform()};
  };
  CHECK(first(1, Purpose::test, 2) == first(1, Purpose::test, 2));
  CHECK(first(1, Purpose::test, 2) != first(2, Purpose::test, 2));
  CHECK(first(1, Purpose::test, 2) != first(1, Purpose::draws, 2));
  CHECK(first(1, Purpose::test, 2) != first(1, Purpose::test, 3));
}

TEST_CASE("uniform draws lie strictly inside (0, 1) and fill it evenly", "[family][stream]") {
  Stream stream(7, Purpose::test, 0);
  std::array<int, 16> counts{};
  for (int i = 0; i < draws; ++i) {
    const double u = stream.uniform();
    REQUIRE((u > 0 && u < 1));
    ++counts[static_cast<std::size_t>(u * 16)];
  }
  double chi_squared = 0;
  for (const int count : counts) chi_squared += std::pow(count - draws / 16.0, 2) / (draws / 16.0);
  CHECK(chi_squared < 15 + 5 * std::sqrt(30.0));
  check_moments([&] { return stream.uniform(); }, 0.5, 1.0 / 12, 1.8);
}

TEST_CASE("normal draws have mean 0, variance 1 and kurtosis 3", "[family][stream]") {
  Stream stream(8, Purpose::test, 0);
  check_moments([&] { return stream.normal(); }, 0, 1, 3);
  check_moments([&] { return std::pow(stream.normal(), 2); }, 1, 2, 15);
}

TEST_CASE("gamma draws have the mean and variance of their shape", "[family][stream]") {
  for (const double shape : {0.2, 0.999, 1.0, 3.5, 1e8}) {
    CAPTURE(shape);
    Stream stream(9, Purpose::test, 0);
    check_moments([&] { return stream.gamma(shape); }, shape, shape, 3 + 6 / shape);
  }
}

TEST_CASE("logs of gamma draws are finite and unbiased for shapes whose draws underflow", "[family][stream]") {
  for (const double shape : {1e-8, 1e-3, 0.5, 20.0}) {
    CAPTURE(shape);
    Stream stream(10, Purpose::test, 0);
    check_moments([&] { return stream.log_gamma_draw(shape); }, digamma(shape), trigamma(shape), 9);
  }
}

TEST_CASE("below(n) is uniform on 0..n-1", "[family][stream]") {
  Stream stream(11, Purpose::test, 0);
  check_moments([&] { return static_cast<double>(stream.below(10)); }, 4.5, 8.25, 1.78);
  for (int i = 0; i < 100; ++i) CHECK(stream.below(1) == 0);
  for (int i = 0; i < 100; ++i) CHECK(stream.below((std::uint64_t{1} << 63) + 1) <= std::uint64_t{1} << 63);
}

}  // namespace jensen::family
