// The examples that are linear Gaussian in time, or switch between few regimes, against figures of references.json and against filters written out
// here: Kalman (1960) with missing rows left out of the observation, Hamilton (1989) for the regimes.
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/planned_model.hpp"
#include "support/references.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using tests::check_value;
using tests::fit_example;
using tests::variable;

namespace {

using Numbers = std::vector<double>;

const double log_two_pi = std::log(2 * std::acos(-1.0));
const std::string examples = JENSEN_SOURCE_DIR "/examples/";

run::Fit fitted(const std::string& model, const std::vector<std::string>& data_files = {}, const std::vector<std::string>& rows = {}) {
  run::FitOptions options;
  options.rows = rows;
  options.tolerance = 1e-14;
  options.aitken_tolerance = 1e-10;
  const Result<run::Fit> fit = fit_example(model, options, data_files);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK(fit->converged);
  return *fit;
}

double value(const run::Fit& fit, const std::string& name) { return variable(fit, name).value.at(0); }

// A column of numbers, NaN where it says NA.
Numbers read_column(const std::string& file, const std::string& name) {
  std::ifstream stream(examples + file);
  const auto cells = [](const std::string& line) {
    std::vector<std::string> out;
    std::istringstream rest(line);
    for (std::string cell; std::getline(rest, cell, ',');) out.push_back(cell);
    return out;
  };
  std::string line;
  REQUIRE(std::getline(stream, line));
  const std::vector<std::string> names = cells(line);
  const auto at = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  Numbers out;
  while (std::getline(stream, line)) {
    const std::string cell = cells(line).at(at);
    out.push_back(cell == "NA" ? std::numeric_limits<double>::quiet_NaN() : std::stod(cell));
  }
  return out;
}

// x_1 ~ N(mean, covariance), x_t ~ N(F x_(t-1), Q), y_t ~ N(H x_t, r I).
struct StateSpace {
  Eigen::MatrixXd F, Q, H;
  double r;
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};

// log p(y), one number at a time (their noises are independent); `at_end` becomes the state given all of y.
double log_likelihood(StateSpace model, const std::vector<Numbers>& columns, StateSpace* at_end = nullptr) {
  double out = 0;
  for (std::size_t t = 0; t < columns.at(0).size(); ++t) {
    if (t > 0) {
      model.mean = model.F * model.mean;
      model.covariance = model.F * model.covariance * model.F.transpose() + model.Q;
    }
    for (std::size_t j = 0; j < columns.size(); ++j) {
      if (std::isnan(columns[j][t])) continue;
      const Eigen::VectorXd h = model.H.row(static_cast<Eigen::Index>(j));
      const Eigen::VectorXd ph = model.covariance * h;
      const double variance = h.dot(ph) + model.r, error = columns[j][t] - h.dot(model.mean);
      out -= 0.5 * (log_two_pi + std::log(variance) + error * error / variance);
      model.mean += ph * (error / variance);
      model.covariance -= ph * ph.transpose() / variance;
    }
  }
  if (at_end != nullptr) *at_end = model;
  return out;
}

// No factor near 1 on any number makes the function larger.
void check_maximum(const std::function<double(const Numbers&)>& function, const Numbers& values) {
  const double here = function(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (const double factor : {0.99, 1.01}) {
      Numbers near = values;
      near[i] *= factor;
      INFO("number " << i << ": " << values[i] << " times " << factor);
      CHECK(function(near) <= here + 1e-7);
    }
  }
}

StateSpace local_level(double sd_obs, double sd_level) {
  const Eigen::MatrixXd one = Eigen::MatrixXd::Ones(1, 1);
  return {one, one * sd_level * sd_level, one, sd_obs * sd_obs, Eigen::VectorXd::Constant(1, 1000), one * 1e6};
}

}  // namespace

TEST_CASE("nile: the local level model by maximum likelihood", "[reference][state_space]") {
  const run::Fit fit = fitted("nile/local_level.model");
  check_value(*fit.log_likelihood, "nile-local-level", "log_likelihood");
  const Numbers sds{value(fit, "sd_obs"), value(fit, "sd_level")};
  tests::check_values(sds, tests::reference("nile-local-level", "(sd_obs"));
  CHECK_THAT(*fit.log_likelihood, WithinAbs(log_likelihood(local_level(sds[0], sds[1]), {read_column("nile/nile.csv", "flow")}), 1e-8));
}

TEST_CASE("nile: years without a flow are predicted, and change neither params nor likelihood", "[reference][state_space]") {
  const run::Fit fit = fitted("nile/local_level.model", {examples + "nile/nile_and_ten_years.csv"}, {"level"});
  check_value(*fit.log_likelihood, "nile-local-level", "log_likelihood");
  const double sd_obs = value(fit, "sd_obs"), sd_level = value(fit, "sd_level");
  StateSpace last = local_level(sd_obs, sd_level);
  log_likelihood(last, {read_column("nile/nile.csv", "flow")}, &last);
  const run::FittedVariable& level = variable(fit, "level");
  for (std::size_t ahead = 1; ahead <= 10; ++ahead) {
    CHECK_THAT(level.mean.at(99 + ahead), WithinAbs(last.mean(0), 1e-6));
    const double variance = last.covariance(0, 0) + static_cast<double>(ahead) * sd_level * sd_level;
    CHECK_THAT(level.sd.at(99 + ahead), WithinAbs(std::sqrt(variance), 1e-6));
  }
}

TEST_CASE("nile: the bound with unknown precisions lies below the log evidence, by little", "[reference][state_space]") {
  const run::Fit fit = fitted("nile/local_level_vb.model");
  const Numbers flow = read_column("nile/nile.csv", "flow");
  // log ∫∫ p(y | obs, drift) p(obs) p(drift), over the logs of both precisions by the trapezoidal rule
  const auto log_gamma_density = [](double x, double rate) { return 2 * std::log(rate) + std::log(x) - rate * x; };  // shape 2
  Numbers logs;
  const double step = 0.1;
  for (double u = -11; u <= -8; u += step) {
    for (double v = -12; v <= -2; v += step) {
      const double obs = std::exp(u), drift = std::exp(v);
      logs.push_back(log_likelihood(local_level(1 / std::sqrt(obs), 1 / std::sqrt(drift)), {flow}) + log_gamma_density(obs, 2e4) +
                     log_gamma_density(drift, 2e3) + u + v + 2 * std::log(step));
    }
  }
  const double top = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double x : logs) sum += std::exp(x - top);
  const double log_evidence = top + std::log(sum);
  CHECK(fit.elbo < log_evidence);
  CHECK(fit.elbo > log_evidence - 2);
}

TEST_CASE("tracking: positions not seen, alone or with the other, are left out", "[reference][state_space]") {
  const run::Fit fit = fitted("tracking/track.model");
  const std::vector<Numbers> columns{read_column("tracking/track.csv", "east"), read_column("tracking/track.csv", "north")};
  const auto likelihood = [&](const Numbers& q_and_r) {
    StateSpace model{Eigen::MatrixXd::Identity(4, 4), Eigen::MatrixXd::Zero(4, 4), Eigen::MatrixXd::Identity(2, 4),
                     q_and_r[1] * q_and_r[1],         Eigen::VectorXd::Zero(4),    Eigen::Vector4d(900, 900, 9, 9).asDiagonal()};
    model.F(0, 2) = model.F(1, 3) = 1;
    for (int i = 0; i < 2; ++i) {
      model.Q(i, i) = q_and_r[0] / 3;
      model.Q(i, i + 2) = model.Q(i + 2, i) = q_and_r[0] / 2;
      model.Q(i + 2, i + 2) = q_and_r[0];
    }
    return log_likelihood(model, columns);
  };
  const Numbers found{value(fit, "q"), value(fit, "r")};
  CHECK_THAT(*fit.log_likelihood, WithinAbs(likelihood(found), 1e-8));
  check_maximum(likelihood, found);
}

// The covariance of y written out: every y_t is linear in independent standard normals.
TEST_CASE("seasonal: level, slope and seasons against the covariance of all quarters", "[reference][state_space]") {
  const run::Fit fit = fitted("seasonal/earnings.model");
  const Numbers y = read_column("seasonal/johnson_johnson.csv", "log_earnings");
  const auto likelihood = [&](const Numbers& sd) {  // level, slope, season, obs
    const auto rows = static_cast<Eigen::Index>(y.size());
    Eigen::MatrixXd level = Eigen::MatrixXd::Zero(rows, 4 * rows), slope = level, season = level;
    for (Eigen::Index t = 0; t < rows; ++t) {
      if (t > 0) {
        level.row(t) = level.row(t - 1) + slope.row(t - 1);
        slope.row(t) = slope.row(t - 1);
      }
      if (t > 2) season.row(t) = -season.row(t - 1) - season.row(t - 2) - season.row(t - 3);
      level(t, t) += t > 0 ? sd[0] : 1;
      slope(t, rows + t) += t > 0 ? sd[1] : 0.1;
      season(t, 2 * rows + t) += t > 2 ? sd[2] : 0.5;
    }
    Eigen::MatrixXd map = level + season;
    map.rightCols(rows).diagonal().array() += sd[3];
    const Eigen::LLT<Eigen::MatrixXd> factor(map * map.transpose());
    const Eigen::VectorXd white = factor.matrixL().solve(Eigen::Map<const Eigen::VectorXd>(y.data(), rows));
    const double log_root = factor.matrixLLT().diagonal().array().log().sum();
    return -0.5 * (static_cast<double>(rows) * log_two_pi + white.squaredNorm()) - log_root;
  };
  const Numbers found{value(fit, "sd_level"), value(fit, "sd_slope"), value(fit, "sd_season"), value(fit, "sd_obs")};
  CHECK_THAT(*fit.log_likelihood, WithinAbs(likelihood(found), 1e-6));
  check_maximum(likelihood, found);
}

TEST_CASE("switching: an autoregression with two constants against the filter of Hamilton", "[reference][state_space]") {
  const run::Fit fit = fitted("switching/gnp.model");
  const Numbers growth = read_column("switching/gnp.csv", "growth");
  const Numbers change = variable(fit, "change").value;
  const auto likelihood = [&](const Numbers& p) {  // stay in 1, stay in 2, constants, slope, sd
    double first = 0.5, second = 0.5, out = 0;
    for (std::size_t t = 1; t < growth.size(); ++t) {
      const auto density = [&](double c) {
        const double z = (growth[t] - c - p[4] * growth[t - 1]) / p[5];
        return std::exp(-0.5 * (z * z + log_two_pi)) / p[5];
      };
      const double to_first = first * p[0] + second * (1 - p[1]), to_second = first * (1 - p[0]) + second * p[1];
      first = to_first * density(p[2]);
      second = to_second * density(p[3]);
      const double sum = first + second;
      out += std::log(sum);
      first /= sum;
      second /= sum;
    }
    return out;
  };
  const Numbers c = variable(fit, "c").value;
  const Numbers found{change.at(0), change.at(3), c.at(0), c.at(1), value(fit, "phi"), value(fit, "s")};
  CHECK_THAT(*fit.log_likelihood, WithinAbs(likelihood(found), 1e-8));
  check_maximum(likelihood, found);
}
