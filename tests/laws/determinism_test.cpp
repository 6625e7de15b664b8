// The same bits for any number of threads, on generated models and on enough rows for several shards.
#include <fmt/format.h>

#include "catch.hpp"
#include "family/stream.hpp"
#include "generate/generate.hpp"
#include "support/planned_model.hpp"

using namespace jensen;

namespace {

std::string figures(const std::string& model, const std::string& csv, int threads, int iterations) {
  run::FitOptions options;
  options.threads = threads;
  options.max_iterations = iterations;
  const Result<run::Fit> fit = tests::fit_text({model, csv}, options);
  if (!fit) FAIL(model << tests::messages(fit.diagnostics()));
  return tests::figures(*fit);
}

void check_threads(const std::string& model, const std::string& csv, int iterations) {
  INFO(model);
  const std::string one = figures(model, csv, 1, iterations);
  CHECK(figures(model, csv, 1, iterations) == one);
  CHECK(figures(model, csv, 2, iterations) == one);
  CHECK(figures(model, csv, 4, iterations) == one);
}

std::string many_rows(std::size_t rows) {
  family::Stream stream(11, family::Purpose::test, 4);
  std::string csv = "x,y,u,g,c\n";
  for (std::size_t n = 0; n < rows; ++n) {
    const double shift = 4.0 * static_cast<double>(stream.below(2));
    csv += fmt::format("{:.6f},{:.6f},{:.6f},{},{}\n", stream.normal() + shift, stream.normal() - shift, stream.normal(), "abcde"[stream.below(5)],
                       stream.below(9));
  }
  return csv;
}

}  // namespace

TEST_CASE("generated models give the same bits for 1, 2 and 4 threads") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const tests::GeneratedModel model = tests::generate(seed);
    check_threads(model.text(), model.csv(), 20);
  }
}

TEST_CASE("rows of several shards give the same bits for 1, 2 and 4 threads") {
  const std::string csv = many_rows(30000);
  check_threads(
      "const K = 3  data v: vector(2)[N] = columns(x, y)\n"
      "w ~ dirichlet(ones(K))\n"
      "for k in 1..K { mu[k] ~ mvnormal(zeros(2), precision = 0.01 * eye(2))  P[k] ~ wishart(df = 3, scale = eye(2)) }\n"
      "for n in 1..N { z[n] ~ categorical(w)  v[n] ~ mvnormal(mu[z[n]], precision = P[z[n]]) }",
      csv, 5);
  check_threads(
      "data x, u: real[N]  data g: category(G)[N]  data c: count[N]\n"
      "a ~ normal(0, 10)  b ~ normal(0, 10)  tau ~ gamma(1, 1)\n"
      "for j in 1..G { e[j] ~ normal(0, 1)  r[j] ~ gamma(1, 1) }\n"
      "for n in 1..N weight 0.5 { x[n] ~ normal(a + b * u[n] + e[g[n]], precision = tau)  c[n] ~ poisson(r[g[n]]) }",
      csv, 5);
  check_threads(
      "data x: real[N]  w ~ beta(1, 1)  s ~ gamma(1, 1)  param m: real\n"
      "for n in 1..N { h[n] ~ normal(m, 1)  x[n] ~ normal(h[n], precision = s) }",
      csv, 5);
}
