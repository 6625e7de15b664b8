// ELBO <= log evidence, with equality where q is exact. The evidence is computed here by quadrature and enumeration from densities written in C++.
#include <fmt/format.h>

#include <boost/math/quadrature/exp_sinh.hpp>
#include <boost/math/quadrature/sinh_sinh.hpp>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "catch.hpp"
#include "family/stream.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

using Values = std::vector<double>;

double normal_density(double x, double mean, double sd) {
  const double t = (x - mean) / sd;
  return std::exp(-0.5 * t * t) / (sd * std::sqrt(2 * std::numbers::pi));
}

double log_normal(double x, double mean, double sd) {
  const double t = (x - mean) / sd;
  return -0.5 * t * t - std::log(sd) - 0.5 * std::log(2 * std::numbers::pi);
}

double log_gamma_density(double x, double shape, double rate) {
  return shape * std::log(rate) - std::lgamma(shape) + (shape - 1) * std::log(x) - rate * x;
}

double log_poisson(double count, double rate) { return count * std::log(rate) - rate - std::lgamma(count + 1); }

// exp(x), and 0 at the ends of the range where a log density has become -inf + inf.
double density(double x) { return std::isnan(x) ? 0.0 : std::exp(x); }

// log of an integral whose integrand is exp(log_f), kept in range by its value at `centre`.
template <class LogDensity>
double log_integral_real(LogDensity log_f, double centre, double width) {
  boost::math::quadrature::sinh_sinh<double> rule;
  const double top = log_f(centre);
  return top + std::log(width) +
         std::log(rule.integrate([&](double t) { return std::abs(t) > 1e8 ? 0.0 : density(log_f(centre + width * t) - top); }, 1e-13));
}

template <class LogDensity>
double log_integral_positive(LogDensity log_f, double centre) {
  boost::math::quadrature::exp_sinh<double> rule;
  const double top = log_f(centre);
  return top + std::log(rule.integrate([&](double t) { return t <= 0 || t > 1e12 ? 0.0 : density(log_f(t) - top); }, 0.0,
                                       std::numeric_limits<double>::infinity(), 1e-13));
}

template <class LogDensity>
double log_integral_unit(LogDensity log_f) {
  boost::math::quadrature::tanh_sinh<double> rule;
  const double top = log_f(0.5);
  return top + std::log(rule.integrate([&](double t) { return density(log_f(t) - top); }, 0.0, 1.0, 1e-13));
}

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : stream_(seed, family::Purpose::test, 3) {}
  Values reals(std::size_t n, double spread = 1) {
    return many(n, [&] { return std::round(1e4 * spread * stream_.normal()) / 1e4; });
  }
  Values counts(std::size_t n, std::uint64_t below) {
    return many(n, [&] { return static_cast<double>(stream_.below(below)); });
  }
  Values positives(std::size_t n) {
    return many(n, [&] { return 0.01 + std::round(1e4 * stream_.gamma(2)) / 1e4; });
  }

 private:
  template <class Draw>
  static Values many(std::size_t n, Draw draw) {
    Values out;
    for (std::size_t i = 0; i < n; ++i) out.push_back(draw());
    return out;
  }
  family::Stream stream_;
};

std::string csv(const std::vector<std::pair<std::string, Values>>& columns) {
  std::string out;
  for (std::size_t c = 0; c < columns.size(); ++c) out += (c == 0 ? "" : ",") + columns[c].first;
  for (std::size_t n = 0; n < columns[0].second.size(); ++n) {
    out += "\n";
    for (std::size_t c = 0; c < columns.size(); ++c) out += (c == 0 ? "" : ",") + fmt::format("{}", columns[c].second[n]);
  }
  return out + "\n";
}

double elbo(const std::string& model, const std::string& data) {
  run::FitOptions options;
  options.restarts = 4;
  const Result<run::Fit> fit = tests::fit_text({model, data}, options);
  if (!fit) FAIL(model << tests::messages(fit.diagnostics()));
  return fit->elbo;
}

void check_exact(const std::string& model, const std::string& data, double log_evidence) {
  INFO(model);
  const Result<run::Fit> fit = tests::fit_text({model, data});
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK(fit->exact);
  CHECK_THAT(fit->elbo, WithinAbs(log_evidence, 1e-9 * (1 + std::abs(log_evidence))));
}

// Below, but not by much: the bound of a good q on a few rows.
void check_below(const std::string& model, const std::string& data, double log_evidence, double most) {
  INFO(model);
  const double bound = elbo(model, data);
  CHECK(bound < log_evidence);
  CHECK(bound > log_evidence - most);
}

template <class Each>
double sum(const Values& values, Each each) {
  double total = 0;
  for (const double v : values) total += each(v);
  return total;
}

}  // namespace

TEST_CASE("exact: one real number") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Values y = Draws(seed).reals(5, 2);
    const auto log_joint = [&](double m) { return log_normal(m, 1, 3) + sum(y, [&](double v) { return log_normal(v, 2 * m - 1, 0.8); }); };
    check_exact("data y: real[N]  m ~ normal(1, 3)  for n in 1..N { y[n] ~ normal(2 * m - 1, 0.8) }", csv({{"y", y}}),
                log_integral_real(log_joint, (sum(y, [](double v) { return v; }) / 5 + 1) / 2, 0.2));
  }
}

TEST_CASE("exact: scales in every form") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Values y = Draws(seed).reals(6, 1.5);
    const double squares = sum(y, [](double v) { return v * v; });
    const auto likelihood = [&](double precision) {
      return 3 * std::log(precision) - 3 * std::log(2 * std::numbers::pi) - 0.5 * precision * squares;
    };
    const std::string observe = "for n in 1..N { y[n] ~ normal(0, ", data = csv({{"y", y}});
    check_exact("data y: real[N]  t ~ gamma(2, 1.5)  " + observe + "precision = t) }", data,
                log_integral_positive([&](double t) { return log_gamma_density(t, 2, 1.5) + likelihood(t); }, 6 / squares));
    const auto inverse_gamma = [](double v) { return 3 * std::log(2.0) - std::lgamma(3) - 4 * std::log(v) - 2 / v; };
    check_exact("data y: real[N]  v ~ inverse_gamma(3, 2)  " + observe + "variance = v) }", data,
                log_integral_positive([&](double v) { return inverse_gamma(v) + likelihood(1 / v); }, squares / 6));
    // With t = 1 / s^2 a gamma, s itself has density 2 s^-3 gamma(s^-2), and appears in the normal by its standard deviation.
    const std::string root = "distribution root(a, b) on positive { logpdf(x) = log(2) + a * log(b) - lgamma(a) - (2 * a + 1) * log(x) - b / x^2 }  ";
    check_exact(root + "data y: real[N]  s ~ root(2, 1.5)  " + observe + "s) }", data,
                log_integral_positive(
                    [&](double s) { return std::log(2.0) - 3 * std::log(s) + log_gamma_density(1 / (s * s), 2, 1.5) + likelihood(1 / (s * s)); },
                    std::sqrt(squares / 6)));
  }
}

TEST_CASE("exact: counts, waiting times and proportions") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Values y = Draws(seed).counts(6, 8), w = Draws(seed).positives(6);
    const std::string rate = "r ~ gamma(2, 0.5)  ";
    check_exact(
        "data y: count[N]  " + rate + "for n in 1..N { y[n] ~ poisson(3 * r) }", csv({{"y", y}}),
        log_integral_positive([&](double r) { return log_gamma_density(r, 2, 0.5) + sum(y, [&](double v) { return log_poisson(v, 3 * r); }); }, 1));
    check_exact(
        "data w: positive[N]  " + rate + "for n in 1..N { w[n] ~ exponential(r) }", csv({{"w", w}}),
        log_integral_positive([&](double r) { return log_gamma_density(r, 2, 0.5) + sum(w, [&](double v) { return std::log(r) - r * v; }); }, 1));
    check_exact("data w: positive[N]  " + rate + "for n in 1..N { w[n] ~ gamma(2.5, r) }", csv({{"w", w}}),
                log_integral_positive(
                    [&](double r) { return log_gamma_density(r, 2, 0.5) + sum(w, [&](double v) { return log_gamma_density(v, 2.5, r); }); }, 1));
    const auto log_beta = [](double p) { return std::log(12.0) + std::log(p) + 2 * std::log1p(-p); };  // beta(2, 3)
    check_exact("data y: count[N]  p ~ beta(2, 3)  for n in 1..N { y[n] ~ binomial(9, p) }", csv({{"y", y}}), log_integral_unit([&](double p) {
                  return log_beta(p) + sum(y, [&](double v) {
                           return std::lgamma(10) - std::lgamma(v + 1) - std::lgamma(10 - v) + v * std::log(p) + (9 - v) * std::log1p(-p);
                         });
                }));
    check_exact("data y: count[N]  p ~ beta(2, 3)  for n in 1..N { y[n] ~ geometric(p) }", csv({{"y", y}}),
                log_integral_unit([&](double p) { return log_beta(p) + sum(y, [&](double v) { return std::log(p) + v * std::log1p(-p); }); }));
  }
}

// The inner integral is centred where its integrand is largest, so that the outer one sees a smooth function.
TEST_CASE("exact: a regression is one Gaussian block") {
  const Values u = Draws(1).reals(5), y = Draws(2).reals(5, 2);
  const auto log_joint = [&](double a, double b) {
    double total = log_normal(a, 0, 2) + log_normal(b, 1, 1.5);
    for (std::size_t n = 0; n < 5; ++n) total += log_normal(y[n], a + b * u[n], 0.9);
    return total;
  };
  const auto given = [&](double a) {
    double precision = 1 / 2.25, linear = 1 / 2.25;
    for (std::size_t n = 0; n < 5; ++n) {
      precision += u[n] * u[n] / 0.81;
      linear += u[n] * (y[n] - a) / 0.81;
    }
    return log_integral_real([&](double b) { return log_joint(a, b); }, linear / precision, 1 / std::sqrt(precision));
  };
  boost::math::quadrature::tanh_sinh<double> rule;
  const double top = given(0), expected = top + std::log(rule.integrate([&](double a) { return std::exp(given(a) - top); }, -12.0, 12.0, 1e-12));
  check_exact("data u, y: real[N]  a ~ normal(0, 2)  b ~ normal(1, 1.5)  for n in 1..N { y[n] ~ normal(a + b * u[n], 0.9) }",
              csv({{"u", u}, {"y", y}}), expected);
}

TEST_CASE("exact: rows of a mixture with known components are summed out") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Values y = Draws(seed).reals(7, 3);
    const double w[3] = {0.2, 0.5, 0.3}, m[3] = {-2, 0.5, 3}, s[3] = {1, 0.5, 2};
    const double expected = sum(y, [&](double v) {
      double p = 0;
      for (int k = 0; k < 3; ++k) p += w[k] * normal_density(v, m[k], s[k]);
      return std::log(p);
    });
    check_exact(
        "const w = [0.2, 0.5, 0.3]  const m = [-2, 0.5, 3]  const s = [1, 0.5, 2]  data y: real[N]\n"
        "for n in 1..N { z[n] ~ categorical(w)  y[n] ~ normal(m[z[n]], s[z[n]]) }",
        csv({{"y", y}}), expected);
  }
}

TEST_CASE("exact: a weight of w is w copies") {
  const Values y = Draws(4).reals(4, 2), t = {2, 1, 3, 1};
  const auto log_joint = [&](double m) {
    double total = log_normal(m, 0, 2);
    for (std::size_t n = 0; n < 4; ++n) total += t[n] * std::log(0.4 * normal_density(y[n], m, 1) + 0.6 * normal_density(y[n], m, 3));
    return total;
  };
  // q(m) q(z) is not exact, so the weighted bound is compared with that of the copies, and both lie below the evidence of the copies.
  const std::string model =
      "const s = [1, 3]  m ~ normal(0, 2)  for n in 1..N WEIGHT { z[n] ~ categorical([0.4, 0.6])  y[n] ~ normal(m, s[z[n]]) }  data y: real[N]  ";
  const auto with = [&](const std::string& weight) { return std::string(model).replace(model.find("WEIGHT"), 6, weight); };
  const double weighted = elbo(with("weight t[n]") + "data t: count[N]", csv({{"y", y}, {"t", t}}));
  const double copies = elbo(with(""), csv({{"y", {y[0], y[0], y[1], y[2], y[2], y[2], y[3]}}}));
  CHECK_THAT(weighted, WithinAbs(copies, 1e-6));
  CHECK(weighted < log_integral_real(log_joint, 0, 0.5));
}

TEST_CASE("below: a mean with an unknown precision") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Values y = Draws(seed).reals(6, 2);
    const double mean = sum(y, [](double v) { return v; }) / 6;
    const auto given = [&](double t) {
      return log_gamma_density(t, 2, 1) + log_integral_real(
                                              [&](double m) {
                                                return log_normal(m, 0, 3) + sum(y, [&](double v) {
                                                         return 0.5 * std::log(t / (2 * std::numbers::pi)) - 0.5 * t * (v - m) * (v - m);
                                                       });
                                              },
                                              mean, 1 / std::sqrt(6 * t + 0.1));
    };
    boost::math::quadrature::exp_sinh<double> rule;
    const double top = given(0.5);
    const double log_evidence = top + std::log(rule.integrate([&](double t) { return t < 1e-6 || t > 60 ? 0.0 : std::exp(given(t) - top); }, 1e-8));
    check_below("data y: real[N]  m ~ normal(0, 3)  t ~ gamma(2, 1)  for n in 1..N { y[n] ~ normal(m, precision = t) }", csv({{"y", y}}),
                log_evidence, 0.3);
  }
}

TEST_CASE("below: an unknown shift of a mixture") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Values y = Draws(seed).reals(6, 2);
    const auto log_joint = [&](double m) {
      return log_normal(m, 0, 3) + sum(y, [&](double v) { return std::log(0.3 * normal_density(v, m, 1) + 0.7 * normal_density(v, m + 2, 1)); });
    };
    const double mean = sum(y, [](double v) { return v; }) / 6 - 1.4;
    check_below(
        "const d = [0, 2]  data y: real[N]  m ~ normal(0, 3)\n"
        "for n in 1..N { z[n] ~ categorical([0.3, 0.7])  y[n] ~ normal(m + d[z[n]], 1) }",
        csv({{"y", y}}), log_integral_real(log_joint, mean, 0.5), 2);
  }
}

TEST_CASE("exact: two truth values that explain one number") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Values y = Draws(seed).reals(6, 2);
    const double log_evidence = sum(y, [](double v) {
      return std::log(0.7 * 0.4 * normal_density(v, 0, 0.7) + 0.3 * 0.4 * normal_density(v, 1, 0.7) + 0.7 * 0.6 * normal_density(v, 2, 0.7) +
                      0.3 * 0.6 * normal_density(v, 3, 0.7));
    });
    check_exact("data y: real[N]  for n in 1..N { a[n] ~ bernoulli(0.3)  b[n] ~ bernoulli(0.6)  y[n] ~ normal(a[n] + 2 * b[n], 0.7) }",
                csv({{"y", y}}), log_evidence);
  }
}

TEST_CASE("below: rates with a common unknown scale") {
  const Values y = {3, 5, 4, 11, 9};
  // Σ_n log ∫ poisson(y | r) gamma(r | 2, b) dr is negative binomial.
  const auto log_joint = [&](double b) {
    return log_gamma_density(b, 1, 1) + sum(y, [&](double v) {
             return std::lgamma(v + 2) - std::lgamma(2) - std::lgamma(v + 1) + 2 * std::log(b / (b + 1)) - v * std::log(b + 1);
           });
  };
  check_below("data y: count[N]  b ~ gamma(1, 1)  for n in 1..N { r[n] ~ gamma(2, b)  y[n] ~ poisson(r[n]) }", csv({{"y", y}}),
              log_integral_positive(log_joint, 0.3), 0.5);
}

TEST_CASE("exact: cells that nothing depends on integrate to 1, and are predicted") {
  const std::string model = "data x, y: real[N]  a ~ normal(0, 3)  b ~ normal(0, 3)  for n in 1..N { y[n] ~ normal(a + b * x[n], 1) }";
  const auto whole = tests::fit_text({model, "x,y\n0.5,1.2\n1.5,2.0\n-1,0.3\n"});
  const auto holes = tests::fit_text({model, "x,y\n0.5,1.2\n1.5,2.0\n3,NA\n-1,0.3\n"});
  REQUIRE(whole);
  REQUIRE(holes);
  CHECK_THAT(holes->elbo, WithinAbs(whole->elbo, 1e-11));
}

TEST_CASE("exact: a sum over truth values is a sum over their levels") {
  // y ~ normal(a_1 + a_2, 1) with a_d ~ bernoulli(0.3).
  const double y = 1.3;
  const double log_evidence = std::log(0.49 * normal_density(y, 0, 1) + 0.42 * normal_density(y, 1, 1) + 0.09 * normal_density(y, 2, 1));
  check_exact("data y: real[N]  for d in 1..2 { a[d] ~ bernoulli(0.3) }  for n in 1..N { y[n] ~ normal(sum(d in 1..2) a[d], 1) }", csv({{"y", {y}}}),
              log_evidence);
}

TEST_CASE("exact: a gate that data pick") {
  // Two groups, each on or off; rows of one group share its gate.
  const Values y = {1.2, 0.7, -0.4};
  const auto group = [](const Values& rows) {
    double on = 0.5, off = 0.5;
    for (const double v : rows) {
      on *= normal_density(v, 1, 1);
      off *= normal_density(v, 0, 1);
    }
    return std::log(on + off);
  };
  check_exact(
      "data y: real[N]  data g: category(G)[N]  for j in 1..2 { on[j] ~ bernoulli(0.5) }\n"
      "for n in 1..N { if on[g[n]] { y[n] ~ normal(1, 1) } else { y[n] ~ normal(0, 1) } }",
      csv({{"y", y}, {"g", {1, 1, 2}}}), group({1.2, 0.7}) + group({-0.4}));
}

TEST_CASE("levels of one extent are shared by literals") {
  const auto fit =
      tests::fit_text({"data g: category(G)[N] = [\"a\", \"b\", \"c\"]\ndata h: category(G)[M] = [\"b\", \"c\"]\n"
                       "data y: real[N] = [1, 2, 3]\ndata z: real[M] = [2, 3]\nfor j in 1..G { m[j] ~ normal(0, 100) }\n"
                       "for n in 1..N { y[n] ~ normal(m[g[n]], 0.01) }\nfor i in 1..M { z[i] ~ normal(m[h[i]], 0.01) }\n",
                       ""});
  REQUIRE(fit);
  const auto& m = tests::variable(*fit, "m").mean;
  for (std::size_t j = 0; j < 3; ++j) CHECK_THAT(m[j], WithinAbs(static_cast<double>(j) + 1, 1e-3));
}
