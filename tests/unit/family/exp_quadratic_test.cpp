#include "family/exp_quadratic.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Figure {
  double a, b, low, high, log_integral, mean, variance;
};

// mpmath, 50 digits: far tails, no tail at all, exponentials, the uniform, two maxima, a narrow interval far out, scales of 1e-3 and 1e9.
constexpr Figure figures[] = {{0.0, -0.5, 40.0, infinity, -803.68950348054911542, 40.024968847207263723, 0.0006226683785913887735},
                              {0.0, -0.5, 10000.0, infinity, -50000009.210340381976, 10000.000099999998, 9.99999940000005e-9},
                              {0.0, -0.5, -3.0, 2.0, 0.89454334564978539572, -0.05078298967487897428, 0.87314863997540567955},
                              {5.0, -0.5, 0.0, infinity, 13.418938246553059778, 5.0000014867199409049, 0.99999256639808513929},
                              {-2.0, 0.0, 0.0, infinity, -0.69314718055994530942, 0.5, 0.25},
                              {0.0, 0.0, 2.0, 5.0, 1.0986122886681096914, 3.5, 0.75},
                              {1e-09, 1e-09, 2.0, 5.0, 1.0986123051681097156, 3.5000000060000000036, 0.7500000004499999785},
                              {3.0, 0.0, -1.0, 4.0, 10.901387405429523019, 3.6666681961787370571, 0.11110346354841975184},
                              {0.0, 2.0, -1.0, 1.0, 1.5536942637064262746, 0.0, 0.53126455768653283649},
                              {1.0, 2.0, -1.0, 1.5, 4.1820494998734921123, 1.2794304169012918378, 0.11328364981305979339},
                              {-30.0, 10.0, 0.0, 3.5, 13.824037739236179081, 3.4743317014944368982, 0.00067790897704311391814},
                              {0.0, -0.5, 1000.0, 1000.0009765625, -500007.38032784793304, 1000.000410043527947, 7.5822062836382996771e-8},
                              {-1000.0, -0.001, 0.0, infinity, -6.9077552809821370421, 0.00099999999600000004, 9.999999880000002e-7},
                              {0.001, -1e-12, 0.0, infinity, 250014.38787550090441, 500000000.00000002047, 500000000000.00001006},
                              {200.0, 0.0, 0.0, 1.0, 194.70168263345196332, 0.995, 0.000025},
                              {0.0, 50.0, -2.0, 2.0, 195.39734563524953836, 0.0, 3.9799493631534675868}};

}  // namespace

TEST_CASE("the integral of exp(a v + b v^2) over an interval, its mean and variance agree with mpmath", "[family][truncated]") {
  for (const Figure& f : figures) {
    CAPTURE(f.a, f.b, f.low, f.high);
    const ExpQuadratic law(f.a, f.b, f.low, f.high), mirrored(-f.a, f.b, -f.high, -f.low);
    CHECK_THAT(law.log_integral(), WithinRel(f.log_integral, 2e-14));
    CHECK_THAT(law.mean(), WithinRel(f.mean, 2e-14) || WithinAbs(f.mean, 1e-14));
    CHECK_THAT(law.variance(), WithinRel(f.variance, 1e-12));
    CHECK_THAT(mirrored.log_integral(), WithinRel(f.log_integral, 2e-14));
    CHECK_THAT(mirrored.mean(), WithinRel(-f.mean, 2e-14) || WithinAbs(-f.mean, 1e-14));
  }
}

TEST_CASE("raw moments of the uniform distribution on (0, 1) are 1/(k + 1)", "[family][truncated]") {
  const auto moments = ExpQuadratic(0, 0, 0, 1).raw_moments();
  for (std::size_t k = 0; k < 4; ++k) CHECK_THAT(moments[k], WithinRel(1.0 / static_cast<double>(k + 2), 1e-14));
}

TEST_CASE("draws lie in the interval and have its mean and variance", "[family][truncated]") {
  constexpr int draws = 5000;
  std::uint64_t element = 0;
  for (const Figure& f : figures) {
    CAPTURE(f.a, f.b, f.low, f.high);
    const ExpQuadratic law(f.a, f.b, f.low, f.high);
    Stream stream(11, Purpose::test, element++);
    double sum = 0, squares = 0;
    for (int i = 0; i < draws; ++i) {
      const double v = law.draw(stream);
      REQUIRE(v >= f.low);
      REQUIRE(v <= f.high);
      sum += (v - f.mean) / draws;
      squares += (v - f.mean) * (v - f.mean) / draws;
    }
    CHECK_THAT(sum, WithinAbs(0, 5 * std::sqrt(f.variance / draws)));
    CHECK_THAT(squares, WithinRel(f.variance, 0.2));
  }
}

}  // namespace jensen::family
