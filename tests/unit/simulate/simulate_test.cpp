#include "simulate/simulate.hpp"

#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "support/simulated_model.hpp"

using Catch::Matchers::WithinAbs;
using jensen::Result;
using jensen::tests::simulate_text;
using jensen::tests::SimulatedText;

namespace {

std::string code_of(const Result<SimulatedText>& simulated) { return simulated ? "none" : simulated.diagnostics().at(0).code; }
std::string message_of(const Result<SimulatedText>& simulated) { return simulated ? "" : simulated.diagnostics().at(0).message; }

const std::string chain =
    "data y: real[T]\n"
    "level[1] ~ normal(5, 1)\n"
    "for t in 2..T { level[t] ~ normal(level[t-1] + 1, 0.001) }\n"
    "for t in 1..T { y[t] ~ normal(level[t], 0.001) }\n";

}  // namespace

TEST_CASE("the same seed gives the same numbers, another seed and another draw others") {
  const auto first = simulate_text({.model = chain, .sets = {"T=20"}}, 7, 2);
  const auto again = simulate_text({.model = chain, .sets = {"T=20"}}, 7, 2);
  const auto other = simulate_text({.model = chain, .sets = {"T=20"}}, 8, 1);
  REQUIRE((first && again && other));
  CHECK(first->values("y") == again->values("y"));
  CHECK(first->values("level", 1) == again->values("level", 1));
  CHECK(first->values("y") != other->values("y"));
  CHECK(first->values("y") != first->values("y", 1));
}

TEST_CASE("a chain is drawn element by element, up or down") {
  const auto up = simulate_text({.model = chain, .sets = {"T=30"}});
  REQUIRE(up);
  const std::vector<double> level = up->values("level");
  for (std::size_t t = 1; t < level.size(); ++t) CHECK_THAT(level[t] - level[t - 1], WithinAbs(1, 0.01));

  const auto down = simulate_text({.model = "const T = 30\n"
                                            "for t in 1..T-1 { a[t] ~ normal(a[t+1] + 1, 0.001) }\n"
                                            "a[T] ~ normal(0, 0.001)\n"});
  REQUIRE(down);
  CHECK_THAT(down->values("a").front(), WithinAbs(29, 0.1));
}

TEST_CASE("an array walks along one index and is drawn at once along the other") {
  const auto grid = simulate_text({.model = "const R = 4\nconst C = 5\n"
                                            "for i in 1..R { a[i, 1] ~ normal(i, 0.0001) }\n"
                                            "for i in 1..R { for j in 2..C { a[i, j] ~ normal(2 * a[i, j-1], 0.0001) } }\n"});
  INFO(message_of(grid));
  REQUIRE(grid);
  for (std::size_t i = 0; i < 4; ++i) CHECK_THAT(grid->values("a")[i * 5 + 4], WithinAbs(16.0 * static_cast<double>(i + 1), 0.05));
}

TEST_CASE("a tree: the parent of each element is data") {
  const auto tree = simulate_text({.model = "data parent: int[N]\n"
                                            "a[1] ~ normal(0, 0.0001)\n"
                                            "for n in 2..N { a[n] ~ normal(a[parent[n]] + 1, 0.0001) }\n",
                                   .csv = "parent\n1\n1\n1\n2\n4\n"});
  INFO(message_of(tree));
  REQUIRE(tree);
  const std::vector<double> depth{0, 1, 1, 2, 3};
  for (std::size_t n = 0; n < depth.size(); ++n) CHECK_THAT(tree->values("a")[n], WithinAbs(depth[n], 0.01));
}

TEST_CASE("definitions are computed from what is drawn, recursions included") {
  const auto simulated = simulate_text({.model = "const T = 6\n"
                                                 "mu ~ mvnormal(zeros(3), precision = eye(3))\n"
                                                 "twice = 2 * mu\n"
                                                 "total = sum(mu)\n"
                                                 "s[1] = 1\n"
                                                 "for t in 2..T { s[t] = s[t-1] * 2 }\n"});
  INFO(message_of(simulated));
  REQUIRE(simulated);
  const auto mu = simulated->values("mu"), twice = simulated->values("twice");
  for (std::size_t i = 0; i < 3; ++i) CHECK_THAT(twice[i], WithinAbs(2 * mu[i], 1e-12));
  CHECK_THAT(simulated->values("total")[0], WithinAbs(mu[0] + mu[1] + mu[2], 1e-12));
  CHECK_THAT(simulated->values("s")[5], WithinAbs(32, 1e-12));
}

TEST_CASE("rows take the branch that their data say") {
  const auto simulated = simulate_text({.model = "data x: real[N]\ndata y: real[N]\n"
                                                 "for n in 1..N { if x[n] > 0 { y[n] ~ normal(100, 1) } else { y[n] ~ normal(-100, 1) } }\n",
                                        .csv = "x\n1\n-1\n2\n-3\n"});
  REQUIRE(simulated);
  const auto y = simulated->values("y");
  CHECK((y[0] > 0 && y[1] < 0 && y[2] > 0 && y[3] < 0));
}

TEST_CASE("values given in place of draws") {
  const std::string model = "data y: real[N]\nparam mu: real[2]\nparam s: positive\nfor n in 1..N { y[n] ~ normal(mu[2], s) }\n";
  const auto without = simulate_text({.model = model, .sets = {"N=3"}});
  CHECK(code_of(without) == "param-without-value");
  CHECK_THAT(message_of(without), Catch::Matchers::ContainsSubstring("`mu`, `s`"));
  const auto with = simulate_text({.model = model, .sets = {"N=3"}}, 1, 1, R"({"mu": [0, 50], "s": 0.001})");
  REQUIRE(with);
  CHECK_THAT(with->values("y")[2], WithinAbs(50, 0.01));
  CHECK(code_of(simulate_text({.model = model, .sets = {"N=3"}}, 1, 1, R"({"mu": [0], "s": 1})")) == "values-json");
  CHECK(code_of(simulate_text({.model = model, .sets = {"N=3"}}, 1, 1, R"({"mv": [0, 1], "s": 1})")) == "values-json");
  CHECK(code_of(simulate_text({.model = model, .sets = {"N=3"}}, 1, 1, "[")) == "values-json");
}

TEST_CASE("what cannot be drawn names the place") {
  CHECK(code_of(simulate_text({.model = "data y: real[T]\nfor t in 2..T { y[t] ~ normal(y[t-1], 1) }\n", .sets = {"T=3"}})) ==
        "element-without-value");
  CHECK(code_of(simulate_text({.model = "data y: real[N]\nfor n in 1..N { y[n] ~ normal(0, 1) }\n"})) == "unknown-size");
  const auto improper = simulate_text({.model = "distribution rising(a) on real { logpdf(x) = a * x^2 }\n"
                                                "x ~ rising(1)\n"});
  CHECK(code_of(improper) == "cannot-draw");
  CHECK_THAT(message_of(improper), Catch::Matchers::ContainsSubstring("`rising`"));
}

TEST_CASE("a series continues from the elements that the data hold") {
  const auto simulated = simulate_text({.model = "data y: real[T]\nfor t in 2..T { y[t] ~ normal(y[t-1], 0.001) }\n", .csv = "y\n40\n0\n0\n0\n"});
  INFO(message_of(simulated));
  REQUIRE(simulated);
  CHECK(simulated->values("y")[0] == 40);
  CHECK_THAT(simulated->values("y")[3], WithinAbs(40, 0.1));
}
