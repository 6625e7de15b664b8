// Chains and trees row by row against the same model with one q that stores it whole (junction tree, sparse Cholesky).
#include <fmt/format.h>

#include <string>
#include <vector>

#include "catch.hpp"
#include "family/stream.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

void check_same(const std::vector<double>& a, const std::vector<double>& b, const std::string& what, double tolerance) {
  INFO(what);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK_THAT(a[i], WithinAbs(b[i], tolerance * (1 + std::abs(b[i]))));
}

// From the same start: params and rates are given, so that neither run draws one. The two differ in what they update first, so only where they end
// is compared.
void check_both_ways(const std::string& model, const std::string& csv, const std::string& init, const std::vector<std::string>& rows) {
  INFO(model);
  run::FitOptions options;
  options.max_iterations = 20000;
  options.tolerance = 1e-14;
  options.rows = rows;
  options.init_json = init;
  const auto planned = tests::plan_text({.model = model, .csv = csv});
  if (!planned) FAIL(tests::messages(planned.diagnostics()));
  const bool swept =
      std::any_of(planned->plan.passes.begin(), planned->plan.passes.end(), [](const plan::Pass& pass) { return pass.link.has_value(); });
  CHECK(swept);
  const auto by_row = tests::fit_text({.model = model, .csv = csv}, options);
  const auto whole = tests::fit_text({.model = model, .csv = csv, .by_row = false}, options);
  if (!by_row) FAIL(tests::messages(by_row.diagnostics()));
  if (!whole) FAIL(tests::messages(whole.diagnostics()));
  check_same({by_row->elbo}, {whole->elbo}, "elbo", 1e-9);
  CHECK(by_row->iterations < options.max_iterations);
  for (const run::FittedVariable& variable : by_row->variables) {
    const run::FittedVariable& other = tests::variable(*whole, variable.name);
    check_same(variable.mean, other.mean, variable.name, 1e-4);
    check_same(variable.sd, other.sd, variable.name + " sd", 1e-4);
  }
}

std::string column(const std::string& name, std::size_t n, std::uint64_t seed, bool count) {
  std::string out = name + "\n";
  family::Stream stream(seed, family::Purpose::simulation, 0);
  double level = 0;
  for (std::size_t i = 0; i < n; ++i) {
    level = 0.8 * level + stream.normal();
    out += count ? fmt::format("{}\n", static_cast<int>(std::exp(0.5 * level) * 3)) : fmt::format("{}\n", level + 0.3 * stream.normal());
  }
  return out;
}

const char* const hmm_start = R"({"rate": {"value": [1, 4, 9]}, "start": {"value": [0.2, 0.3, 0.5]},
                                  "trans": {"value": [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]]}})";

}  // namespace

TEST_CASE("a hidden Markov model by row is the one stored whole", "[laws][chain]") {
  check_both_ways(
      "const K = 3\ndata y: count[T]\nparam start: simplex(K)\nparam trans: simplex(K)[K]\nparam rate: positive[K]\n"
      "z[1] ~ categorical(start)\nfor t in 2..T { z[t] ~ categorical(trans[z[t-1]]) }\nfor t in 1..T { y[t] ~ poisson(rate[z[t]]) }\n",
      column("y", 40, 1, true), hmm_start, {"z"});
}

TEST_CASE("hidden Markov models with priors, gaps of two, and covariates in their transitions", "[laws][chain]") {
  const std::string data = "const K = 3\ndata y: count[T]\n";
  const std::string init = R"({"rate": {"shape": [2, 8, 18], "rate": [2, 2, 2]}})";
  check_both_ways(
      data +
          "start ~ dirichlet(ones(K))\nfor k in 1..K { trans[k] ~ dirichlet(ones(K))  rate[k] ~ gamma(2, 0.5) }\n"
          "z[1] ~ categorical(start)\nfor t in 2..T { z[t] ~ categorical(trans[z[t-1]]) }\nfor t in 1..T { y[t] ~ poisson(rate[z[t]]) }\n",
      column("y", 30, 2, true), init, {"z"});
  check_both_ways(data +
                      "start ~ dirichlet(ones(K))\nfor k in 1..K { trans[k] ~ dirichlet(ones(K))  rate[k] ~ gamma(2, 0.5) }\n"
                      "for t in 1..2 { z[t] ~ categorical(start) }\nfor t in 3..T { z[t] ~ categorical(trans[z[t-2]]) }\n"
                      "for t in 1..T { y[t] ~ poisson(rate[z[t]]) }\n",
                  column("y", 30, 3, true), init, {"z"});
  check_both_ways(
      "const K = 3\ndata y: count[T]\ndata season: category(S)[T]\n"
      "start ~ dirichlet(ones(K))\nfor s in 1..S { for k in 1..K { trans[s, k] ~ dirichlet(ones(K)) } }\nfor k in 1..K { rate[k] ~ gamma(2, 0.5) }\n"
      "z[1] ~ categorical(start)\nfor t in 2..T { z[t] ~ categorical(trans[season[t], z[t-1]]) }\n"
      "for t in 1..T { y[t] ~ poisson(rate[z[t]]) }\n",
      "y,season\n1,a\n3,a\n2,b\n9,b\n8,a\n2,b\n0,b\n1,a\n7,a\n9,b\n", init, {"z"});
}

TEST_CASE("several sequences: as rows of a matrix, and one after another", "[laws][chain]") {
  const std::string head = "const K = 3\nparam start: simplex(K)\nparam trans: simplex(K)[K]\nparam rate: positive[K]\n";
  check_both_ways(head +
                      "data y: count[S, T] = [[1, 3, 2, 9, 8], [0, 1, 0, 2, 4], [7, 9, 3, 1, 1]]\n"
                      "for s in 1..S { z[s, 1] ~ categorical(start)  for t in 2..T { z[s, t] ~ categorical(trans[z[s, t-1]]) } }\n"
                      "for s in 1..S { for t in 1..T { y[s, t] ~ poisson(rate[z[s, t]]) } }\n",
                  "", hmm_start, {"z"});
  check_both_ways(head +
                      "data y: count[T]\ndata first: bool[T]\nz[1] ~ categorical(start)\n"
                      "for t in 2..T { if first[t] { z[t] ~ categorical(start) } else { z[t] ~ categorical(trans[z[t-1]]) } }\n"
                      "for t in 1..T { y[t] ~ poisson(rate[z[t]]) }\n",
                  "y,first\n1,1\n3,0\n2,0\n9,0\n8,1\n2,0\n0,1\n1,1\n7,0\n9,0\n", hmm_start, {"z"});
}

TEST_CASE("a tree given by a parent column by row is the one stored whole", "[laws][chain]") {
  const std::string model =
      "const K = 3\ndata y: count[N]\ndata parent: int[N]\ndata root: bool[N]\nparam start: simplex(K)\nparam trans: simplex(K)[K]\n"
      "param rate: positive[K]\n"
      "for n in 1..N { if root[n] { z[n] ~ categorical(start) } else { z[n] ~ categorical(trans[z[parent[n]]]) }  y[n] ~ poisson(rate[z[n]]) }\n";
  check_both_ways(model, "y,parent,root\n1,1,1\n3,1,0\n2,1,0\n9,2,0\n8,2,0\n2,3,0\n0,7,1\n1,7,0\n", hmm_start, {"z"});
  check_both_ways(model, "y,parent,root\n1,3,0\n3,1,0\n2,3,1\n9,8,0\n8,2,0\n2,3,0\n0,1,0\n1,7,0\n", hmm_start, {"z"});
}

TEST_CASE("Gaussian chains by row are those stored whole", "[laws][chain]") {
  const std::string y = column("y", 60, 5, false);
  check_both_ways(
      "data y: real[T]\nparam so, sl: positive\nlevel[1] ~ normal(0, 10)\nfor t in 2..T { level[t] ~ normal(level[t-1], sl) }\n"
      "for t in 1..T { y[t] ~ normal(level[t], so) }\n",
      y, R"({"so": {"value": 1}, "sl": {"value": 0.5}})", {"level"});
  check_both_ways(
      "const sl = 0.5\nconst ss = 0.2\ndata y: real[T]\nparam so: positive\nlevel[1] ~ normal(0, 10)\nslope[1] ~ normal(0, 1)\n"
      "for t in 2..T { slope[t] ~ normal(slope[t-1], ss)  level[t] ~ normal(level[t-1] + slope[t-1], sl) }\n"
      "for t in 1..T { y[t] ~ normal(level[t], so) }\n",
      y, R"({"so": {"value": 1}})", {"level", "slope"});
  check_both_ways(
      "data y: real[T]\nparam s: positive\nx[1] ~ mvnormal(zeros(2), covariance = eye(2))\n"
      "for t in 2..T { x[t] ~ mvnormal([[0.8, 0.2], [0, 0.7]] * x[t-1], covariance = [[1, 0.2], [0.2, 0.5]]) }\nfor t in 1..T { y[t] ~ normal(x[t, "
      "1], s) }\n",
      y, R"({"s": {"value": 0.7}})", {"x"});
}

TEST_CASE("Gaussian chains with missing cells, gaps of their own, and variances unknown", "[laws][chain]") {
  check_both_ways(
      "data y: real[T]\ndata gap: positive[T]\ntau ~ gamma(1, 1)\nw ~ gamma(1, 1)\nx[1] ~ normal(0, 5)\n"
      "for t in 2..T { x[t] ~ normal(x[t-1], precision = w / gap[t]) }\nfor t in 1..T { y[t] ~ normal(x[t], precision = tau) }\n",
      "y,gap\n1,1\n2,1\nNA,0.5\n3,2\n2.5,1\nNA,1\nNA,3\n4,1\n", R"({"tau": {"shape": 2, "rate": 1}, "w": {"shape": 2, "rate": 1}})", {"x"});
}

namespace {

// Observations of times in no order: some times have several, the third none.
std::string observations(const std::string& name, std::size_t n, std::size_t times, std::uint64_t seed, bool count) {
  std::string out = name + ",time,group,times\n", values = column(name, n, seed, count);
  std::size_t at = values.find('\n') + 1;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t end = values.find('\n', at), time = i < times ? i : (i * i * 7 + seed) % times;
    out += fmt::format("{},{},{},{}\n", values.substr(at, end - at), time == 2 ? times : time + 1, i % 3 == 0 ? "a" : "b", 1 + i % 2);
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("observations that a column assigns to the rows of a Gaussian chain", "[laws][chain]") {
  const std::string walk = "level[1] ~ normal(0, 5)\nfor t in 2..T { level[t] ~ normal(level[t-1], 0.7) }\n";
  const std::string data = "const T = 12\ndata y: real[N]\ndata time: int[N]\nparam sd: positive\n";
  const std::string csv = observations("y", 40, 12, 3, false), init = R"({"sd": {"value": 0.5}})";
  check_both_ways(data + walk + "for i in 1..N { y[i] ~ normal(level[time[i]], sd) }\n", csv, init, {"level"});
  check_both_ways("data y: real[N]\ndata time: category(T)[N]\nparam sd: positive\n" + walk + "for i in 1..N { y[i] ~ normal(level[time[i]], sd) }\n",
                  csv, init, {"level"});
  check_both_ways(data + "data times: count[N]\n" + walk + "for i in 1..N weight times[i] { y[i] ~ normal(level[time[i]], sd) }\n", csv, init,
                  {"level"});
  check_both_ways(data + "data group: category(G)[N]\ndata a: real[G] = [0, 0.1]\n" + walk +
                      "for i in 1..N { y[i] ~ normal(a[group[i]] + level[time[i]], sd) }\n",
                  csv, init, {"level"});
}

TEST_CASE("observations that a column assigns to the rows of a discrete chain", "[laws][chain]") {
  const std::string data = "const K = 3\nconst T = 12\ndata y: count[N]\ndata time: int[N]\nparam start: simplex(K)\nparam trans: simplex(K)[K]\n";
  const std::string chain = "z[1] ~ categorical(start)\nfor t in 2..T { z[t] ~ categorical(trans[z[t-1]]) }\n";
  check_both_ways(data + "param rate: positive[K]\n" + chain + "for i in 1..N { y[i] ~ poisson(rate[z[time[i]]]) }\n",
                  observations("y", 40, 12, 5, true), hmm_start, {"z"});
}
