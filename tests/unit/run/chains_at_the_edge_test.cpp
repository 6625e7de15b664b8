// Chains whose data say too little or too much: a result or a message, never NaN.
#include <cmath>
#include <string>

#include "catch.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

// Every row the same.
std::string rows(int count, const std::string& row) {
  std::string out = "y,u\n";
  for (int t = 0; t < count; ++t) out += row + "\n";
  return out;
}

std::string first_code(const tests::ModelText& text) {
  const Result<run::Fit> fit = tests::fit_text(text);
  return fit ? "" : fit.diagnostics().front().code;
}

const std::string known_scales = R"(
data y: real[T]
level[1] ~ normal(0, 100)
for t in 2..T { level[t] ~ normal(level[t-1], 1) }
for t in 1..T { y[t] ~ normal(level[t], 2) }
)";

const std::string unknown_scales = R"(
data y: real[T]
param so, sl: positive
level[1] ~ normal(0, 100)
for t in 2..T { level[t] ~ normal(level[t-1], sl) }
for t in 1..T { y[t] ~ normal(level[t], so) }
)";

const std::string vectors = R"(
data y: vector(2)[T] = columns(y, u)
param A: matrix(2, 2)
param Q: covariance(2)
param R: covariance(2)
x[1] ~ mvnormal(zeros(2), covariance = eye(2))
for t in 2..T { x[t] ~ mvnormal(A * x[t-1], covariance = Q) }
for t in 1..T { y[t] ~ mvnormal(x[t], covariance = R) }
)";

}  // namespace

TEST_CASE("a time series of length 1 is an ordinary fit where all is known", "[run][chain]") {
  const Result<run::Fit> fit = tests::fit_text({known_scales, "y\n1.5\n"});
  REQUIRE(fit);
  const double variance = 100.0 * 100 + 4;
  CHECK_THAT(fit->elbo, WithinAbs(-0.5 * (std::log(2 * std::acos(-1.0) * variance) + 1.5 * 1.5 / variance), 1e-9));
}

TEST_CASE("a time series of length 1 does not determine how its rows change", "[run][chain]") {
  CHECK(first_code({unknown_scales, "y\n1.5\n"}) == "all-restarts-collapsed");
  CHECK(first_code({vectors, "y,u\n1.5,0.3\n"}) == "no-unique-value");
}

TEST_CASE("a time series of which nothing is known is an error", "[run][chain]") {
  CHECK(first_code({known_scales, rows(20, "NA,NA")}) == "all-missing");
}

TEST_CASE("rows that do not vary leave no scale above 0", "[run][chain]") {
  CHECK(first_code({unknown_scales, rows(50, "2,2")}) == "all-restarts-collapsed");
}

TEST_CASE("dynamics that grow are fitted, until their numbers overflow", "[run][chain]") {
  const std::string model = R"(
const g = 3
data y: real[T]
x[1] ~ normal(0, 1)
for t in 2..T { x[t] ~ normal(g * x[t-1], 1) }
for t in 1..T { y[t] ~ normal(x[t], 1) }
)";
  std::string grows = "y\n";
  double x = 1;
  for (int t = 0; t < 700; ++t) {
    grows += std::to_string(x) + "\n";
    x *= 2.7;
  }
  const Result<run::Fit> fit = tests::fit_text({model, rows(2000, "0.5,0")});
  REQUIRE(fit);
  CHECK(std::isfinite(fit->elbo));
  CHECK(first_code({model, grows}) == "improper-posterior");
  CHECK(first_code({model, rows(2000, "0.5,0"), {"g=1e200"}}) == "improper-posterior");
}
