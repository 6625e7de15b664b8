// Figures by mpmath 1.2.1 with 60 digits (digamma, 1/x² + zeta(2, x + 1), loggamma and their combinations) at the doubles nearest to the arguments.
#include "family/special.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>
#include "catch.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Figure {
  double x, digamma, trigamma, lgamma;
};

constexpr Figure figures[] = {
    {1e-320, -infinity, infinity, 736.82724089097390615},
    {1e-300, -9.9999999999999997494e+299, infinity, 690.77552789821370518},
    {1e-10, -10000000000.5772153, 99999999999999992715.0, 23.025850929882735237},
    {1e-3, -1000.5755719318102797, 1000001.6425331958273, 6.9071788853838536617},
    {0.1, -10.423754940411076232, 101.4332991507927477, 2.252712651734205902},
    {0.5, -1.9635100260214234794, 4.9348022005446793094, 0.57236494292470008707},
    {1, -0.57721566490153286061, 1.6449340668482264365, 0.0},
    {1.25, -0.22745353337626540809, 1.1973291545071107393, -0.098271836421813161464},
    {1.75, 0.24747245354686116371, 0.76410186989382872062, -0.084401121020485555958},
    {2, 0.42278433509846713939, 0.64493406684822643647, 0.0},
    {3.7, 1.1671535393615114409, 0.31003785767003830216, 1.4280723266653881292},
    {9.999, 2.2516474172057353142, 0.10517738667672886215, 12.799575780077413715},
    {10, 2.2517525890667211076, 0.10516633568168574612, 12.801827480081469611},
    {37.5, 3.610948344596338412, 0.027025382266785013993, 97.521775222888204198},
    {1e4, 9.2102903711428494036, 0.00010000500016666666633, 82099.717496442377273},
    {1e10, 23.02585092989045684, 1.00000000005e-10, 220258509288.81058147},
    {1e300, 690.77552789821370526, 9.999999999999999475e-301, 6.8977552789821374147e+302},
};

void check(double value, double expected) {
  if (std::isinf(expected)) {
    CHECK(value == expected);
  } else {
    CHECK_THAT(value, WithinRel(expected, 4e-15) || WithinAbs(expected, 1e-300));
  }
}

}  // namespace

TEST_CASE("digamma, trigamma and lgamma agree with mpmath from 1e-320 to 1e300", "[family][special]") {
  for (const Figure& figure : figures) {
    CAPTURE(figure.x);
    check(digamma(figure.x), figure.digamma);
    check(trigamma(figure.x), figure.trigamma);
    check(lgamma(figure.x), figure.lgamma);
  }
}

TEST_CASE("the poles at 0 are infinities, never NaN and never an exception", "[family][special]") {
  CHECK(digamma(0) == -infinity);
  CHECK(trigamma(0) == infinity);
  CHECK(lgamma(0) == infinity);
  CHECK(digamma(infinity) == infinity);
  CHECK(lgamma(infinity) == infinity);
}

TEST_CASE("the vectorised digamma and the sum of lgamma agree with mpmath", "[family][special]") {
  for (const Figure& figure : figures) {
    if (figure.x < 1e-300) continue;
    CAPTURE(figure.x);
    std::array<double, 1> x = {figure.x};
    const double log_gamma = digamma_in_place(x);
    CHECK_THAT(x[0], WithinRel(figure.digamma, 4e-15) || WithinAbs(figure.digamma, 2e-15));
    std::array<double, 1> without_log_gamma = {figure.x};
    digamma_all_in_place(without_log_gamma);
    CHECK_THAT(without_log_gamma[0], WithinRel(figure.digamma, 8e-15) || WithinAbs(figure.digamma, 8e-15));
    CHECK_THAT(log_gamma, WithinRel(figure.lgamma, 4e-15) || WithinAbs(figure.lgamma, 1e-14));
  }
}

TEST_CASE("the vectorised digamma gives each entry the same bits, whatever stands beside it", "[family][special]") {
  std::vector<double> x;
  for (int i = 0; i < 37; ++i) x.push_back(0.01 * (i + 1) * (i + 1));
  std::vector<double> together = x;
  const double sum = digamma_in_place(together);
  double sum_alone = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::array<double, 1> alone = {x[i]};
    sum_alone += digamma_in_place(alone);
    CHECK(alone[0] == together[i]);
  }
  CHECK(sum == sum_alone);
}

TEST_CASE("digamma without lgamma agrees with the other where its series takes over", "[family][special]") {
  std::vector<double> x;
  for (int i = 1; i < 400; ++i) x.push_back(0.0377 * i);
  std::vector<double> expected = x;
  (void)digamma_in_place(expected);
  digamma_all_in_place(x);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK_THAT(x[i], WithinRel(expected[i], 1e-14) || WithinAbs(expected[i], 8e-15));
}

TEST_CASE("digamma differences keep their digits for large arguments and small steps", "[family][special]") {
  constexpr std::array<double, 3> expected[] = {{10, 1e-10, 1.0516633568113325821e-11}, {1e8, 1, 1.0e-8},
                                                {0.3, 2.5, 4.3430712110495502163},      {1e15, 1, 1.0e-15},
                                                {1e-8, 1e4, 100000009.7875060175},      {50, -20, -0.51755154074236732039},
                                                {3, -2.999, -1001.4983562670189019}};
  for (const auto& [x, d, difference] : expected) {
    CAPTURE(x, d);
    // x + d itself is rounded where it loses digits to x: 2.999 of 3.
    CHECK_THAT(digamma_difference(x, d), WithinRel(difference, d == -2.999 ? 1e-12 : 4e-15));
  }
  CHECK(digamma_difference(7, 0) == 0);
}

TEST_CASE("log_beta keeps its digits for large arguments", "[family][special]") {
  constexpr std::array<double, 3> expected[] = {
      {1e8, 2e8, -190954258.57711312928}, {0.5, 1e10, -10.940560522033028333}, {1e10, 1, -23.02585092994045684},  {12, 15, -18.568172732389434645},
      {0.3, 0.7, 1.3566652413497420971},  {1e-8, 1e-8, 19.113827924512310596}, {1e-3, 1e6, 6.8933633753253894704}};
  for (const auto& [a, b, value] : expected) {
    CAPTURE(a, b);
    CHECK_THAT(log_beta(a, b), WithinRel(value, 4e-15));
    CHECK(log_beta(a, b) == log_beta(b, a));
  }
}

TEST_CASE("the multivariate log gamma and digamma agree with mpmath", "[family][special]") {
  struct Multivariate {
    std::size_t dimension;
    double x, log_gamma, digamma;
  };
  for (const Multivariate& f : {Multivariate{1, 0.4, 0.79667781770178370967, -2.5613845445851159842},
                                {2, 0.75, 2.0636684190540729159, -5.3133144131627375777},
                                {3, 1.5, 2.1686775340635551259, -2.5042357169443798195},
                                {5, 30.25, 349.40875660097179685, 16.791928223121499008},
                                {50, 1000, 291736.56166872912607, 344.74483168393802369}}) {
    CAPTURE(f.dimension, f.x);
    CHECK_THAT(log_multivariate_gamma(f.dimension, f.x), WithinRel(f.log_gamma, 4e-15));
    CHECK_THAT(multivariate_digamma(f.dimension, f.x), WithinRel(f.digamma, 4e-15));
  }
}

TEST_CASE("log_sum_exp of infinities and wide spreads", "[family][special]") {
  CHECK(log_sum_exp(std::vector<double>{}) == -infinity);
  CHECK(log_sum_exp(std::vector{-infinity, -infinity}) == -infinity);
  CHECK(log_sum_exp(std::vector{0.0, infinity, -1.0}) == infinity);
  CHECK(log_sum_exp(std::vector{0.0, -746.0}) == 0);
  CHECK_THAT(log_sum_exp(std::vector{1e5, 1e5}), WithinRel(1e5 + std::log(2), 1e-15));
  CHECK_THAT(log_sum_exp(std::vector{-1e5, -1e5 - 800}), WithinRel(-1e5, 1e-15));
  CHECK(std::isnan(log_sum_exp(std::vector{0.0, std::numeric_limits<double>::quiet_NaN(), 1.0})));
}

TEST_CASE("softmax sums to one within two units in the last place, in place too", "[family][special]") {
  std::vector<double> x(1000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 300 * std::sin(static_cast<double>(i));
  const double expected = log_sum_exp(x);
  CHECK(softmax(x, x) == expected);
  CHECK_THAT(std::accumulate(x.begin(), x.end(), 0.0), WithinAbs(1, 4.5e-16));
}

}  // namespace jensen::family
