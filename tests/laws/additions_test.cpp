// Statements that add to the density of elements that data name, against dense algebra.
#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

using Edges = std::vector<std::pair<int, int>>;  // from 1

struct Field {
  Eigen::MatrixXd precision;
  Eigen::VectorXd linear;
  double constant = 0;  // of the log density
  explicit Field(Eigen::Index n) : precision(Eigen::MatrixXd::Zero(n, n)), linear(Eigen::VectorXd::Zero(n)) {}

  // log N(Σ a_i b_i; value, 1 / tau)
  void add(const std::vector<std::pair<int, double>>& a, double value, double tau) {
    for (const auto& [i, x] : a) {
      linear(i - 1) += tau * x * value;
      for (const auto& [j, y] : a) precision(i - 1, j - 1) += tau * x * y;
    }
    constant += 0.5 * std::log(tau / (2 * M_PI)) - 0.5 * tau * value * value;
  }
  [[nodiscard]] Eigen::MatrixXd covariance() const { return precision.inverse(); }
  [[nodiscard]] Eigen::VectorXd mean() const { return covariance() * linear; }
  [[nodiscard]] double log_integral() const {
    const auto n = static_cast<double>(linear.size());
    return constant + 0.5 * linear.dot(mean()) + 0.5 * n * std::log(2 * M_PI) - 0.5 * std::log(precision.determinant());
  }
};

std::string column(const Edges& edges, bool to) {
  std::string out;
  for (const auto& e : edges) out += fmt::format("{}{}", out.empty() ? "[" : ", ", to ? e.second : e.first);
  return out + "]";
}

std::string edges_text(const Edges& edges) {
  return fmt::format("data tail: int[E] = {}\ndata head: int[E] = {}\n", column(edges, false), column(edges, true));
}

void check_field(const std::string& model, const Field& field) {
  INFO(model);
  run::FitOptions options;
  options.rows = {"b"};
  const auto fit = tests::fit_text({.model = model}, options);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  const run::FittedVariable& b = tests::variable(*fit, "b");
  const Eigen::VectorXd mean = field.mean();
  REQUIRE(b.mean.size() == static_cast<std::size_t>(mean.size()));
  for (Eigen::Index i = 0; i < mean.size(); ++i) {
    CHECK_THAT(b.mean[static_cast<std::size_t>(i)], WithinAbs(mean(i), 1e-9));
    CHECK_THAT(b.sd[static_cast<std::size_t>(i)], WithinAbs(std::sqrt(field.covariance()(i, i)), 1e-9));
  }
  CHECK_THAT(fit->elbo, WithinAbs(field.log_integral(), 1e-8));
}

const Edges map{{1, 2}, {2, 3}, {3, 1}, {4, 3}, {4, 5}, {6, 5}, {1, 6}, {2, 1}};  // the last pair is there twice
const std::vector<double> seen{0.3, -1.2, 2.5, 0.7, 1.1};                         // of the first five of six

}  // namespace

TEST_CASE("pairs of neighbours add to a flat density as they stand", "[laws][additions]") {
  Field field(6);
  for (const auto& [tail, head] : map) field.add({{head, 1.0}, {tail, -1.0}}, 0, 2.5);
  for (std::size_t n = 0; n < seen.size(); ++n) field.add({{static_cast<int>(n) + 1, 1.0}}, seen[n], 1 / 0.49);
  check_field("data y: real[M] = [0.3, -1.2, 2.5, 0.7, 1.1]\n" + edges_text(map) +
                  "for n in 1..6 { b[n] ~ flat() }\nfor e in 1..E { b[head[e]] ~ normal(b[tail[e]], precision = 2.5) }\n"
                  "for n in 1..M { y[n] ~ normal(b[n], 0.7) }\n",
              field);
}

TEST_CASE("several statements add to proper densities, in text before them too", "[laws][additions]") {
  Field field(6);
  for (int n = 1; n <= 6; ++n) field.add({{n, 1.0}}, 0.5, 1 / 4.0);
  for (const auto& [tail, head] : map) {
    field.add({{head, 1.0}, {tail, -0.5}}, 0.1, 1);
    field.add({{tail, 1.0}}, 2, 1 / 9.0);
  }
  for (std::size_t n = 0; n < seen.size(); ++n) field.add({{static_cast<int>(n) + 1, 1.0}}, seen[n], 1);
  check_field("for e in 1..E { b[head[e]] ~ normal(0.5 * b[tail[e]] + 0.1, 1)  b[tail[e]] ~ normal(2, 3) }\n" + edges_text(map) +
                  "for n in 1..6 { b[n] ~ normal(0.5, 2) }\ndata y: real[M] = [0.3, -1.2, 2.5, 0.7, 1.1]\n"
                  "for n in 1..M { y[n] ~ normal(b[n], 1) }\n",
              field);
}

TEST_CASE("differences alone leave the sum open, and a sum near zero settles it", "[laws][additions]") {
  const std::string model = edges_text(map) + "for n in 1..6 { b[n] ~ flat() }\nfor e in 1..E { b[head[e]] ~ normal(b[tail[e]], 1) }\n";
  const auto open = tests::fit_text({.model = model});
  REQUIRE(!open);
  CHECK(open.diagnostics().at(0).code == "improper-posterior");
  Field field(6);
  for (const auto& [tail, head] : map) field.add({{head, 1.0}, {tail, -1.0}}, 0, 1);
  field.add({{1, 1.0}, {2, 1.0}, {3, 1.0}, {4, 1.0}, {5, 1.0}, {6, 1.0}}, 0, 100);
  check_field(model + "data zero: real[1] = [0]\nfor i in 1..1 { zero[i] ~ normal(sum(b), 0.1) }\n", field);
}

TEST_CASE("what adds to a density needs a statement that covers the elements", "[laws][additions]") {
  const auto fit = tests::fit_text({.model = edges_text(map) + "for e in 1..E { b[head[e]] ~ normal(0, 1) }\n"});
  REQUIRE(!fit);
  CHECK(fit.diagnostics().at(0).code == "element-without");
  REQUIRE(!fit.diagnostics().at(0).notes.empty());
  CHECK(fit.diagnostics().at(0).notes[0].message.find("flat()") != std::string::npos);
}
