// Random chains and trees with everything known but the states: the bound of both ways to sum them, row by row and stored whole, is the log
// evidence, summed here over every path or taken from the dense covariance. JENSEN_RANDOM_CHAINS sets how many of each.
#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "family/stream.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

// Rows that hang on an earlier row, or on none (-1): a chain with gaps of `shift`, or a tree if that is 0.
struct Forest {
  std::int64_t shift = 0;
  std::vector<int> previous;
};

std::size_t below(family::Stream& stream, std::size_t n) { return static_cast<std::size_t>(stream.below(n)); }

Forest draw_forest(family::Stream& stream) {
  Forest out;
  out.shift = static_cast<std::int64_t>(below(stream, 4));
  if (out.shift == 3) out.shift = 0;
  const std::size_t rows = std::max<std::size_t>(1 + below(stream, 8), static_cast<std::size_t>(out.shift));
  for (std::size_t t = 0; t < rows; ++t) {
    if (out.shift > 0) {
      out.previous.push_back(static_cast<int>(t) - static_cast<int>(out.shift) < 0 ? -1 : static_cast<int>(t) - static_cast<int>(out.shift));
    } else {
      out.previous.push_back(t == 0 || stream.uniform() < 0.2 ? -1 : static_cast<int>(below(stream, t)));
    }
  }
  return out;
}

// `state` of the rows, by statements for those that hang on none and for those that hang on `PREVIOUS`.
std::string statements(const Forest& forest, const std::string& root, std::string linked) {
  const std::string previous = forest.shift > 0 ? fmt::format("z[t-{}]", forest.shift) : "z[parent[t]]";
  for (std::size_t at = linked.find("PREVIOUS"); at != std::string::npos; at = linked.find("PREVIOUS")) linked.replace(at, 8, previous);
  if (forest.shift > 0) {
    return fmt::format("for t in 1..{} {{ z[t] ~ {} }}\nfor t in {}..T {{ z[t] ~ {} }}\n", forest.shift, root, forest.shift + 1, linked);
  }
  return fmt::format("data parent: int[T]\ndata root: bool[T]\nfor t in 1..T {{ if root[t] {{ z[t] ~ {} }} else {{ z[t] ~ {} }} }}\n", root, linked);
}

std::string csv(const Forest& forest, const std::vector<double>& y) {
  std::string out = "y,parent,root\n";
  for (std::size_t t = 0; t < y.size(); ++t) {
    const std::string cell = std::isnan(y[t]) ? "NA" : fmt::format("{}", y[t]);
    out += fmt::format("{},{},{}\n", cell, std::max(forest.previous[t], 0) + 1, forest.previous[t] < 0 ? 1 : 0);
  }
  return out;
}

// Some of them missing, never all.
std::vector<double> draw_data(family::Stream& stream, std::size_t rows) {
  std::vector<double> out;
  for (std::size_t t = 0; t < rows; ++t) out.push_back(t > 0 && stream.uniform() < 0.25 ? std::nan("") : 2 * stream.normal());
  return out;
}

// Shares of which some are 0, never the first.
std::vector<double> draw_simplex(family::Stream& stream, std::size_t levels) {
  std::vector<double> out;
  double total = 0;
  for (std::size_t k = 0; k < levels; ++k) total += out.emplace_back(k > 0 && stream.uniform() < 0.2 ? 0 : 0.1 + stream.uniform());
  for (double& share : out) share /= total;
  return out;
}

double log_normal(double x, double mean, double sd) {
  return -0.5 * std::log(2 * std::acos(-1.0)) - std::log(sd) - 0.5 * std::pow((x - mean) / sd, 2);
}

struct States {
  std::vector<double> start, mean;
  std::vector<std::vector<double>> trans;
};

// Over the paths that agree with the states known; -1 where one is not.
double log_sum_of_paths(const Forest& forest, const States& states, const std::vector<double>& y, const std::vector<int>& known) {
  const std::size_t rows = y.size(), levels = states.mean.size();
  std::vector<std::size_t> z(rows, 0);
  double sum = 0;
  while (true) {
    double log_path = 0;
    for (std::size_t t = 0; t < rows; ++t) {
      if (known[t] >= 0 && known[t] != static_cast<int>(z[t])) log_path = -std::numeric_limits<double>::infinity();
      const int p = forest.previous[t];
      log_path += std::log(p < 0 ? states.start[z[t]] : states.trans[z[static_cast<std::size_t>(p)]][z[t]]);
      if (!std::isnan(y[t])) log_path += log_normal(y[t], states.mean[z[t]], 1.5);
    }
    sum += std::exp(log_path);
    std::size_t t = 0;
    while (t < rows && ++z[t] == levels) z[t++] = 0;
    if (t == rows) return std::log(sum);
  }
}

void check_bound(const std::string& model, const std::string& data, double expected) {
  INFO(model << data);
  for (const bool by_row : {true, false}) {
    const Result<run::Fit> fit = tests::fit_text({.model = model, .csv = data, .by_row = by_row});
    if (!fit) FAIL((by_row ? "by row: " : "whole: ") << tests::messages(fit.diagnostics()));
    CHECK_THAT(fit->elbo, WithinAbs(expected, 1e-9 * (1 + std::abs(expected))));
  }
}

std::uint64_t how_many() {
  const char* text = std::getenv("JENSEN_RANDOM_CHAINS");
  return text == nullptr ? 60 : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("random discrete chains and trees against the sum over every path", "[laws][chain]") {
  for (std::uint64_t seed = 1; seed <= how_many(); ++seed) {
    family::Stream stream(seed, family::Purpose::simulation, 0);
    const Forest forest = draw_forest(stream);
    const std::vector<double> y = draw_data(stream, forest.previous.size());
    const std::size_t levels = 1 + below(stream, 4);
    States states{draw_simplex(stream, levels), {}, {}};
    for (std::size_t k = 0; k < levels; ++k) {
      states.mean.push_back(2 * stream.normal());
      states.trans.push_back(draw_simplex(stream, levels));
    }
    std::string rows;
    for (const auto& row : states.trans) rows += fmt::format("{}[{}]", rows.empty() ? "" : ", ", fmt::join(row, ", "));
    const std::string model = fmt::format("data y: real[T]\ndata start: real[K] = [{}]\ndata trans: real[K, K] = [{}]\ndata mean: real[K] = [{}]\n",
                                          fmt::join(states.start, ", "), rows, fmt::join(states.mean, ", ")) +
                              statements(forest, "categorical(start)", "categorical(trans[PREVIOUS])") +
                              "for t in 1..T { y[t] ~ normal(mean[z[t]], 1.5) }\n";
    INFO("seed " << seed);
    check_bound(model, csv(forest, y), log_sum_of_paths(forest, states, y, std::vector<int>(y.size(), -1)));
  }
}

// Data with missing cells: the states before a row, or its parent's, may be known or not.
TEST_CASE("random chains and trees of which some states are known against the sum over the paths that agree", "[laws][chain]") {
  for (std::uint64_t seed = 1; seed <= how_many(); ++seed) {
    family::Stream stream(seed, family::Purpose::simulation, 2);
    Forest forest = draw_forest(stream);
    while (forest.previous.size() < 3) forest = draw_forest(stream);
    const std::vector<double> y = draw_data(stream, forest.previous.size());
    States states{{0.3, 0.7}, {-1, 1}, {{0.8, 0.2}, {0.4, 0.6}}};
    std::vector<int> known{0, 1};
    while (known.size() < y.size()) known.push_back(stream.uniform() < 0.6 ? -1 : static_cast<int>(below(stream, 2)));
    std::string data = "y,parent,root,z\n";
    for (std::size_t t = 0; t < y.size(); ++t) {
      data += fmt::format("{},{},{},{}\n", std::isnan(y[t]) ? "NA" : fmt::format("{}", y[t]), std::max(forest.previous[t], 0) + 1,
                          forest.previous[t] < 0 ? 1 : 0,
                          known[t] < 0    ? "NA"
                          : known[t] == 0 ? "a"
                                          : "b");
    }
    const std::string model = "data y: real[T]\ndata z: category(K)[T]\ndata trans: real[2, 2] = [[0.8, 0.2], [0.4, 0.6]]\n" +
                              statements(forest, "categorical([0.3, 0.7])", "categorical(trans[PREVIOUS])") +
                              "for t in 1..T { y[t] ~ normal(z[t] == 1 ? -1 : 1, 1.5) }\n";
    INFO("seed " << seed);
    check_bound(model, data, log_sum_of_paths(forest, states, y, known));
  }
}

TEST_CASE("random Gaussian chains and trees against the dense covariance", "[laws][chain]") {
  for (std::uint64_t seed = 1; seed <= how_many(); ++seed) {
    family::Stream stream(seed, family::Purpose::simulation, 1);
    const Forest forest = draw_forest(stream);
    const std::vector<double> y = draw_data(stream, forest.previous.size());
    const double a = stream.normal(), b = stream.normal(), sd = 0.2 + stream.uniform(), noise = 0.2 + stream.uniform(), first = stream.normal();
    const auto n = static_cast<Eigen::Index>(y.size());
    Eigen::VectorXd mean(n);
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(n, n);
    std::vector<Eigen::Index> seen;
    for (Eigen::Index t = 0; t < n; ++t) {
      const int p = forest.previous[static_cast<std::size_t>(t)];
      mean[t] = p < 0 ? first : a * mean[p] + b;
      if (p >= 0) {
        covariance.row(t).head(t) = a * covariance.row(p).head(t);
        covariance.col(t).head(t) = covariance.row(t).head(t).transpose();
      }
      covariance(t, t) = p < 0 ? 4 : a * a * covariance(p, p) + sd * sd;
      if (!std::isnan(y[static_cast<std::size_t>(t)])) seen.push_back(t);
    }
    const Eigen::MatrixXd of_seen = covariance(seen, seen) + noise * noise * Eigen::MatrixXd::Identity(std::ssize(seen), std::ssize(seen));
    Eigen::VectorXd residual(std::ssize(seen));
    for (Eigen::Index i = 0; i < residual.size(); ++i) {
      const Eigen::Index t = seen[static_cast<std::size_t>(i)];
      residual[i] = y[static_cast<std::size_t>(t)] - mean[t];
    }
    const Eigen::LDLT<Eigen::MatrixXd> solver(of_seen);
    const double expected = -0.5 * (residual.dot(solver.solve(residual)) + solver.vectorD().array().log().sum() +
                                    static_cast<double>(residual.size()) * std::log(2 * std::acos(-1.0)));
    const std::string model = "data y: real[T]\n" +
                              statements(forest, fmt::format("normal({}, 2)", first), fmt::format("normal({} * PREVIOUS + {}, {})", a, b, sd)) +
                              fmt::format("for t in 1..T {{ y[t] ~ normal(z[t], {}) }}\n", noise);
    INFO("seed " << seed);
    check_bound(model, csv(forest, y), expected);
  }
}
