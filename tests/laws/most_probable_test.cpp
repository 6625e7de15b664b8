// The jointly most probable values of discrete latents against enumeration of all of them.
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "family/stream.hpp"
#include "report/report.hpp"
#include "support/planned_model.hpp"

using namespace jensen;

namespace {

using Levels = std::vector<int>;  // from 0
using LogJoint = std::function<double(const Levels&)>;

// Of equally good ones the first in the order of the variables.
Levels best_of_all(std::size_t n, int levels, const LogJoint& log_joint) {
  Levels at(n, 0), best = at;
  double most = log_joint(at);
  while (true) {
    std::size_t i = n;
    while (i-- > 0 && ++at[i] == levels) at[i] = 0;
    if (i == static_cast<std::size_t>(-1)) return best;
    if (const double value = log_joint(at); value > most + 1e-12) {
      most = value;
      best = at;
    }
  }
}

std::vector<double> numbers(std::size_t n, std::uint64_t seed) {
  family::Stream stream(seed, family::Purpose::simulation, 0);
  std::vector<double> out(n);
  for (double& x : out) x = stream.uniform();
  return out;
}

std::vector<double> simplexes(std::size_t rows, std::size_t levels, std::uint64_t seed) {
  std::vector<double> out = numbers(rows * levels, seed);
  for (std::size_t r = 0; r < rows; ++r) {
    double total = 0;
    for (std::size_t k = 0; k < levels; ++k) total += out[r * levels + k] += 0.05;
    for (std::size_t k = 0; k < levels; ++k) out[r * levels + k] /= total;
  }
  return out;
}

std::string vector_text(const double* first, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += fmt::format("{}{}", i == 0 ? "[" : ", ", first[i]);
  return out + "]";
}

std::string matrix_text(const std::vector<double>& values, std::size_t columns) {
  std::string out;
  for (std::size_t r = 0; r < values.size() / columns; ++r) out += (r == 0 ? "[" : ", ") + vector_text(values.data() + r * columns, columns);
  return out + "]";
}

const run::FittedVariable map_of(const std::string& model, const std::string& csv, const std::string& name, bool by_row) {
  run::FitOptions options;
  options.most_probable = {name};
  const auto fit = tests::fit_text({.model = model, .csv = csv, .by_row = by_row}, options);
  if (!fit) FAIL(model + tests::messages(fit.diagnostics()));
  return tests::variable(*fit, "map(" + name + ")");
}

void check_levels(const run::FittedVariable& found, const Levels& expected, int first) {
  CHECK(found.role == "map");
  REQUIRE(found.value.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(found.value[i] == expected[i] + first);
}

constexpr std::size_t rows = 8, levels = 3;

struct Chain {
  std::vector<double> start = simplexes(1, levels, 11), trans, mean{-1, 0.2, 1.1}, y;
  explicit Chain(std::uint64_t seed) : trans(simplexes(levels, levels, seed)), y(numbers(rows, seed + 100)) {
    for (double& v : y) v = 4 * v - 2;
  }
  [[nodiscard]] std::string text() const {
    return fmt::format("const start = {}\nconst trans = {}\nconst mean = {}\ndata y: real[T]\n", vector_text(start.data(), levels),
                       matrix_text(trans, levels), vector_text(mean.data(), levels));
  }
  [[nodiscard]] std::string csv(const std::string& more = "", const std::function<std::string(std::size_t)>& cell = {}) const {
    std::string out = "y" + more + "\n";
    for (std::size_t t = 0; t < rows; ++t) out += fmt::format("{}{}\n", y[t], cell ? "," + cell(t) : "");
    return out;
  }
  [[nodiscard]] double step(int from, int to) const { return std::log(trans[static_cast<std::size_t>(from) * levels + static_cast<std::size_t>(to)]); }
  [[nodiscard]] double seen(std::size_t t, int z) const { return -0.5 * std::pow(y[t] - mean[static_cast<std::size_t>(z)], 2) / 0.64; }
};

}  // namespace

TEST_CASE("the most probable path of a chain, by row and stored whole, is that of enumeration", "[laws][map]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Chain chain(seed);
    const std::string model = chain.text() +
                              "z[1] ~ categorical(start)\nfor t in 2..T { z[t] ~ categorical(trans[z[t-1]]) }\n"
                              "for t in 1..T { y[t] ~ normal(mean[z[t]], 0.8) }\n";
    const Levels best = best_of_all(rows, levels, [&](const Levels& z) {
      double total = std::log(chain.start[static_cast<std::size_t>(z[0])]);
      for (std::size_t t = 0; t < rows; ++t) total += chain.seen(t, z[t]) + (t > 0 ? chain.step(z[t - 1], z[t]) : 0);
      return total;
    });
    for (const bool by_row : {true, false}) check_levels(map_of(model, chain.csv(), "z", by_row), best, 1);
  }
}

TEST_CASE("the most probable nodes of a tree are those of enumeration", "[laws][map]") {
  const Levels parent{0, 0, 0, 1, 5, 2, 1, 5};  // rows need not come after their parents
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Chain chain(seed);
    const std::string model = chain.text() +
                              "data parent: int[T]\nz[1] ~ categorical(start)\nfor t in 2..T { z[t] ~ categorical(trans[z[parent[t]]]) }\n"
                              "for t in 1..T { y[t] ~ normal(mean[z[t]], 0.8) }\n";
    const Levels best = best_of_all(rows, levels, [&](const Levels& z) {
      double total = std::log(chain.start[static_cast<std::size_t>(z[0])]);
      for (std::size_t t = 0; t < rows; ++t) {
        total += chain.seen(t, z[t]) + (t > 0 ? chain.step(z[static_cast<std::size_t>(parent[t])], z[t]) : 0);
      }
      return total;
    });
    const std::string csv = chain.csv(",parent", [&](std::size_t t) { return std::to_string(parent[t] + 1); });
    for (const bool by_row : {true, false}) check_levels(map_of(model, csv, "z", by_row), best, 1);
  }
}

TEST_CASE("independent rows have the best level each, and Gaussian variables their mean", "[laws][map]") {
  const Chain chain(4);
  const std::string model = chain.text() + "for t in 1..T { z[t] ~ categorical(start)  y[t] ~ normal(mean[z[t]], 0.8) }\n";
  const Levels best = best_of_all(rows, levels, [&](const Levels& z) {
    double total = 0;
    for (std::size_t t = 0; t < rows; ++t) total += std::log(chain.start[static_cast<std::size_t>(z[t])]) + chain.seen(t, z[t]);
    return total;
  });
  check_levels(map_of(model, chain.csv(), "z", true), best, 1);

  const std::string walk =
      "data y: real[T]\nx[1] ~ normal(0, 5)\nfor t in 2..T { x[t] ~ normal(x[t-1], 0.5) }\nfor t in 1..T { y[t] ~ normal(x[t], 1) }\n";
  run::FitOptions options;
  options.most_probable = options.rows = {"x"};
  for (const bool by_row : {true, false}) {
    const auto fit = tests::fit_text({.model = walk, .csv = chain.csv(), .by_row = by_row}, options);
    if (!fit) FAIL(tests::messages(fit.diagnostics()));
    const auto& mean = tests::variable(*fit, "x").mean;
    const auto& mode = tests::variable(*fit, "map(x)").value;
    REQUIRE(mode.size() == mean.size());
    for (std::size_t t = 0; t < mode.size(); ++t) CHECK_THAT(mode[t], Catch::Matchers::WithinAbs(mean[t], 1e-12));
  }
}

TEST_CASE("bools that meet in one observation are most probable together, with values from 0", "[laws][map]") {
  const std::string model =
      "data y: real[1] = [1.3]\na ~ bernoulli(0.3)\nb ~ bernoulli(0.4)\nc ~ bernoulli(a ? 0.7 : 0.2)\n"
      "for i in 1..1 { y[i] ~ normal(a or b ? 1.0 : 0.0, 0.7) }\n";
  const Levels best = best_of_all(3, 2, [](const Levels& v) {
    const auto bernoulli = [](int x, double p) { return std::log(x == 1 ? p : 1 - p); };
    const double mean = v[0] + v[1] > 0 ? 1 : 0;
    return bernoulli(v[0], 0.3) + bernoulli(v[1], 0.4) + bernoulli(v[2], v[0] == 1 ? 0.7 : 0.2) - 0.5 * std::pow((1.3 - mean) / 0.7, 2);
  });
  run::FitOptions options;
  options.most_probable = {"a", "b", "c"};
  const auto fit = tests::fit_text({.model = model}, options);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  for (std::size_t i = 0; i < 3; ++i) check_levels(tests::variable(*fit, fmt::format("map({})", "abc"[i])), {best[i]}, 0);
}

TEST_CASE("equally probable paths give the lower level", "[laws][map]") {
  const std::string chain =
      "const K = 2\nconst flip = [[0.5, 0.5], [0.5, 0.5]]\ndata y: real[T]\nz[1] ~ categorical([0.5, 0.5])\n"
      "for t in 2..T { z[t] ~ categorical(flip[z[t-1]]) }\nconst mean = [1, 1]\nfor t in 1..T { y[t] ~ normal(mean[z[t]], 1) }\n";
  for (const bool by_row : {true, false}) check_levels(map_of(chain, "y\n0\n2\n1\n0.5\n", "z", by_row), {0, 0, 0, 0}, 1);
}

TEST_CASE("missing states are reported with their cells and the names of their levels", "[laws][map]") {
  const std::string model =
      "const trans = [[0.9, 0.1], [0.2, 0.8]]\nconst mean = [0, 3]\ndata state: category(2)[T]\ndata y: real[T]\n"
      "state[1] ~ categorical([0.5, 0.5])\nfor t in 2..T { state[t] ~ categorical(trans[state[t-1]]) }\n"
      "for t in 1..T { y[t] ~ normal(mean[state[t]], 1) }\n";
  run::FitOptions options;
  options.most_probable = {"state"};
  const auto fit = tests::fit_text({.model = model, .csv = "y,state\n0.1,dry\n2.9,NA\n3.2,wet\n0.2,NA\n"}, options);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  const run::FittedVariable& found = tests::variable(*fit, "map(state)");
  CHECK(found.cells == std::vector<std::vector<std::size_t>>{{2}, {4}});
  CHECK(found.levels == std::vector<std::string>{"dry", "wet"});
  CHECK(found.value == std::vector<double>{2, 1});
  CHECK(report::summary(*fit).find("map(state)[2]  2 cells  wet") != std::string::npos);
}

TEST_CASE("a name that is no latent variable has no most probable values", "[laws][map]") {
  run::FitOptions options;
  options.most_probable = {"zz"};
  const auto fit = tests::fit_text({.model = "data y: real[N]\nz ~ normal(0, 1)\nfor n in 1..N { y[n] ~ normal(z, 1) }\n", .csv = "y\n1\n"}, options);
  REQUIRE(!fit);
  CHECK(fit.diagnostics().at(0).code == "unknown-map");
  CHECK(fit.diagnostics().at(0).message.find("did you mean `z`") != std::string::npos);
}
