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

TEST_CASE("an inverse Gaussian of mean 3 and shape 2 is the generalised one of index -1/2", "[family][gig]") {
  const auto family = make_gig_power(1);
  const Values natural{-1.5, -1.0 / 9, -1};  // log density −3/2 log v − shape v/(2 mean²) − shape/(2 v)
  const Update u = update(*family, natural);
  CHECK_THAT(u.mean[1], WithinRel(3.0, 1e-13));
  CHECK_THAT(u.mean[2], WithinRel(1 / 3.0 + 1 / 2.0, 1e-13));
  CHECK_THAT(u.log_partition, WithinRel(0.5 * std::log(std::numbers::pi) - 2 / 3.0, 1e-13));
  CHECK_THAT(moments(*family, natural)[1][0], WithinRel(std::sqrt(27 / 2.0), 1e-13));
  CHECK_THAT(mode(*family, natural)[0], WithinRel(3 * (std::sqrt(1 + 81 / 16.0) - 9 / 4.0), 1e-14));
  CHECK(family->formulas()[0].text == "1 + η[log v]");
}

TEST_CASE("a generalised inverse Gaussian with one side gone is a gamma or an inverse gamma, and nearly so before", "[family][gig]") {
  for (const double power : {1.0, -1.0, 2.0, -0.5}) {
    CAPTURE(power);
    const auto family = make_gig_power(power), gamma = make_gamma_power(power), inverse = make_gamma_power(-power);
    const double a = 2.5 * power - 1, b = -2.5 * power - 1;  // index 2.5 and −2.5
    for (const double rest : {0.0, 1e-300, 1e-40}) {
      CAPTURE(rest);
      const Update up = update(*family, {a, -3, -rest}), expected = update(*gamma, {a, -3});
      CHECK_THAT(up.log_partition, WithinRel(expected.log_partition, 1e-13));
      CHECK_THAT(up.mean[0], WithinRel(expected.mean[0], 1e-12));
      CHECK_THAT(up.mean[1], WithinRel(expected.mean[1], 1e-13));
      CHECK_THAT(up.mean[2], WithinRel(3 / 1.5, 1e-13));
      CHECK_THAT(moments(*family, {a, -3, -rest})[0][0], WithinRel(moments(*gamma, {a, -3})[0][0], 1e-12));
      const Update down = update(*family, {b, -rest, -3}), mirrored = update(*inverse, {b, -3});
      CHECK_THAT(down.log_partition, WithinRel(mirrored.log_partition, 1e-13));
      CHECK_THAT(down.mean[2], WithinRel(mirrored.mean[1], 1e-13));
      CHECK_THAT(down.mean[1], WithinRel(3 / 1.5, 1e-13));
    }
  }
}

TEST_CASE("what makes a generalised inverse Gaussian improper is named", "[family][gig]") {
  const auto family = make_gig_power(1);
  const auto reason = [&](const Values& natural) {
    Values mean(3);
    double log_partition = 0;
    return family->update(natural, mean, log_partition).value().reason;
  };
  CHECK(reason({1, 0.5, -1}) == "the rate is negative (-0.5)");
  CHECK(reason({1, -1, 2}) == "the scale is negative (-2)");
  CHECK(reason({1, 0, -1}) == "the rate is 0 and the index not negative (2)");
  CHECK(reason({-3, -1, 0}) == "the scale is 0 and the index not positive (-2)");
  CHECK_THAT(no_mode(*family, {1, 0, -1}), ContainsSubstring("grows towards infinity"));
  CHECK_THAT(no_mode(*family, {1, -1, 1}), ContainsSubstring("grows towards 0"));
  CHECK_THAT(no_mode(*make_gig_power(-1), {1, -1, 1}), ContainsSubstring("grows towards infinity"));
  CHECK_THAT(no_mode(*family, {0, 0, 0}), ContainsSubstring("not unique"));
}

// Where a residual vanishes, rounding leaves the scale at 0 or a little below: E[1/v] has no bound, but its product with the scale tends to 0.
TEST_CASE("generalised_inverse_gaussian: a scale of 0 with index 1/2 is a limit, not an error", "[family]") {
  const auto family = make_gig_power(1);
  const double limit = 0.5 * std::log(std::numbers::pi / 0.5);  // of a gamma(1/2, 1/2)
  for (const double scale : {0.0, 1e-15}) {
    const Update u = update(*family, {-0.5, -0.5, scale});
    CHECK_THAT(u.mean[1], WithinRel(1.0, 1e-7));
    CHECK(u.mean[2] > 1e7);
    CHECK(std::isfinite(u.mean[2]));
    CHECK_THAT(u.log_partition - scale * u.mean[2], WithinAbs(limit, 1e-7));
  }
  Values mean(3);
  double log_partition = 0;
  CHECK(family->update(Values{-0.5, -0.5, 0.1}, mean, log_partition));
}

TEST_CASE("von Mises: log-partition, mean length and circular sd agree with mpmath from no concentration to 1e10", "[family][von_mises]") {
  const auto family = make_von_mises();
  constexpr std::array<double, 4> figures[] = {{1e-10, 1.8378770664093454836, 5.0000000000000001822e-11, 6.8875246802462206659},
                                               {0.001, 1.8378773164093298586, 0.00049999993750001042707, 3.8989492391007270768},
                                               {0.9, 2.0309614668889637681, 0.40983720346021077994, 1.3356610819111639497},
                                               {1.1, 2.1201647530735890209, 0.48070277202049573702, 1.2103769144079233608},
                                               {20.0, 19.427487494653619774, 0.9746705078898071259, 0.22652066450957619879},
                                               {99.9, 98.518111270488637809, 0.99498234257882009519, 0.10030242402802339187},
                                               {100.1, 98.717108744753775371, 0.99499239335496697994, 0.10020166387986144172},
                                               {1e4, 9996.3137808478416465, 0.99994999874987498046, 0.01000025001979429737},
                                               {1e10, 9999999989.4060130682, 0.99999999995, 0.00001000000000025}};
  for (const auto& [kappa, log_partition, length, sd] : figures) {
    CAPTURE(kappa);
    const Values natural{0.6 * kappa, -0.8 * kappa};
    const Update u = update(*family, natural);
    CHECK_THAT(u.log_partition, WithinRel(log_partition, 4e-15));
    CHECK_THAT(u.mean[0], WithinRel(0.6 * length, 4e-15));
    CHECK_THAT(u.mean[1], WithinRel(-0.8 * length, 4e-15));
    CHECK_THAT(moments(*family, natural)[0][0], WithinRel(std::atan2(-0.8, 0.6), 1e-15));
    CHECK_THAT(moments(*family, natural)[1][0], WithinRel(sd, 1e-12));
  }
  CHECK_THAT(update(*family, {0, 0}).log_partition, WithinRel(std::log(2 * std::numbers::pi), 1e-15));
  CHECK(update(*family, {0, 0}).mean == Values{0, 0});
  CHECK_THAT(no_mode(*family, {0, 0}), ContainsSubstring("not unique"));
  CHECK(mode(*family, {-2, 0})[0] == std::numbers::pi);
}

TEST_CASE("von Mises draws stay on the circle about the mean, whatever the concentration", "[family][von_mises]") {
  const auto family = make_von_mises();
  std::uint64_t element = 0;
  for (const double kappa : {0.0, 1e-12, 0.5, 50.0, 1e9}) {
    CAPTURE(kappa);
    constexpr int draws = 4000;
    const Values natural{-kappa, 0};  // about π, where the circle is cut
    Stream stream(5, Purpose::test, element++);
    double cosine = 0, squares = 0, value = 0;
    for (int i = 0; i < draws; ++i) {
      family->draw(natural, stream, {&value, 1});
      REQUIRE(std::abs(value) <= std::numbers::pi);
      const double below = 2 * std::pow(std::cos(0.5 * value), 2);  // 1 + cos v
      cosine += below / draws;
      squares += below * below / draws;
    }
    const double expected = kappa < 1e6 ? 1 + update(*family, natural).mean[0] : 0.5 / kappa;
    CHECK_THAT(cosine, WithinAbs(expected, 5 * std::sqrt((squares - cosine * cosine) / draws)));
  }
}

TEST_CASE("power law: log-partition, E[log v], mean and sd agree with mpmath, about exponent -1 and at both extremes", "[family][power_law]") {
  constexpr std::array<double, 7> figures[] = {
      {-1.0, 1.0, 20.0, 1.0971887003649487029, 1.4978661367769954967, 6.3423558132113470082, 5.1351006589300055088},
      {-1.00001, 5.0, 5.5, -2.3506352264432800689, 1.6570929947662374926, 5.2460293039219713666, 0.14432664241932931764},
      {400.0, 1.0, 2.0, 271.95805797723149989, 0.6906534149739103967, 1.9950248756218905473, 0.0049627638015503295929},
      {-1e6, 1.0, 20.0, -13.815509557963774104, 1.000001000001000001e-6, 1.000001000002000004, 1.0000030000085000235e-6},
      {1e6, 1.0, 20.0, 2995721.4537747065837, 2.9957312735549909924, 19.99998000003999992, 0.00001999994000016999953},
      {-2.5, 1.0, 1.00001, -11.512937964895969433, 4.9999625003244198465e-6, 1.0000049999791668036, 2.8867513459339634912e-6},
      {-1.5, 0.001, 1e6, 4.1469931967744016001, -4.9084106269120772782, 31.622776601683793649, 3246.5764857413811975}};
  for (const auto& [exponent, low, high, log_partition, log_mean, mean, sd] : figures) {
    CAPTURE(exponent, low, high);
    const auto family = make_power_law(low, high);
    const Update u = update(*family, {exponent});
    CHECK_THAT(u.log_partition, WithinRel(log_partition, 1e-12));
    CHECK_THAT(u.mean[0], WithinRel(log_mean, 1e-11));
    CHECK_THAT(moments(*family, {exponent})[0][0], WithinRel(mean, 1e-12));
    CHECK_THAT(moments(*family, {exponent})[1][0], WithinRel(sd, 1e-10));
  }
}

TEST_CASE("Pareto of shape 3 above 2: textbook moments; the power law down to 0; ends and reasons", "[family][power_law]") {
  const auto pareto = make_power_law(2, std::numeric_limits<double>::infinity()), below = make_power_law(0, 3);
  CHECK_THAT(moments(*pareto, {-4})[0][0], WithinRel(3.0, 1e-14));
  CHECK_THAT(moments(*pareto, {-4})[1][0], WithinRel(std::sqrt(3.0), 1e-13));
  CHECK(std::isnan(moments(*pareto, {-2.5})[1][0]));
  CHECK(std::isnan(moments(*pareto, {-1.5})[0][0]));
  CHECK_THAT(update(*pareto, {-4}).mean[0], WithinRel(std::log(2) + 1 / 3.0, 1e-14));
  CHECK_THAT(update(*pareto, {-4}).log_partition, WithinRel(-3 * std::log(2) - std::log(3), 1e-14));
  CHECK(mode(*pareto, {-4})[0] == 2);
  CHECK_THAT(no_mode(*pareto, {1}), ContainsSubstring("grows towards infinity"));
  CHECK_THAT(moments(*below, {1})[0][0], WithinRel(2.0, 1e-14));
  CHECK_THAT(moments(*below, {1})[1][0], WithinRel(std::sqrt(0.5), 1e-13));
  CHECK(mode(*below, {1})[0] == 3);
  CHECK_THAT(no_mode(*below, {-0.5}), ContainsSubstring("grows towards 0"));
  CHECK(pareto->formulas()[0].text == "-1 - η[log v]");
}

TEST_CASE("normal cut off: half normal, clamped modes, two equal maxima, and the uniform distribution", "[family][truncated]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto half = make_truncated_normal(0, infinity), unit = make_truncated_normal(-1, 1);
  CHECK_THAT(moments(*half, {0, -0.5})[0][0], WithinRel(std::sqrt(2 / std::numbers::pi), 1e-14));
  CHECK_THAT(moments(*half, {0, -0.5})[1][0], WithinRel(std::sqrt(1 - 2 / std::numbers::pi), 1e-14));
  CHECK_THAT(update(*half, {0, -0.5}).log_partition, WithinRel(0.5 * std::log(std::numbers::pi / 2), 1e-14));
  CHECK(mode(*half, {-3, -0.5})[0] == 0);
  CHECK(mode(*half, {3, -0.5})[0] == 3);
  CHECK(mode(*unit, {3, -0.5})[0] == 1);
  CHECK(mode(*unit, {-0.1, 2})[0] == -1);
  CHECK(mode(*unit, {0.1, 0})[0] == 1);
  CHECK_THAT(no_mode(*unit, {0, 2}), ContainsSubstring("both -1 and 1"));
  CHECK_THAT(no_mode(*half, {0, 0.5}), ContainsSubstring("grows towards inf"));
  CHECK_THAT(no_mode(*unit, {0, 0}), ContainsSubstring("flat"));
  CHECK_THAT(update(*unit, {0, 0}).log_partition, WithinRel(std::log(2), 1e-14));
  Values natural(2);
  REQUIRE(unit->natural_from_moments(Values{0}, {}, natural));
  CHECK_THAT(natural[0], WithinAbs(0, 1e-11));
  CHECK_THAT(natural[1], WithinAbs(0, 1e-11));
}

TEST_CASE("a cut-off normal is found from a mean and sd wherever one exists, wide ones with two maxima included", "[family][truncated]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  struct Wanted {
    double low, high, mean, sd;
  };
  for (const Wanted& w : {Wanted{0, infinity, 1, 0.999},
                          {0, infinity, 50, 1},
                          {0, infinity, 1e-6, 5e-7},
                          {-1, 1, 0, 0.9},
                          {-1, 1, 0.5, 0.01},
                          {1000, 1001, 1000.25, 0.2},
                          {-infinity, 3, 1, 1.5},
                          {0, 1, 0.9, 0.25}}) {
    CAPTURE(w.low, w.high, w.mean, w.sd);
    const auto family = make_truncated_normal(w.low, w.high);
    Values natural(2);
    REQUIRE(family->natural_from_moments(Values{w.mean}, Values{w.sd}, natural));
    CHECK_THAT(moments(*family, natural)[0][0], WithinRel(w.mean, 1e-9) || WithinAbs(w.mean, 1e-12));
    CHECK_THAT(moments(*family, natural)[1][0], WithinRel(w.sd, 1e-8));
  }
  Values natural(2);
  CHECK(!make_truncated_normal(0, infinity)->natural_from_moments(Values{1}, Values{1.5}, natural));
  CHECK(!make_truncated_normal(0, 1)->natural_from_moments(Values{0.5}, Values{0.6}, natural));
  CHECK(!make_truncated_normal(0, 1)->natural_from_moments(Values{1.5}, {}, natural));
}

}  // namespace jensen::family
