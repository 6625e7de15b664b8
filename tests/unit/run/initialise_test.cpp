// Starts from data: every seed reaches what a start from noise misses.
#include "run/initialise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

std::string read(const std::string& path) {
  std::ifstream in(std::string(JENSEN_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

double elbo(const std::string& model, const std::string& csv, std::uint64_t seed) {
  run::FitOptions options;
  options.seed = seed;
  const Result<run::Fit> fit = tests::fit_text({model, read(csv)}, options);
  INFO((fit ? std::string() : tests::messages(fit.diagnostics())));
  REQUIRE(fit);
  return fit->elbo;
}

struct Range {
  double least = 0, most = 0;
};

Range over_seeds(const std::string& model, const std::string& csv) {
  Range out{elbo(model, csv, 1), 0};
  out.most = out.least;
  for (std::uint64_t seed = 2; seed <= 5; ++seed) {
    const double value = elbo(model, csv, seed);
    out = {std::min(out.least, value), std::max(out.most, value)};
  }
  return out;
}

}  // namespace

// Random responsibilities end at -1114.386 here: both kinds at the mean of all rows.
TEST_CASE("start: rows of a discrete block beside other blocks of the row are seeded", "[run][start]") {
  const Range mixture = over_seeds(R"(
data waiting: real[N]
param w: simplex(2)
param mu: real[2]
param s: positive[2]
for n in 1..N { z[n] ~ categorical(w)  waiting[n] ~ student_t(4, mu[z[n]], s[z[n]]) }
)",
                                   "examples/mixture/faithful.csv");
  CHECK_THAT(mixture.least, WithinAbs(-1043.694068, 1e-4));
  CHECK_THAT(mixture.most, WithinAbs(-1043.694068, 1e-4));
}

// The block of z meets no data: those of v speak for it. Random responsibilities end at -1038.876.
TEST_CASE("start: rows of a discrete block are seeded through a block between them and the data", "[run][start]") {
  const Range mixture = over_seeds(R"(
data waiting: real[N]
param w: simplex(2)
param mu: real[2]
param s: positive[2]
for n in 1..N { z[n] ~ categorical(w)  v[n] ~ normal(mu[z[n]], s[z[n]])  waiting[n] ~ normal(v[n], 3) }
)",
                                   "examples/mixture/faithful.csv");
  CHECK_THAT(mixture.least, WithinAbs(-1038.287, 1e-2));
  CHECK_THAT(mixture.most, WithinAbs(-1038.287, 1e-2));
}

// With these priors a precision that started from the normaliser of what it scales, Gamma(a + n/2, b), drew all loadings to 0: -982.358.
TEST_CASE("start: loadings with vague priors on their precisions do not vanish", "[run][start]") {
  const Range principal = over_seeds(R"(
const q = 3
data x: vector(4)[N] = columns(sepal_length, sepal_width, petal_length, petal_width)
tau ~ gamma(0.000001, 0.000001)
for k in 1..q { alpha[k] ~ gamma(0.000001, 0.000001) }
for j in 1..4 {
  mean[j] ~ normal(0, 1000)
  for k in 1..q { W[j, k] ~ normal(0, precision = alpha[k]) }
}
for n in 1..N {
  h[n] ~ mvnormal(zeros(q), precision = eye(q))
  for j in 1..4 { x[n, j] ~ normal(mean[j] + dot(W[j], h[n]), precision = tau) }
}
)",
                                     "examples/bayesian_pca_ard/iris.csv");
  CHECK(principal.least > -600);
  CHECK_THAT(principal.most, WithinAbs(principal.least, 1e-3));
}

// Two points that multiply each other have a saddle at 0.
TEST_CASE("start: points that multiply each other leave zero", "[run][start]") {
  const std::string model = R"(
data y: real[3, 2] = [[1, 2], [2, 4], [3, 6.5]]
param a: real[3]
param b: real[2]
for i in 1..3 { for j in 1..2 { y[i, j] ~ normal(a[i] * b[j], 1)  } }
)";
  run::FitOptions options;
  const Result<run::Fit> fit = tests::fit_text({model}, options);
  REQUIRE(fit);
  CHECK(fit->elbo > -6);  // the residual of the best product of rank one is small; at 0 it is -41
}

// The maximum likelihood fit of a Laplace distribution: the median, a data point where q's expected precision has no bound, and the mean distance.
TEST_CASE("start: a laplace with params has its maximum at the median", "[run][start]") {
  const std::string model = R"(
data y: real[N] = [1.3, 2.1, 2.2, 9.4, 3.3, 2.7, 100]
param mu: real
param b: positive
for n in 1..N { y[n] ~ laplace(mu, b) }
)";
  const Result<run::Fit> fit = tests::fit_text({model});
  INFO((fit ? std::string() : tests::messages(fit.diagnostics())));
  REQUIRE(fit);
  CHECK_THAT(tests::variable(*fit, "mu").value.at(0), WithinAbs(2.7, 1e-6));
  CHECK_THAT(tests::variable(*fit, "b").value.at(0), WithinRel(107.1 / 7, 1e-4));
  CHECK_THAT(fit->elbo, WithinAbs(-7 * (std::log(2 * 107.1 / 7) + 1), 1e-6));
}
