// The discrete chains and trees of examples/ against figures of references.json, and against likelihoods summed here state by state.
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "pipeline.hpp"
#include "support/planned_model.hpp"
#include "support/references.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using tests::check_values;
using tests::fit_example;
using tests::reference;
using tests::variable;

namespace {

using Numbers = std::vector<double>;
using Table = std::map<std::string, std::vector<std::string>>;
using Matrix = Eigen::MatrixXd;

run::Fit fitted(const std::string& model, run::FitOptions options = {}, const std::vector<std::string>& sets = {}) {
  Sources sources;
  pipeline::ModelOptions what;
  what.path = std::string(JENSEN_SOURCE_DIR "/examples/") + model;
  what.sets = sets;
  const Result<run::Fit> fit = pipeline::fit(what, {}, options, sources);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK(fit->converged);
  REQUIRE(fit->log_likelihood);
  return *fit;
}

run::FitOptions restarts(int count) {
  run::FitOptions options;
  options.restarts = count;
  return options;
}

Table read_columns(const std::string& file) {
  std::ifstream stream(JENSEN_SOURCE_DIR "/examples/" + file);
  const auto cells = [](const std::string& line) {
    std::vector<std::string> out;
    std::istringstream rest(line);
    for (std::string cell; std::getline(rest, cell, ',');) out.push_back(cell);
    return out;
  };
  std::string line;
  REQUIRE(std::getline(stream, line));
  const std::vector<std::string> names = cells(line);
  Table out;
  while (std::getline(stream, line)) {
    const std::vector<std::string> row = cells(line);
    for (std::size_t i = 0; i < names.size(); ++i) out[names[i]].push_back(row.at(i));
  }
  return out;
}

Numbers column(const std::string& file, const std::string& name) {
  const Table table = read_columns(file);
  Numbers out;
  for (const std::string& cell : table.at(name)) out.push_back(std::stod(cell));
  return out;
}

// Index from 0 of each cell's level, the levels sorted by bytes.
std::vector<Eigen::Index> levels(const std::vector<std::string>& cells) {
  std::vector<std::string> sorted = cells;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<Eigen::Index> out;
  for (const std::string& cell : cells) out.push_back(std::lower_bound(sorted.begin(), sorted.end(), cell) - sorted.begin());
  return out;
}

Matrix matrix(const run::Fit& fit, const std::string& name, Eigen::Index rows) {
  const Numbers& v = variable(fit, name).value;
  return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(v.data(), rows,
                                                                                                  static_cast<Eigen::Index>(v.size()) / rows);
}

Numbers value(const run::Fit& fit, const std::string& name) { return variable(fit, name).value; }

double normal(double x, double mean, double sd) { return std::exp(-0.5 * std::pow((x - mean) / sd, 2)) / (sd * std::sqrt(2 * std::acos(-1.0))); }
double poisson(double y, double rate) { return std::exp(y * std::log(rate) - rate - std::lgamma(y + 1)); }

// log Σ over all paths, the probability of each row's data given its state in `emission(t, k)`, by the forward recursion (Rabiner 1989, 18 to 21).
// `first` marks rows at which a sequence begins.
double forward(
    const Eigen::VectorXd& start, const Matrix& trans, std::size_t rows, const std::function<double(std::size_t, Eigen::Index)>& emission,
    const std::function<bool(std::size_t)>& first = [](std::size_t t) { return t == 0; }) {
  Eigen::VectorXd weight;
  double sum = 0;
  for (std::size_t t = 0; t < rows; ++t) {
    weight = first(t) ? start : Eigen::VectorXd(trans.transpose() * weight);
    for (Eigen::Index k = 0; k < weight.size(); ++k) weight[k] *= emission(t, k);
    sum += std::log(weight.sum());
    weight /= weight.sum();
  }
  return sum;
}

// The states in ascending order of a number of theirs.
std::vector<std::size_t> ascending(const Numbers& of) {
  std::vector<std::size_t> out(of.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = i;
  std::sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) { return of[a] < of[b]; });
  return out;
}

}  // namespace

TEST_CASE("earthquakes: Poisson hidden Markov models with two and three states", "[reference][chain]") {
  for (const std::string k : {"2", "3"}) {
    const run::Fit fit = fitted("earthquakes/hmm.model", {}, {"K=" + k});
    const std::string id = "earthquakes-hmm" + k;
    check_values({*fit.log_likelihood}, reference(id, "log_likelihood"));
    const Numbers rate = value(fit, "rate"), trans = value(fit, "trans");
    const std::vector<std::size_t> order = ascending(rate);
    Numbers rates, transitions;
    for (const std::size_t i : order) {
      rates.push_back(rate[i]);
      for (const std::size_t j : order) transitions.push_back(trans[i * order.size() + j]);
    }
    check_values(rates, reference(id, "rate"));
    check_values(transitions, reference(id, "trans"));
  }
}

TEST_CASE("earthquakes: a chain of order two is one over pairs of states", "[reference][chain]") {
  const run::Fit fit = fitted("earthquakes/second_order.model");
  const Numbers count = column("earthquakes/earthquakes.csv", "count"), start = value(fit, "start"), rate = value(fit, "rate");
  const Matrix second = matrix(fit, "second", 2), trans = matrix(fit, "trans", 4);
  Matrix pairs = Matrix::Zero(4, 4);  // (a, b) → (b, c)
  Eigen::Vector4d first;
  for (Eigen::Index a = 0; a < 2; ++a) {
    for (Eigen::Index b = 0; b < 2; ++b) {
      first[2 * a + b] = start[static_cast<std::size_t>(a)] * poisson(count[0], rate[static_cast<std::size_t>(a)]) * second(a, b);
      for (Eigen::Index c = 0; c < 2; ++c) pairs(2 * a + b, 2 * b + c) = trans(2 * a + b, c);
    }
  }
  const double sum = forward(first, pairs, count.size() - 1,
                             [&](std::size_t t, Eigen::Index p) { return poisson(count[t + 1], rate[static_cast<std::size_t>(p % 2)]); });
  CHECK_THAT(*fit.log_likelihood, WithinAbs(sum, 1e-9));
  CHECK(*fit.log_likelihood > -341.0);  // of order one: -341.879
}

TEST_CASE("earthquakes: two chains coupled by the counts are one over pairs of their states", "[reference][chain]") {
  const run::Fit fit = fitted("earthquakes/factorial.model");
  const Numbers count = column("earthquakes/earthquakes.csv", "count"), rate = value(fit, "rate");
  const Matrix slow = matrix(fit, "slow", 2), fast = matrix(fit, "fast", 2);
  Matrix pairs(4, 4);
  for (Eigen::Index p = 0; p < 4; ++p) {
    for (Eigen::Index q = 0; q < 4; ++q) pairs(p, q) = slow(p / 2, q / 2) * fast(p % 2, q % 2);
  }
  const double sum = forward(Eigen::Vector4d::Constant(0.25), pairs, count.size(),
                             [&](std::size_t t, Eigen::Index p) { return poisson(count[t], rate[static_cast<std::size_t>(p)]); });
  CHECK_THAT(*fit.log_likelihood, WithinAbs(sum, 1e-9));
}

TEST_CASE("geyser: durations, and waits after them, of two hidden states", "[reference][chain]") {
  const run::Fit fit = fitted("geyser/hmm.model");
  const Numbers waiting = column("geyser/geyser.csv", "waiting"), duration = column("geyser/geyser.csv", "duration");
  const Numbers minutes = value(fit, "minutes"), sd = value(fit, "sd"), wait = value(fit, "wait"), wait_sd = value(fit, "wait_sd");
  const double sum =
      forward(matrix(fit, "start", 1).row(0).transpose(), matrix(fit, "trans", 2), duration.size(), [&](std::size_t t, Eigen::Index state) {
        const auto k = static_cast<std::size_t>(state);
        return normal(duration[t], minutes[k], sd[k]) * (t + 1 < waiting.size() ? normal(waiting[t + 1], wait[k], wait_sd[k]) : 1);
      });
  CHECK_THAT(*fit.log_likelihood, WithinAbs(sum, 1e-9));
  const std::vector<std::size_t> order = ascending(minutes);
  CHECK_THAT(minutes[order[0]], WithinAbs(1.99, 0.01));
  CHECK(value(fit, "trans")[order[0] * 2 + order[0]] < 1e-6);  // no two short ones in a row
}

// Zucchini and MacDonald (2009, 10.4) give -127.31 with the stationary distribution as start, 0.000, 1.000, 0.827, 0.173 as transitions and 0.225,
// 1.000 as probabilities; with the start free the likelihood is a little higher.
TEST_CASE("geyser: long and short eruptions", "[reference][chain]") {
  const run::Fit fit = fitted("geyser/long.model");
  const Numbers duration = column("geyser/geyser.csv", "duration"), p = value(fit, "p");
  const double sum =
      forward(matrix(fit, "start", 1).row(0).transpose(), matrix(fit, "trans", 2), duration.size(),
              [&](std::size_t t, Eigen::Index k) { return duration[t] >= 3 ? p[static_cast<std::size_t>(k)] : 1 - p[static_cast<std::size_t>(k)]; });
  CHECK_THAT(*fit.log_likelihood, WithinAbs(sum, 1e-9));
  CHECK_THAT(*fit.log_likelihood, WithinAbs(-126.70776, 1e-4));
  const std::vector<std::size_t> order = ascending(p);
  CHECK_THAT(p[order[0]], WithinAbs(0.225, 0.001));
  CHECK_THAT(value(fit, "trans")[order[1] * 2 + order[0]], WithinAbs(0.829, 0.001));
}

TEST_CASE("lynx: autoregressions that a hidden chain switches", "[reference][chain]") {
  const run::Fit fit = fitted("ar_hmm/lynx.model");
  Numbers y = column("ar_hmm/lynx.csv", "trapped");
  for (double& v : y) v = std::log10(v);
  const Numbers level = value(fit, "level"), last = value(fit, "last"), before = value(fit, "before"), sd = value(fit, "sd");
  const Matrix trans = matrix(fit, "trans", 2);
  // The state of the second year is even, that of the third one step on.
  const Eigen::VectorXd start = trans.transpose() * Eigen::Vector2d(0.5, 0.5);
  const double sum = forward(start, trans, y.size() - 2, [&](std::size_t t, Eigen::Index state) {
    const auto k = static_cast<std::size_t>(state);
    return normal(y[t + 2], level[k] + last[k] * y[t + 1] + before[k] * y[t], sd[k]);
  });
  CHECK_THAT(*fit.log_likelihood, WithinAbs(sum, 1e-9));
}

TEST_CASE("vowels: two hidden kinds of letters are vowels and consonants", "[reference][chain]") {
  const run::Fit fit = fitted("vowels/vowels.model", restarts(4));
  const std::vector<Eigen::Index> letter = levels(read_columns("vowels/letters.csv").at("letter"));
  const Matrix emits = matrix(fit, "emits", 2);
  REQUIRE(emits.cols() == 27);  // a blank, a to z
  const double sum = forward(matrix(fit, "start", 1).row(0).transpose(), matrix(fit, "follows", 2), letter.size(),
                             [&](std::size_t t, Eigen::Index k) { return emits(k, letter[t]); });
  CHECK_THAT(*fit.log_likelihood, WithinAbs(sum, 1e-8));
  const Eigen::Index vowel = emits(0, 1) > emits(1, 1) ? 0 : 1;
  for (char c = 'a'; c <= 'z'; ++c) {
    if (c == 'y') continue;  // both
    const bool is_vowel = std::string("aeiou").find(c) != std::string::npos;
    INFO(c);
    CHECK((emits(vowel, c - 'a' + 1) > emits(1 - vowel, c - 'a' + 1)) == is_vowel);
  }
}

TEST_CASE("words: sequences of many lengths, also of length 1, in one table", "[reference][chain]") {
  const run::Fit fit = fitted("vowels/words.model");
  const Table table = read_columns("vowels/words.csv");
  const std::vector<Eigen::Index> letter = levels(table.at("letter"));
  const std::vector<std::string>& first = table.at("first");
  const Matrix emits = matrix(fit, "emits", 2);
  bool single = false;
  for (std::size_t t = 0; t + 1 < first.size(); ++t) single = single || (first[t] == "1" && first[t + 1] == "1");
  CHECK(single);
  const double sum = forward(
      matrix(fit, "start", 1).row(0).transpose(), matrix(fit, "follows", 2), letter.size(),
      [&](std::size_t t, Eigen::Index k) { return emits(k, letter[t]); }, [&](std::size_t t) { return first[t] == "1"; });
  CHECK_THAT(*fit.log_likelihood, WithinAbs(sum, 1e-8));
}

TEST_CASE("semi-supervised: states that are told and others that are not", "[reference][chain]") {
  const run::Fit fit = fitted("semi_supervised_hmm/letters.model");
  const Table table = read_columns("semi_supervised_hmm/letters.csv");
  const std::vector<std::string>& names = table.at("letter");
  const std::vector<std::string>& kind = table.at("kind");
  const std::vector<Eigen::Index> letter = levels(names);
  const Matrix emits = matrix(fit, "emits", 2);
  const double sum =
      forward(matrix(fit, "start", 1).row(0).transpose(), matrix(fit, "follows", 2), letter.size(), [&](std::size_t t, Eigen::Index k) {
        const bool possible = kind[t] == "NA" || (kind[t] == "vowel") == (k == 1);  // other, vowel
        return possible ? emits(k, letter[t]) : 0;
      });
  CHECK_THAT(*fit.log_likelihood, WithinAbs(sum, 1e-8));
}

// The likelihood by pruning (Felsenstein 1981): every group's is the product of its parts' given its state. Parents stand above their parts.
TEST_CASE("tree: states of ancestors", "[reference][chain]") {
  const run::Fit fit = fitted("tree/vertebrates.model");
  const Table table = read_columns("tree/vertebrates.csv");
  const std::size_t n = table.at("parent").size();
  const Matrix becomes = matrix(fit, "becomes", 2);
  std::vector<Eigen::Vector2d> below(n, Eigen::Vector2d::Ones());
  double sum = 0;
  for (std::size_t i = n; i-- > 0;) {
    if (table.at("today")[i] == "1") below[i][table.at("birth")[i] == "eggs" ? 1 : 0] = 0;
    if (table.at("root")[i] == "1") {
      sum += std::log(below[i].mean());
    } else {
      below[std::stoul(table.at("parent")[i]) - 1].array() *= (becomes * below[i]).array();
    }
  }
  CHECK_THAT(*fit.log_likelihood, WithinAbs(sum, 1e-10));
}

TEST_CASE("change point: transitions that cannot be stay so, and the sum over all paths is that over the year of the change", "[reference][chain]") {
  run::FitOptions options;
  options.init_json = R"({"trans": {"value": [[0.9, 0.1], [0, 1]]}, "rate": {"value": [3, 1]}})";
  const run::Fit fit = fitted("change_point/coal.model", options);
  const Numbers disasters = column("change_point/coal.csv", "disasters"), rate = value(fit, "rate"), trans = value(fit, "trans");
  CHECK(trans[2] == 0);
  CHECK(trans[3] == 1);
  double sum = 0;
  for (std::size_t change = 1; change <= disasters.size(); ++change) {  // the first year of the second rate; after the last: none
    double log_path = static_cast<double>(change - 1) * std::log(trans[0]) + (change < disasters.size() ? std::log(trans[1]) : 0);
    for (std::size_t t = 0; t < disasters.size(); ++t) log_path += std::log(poisson(disasters[t], rate[t < change ? 0 : 1]));
    sum += std::exp(log_path + 175);
  }
  CHECK_THAT(*fit.log_likelihood, WithinAbs(std::log(sum) - 175, 1e-9));
}

// 480 nats for a way back.
TEST_CASE("a transition of probability 0 stays so where the data ask for it", "[chain]") {
  std::string csv = "y\n";
  for (int t = 0; t < 55; ++t) csv += t < 20 || t >= 40 ? "0\n" : "8\n";
  run::FitOptions options;
  options.init_json = R"({"trans": {"value": [[0.9, 0.1], [0, 1]]}, "mean": {"value": [0, 8]}})";
  const Result<run::Fit> fit =
      tests::fit_text({.model = "data y: real[T]\nparam trans: simplex(2)[2]\nparam mean: real[2]\nz[1] ~ categorical([1, 0])\n"
                                "for t in 2..T { z[t] ~ categorical(trans[z[t-1]]) }\nfor t in 1..T { y[t] ~ normal(mean[z[t]], 1) }\n",
                       .csv = csv},
                      options);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK(value(*fit, "trans")[2] == 0);
  CHECK_THAT(value(*fit, "mean")[1], WithinAbs(160.0 / 35, 1e-4));  // the first 20 rows alone have the first state
}
