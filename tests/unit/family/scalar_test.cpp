// The scalar family against the closed forms of others, and against quadrature and sums of another kind.
#include <boost/math/distributions/poisson.hpp>
#include <boost/math/quadrature/exp_sinh.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "catch.hpp"
#include "family/families.hpp"
#include "family/special.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Values = std::vector<double>;
using Kind = FamilyKind::Kind;

ScalarStatistic power(double p) {
  return {{StatisticKind::power, p}, 1, [p](double v, double* out) { *out = std::pow(v, p); }};
}
ScalarStatistic logarithm() {
  return {{StatisticKind::log, 1}, 1, [](double v, double* out) { *out = std::log(v); }};
}
ScalarStatistic log_rest() {
  return {{StatisticKind::log1m, 1}, 1, [](double v, double* out) { *out = std::log1p(-v); }};
}
ScalarStatistic function(int id, double (*f)(double)) {
  return {Statistic::function(id), 1, [f](double v, double* out) { *out = f(v); }};
}
double log_factorial(double n) { return lgamma(n + 1); }
double half_cauchy_5(double v) { return std::log1p(v * v / 25); }
double log_squared(double v) { return std::log(v) * std::log(v); }

struct Update {
  Values mean;
  double log_partition = 0;
};

Update update(const Family& family, const Values& natural) {
  Update result{Values(family.size()), 0};
  const auto reason = family.update(natural, result.mean, result.log_partition);
  INFO((reason ? reason->reason : ""));
  REQUIRE(!reason);
  return result;
}

std::string reason(const Family& family, const Values& natural) {
  Values mean(family.size());
  double log_partition = 0;
  const auto improper = family.update(natural, mean, log_partition);
  return improper ? improper->reason : "";
}

// Noise of a sum of large terms that cancel cannot be less than theirs.
double noise(const Values& natural, const Values& statistics) {
  double size = 0;
  for (std::size_t i = 0; i < natural.size(); ++i) size += std::abs(natural[i] * statistics[i]);
  return 1e-14 * size;
}

void check_same(const Family& scalar, const Family& native, const Values& natural, double unit = 1) {
  const Update a = update(scalar, natural), b = update(native, natural);
  CAPTURE(natural[0], natural[1]);
  const double slack = noise(natural, b.mean);
  CHECK_THAT(a.log_partition, WithinRel(b.log_partition, 1e-10) || WithinAbs(b.log_partition, 1e-10 + slack));
  for (std::size_t i = 0; i < natural.size(); ++i) {
    CHECK_THAT(a.mean[i], WithinRel(b.mean[i], 1e-10 + slack) || WithinAbs(b.mean[i], 1e-13 * unit));
  }
}

const double infinity = std::numeric_limits<double>::infinity();
Support on(SupportKind kind) { return {kind}; }

}  // namespace

TEST_CASE("scalar: a gamma and its powers, at any shape and scale", "[family][scalar]") {
  for (const double p : {1.0, -1.0, -2.0, 0.5}) {
    const auto scalar = make_scalar(on(SupportKind::positive), {logarithm(), power(p)});
    const auto native = make_gamma_power(p);
    for (const double shape : {1e-3, 0.02, 0.3, 1.0, 3.7, 50.0, 1e4}) {
      for (const double rate : {1e-12, 1e-3, 1.0, 20.0, 1e12}) check_same(*scalar, *native, {p * shape - 1, -rate});
    }
  }
}

TEST_CASE("scalar: a normal, from narrow to wide, centred and not", "[family][scalar]") {
  const auto scalar = make_scalar(on(SupportKind::real), {power(1), power(2)});
  const auto native = make_normal();
  for (const double sd : {1e-12, 1e-8, 1e-3, 1.0, 1e5, 1e12}) {
    for (const double units : {0.0, 0.3, -7.0, 1e3}) check_same(*scalar, *native, {units / sd, -0.5 / (sd * sd)}, sd);
  }
}

TEST_CASE("scalar: a beta, with mass at either edge", "[family][scalar]") {
  const auto scalar = make_scalar(on(SupportKind::unit), {logarithm(), log_rest()});
  const auto native = make_beta();
  for (const double a : {0.01, 0.3, 1.0, 2.5, 100.0, 1e4}) {
    for (const double b : {0.01, 0.3, 1.0, 2.5, 100.0, 1e4}) check_same(*scalar, *native, {a - 1, b - 1});
  }
}

TEST_CASE("scalar: a shifted beta on an interval", "[family][scalar]") {
  const double low = -3, high = 5;
  const auto scalar = make_scalar({SupportKind::interval, low, high},
                                  {function(1, [](double v) { return std::log(v + 3); }), function(2, [](double v) { return std::log(5 - v); })});
  for (const double a : {0.2, 1.0, 6.0}) {
    for (const double b : {0.2, 1.5, 40.0}) {
      CAPTURE(a, b);
      const Update got = update(*scalar, {a - 1, b - 1});
      CHECK_THAT(got.log_partition, WithinAbs(log_beta(a, b) + (a + b - 1) * std::log(high - low), 1e-10));
      CHECK_THAT(got.mean[0], WithinAbs(std::log(8) + digamma(a) - digamma(a + b), 1e-9));
      CHECK_THAT(got.mean[1], WithinAbs(std::log(8) + digamma(b) - digamma(a + b), 1e-9));
    }
  }
}

TEST_CASE("scalar: von Mises, from flat to concentrated", "[family][scalar]") {
  const auto scalar =
      make_scalar(on(SupportKind::angle), {function(1, [](double v) { return std::cos(v); }), function(2, [](double v) { return std::sin(v); })});
  for (const double kappa : {0.0, 0.5, 5.0, 29.0, 40.0, 1e3, 1e6}) {
    for (const double direction : {0.4, 3.1}) {
      CAPTURE(kappa, direction);
      const Update got = update(*scalar, {kappa * std::cos(direction), kappa * std::sin(direction)});
      const double expected = std::log(2 * std::numbers::pi) + log_bessel_i0(kappa);
      CHECK_THAT(got.log_partition, WithinRel(expected, 1e-10));
      if (kappa == 0 || kappa > 1e5) continue;
      const double h = 1e-4 * kappa;  // a difference of log I0, of fourth order
      const auto f = [](double k) { return log_bessel_i0(k); };
      const double slope = (8 * (f(kappa + h) - f(kappa - h)) - (f(kappa + 2 * h) - f(kappa - 2 * h))) / (12 * h);
      CHECK_THAT(std::hypot(got.mean[0], got.mean[1]), WithinRel(slope, 1e-9));
      Values mean(1), sd(1);
      scalar->moments(Values{kappa * std::cos(direction), kappa * std::sin(direction)}, mean, sd);
      CHECK_THAT(mean[0], WithinAbs(direction, 1e-9));
    }
  }
}

TEST_CASE("scalar: a half-Cauchy prior on a scale, against another quadrature", "[family][scalar]") {
  const auto scalar = make_scalar(on(SupportKind::positive), {function(1, half_cauchy_5), logarithm(), power(-2)});
  boost::math::quadrature::exp_sinh<double> quadrature(14);
  for (const double groups : {2.0, 8.0, 100.0}) {
    for (const double squares : {1e-6, 0.1, 30.0, 1e6}) {
      CAPTURE(groups, squares);
      const Values natural{-1, -groups, -0.5 * squares};
      const Update got = update(*scalar, natural);
      const auto expect = [&](double (*t)(double)) {
        const auto integrand = [&](double v) {
          if (!(v > 1e-150 && v < 1e100)) return 0.0;
          const double f = -half_cauchy_5(v) - groups * std::log(v) - 0.5 * squares / (v * v) - got.log_partition;
          return f < -700 ? 0.0 : std::exp(f) * t(v);
        };
        const double split = std::sqrt(squares / groups);  // u = v / split has its peak near 1
        const auto scaled = [&](double u) -> double { return integrand(split * u); };
        return split * quadrature.integrate(scaled, 1e-13);
      };
      CHECK_THAT(expect([](double) { return 1.0; }), WithinAbs(1, 1e-10));
      CHECK_THAT(got.mean[0], WithinRel(expect(half_cauchy_5), 1e-10));
      CHECK_THAT(got.mean[1], WithinRel(expect([](double v) { return std::log(v); }), 1e-9));
      CHECK_THAT(got.mean[2], WithinRel(expect([](double v) { return 1 / (v * v); }), 1e-10));
    }
  }
}

TEST_CASE("scalar: the half-Cauchy itself, whose mean is infinite", "[family][scalar]") {
  const auto scalar = make_scalar(on(SupportKind::positive), {function(1, half_cauchy_5)});
  CHECK_THAT(update(*scalar, {-1}).log_partition, WithinAbs(std::log(2.5 * std::numbers::pi), 1e-12));
  Values mean(1), sd(1);
  scalar->moments(Values{-1}, mean, sd);
  CHECK(std::isnan(mean[0]));
  CHECK(std::isnan(sd[0]));
  scalar->moments(Values{-1.5}, mean, sd);  // a t of two degrees of freedom: a mean, no variance
  CHECK_THAT(mean[0], WithinRel(5.0, 1e-10));
  CHECK(std::isnan(sd[0]));
  CHECK(!reason(*scalar, {-0.5}).empty());
}

TEST_CASE("scalar: a Cauchy far away, on the reals", "[family][scalar]") {
  for (const double place : {0.0, 1e6}) {
    const auto scalar = make_scalar(on(SupportKind::real),
                                    {{Statistic::function(1), 1, [place](double v, double* out) { *out = std::log1p((v - place) * (v - place)); }}});
    const Update got = update(*scalar, {-1});
    CHECK_THAT(got.log_partition, WithinAbs(std::log(std::numbers::pi), 1e-11));
    CHECK_THAT(got.mean[0], WithinRel(2 * std::numbers::ln2, 1e-11));
  }
}

TEST_CASE("scalar: a lognormal, up to a spread of three hundred factors of e", "[family][scalar]") {
  const auto scalar = make_scalar(on(SupportKind::positive), {logarithm(), function(1, log_squared)});
  for (const double mean : {-20.0, 0.0, 3.0}) {
    for (const double sd : {1e-4, 0.5, 3.0, 300.0}) {
      CAPTURE(mean, sd);
      const Values natural{mean / (sd * sd) - 1, -0.5 / (sd * sd)};
      const Update got = update(*scalar, natural);
      const double slack = noise(natural, {mean, mean * mean});
      CHECK_THAT(got.log_partition, WithinRel(0.5 * std::log(2 * std::numbers::pi) + std::log(sd) + 0.5 * mean * mean / (sd * sd), 1e-11 + slack));
      CHECK_THAT(got.mean[0], WithinAbs(mean, 1e-10 * (1 + sd + std::abs(mean)) + slack * sd));
      CHECK_THAT(got.mean[1], WithinRel(mean * mean + sd * sd, 1e-10 + slack));
    }
  }
}

// Far out 1 + v² overflows, while its logarithm is small: that is no mass.
TEST_CASE("scalar: a growing factor whose logarithm overflows in a part of it", "[family][scalar]") {
  const auto grows = [](double v) { return std::log(1 + v * v); };
  const auto positive = make_scalar(on(SupportKind::positive), {power(1), function(1, grows)});
  const double a = 1.5, total = 1 / a + 2 / (a * a * a);  // ∫ (1 + v²) e^-av
  const Update q = update(*positive, {-a, 1});
  CHECK_THAT(q.log_partition, WithinAbs(std::log(total), 1e-12));
  CHECK_THAT(q.mean[0], WithinRel((1 / (a * a) + 6 / std::pow(a, 4)) / total, 1e-12));
  const auto inverse =
      make_scalar(on(SupportKind::positive), {power(-1), logarithm(), function(1, [](double v) { return std::log(1 + 1 / (v * v)); })});
  CHECK_THAT(update(*inverse, {-a, -2, 1}).log_partition, WithinAbs(std::log(total), 1e-12));
  CHECK(reason(*positive, {0, 1}).find("diverges") != std::string::npos);
  const auto square = make_scalar(on(SupportKind::positive), {power(1), power(2)});
  CHECK(reason(*square, {-a, 1e-3}).find("diverges") != std::string::npos);
}

TEST_CASE("scalar: two peaks, near and far apart", "[family][scalar]") {
  const auto scalar = make_scalar(on(SupportKind::real), {function(1, [](double v) { return std::pow(v * v - 1, 2); }), power(1)});
  for (const double sharpness : {1.0, 30.0, 3000.0}) {
    const Update got = update(*scalar, {-sharpness, 0});
    double mass = 0, first = 0;  // the trapezoidal rule, fine
    for (int k = -400000; k <= 400000; ++k) {
      const double v = k * 1e-5, t = std::pow(v * v - 1, 2), weight = std::exp(-sharpness * t);
      mass += weight * 1e-5;
      first += weight * t * 1e-5;
    }
    CHECK_THAT(got.log_partition, WithinAbs(std::log(mass), 1e-11));
    CHECK_THAT(got.mean[0], WithinRel(first / mass, 1e-10));
    CHECK_THAT(got.mean[1], WithinAbs(0, 1e-11));
  }
}

TEST_CASE("scalar: sums over counts", "[family][scalar]") {
  const auto poisson = make_scalar(on(SupportKind::count), {power(1), function(1, log_factorial)});
  for (const double rate : {1e-6, 0.3, 7.0, 1e3, 1e6}) {
    CAPTURE(rate);
    const Update got = update(*poisson, {std::log(rate), -1});
    CHECK_THAT(got.log_partition, WithinRel(rate, 1e-10));
    CHECK_THAT(got.mean[0], WithinRel(rate, rate > 1e5 ? 1e-9 : 1e-10));
    Values mean(1), sd(1);
    poisson->moments(Values{std::log(rate), -1}, mean, sd);
    CHECK_THAT(sd[0], WithinRel(std::sqrt(rate), 1e-7));
  }
  const auto geometric = make_scalar(on(SupportKind::count), {power(1)});
  for (const double p : {0.999, 0.4, 1e-3}) {
    CAPTURE(p);
    const Update got = update(*geometric, {std::log1p(-p)});
    CHECK_THAT(got.log_partition, WithinAbs(-std::log(p), 1e-11));
    CHECK_THAT(got.mean[0], WithinRel((1 - p) / p, 1e-10));
  }
  CHECK(reason(*geometric, {0.0}).find("diverges") != std::string::npos);
  CHECK(reason(*geometric, {0.1}).find("infinity") != std::string::npos);
}

TEST_CASE("scalar: bounded sums, coins and all integers", "[family][scalar]") {
  const auto choose = [](double n) {
    return ScalarStatistic{Statistic::function(1), 1, [n](double k, double* out) { *out = -lgamma(k + 1) - lgamma(n - k + 1); }};
  };
  for (const double n : {3.0, 40.0, 5000.0}) {
    const auto binomial = make_scalar({SupportKind::bounded_count, 0, n}, {power(1), choose(n)});
    for (const double logit : {-3.0, 0.2, 9.0}) {
      CAPTURE(n, logit);
      const Update got = update(*binomial, {logit, 1});
      CHECK_THAT(got.log_partition, WithinRel(n * std::log1p(std::exp(logit)) - lgamma(n + 1), 1e-10) || WithinAbs(0, 1e-9));
      CHECK_THAT(got.mean[0], WithinRel(n / (1 + std::exp(-logit)), 1e-10));
    }
  }
  const auto coin = make_scalar(on(SupportKind::boolean), {power(1)});
  CHECK_THAT(update(*coin, {0.7}).log_partition, WithinAbs(std::log1p(std::exp(0.7)), 1e-14));
  const auto whole = make_scalar(on(SupportKind::integer), {function(1, [](double v) { return std::abs(v - 12); })});
  CHECK_THAT(update(*whole, {-0.1}).log_partition, WithinAbs(std::log((1 + std::exp(-0.1)) / (1 - std::exp(-0.1))), 1e-12));
}

TEST_CASE("scalar: what cannot be normalised says at which end", "[family][scalar]") {
  const auto positive = make_scalar(on(SupportKind::positive), {logarithm(), power(1)});
  CHECK(reason(*positive, {-1, -1}).find("towards 0") != std::string::npos);
  CHECK(reason(*positive, {-1.2, -1}).find("towards 0") != std::string::npos);
  CHECK(reason(*positive, {2, 0}).find("towards infinity") != std::string::npos);
  CHECK(reason(*positive, {2, 1}).find("towards infinity") != std::string::npos);
  const auto real = make_scalar(on(SupportKind::real), {power(1), power(2)});
  CHECK(!reason(*real, {0, 0}).empty());
  CHECK(reason(*real, {1, 0}).find("towards infinity") != std::string::npos);
  CHECK(reason(*real, {-1, 0}).find("towards -infinity") != std::string::npos);
  CHECK(!reason(*real, {1, 1}).empty());
  const auto unit = make_scalar(on(SupportKind::unit), {logarithm(), log_rest()});
  CHECK(reason(*unit, {1, -1}).find("towards 1") != std::string::npos);
  CHECK(reason(*unit, {-1, 1}).find("towards 0") != std::string::npos);
  // A density that is not a number beyond 1 is 0 there.
  const auto edged = make_scalar(on(SupportKind::real), {function(1, [](double v) { return std::log1p(-v * v); })});
  CHECK_THAT(update(*edged, {2}).log_partition, WithinAbs(std::log(16.0 / 15), 1e-9));
  CHECK(!reason(*real, {std::nan(""), -1}).empty());
  CHECK(!reason(*real, {infinity, -1}).empty());
}

TEST_CASE("scalar: an expectation that is infinite is no update", "[family][scalar]") {
  const auto scalar = make_scalar(on(SupportKind::positive), {function(1, half_cauchy_5), power(-2)});
  CHECK(reason(*scalar, {-1, 0}).find("v^-2") != std::string::npos);
  CHECK(reason(*scalar, {-1, -0.1}).empty());
}

TEST_CASE("scalar: modes", "[family][scalar]") {
  const auto gamma = make_scalar(on(SupportKind::positive), {logarithm(), power(1)});
  Values at(1);
  for (const double shape : {1.5, 30.0}) {
    for (const double rate : {1e-9, 1.0, 1e9}) {
      REQUIRE(!gamma->mode(Values{shape - 1, -rate}, at));
      CHECK_THAT(at[0], WithinRel((shape - 1) / rate, 1e-7));
    }
  }
  CHECK(gamma->mode(Values{-0.5, -1}, at)->reason.find("towards 0") != std::string::npos);
  const auto cauchy = make_scalar(on(SupportKind::positive), {function(1, half_cauchy_5)});
  CHECK(cauchy->mode(Values{-1}, at)->reason.find("towards 0") != std::string::npos);
  const auto real = make_scalar(on(SupportKind::real), {power(1), power(2)});
  REQUIRE(!real->mode(Values{3, -0.5}, at));
  CHECK_THAT(at[0], WithinAbs(3, 1e-8));
  const auto poisson = make_scalar(on(SupportKind::count), {power(1), function(1, log_factorial)});
  REQUIRE(!poisson->mode(Values{std::log(1234.5), -1}, at));
  CHECK(at[0] == 1234);
}

TEST_CASE("scalar: draws follow the moments", "[family][scalar]") {
  const auto check = [](const Family& family, const Values& natural) {
    Stream stream(5, Purpose::test, 0);
    Values mean(1), sd(1), value(1);
    family.moments(natural, mean, sd);
    double total = 0, squares = 0;
    constexpr int draws = 2000;
    for (int i = 0; i < draws; ++i) {
      family.draw(natural, stream, value);
      total += value[0] / draws;
      squares += std::pow(value[0] - mean[0], 2) / draws;
    }
    CHECK_THAT(total, WithinAbs(mean[0], 4 * sd[0] / std::sqrt(draws)));
    CHECK_THAT(std::sqrt(squares), WithinRel(sd[0], 0.1));
  };
  check(*make_scalar(on(SupportKind::positive), {logarithm(), power(1)}), {2.5, -3});
  check(*make_scalar(on(SupportKind::real), {power(1), power(2)}), {2.5, -3});
  check(*make_scalar(on(SupportKind::unit), {logarithm(), log_rest()}), {2.5, 0.3});
  check(*make_scalar(on(SupportKind::count), {power(1), function(1, log_factorial)}), {std::log(4.5), -1});
  check(*make_scalar(on(SupportKind::angle), {function(1, [](double v) { return std::cos(v); })}), {3});
}

TEST_CASE("scalar: parameters from moments where the statistics allow it", "[family][scalar]") {
  const auto gamma = make_scalar(on(SupportKind::positive), {logarithm(), power(1), function(1, half_cauchy_5)});
  Values natural(3), mean(1), sd(1);
  REQUIRE(gamma->natural_from_moments(Values{4}, Values{3}, natural));
  gamma->moments(natural, mean, sd);
  CHECK_THAT(mean[0], WithinRel(4, 1e-10));
  CHECK_THAT(sd[0], WithinRel(3, 1e-10));
  const auto other = make_scalar(on(SupportKind::positive), {function(1, half_cauchy_5)});
  Values one(1);
  CHECK(!other->natural_from_moments(Values{4}, Values{3}, one));
}

// v⁴ grows for ever, but from 1e77 on its size is beyond range, and so is that of v³ from 1e103 on.
TEST_CASE("scalar: a density that rises where its parts are beyond range is improper", "[family][scalar]") {
  const auto scalar = make_scalar(on(SupportKind::positive), {power(3), power(4)});
  CHECK_THAT(reason(*scalar, {-1, 1e-170}), Catch::Matchers::ContainsSubstring("infinity"));
  CHECK(reason(*scalar, {1, -1e-3}).empty());
  const auto real = make_scalar(on(SupportKind::real), {power(2), power(3), power(4)});
  CHECK_THAT(reason(*real, {-1, 1e-120, 0}), Catch::Matchers::ContainsSubstring("infinity"));
  CHECK(reason(*real, {-1, 1, -0.1}).empty());
}

TEST_CASE("scalar: an update asks for few values", "[family][scalar]") {
  int asked = 0;
  const auto counted = [&asked](double v, double* out) {
    ++asked;
    out[0] = std::log(v);
    out[1] = v;
    out[2] = half_cauchy_5(v);
    out[3] = 1 / (v * v);
  };
  const auto scalar = make_scalar(on(SupportKind::positive), {{Statistic::function(1), 4, counted}});
  int most = 0;
  for (const Values& natural :
       {Values{2, -1, 0, 0}, Values{50, -3e4, 0, 0}, Values{-8, 0, -1, -15}, Values{-100, 0, -1, -1e-3}, Values{1e4, -1, 0, 0}}) {
    asked = 0;
    update(*scalar, natural);
    INFO(natural[0]);
    CHECK(asked < 300);
    most = std::max(most, asked);
  }
  INFO(most);
}

}  // namespace jensen::family
