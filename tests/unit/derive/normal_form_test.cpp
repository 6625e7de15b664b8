#include <algorithm>

#include "catch.hpp"
#include "support/model_text.hpp"

using jensen::test::derive;

namespace {

bool has(const std::vector<std::string>& terms, const std::string& term) { return std::ranges::find(terms, term) != terms.end(); }

}  // namespace

TEST_CASE("a squared sum is a double sum, with indices renamed apart", "[derive]") {
  const auto d = derive(
      "data y: real[N]  data x: real[N, P] = columns(a, b)\n"
      "for p in 1..P { beta[p] ~ normal(0, 1) }\n"
      "for n in 1..N { y[n] ~ normal(dot(x[n], beta), 1) }\n");
  const auto terms = d.terms();
  CHECK(has(terms, "-1/2 Σ_p,n,p' x[n, p'] x[n, p] beta[p] beta[p']"));
  CHECK(has(terms, "Σ_p,n x[n, p] y[n] beta[p]"));
  CHECK(has(terms, "-1/2 Σ_n y[n]^2"));
}

TEST_CASE("a factor that uses one latent index several times has one indicator", "[derive]") {
  const auto d = derive(
      "const K = 3  data x: real[N]\n"
      "param mu: real[K]  param sd: positive[K]  param w: simplex(K)\n"
      "for n in 1..N { z[n] ~ categorical(w)  x[n] ~ normal(mu[z[n]], sd[z[n]]) }\n");
  for (const auto& term : d.derivation.log_joint.terms) {
    const auto indicators =
        std::ranges::count_if(term.atoms, [](const auto& atom) { return atom.statistic.kind == jensen::StatisticKind::indicator; });
    CHECK(indicators <= 1);
  }
  CHECK(has(d.terms(), "Σ_n,k x[n] mu[k] sd[k]^-2 [z[n] = k]"));
}

TEST_CASE("what does not depend on the picked index needs no indicator", "[derive]") {
  const auto d = derive(
      "const K = 2  data x: real[N]  param w: simplex(K)  for k in 1..K { mu[k] ~ normal(0, 1) }\n"
      "for n in 1..N { z[n] ~ categorical(w)  x[n] ~ normal(mu[z[n]], 1) }\n");
  CHECK(has(d.terms(), "-1/2 Σ_n x[n]^2"));
}

TEST_CASE("a lookup by data is a sum against its one-hot", "[derive]") {
  const auto d = derive(
      "data y: count[N]  data g: category(G)[N]\n"
      "for s in 1..G { rate[s] ~ gamma(1, 1) }  for n in 1..N { y[n] ~ poisson(rate[g[n]]) }\n");
  CHECK(has(d.terms(), "-Σ_s,n [g[n] = s] rate[s]"));
}

TEST_CASE("powers of one element combine", "[derive]") {
  const auto d = derive("data x: positive[N]\nt ~ gamma(1, 1)\nfor n in 1..N { x[n] ~ gamma(2, t * t / t) }\n");
  CHECK(has(d.terms(), "-Σ_n x[n] t"));
  CHECK(has(d.terms(), "2 N log t"));
}

TEST_CASE("equal terms merge and cancelling ones vanish", "[derive]") {
  const auto d = derive("data x: real[N]\nm ~ normal(0, 1)\nfor n in 1..N { x[n] ~ normal(m + m - m, 1) }\n");
  CHECK(has(d.terms(), "-1/2 N m^2"));
  CHECK(has(d.terms(), "Σ_n x[n] m"));
  CHECK(d.terms().size() == 6);
}

TEST_CASE("a determinant of a scaled matrix splits", "[derive]") {
  const auto d = derive(
      "data x: vector(3)[N] = columns(a, b, c)\n"
      "t ~ gamma(1, 1)\nfor n in 1..N { x[n] ~ mvnormal(zeros(3), precision = t * eye(3)) }\n");
  CHECK(has(d.terms(), "1.5 N log t"));
  CHECK(has(d.terms(), "-1/2 Σ_n,i x[n, i]^2 t"));
}

TEST_CASE("constants in a log joint are kept", "[derive]") {
  const auto d = derive("x ~ normal(0, 1)\n");
  CHECK(has(d.terms(), "-0.918939"));
}

TEST_CASE("a definition is substituted where it is used", "[derive]") {
  const auto d = derive(
      "data x, y: real[N]\na ~ normal(0, 1)\nb ~ normal(0, 1)\n"
      "for n in 1..N { m[n] = a + b * x[n] }\nfor n in 1..N { y[n] ~ normal(m[n], 1) }\n");
  CHECK(has(d.terms(), "-Σ_n x[n] a b"));
}

TEST_CASE("a latent truth value picks between two branches", "[derive]") {
  const auto d = derive("rain ~ bernoulli(0.2)\ndata wet: bool = 1\nwet ~ bernoulli(rain ? 0.9 : 0.1)\n");
  CHECK(d.block("rain").kind == jensen::derive::BlockKind::discrete);
  CHECK(d.derivation.exact);
}
