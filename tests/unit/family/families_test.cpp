// Values of each family that are known by hand or from the literature; what holds for all of them is in tests/laws.
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>
#include "catch.hpp"

#include "family/families.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Values = std::vector<double>;

struct Update {
  Values mean;
  double log_partition = 0;
};

Update update(const Family& family, const Values& natural) {
  Update result{Values(family.size()), 0};
  REQUIRE(!family.update(natural, result.mean, result.log_partition));
  return result;
}

Values mode(const Family& family, const Values& natural) {
  Values value(family.value_size());
  REQUIRE(!family.mode(natural, value));
  return value;
}

std::string no_mode(const Family& family, const Values& natural) {
  Values value(family.value_size());
  const auto reason = family.mode(natural, value);
  REQUIRE(reason);
  return reason->reason;
}

std::array<Values, 2> moments(const Family& family, const Values& natural) {
  std::array<Values, 2> result{Values(family.value_size()), Values(family.value_size())};
  family.moments(natural, result[0], result[1]);
  return result;
}

}  // namespace

TEST_CASE("normal: precision 4 about 3", "[family][normal]") {
  const auto family = make_normal();
  const Update u = update(*family, {12, -2});
  CHECK_THAT(u.mean[0], WithinRel(3.0, 1e-15));
  CHECK_THAT(u.mean[1], WithinRel(9.25, 1e-15));
  CHECK_THAT(u.log_partition, WithinRel(0.5 * std::log(2 * std::numbers::pi) - 0.5 * std::log(4.0) + 18, 1e-15));
  CHECK(mode(*family, {12, -2})[0] == 3);
  CHECK(no_mode(*family, {1, 0.5}) == "the precision is not positive (-1)");
  CHECK(family->formulas()[0].text == "-η[v] / (2 η[v^2])");
  CHECK(family->formulas()[1].latex == "-2 \\eta_{v^{2}}");
}

TEST_CASE("mvnormal of dimension 1 is the normal, and an unsymmetric natural parameter counts by its symmetric part", "[family][gaussian]") {
  const Update vector = update(*make_gaussian(1), {12, -2}), scalar = update(*make_normal(), {12, -2});
  CHECK_THAT(vector.log_partition, WithinRel(scalar.log_partition, 1e-15));
  CHECK_THAT(vector.mean[1], WithinRel(scalar.mean[1], 1e-15));
  const auto family = make_gaussian(2);
  const Update symmetric = update(*family, {1, 2, -1, 0.25, 0.25, -2}), one_sided = update(*family, {1, 2, -1, 0.5, 0, -2});
  CHECK(symmetric.mean == one_sided.mean);
  CHECK(symmetric.log_partition == one_sided.log_partition);
}

TEST_CASE("least squares on collinear columns says that its precision is singular", "[family][gaussian]") {
  CHECK_THAT(no_mode(*make_gaussian(2), {1, 2, -0.5, -1, -1, -2}), ContainsSubstring("pivot 2 of 2"));
}

TEST_CASE("gamma and inverse gamma have their textbook moments and modes", "[family][gamma]") {
  const auto gamma = make_gamma_power(1), inverse = make_gamma_power(-1);
  CHECK_THAT(moments(*gamma, {2, -4})[0][0], WithinRel(0.75, 1e-14));
  CHECK_THAT(moments(*gamma, {2, -4})[1][0], WithinRel(std::sqrt(3) / 4, 1e-13));
  CHECK(mode(*gamma, {2, -4})[0] == 0.5);
  CHECK_THAT(moments(*inverse, {-4, -4})[0][0], WithinRel(2.0, 1e-14));
  CHECK_THAT(moments(*inverse, {-4, -4})[1][0], WithinRel(2.0, 1e-13));
  CHECK_THAT(mode(*inverse, {-4, -4})[0], WithinRel(1.0, 1e-15));
  CHECK(gamma->formulas()[0].text == "1 + η[log v]");
  CHECK(gamma->formulas()[0].latex == "1 + \\eta_{\\log v}");
}

TEST_CASE("infinite moments are NaN: inverse gamma of shape 1.5 has a mean and no variance, of shape 0.5 neither", "[family][gamma]") {
  const auto inverse = make_gamma_power(-1);
  CHECK_THAT(moments(*inverse, {-2.5, -1})[0][0], WithinRel(2.0, 1e-14));
  CHECK(std::isnan(moments(*inverse, {-2.5, -1})[1][0]));
  CHECK(std::isnan(moments(*inverse, {-1.5, -1})[0][0]));
}

TEST_CASE("the relative spread of a power of a gamma is continuous where its formula changes", "[family][gamma]") {
  for (const double power : {1.0, -1.0, -2.0, 0.5}) {
    const auto family = make_gamma_power(power);
    for (const double shape : {50.0, 9000.0, 2e4, 1e8, 1e12}) {
      CAPTURE(power, shape);
      const auto [mean, sd] = moments(*family, {power * shape - 1, -shape});
      CHECK_THAT(mean[0], WithinRel(1.0, 2 / shape / (power * power) + 1e-9));
      CHECK_THAT(sd[0] * std::abs(power) * std::sqrt(shape), WithinRel(1.0, 10 / shape + 2e-6));
    }
  }
}

TEST_CASE("a scale by maximum likelihood: N rows with squares S give sqrt(S / N), and S = 0 a reason", "[family][gamma]") {
  const auto family = make_gamma_power(-2);
  CHECK_THAT(mode(*family, {-50, -0.5 * 18})[0], WithinRel(0.6, 1e-15));
  CHECK_THAT(no_mode(*family, {-50, 0}), ContainsSubstring("grows towards 0"));
  CHECK_THAT(no_mode(*make_gamma_power(1), {5, 0}), ContainsSubstring("grows towards infinity"));
  CHECK_THAT(no_mode(*make_gamma_power(1), {-0.5, -1}), ContainsSubstring("grows towards 0"));
  CHECK_THAT(no_mode(*make_gamma_power(1), {0, 0}), ContainsSubstring("not unique"));
}

TEST_CASE("counts at the edge: a share of nothing is 0, its statistic finite, and no counts at all have no mode", "[family][beta][dirichlet]") {
  CHECK(mode(*make_beta(), {0, 7})[0] == 0);
  CHECK(mode(*make_beta(), {7, 0})[0] == 1);
  CHECK(mode(*make_dirichlet(3), {1, 0, 3}) == Values{0.25, 0, 0.75});
  Values log_shares(3);
  make_dirichlet(3)->statistics_of(Values{0.25, 0, 0.75}, log_shares);
  CHECK(std::isfinite(log_shares[1]));
  CHECK_THAT(no_mode(*make_dirichlet(2), {0, 0}), ContainsSubstring("not unique"));
  CHECK_THAT(no_mode(*make_dirichlet(2), {-0.5, 3}), ContainsSubstring("entry 1 of 2 tends to 0"));
  CHECK_THAT(no_mode(*make_beta(), {3, -0.5}), ContainsSubstring("towards 1"));
}

TEST_CASE("one share alone is 1 with certainty", "[family][dirichlet]") {
  const Update u = update(*make_dirichlet(1), {4});
  CHECK(u.mean[0] == 0);
  CHECK(u.log_partition == 0);
  CHECK(mode(*make_dirichlet(1), {0})[0] == 1);
}

TEST_CASE("categorical: log weights of any common size, levels of probability 0, one level, none possible", "[family][categorical]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto family = make_categorical(3);
  const Update u = update(*family, {-1e5, -1e5 + std::log(3), -infinity});
  CHECK_THAT(u.mean[1], WithinRel(0.75, 1e-10));
  CHECK(u.mean[2] == 0);
  CHECK(mode(*family, {0, 1, 1})[0] == 1);
  CHECK(update(*make_categorical(1), {-3}).mean[0] == 1);
  CHECK(no_mode(*family, {-infinity, -infinity, -infinity}) == "every level has probability 0");
  CHECK(no_mode(*family, {0, infinity, 0}) == "the log weight of level 2 of 3 is not finite (inf)");
}

TEST_CASE("Wishart of side 1 is a gamma, inverse Wishart of side 1 an inverse gamma", "[family][wishart]") {
  const Values natural{1.7, -0.6};
  CHECK_THAT(update(*make_wishart(1), natural).log_partition, WithinRel(update(*make_gamma_power(1), natural).log_partition, 1e-14));
  const Values inverse{-2.7, -0.6};
  CHECK_THAT(update(*make_inverse_wishart(1), inverse).log_partition, WithinRel(update(*make_gamma_power(-1), inverse).log_partition, 1e-14));
  CHECK_THAT(moments(*make_wishart(1), natural)[1][0], WithinRel(moments(*make_gamma_power(1), natural)[1][0], 1e-13));
  const Values narrow{-6.5, -0.6};
  CHECK_THAT(moments(*make_inverse_wishart(1), narrow)[1][0], WithinRel(moments(*make_gamma_power(-1), narrow)[1][0], 1e-12));
}

TEST_CASE("a covariance by maximum likelihood is the scatter over N; a singular scatter is a reason", "[family][inverse_wishart]") {
  const auto family = make_inverse_wishart(2);
  const Values covariance = mode(*family, {-5, -10, -2, -2, -20});  // N = 10, scatter (20, 4; 4, 40)
  CHECK(covariance == Values{2, 0.4, 0.4, 4});
  CHECK_THAT(no_mode(*family, {-5, -1, -2, -2, -4}), ContainsSubstring("the scale is not positive definite (pivot 2 of 2"));
  CHECK_THAT(no_mode(*make_wishart(2), {0, -1, 0, 0, -1}), ContainsSubstring("grows towards singular matrices"));
}

}  // namespace jensen::family
