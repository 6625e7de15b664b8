// Nothing in src/ knows a distribution by name: stdlib's definitions, copied into a model under other names, give the same derivation and the same
// bits.
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "model/build.hpp"
#include "support/planned_model.hpp"
#include "support/program.hpp"

using namespace jensen;

namespace {

const std::vector<std::string> copied = {"normal", "mvnormal", "gamma", "dirichlet", "categorical", "wishart"};

// All definitions of a distribution, under the name own_NAME.
std::string own_definition(const std::string& name) {
  std::string text;
  for (const model::StdlibEntry& entry : model::stdlib_entries()) {
    if (entry.name == name)
      text += std::regex_replace(entry.text, std::regex("distribution " + name + "\\("), "distribution own_" + name + "(") + "\n";
  }
  INFO(name);
  REQUIRE_FALSE(text.empty());
  return text;
}

// The model with calls of its own copies. Definitions go last, so that the model's lines keep their numbers.
std::string with_own_definitions(std::string model) {
  std::string definitions;
  for (const std::string& name : copied) {
    const std::regex call("~ " + name + "\\(");
    if (!std::regex_search(model, call)) continue;
    model = std::regex_replace(model, call, "~ own_" + name + "(");
    definitions += own_definition(name) + "\n";
  }
  REQUIRE_FALSE(definitions.empty());
  return model + "\n" + definitions;
}

void check_same(const std::string& model, const std::string& csv, int iterations = 200) {
  const std::string own = with_own_definitions(model);
  INFO(own);
  CHECK(tests::derive_text({own}) == tests::derive_text({model}));
  run::FitOptions options;
  options.max_iterations = iterations;
  const Result<run::Fit> standard = tests::fit_text({model, csv}, options), copy = tests::fit_text({own, csv}, options);
  if (!standard) FAIL(tests::messages(standard.diagnostics()));
  if (!copy) FAIL(tests::messages(copy.diagnostics()));
  CHECK(tests::figures(*copy) == tests::figures(*standard));
}

std::string example(const std::string& path) { return tests::read_text(std::string(JENSEN_SOURCE_DIR "/examples/") + path); }

}  // namespace

TEST_CASE("copies of the standard library give the same derivation and the same bits: the examples") {
  const std::string faithful = example("faithful/faithful.csv");
  check_same(example("faithful/mixture.model"), faithful);
  check_same(example("faithful/mixture_scale.model"), faithful);
  check_same(example("faithful/mixture_em.model"), faithful);
  check_same(example("faithful/waiting_em.model"), faithful);
  check_same(example("cars/regression.model"), example("cars/cars.csv"));
  check_same(example("cars/regression_vb.model"), example("cars/cars.csv"));
  check_same(example("cars/regression_ml.model"), example("cars/cars.csv"));
  check_same(example("earthquakes/rate.model"), example("earthquakes/earthquakes.csv"));
}

TEST_CASE("copies of the standard library give the same derivation and the same bits: every overload") {
  const std::string csv = "y,g\n1.5,a\n-0.5,b\n2.25,a\n0.5,c\n4,b\n";
  check_same("data y: real[N]  m ~ normal(0, variance = 9)  t ~ gamma(shape = 2, scale = 0.5)  for n in 1..N { y[n] ~ normal(m, precision = t) }",
             csv);
  check_same("data g: category(G)[N]  w ~ dirichlet(ones(G))  for n in 1..N { g[n] ~ categorical(w) }", csv);
  check_same(
      "data x: vector(2)[3] = [[1, 2], [0, 1], [2, 5]]  m ~ mvnormal([0, 1], covariance = [[4, 1], [1, 3]])  for n in 1..3 { x[n] ~ mvnormal(m, "
      "covariance = eye(2)) }",
      "");
}
