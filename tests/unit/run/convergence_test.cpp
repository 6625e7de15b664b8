#include "run/convergence.hpp"

#include <cmath>
#include <functional>

#include "catch.hpp"
#include "family/stream.hpp"

using namespace jensen;
using Catch::Matchers::WithinRel;

namespace {

using Trace = std::vector<double>;

Trace values(int count, const std::function<double(int)>& value) {
  Trace out;
  for (int i = 0; i < count; ++i) out.push_back(value(i));
  return out;
}

// How many values a run sees before it stops; all of them where it does not.
std::size_t stops_after(const Trace& trace, double tolerance, double unit) {
  for (std::size_t n = 1; n <= trace.size(); ++n) {
    if (run::has_converged(Trace(trace.begin(), trace.begin() + static_cast<std::ptrdiff_t>(n)), tolerance, 1e-6, unit)) return n;
  }
  return trace.size() + 1;
}

bool stops(const Trace& trace, double tolerance, double unit) { return stops_after(trace, tolerance, unit) <= trace.size(); }

}  // namespace

TEST_CASE("Aitken's estimate is exact for a geometric approach", "[run]") {
  const Trace trace = values(10, [](int i) { return -100 - 5 * std::pow(0.8, i); });
  REQUIRE_THAT(run::rise_to_come(trace, 1e-12), WithinRel(5 * std::pow(0.8, 9), 1e-9));
}

TEST_CASE("a slow approach is not taken for convergence", "[run]") {
  REQUIRE_FALSE(stops(values(40, [](int i) { return -1e6 - 1e-3 * std::pow(0.9999, i); }), 1e-10, 1e-9));  // changes by 1e-13 of itself; 1e-3 to come
}

TEST_CASE("a linear approach ends when less than the limit is to come", "[run]") {
  for (const double ratio : {0.1, 0.5, 0.9, 0.99}) {
    const Trace trace = values(5000, [&](int i) { return -1000 - 10 * std::pow(ratio, i); });
    const std::size_t n = stops_after(trace, 1e-10, 1e-11);
    REQUIRE(n <= trace.size());
    CHECK(-1000 - trace[n - 1] < 2e-6);
    CHECK(-1000 - trace[n - 1] > 1e-12);  // nor does it go on to the last digit
  }
}

TEST_CASE("a sublinear approach is not taken for convergence while much is to come", "[run]") {
  REQUIRE_FALSE(stops(values(6000, [](int i) { return -1000 - 1 / (i + 1.0); }), 1e-10, 1e-11));  // 1.7e-4 are to come
}

TEST_CASE("a lucky ratio in a noisy trace does not end a slow approach", "[run]") {
  family::Stream stream(5, family::Purpose::test, 0);
  const Trace trace = values(400, [&](int i) { return -1000 - 5e-4 * std::pow(0.9999, i) + 1e-8 * (stream.uniform() - 0.5); });
  REQUIRE_FALSE(stops(trace, 1e-10, 1e-8));  // changes of 5e-8, up to 1e-8 wrong
}

TEST_CASE("noise of rounding ends a run whatever the tolerance, and more of it than expected too", "[run]") {
  family::Stream stream(6, family::Purpose::test, 0);
  const Trace trace = values(60, [&](int) { return -1e7 + 2e-8 * (stream.uniform() - 0.5); });
  CHECK(stops_after(trace, 1e-14, 1e-7) <= 3);
  CHECK(stops(trace, 1e-14, 1e-10));
}

TEST_CASE("a plateau that is being left is none", "[run]") {
  const Trace trace = values(30, [](int i) { return i < 2 ? -500 + 190.0 * i : -100 + 1e-9 * std::pow(1.5, i); });
  REQUIRE_FALSE(stops(trace, 1e-10, 1e-12));
}

TEST_CASE("a large bound is not asked for digits that it does not have", "[run]") {
  const Trace trace = values(80, [](int i) { return -1e9 - 10 * std::pow(0.8, i); });
  CHECK(stops(trace, 1e-16, 1e-5));
}

TEST_CASE("a bound that stands still has converged after two iterations, and never at tolerance 0", "[run]") {
  REQUIRE(run::has_converged({-12.5, -12.5}, 1e-10, 1e-6, 1e-12));
  REQUIRE_FALSE(run::has_converged({-12.5, -12.5}, 0, 1e-6, 1e-12));
  REQUIRE_FALSE(run::has_converged({-12.5}, 1e-10, 1e-6, 1e-12));
}

TEST_CASE("acceleration begins where an iteration brings more than half of the one before", "[run]") {
  CHECK(run::is_slow({-10, -5, -2}, 1e-12));
  CHECK_FALSE(run::is_slow({-10, -5, -3}, 1e-12));
  CHECK_FALSE(run::is_slow({-10, -5}, 1e-12));
}
