#include "family/log_gig.hpp"

#include <array>
#include <boost/math/quadrature/sinh_sinh.hpp>
#include <cmath>

#include "catch.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

}  // namespace

TEST_CASE("log integral and expectations of a generalised inverse Gaussian agree with mpmath's Bessel functions", "[family][gig]") {
  struct Figure {
    double lambda, psi, chi, log_integral, log, direct, inverse;
  };
  constexpr Figure figures[] = {
      {0.5, 1, 1, -1.4276350570752999129, 0.2063456499010558331, 1.5, 1.0},
      {-0.5, 2, 3, -4.875920686975710955, 0.10943214753784099975, 1.2247448713915890491, 0.9831632475943926994},
      {0, 0.001, 0.001, 2.5385338181369021496, 0.0, 78.98103810466831302, 78.98103810466831302},
      {0, 1e-100, 1e-100, 6.129839848691022538, 0.0, 2.1769295709195244261e+97, 2.1769295709195244261e+97},
      {3.7, 2, 1e-12, -1.1365722414071503795, 0.47400635880184047995, 1.8500000000003704592, 0.74074074074041792916},
      {0.3, 1, 1e-200, 1.0957979948180755606, -3.5025242222001331249, 0.2999999999999999889, 4.3390452902472734546e+139},
      {-2.5, 1e-08, 4, -3.1810530589934733432, 0.68313770269687201991, 2.666666524501318166, 0.62500000666666631125},
      {10000.0, 3, 5, 71113.593109611377902, 8.1116782325047104448, 3333.3338333832633038, 0.00030002995798230858963},
      {1e8, 1e8, 0.001, -100000008.29240183795, -4.9900000081334833301e-9, 1.0000000000100000001, 1.0000000099900000996},
      {1.3, 1e6, 1e6, -2000006.3353899760575, 6.499998375000422722e-7, 1.0000009000001799999, 0.99999960000017999991},
      {0.001, 1e-30, 1, 4.2531083097762684549, 34.924830692170851232, 1.5228187151399356929e+28, 0.014228187151399358177},
      {5.5, 1e-150, 1e150, 1903.3746624796459418, 347.0439312855098753, 5.7100586458148213583e+150, 2.100586458148213983e-151}};
  for (const Figure& f : figures) {
    CAPTURE(f.lambda, f.psi, f.chi);
    const LogGig::Expectations e = LogGig(f.lambda, f.psi, f.chi).expectations();
    CHECK_THAT(e.log_integral, WithinRel(f.log_integral, 1e-14));
    CHECK_THAT(e.log, WithinRel(f.log, 1e-14) || WithinAbs(f.log, 4e-15));
    CHECK_THAT(e.direct, WithinRel(f.direct, 2e-13));
    CHECK_THAT(e.inverse, WithinRel(f.inverse, 2e-13));
  }
}

TEST_CASE("it agrees with double exponential quadrature over a grid of orders and arguments", "[family][gig]") {
  for (const double lambda : {0.0, 0.2, 1.0, 4.5, 60.0, -0.7, -25.0}) {
    for (const double omega : {1e-4, 0.1, 1.0, 7.0, 300.0}) {
      CAPTURE(lambda, omega);
      const double mode = std::asinh(lambda / omega), top = lambda * mode - std::hypot(lambda, omega),
                   width = 1 / std::sqrt(std::hypot(lambda, omega));
      boost::math::quadrature::sinh_sinh<double> quadrature(12);
      const auto kernel = [&](double y) {
        const double x = mode + width * y;
        return std::abs(x) > 700 ? 0 : width * std::exp(lambda * x - omega * std::cosh(x) - top);
      };
      const double total = quadrature.integrate(kernel, 1e-13);
      const double log = quadrature.integrate([&](double y) { return (mode + width * y) * kernel(y); }, 1e-13) / total;
      const LogGig::Expectations e = LogGig(lambda, omega / 2, omega / 2).expectations();
      CHECK_THAT(e.log_integral, WithinAbs(top + std::log(total), 1e-11 * (1 + std::abs(top))));
      CHECK_THAT(e.log, WithinAbs(log, 1e-10));
    }
  }
}

TEST_CASE("powers of an inverse Gaussian of mean 3 and shape 2 have its textbook moments", "[family][gig]") {
  const LogGig law(-0.5, 2 / (2 * 9.0), 2 / 2.0);
  const LogGig::PowerMoments first = law.power_moments(1);
  CHECK_THAT(first.mean, WithinRel(3.0, 1e-13));
  CHECK_THAT(first.variation, WithinRel(std::sqrt(27 / 2.0) / 3, 1e-13));
  CHECK_THAT(law.power_moments(-1).mean, WithinRel(1 / 3.0 + 1 / 2.0, 1e-13));
  CHECK_THAT(law.power_moments(2).mean, WithinRel(9 + 27 / 2.0, 1e-13));
}

TEST_CASE("the relative spread keeps its digits where it is tiny, and the member with a given one is found", "[family][gig]") {
  for (const double target : {1e-9, 1e-3, 0.3, 1.0, 5.0, 1e4}) {
    for (const double r : {1.0, -1.0, 0.5, -2.0}) {
      CAPTURE(target, r);
      const double omega = balanced_gig_with_variation(target, r);
      CHECK_THAT(LogGig(-0.5 * r, omega / 2, omega / 2).power_moments(r).variation, WithinRel(target, 1e-10));
      if (target < 1e-2) CHECK_THAT(omega, WithinRel(r * r / (target * target), 1e-4));
    }
  }
}

TEST_CASE("draws of log u have its mean, in plateaus, peaks and gamma-like members", "[family][gig]") {
  constexpr int draws = 20000;
  std::uint64_t element = 0;
  for (const auto& [lambda, psi, chi] : {std::array{0.0, 1e-9, 1e-9},
                                         {0.0, 1e-200, 1e-200},
                                         {0.3, 1.0, 1e-200},
                                         {2.0, 1.0, 1.0},
                                         {-40.0, 3.0, 2.0},
                                         {1e6, 1e3, 1e3},
                                         {0.1, 50.0, 50.0}}) {
    CAPTURE(lambda, psi, chi);
    const LogGig law(lambda, psi, chi);
    Stream stream(7, Purpose::test, element++);
    double sum = 0, squares = 0;
    for (int i = 0; i < draws; ++i) {
      const double x = law.draw(stream);
      sum += x / draws;
      squares += x * x / draws;
    }
    CHECK_THAT(sum, WithinAbs(law.expectations().log, 5 * std::sqrt((squares - sum * sum) / draws)));
  }
}

}  // namespace jensen::family
