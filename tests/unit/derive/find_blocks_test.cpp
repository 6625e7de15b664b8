#include "catch.hpp"
#include "support/model_text.hpp"

using jensen::derive::BlockKind;
using jensen::test::derive;

TEST_CASE("coefficients of one regression form one block", "[derive]") {
  const auto d = derive("data x, y: real[N]\na ~ normal(0, 1)  b ~ normal(0, 1)\nfor n in 1..N { y[n] ~ normal(a + b * x[n], 2) }\n");
  CHECK(&d.block("a") == &d.block("b"));
  CHECK(d.block("a").kind == BlockKind::gaussian);
  CHECK(d.block("a").family.name() == "mvnormal");
  CHECK(d.derivation.exact);
}

TEST_CASE("variables that never meet stay apart", "[derive]") {
  const auto d = derive("data x, y: real[N]\na ~ normal(0, 1)  b ~ normal(0, 1)\nfor n in 1..N { x[n] ~ normal(a, 1)  y[n] ~ normal(b, 1) }\n");
  CHECK(&d.block("a") != &d.block("b"));
  CHECK(d.block("a").family.name() == "normal");
}

TEST_CASE("an index along which elements never couple is a batch dimension", "[derive]") {
  const auto d = derive(
      "const K = 2  data x: vector(3)[N] = columns(a, b, c)  param w: simplex(K)\n"
      "for k in 1..K { mu[k] ~ mvnormal(zeros(3), precision = eye(3))  P[k] ~ wishart(df = 4, scale = eye(3)) }\n"
      "for n in 1..N { z[n] ~ categorical(w)  x[n] ~ mvnormal(mu[z[n]], precision = P[z[n]]) }\n");
  REQUIRE(d.block("mu").batch.size() == 1);
  CHECK(d.block("mu").batch[0].text() == "K");
  CHECK(d.block("mu").components[0].inner_slots.size() == 1);
}

TEST_CASE("entries of a vector that never couple are separate normals", "[derive]") {
  const auto d = derive(
      "data x: vector(3)[N] = columns(a, b, c)\nmu ~ mvnormal(zeros(3), precision = eye(3))\nfor n in 1..N { for i in 1..3 { x[n, i] ~ normal(mu[i], "
      "1) } }\n");
  CHECK(d.block("mu").family.name() == "normal");
  CHECK(d.block("mu").batch.size() == 1);
}

TEST_CASE("intercept and slope of each group form a block per group", "[derive]") {
  const auto d = derive(
      "data y, x: real[N]  data g: category(G)[N]\n"
      "for j in 1..G { a[j] ~ normal(0, 1)  b[j] ~ normal(0, 1) }\n"
      "for n in 1..N { y[n] ~ normal(a[g[n]] + b[g[n]] * x[n], 1) }\n");
  CHECK(&d.block("a") == &d.block("b"));
  CHECK(d.block("a").batch.size() == 1);
}

TEST_CASE("params that are quadratic with latents are found with them", "[derive]") {
  const auto d =
      derive("data x, y: real[N]\nparam a, b: real\nparam s: positive\nc ~ normal(0, 1)\nfor n in 1..N { y[n] ~ normal(a + b * x[n] + c, s) }\n");
  CHECK(&d.block("a") == &d.block("b"));
  CHECK(&d.block("a") == &d.block("c"));
  CHECK_FALSE(d.block("a").point);
  CHECK(d.block("a").family.kind == jensen::family::FamilyKind::Kind::gaussian_pattern);
  for (const auto& component : d.block("a").components) CHECK(component.point == (d.resolved.graph.variables[component.variable].name != "c"));
  CHECK(d.block("s").family.power == -2);
}

TEST_CASE("scales are found as sd, variance and precision", "[derive]") {
  const auto power = [](const std::string& argument) {
    return derive("data y: real[N]\nparam s: positive\nfor n in 1..N { y[n] ~ normal(0, " + argument + ") }\n").block("s").family.power;
  };
  CHECK(power("s") == -2);
  CHECK(power("variance = s") == -1);
  CHECK(power("precision = s") == 1);
  CHECK(power("sqrt(s)") == -1);
}

TEST_CASE("what breaks conjugacy is named with its term", "[derive]") {
  const auto d = derive("data y: real[N]\nt ~ gamma(1, 1)\nfor n in 1..N { y[n] ~ normal(0, t) }\n");
  const auto& block = d.block("t");
  CHECK(block.kind == BlockKind::scalar);
  REQUIRE(block.offender.has_value());
  CHECK(d.terms().at(static_cast<std::size_t>(block.offender->value)) == "-1/2 Σ_n y[n]^2 t^-2");
}

TEST_CASE("a residual names the function that is no product of statistics", "[derive]") {
  const auto d = derive("data y: bool[N]\na ~ normal(0, 1)\nb ~ normal(0, 1)\nfor n in 1..N { y[n] ~ bernoulli(logit = a + b) }\n");
  CHECK(d.block("a").kind == BlockKind::unsupported);
  CHECK(d.block("a").reason.find("softplus") != std::string::npos);
}

TEST_CASE("a chain along the data is not taken for independent elements", "[derive]") {
  const auto d = derive(
      "const K = 2  data y: real[T]  param start: simplex(K)  param trans: simplex(K)[K]  param mu: real[K]\n"
      "z[1] ~ categorical(start)\nfor t in 2..T { z[t] ~ categorical(trans[z[t - 1]]) }\nfor t in 1..T { y[t] ~ normal(mu[z[t]], 1) }\n");
  CHECK(d.block("z").kind == BlockKind::network);
  CHECK(d.block("z").batch.empty());
  const auto walk =
      derive("data y: real[T]\nx[1] ~ normal(0, 1)\nfor t in 2..T { x[t] ~ normal(x[t - 1], 1) }\nfor t in 1..T { y[t] ~ normal(x[t], 1) }\n");
  CHECK(walk.block("x").kind == BlockKind::gaussian);
  CHECK(walk.block("x").batch.empty());
}

TEST_CASE("the method decides between points and distributions", "[derive]") {
  const std::string model = "data y: real[N]\nm ~ normal(0, 10)\nfor n in 1..N { y[n] ~ normal(m, 1) }\n";
  CHECK_FALSE(derive(model).block("m").point);
  CHECK(derive(model, jensen::model::Method::em).block("m").point);
  const std::string param = "data y: real[N]\nparam m: real\nm ~ normal(0, 10)\nfor n in 1..N { y[n] ~ normal(m, 1) }\n";
  CHECK(derive(param).block("m").point);
  CHECK_FALSE(derive(param, jensen::model::Method::vb).block("m").point);
}

TEST_CASE("locations are updated before scales, and rows of the data last", "[derive]") {
  const auto d = derive(
      "const K = 2  data x: real[N]  param sd: positive[K]  param w: simplex(K)  param mu: real[K]\n"
      "for n in 1..N { z[n] ~ categorical(w)  x[n] ~ normal(mu[z[n]], sd[z[n]]) }\n");
  std::vector<std::string> order;
  for (const auto& block : d.derivation.blocks) order.push_back(d.resolved.graph.variables[block.components[0].variable].name);
  CHECK(order == std::vector<std::string>{"mu", "sd", "w", "z"});
}
