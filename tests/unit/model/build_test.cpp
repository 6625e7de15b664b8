#include "catch.hpp"
#include "support/model_text.hpp"

using namespace jensen;
using jensen::test::resolve;
using jensen::test::resolve_errors;

namespace {

std::string first_code(const std::string& text) {
  const Diagnostics errors = resolve_errors(text);
  return errors.empty() ? "" : errors[0].code;
}

}  // namespace

TEST_CASE("shapes of latent arrays come from their plates and distributions", "[model]") {
  const auto m = resolve("const K = 2\nfor k in 1..K { mu[k] ~ mvnormal(zeros(3), precision = eye(3)) }\n");
  const auto& mu = m.graph.variables[m.graph.find("mu")];
  CHECK(mu.array_rank == 1);
  REQUIRE(mu.dims.size() == 2);
  CHECK(mu.dims[0] == model::Size(2));
  CHECK(mu.dims[1] == model::Size(3));
}

TEST_CASE("an array may be given in pieces", "[model]") {
  const auto m = resolve("data y: real[T]\nz[1] ~ normal(0, 1)\nfor t in 2..T { z[t] ~ normal(z[t - 1], 1) }\n");
  CHECK(m.graph.variables[m.graph.find("z")].dims[0].text() == "T");
}

TEST_CASE("names of the language's parts are ordinary names of data", "[model]") {
  CHECK(resolve_errors("data count: count[N]  data mean, scale, weight, sum, columns: real[N]\n"
                       "m ~ normal(0, 1)\nfor n in 1..N weight weight[n] { mean[n] ~ normal(m + scale[n], 1) }\n")
            .empty());
}

TEST_CASE("constants are overridden and extents given from outside", "[model]") {
  const auto m = resolve("const K = 2\ndata x: real[N]\nparam w: simplex(K)\n", {"K=5", "N=10"});
  CHECK(m.graph.variables[m.graph.find("w")].dims[0] == model::Size(5));
  CHECK(m.graph.set_sizes.at("N") == 10);
}

TEST_CASE("mistakes have their codes", "[model]") {
  CHECK(first_code("x ~ normal(m, 1)\n") == "unknown-name");
  CHECK(first_code("x ~ norml(0, 1)\n") == "unknown-distribution");
  CHECK(first_code("x ~ normal(0, 1, 2)\n") == "wrong-arguments");
  CHECK(first_code("x ~ normal(0, stdev = 1)\n") == "unknown-argument");
  CHECK(first_code("x ~ normal(zeros(2), 1)\n") == "shape-mismatch");
  CHECK(first_code("x ~ mvnormal(zeros(2), precision = eye(3))\n") == "shape-mismatch");
  CHECK(first_code("data x: real[3] = [1, 2, 3]\nm ~ normal(x[4], 1)\n") == "index-out-of-range");
  CHECK(first_code("data x: real[3] = [1, 2, 3]\nm ~ normal(x[0], 1)\n") == "index-out-of-range");
  CHECK(first_code("for k in 1..3 { m ~ normal(0, 1) }\n") == "element-twice");
  CHECK(first_code("x ~ normal(0, 1)\nx ~ normal(0, 2)\n") == "element-twice");
  CHECK(first_code("for k in 2..3 { m[k] ~ normal(0, 1) }\n") == "element-without");
  CHECK(first_code("a ~ normal(b, 1)\nb ~ normal(a, 1)\n") == "cycle");
  CHECK(first_code("a ~ normal(a, 1)\n") == "cycle");
  CHECK(first_code("x = normal(0, 1)\n") == "assign-for-tilde");
  CHECK(first_code("data y: real[N]\np ~ beta(1, 1)\nfor n in 1..N { y[n] ~ bernoulli(p) }\n") == "type-mismatch");
  CHECK(first_code("data x: reel[N]\n") == "unknown-type");
  CHECK(first_code("use nothing\n") == "unknown-module");
  CHECK(first_code("const K = 2\nconst K = 3\n") == "declared-twice");
  CHECK(first_code("y ~ normal(foo(1), 1)\n") == "unknown-function");
  CHECK(first_code("function f(a) = f(a)\ny ~ normal(f(1), 1)\n") == "recursive-function");
}

TEST_CASE("each statement reports its own mistake", "[model]") {
  const Diagnostics errors = resolve_errors("a ~ norml(0, 1)\nb ~ normal(q, 1)\nc ~ normal(0, 1)\n");
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].message.find("did you mean `normal`") != std::string::npos);
}

TEST_CASE("spellings of other systems are recognised", "[model]") {
  CHECK(resolve_errors("a ~ dnorm(0, 1)\n").at(0).message.find("it is called `normal` here") != std::string::npos);
}

TEST_CASE("a cycle is reported once", "[model]") {
  const Diagnostics errors = resolve_errors("a ~ normal(b, 1)\nb ~ normal(a, 1)\n");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message == "`a` depends on `b`, which depends on `a`");
}

TEST_CASE("a chain may give its later elements first", "[model]") {
  CHECK(resolve_errors("data y: real[T]\nfor t in 2..T { z[t] ~ normal(z[t - 1], 1) }\nz[1] ~ normal(0, 1)\n").empty());
}

TEST_CASE("a branch that constants exclude is no part of the model", "[model]") {
  const auto m = resolve("const robust = 1\nif robust == 1 { p ~ gamma(1, 1) } else { q ~ gamma(2, 2) }\n");
  CHECK(m.graph.find("p").valid());
  CHECK_FALSE(m.graph.find("q").valid());
}

TEST_CASE("branches on data each take their rows", "[model]") {
  CHECK(resolve_errors("data y: real[N]  data c: bool[N]\nm ~ normal(0, 1)\n"
                       "for n in 1..N { if c[n] { y[n] ~ normal(m, 1) } else { y[n] ~ normal(-m, 2) } }\n")
            .empty());
}
