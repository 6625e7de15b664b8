// The hierarchical models of examples/ against independent figures: of references.json, or computed here from the integrals written out.
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/planned_model.hpp"
#include "support/references.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using tests::check_values;
using tests::fit_example;
using tests::numbers;
using tests::reference;
using tests::variable;

namespace {

using Numbers = std::vector<double>;

const double log_two_pi = std::log(2 * std::acos(-1.0));

// To a fixed point: parameters are an order less converged than the bound, which is flat there.
run::Fit fitted(const std::string& model, double tolerance = 1e-15) {
  run::FitOptions options;
  options.tolerance = tolerance;
  options.aitken_tolerance = 1e-12;
  const Result<run::Fit> fit = fit_example(model, options);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK(fit->converged);
  return *fit;
}

double value(const run::Fit& fit, const std::string& name) { return variable(fit, name).value.at(0); }

// The columns of a file of examples/, as texts by name.
std::map<std::string, std::vector<std::string>> read_columns(const std::string& file) {
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
  std::map<std::string, std::vector<std::string>> out;
  while (std::getline(stream, line)) {
    const std::vector<std::string> row = cells(line);
    for (std::size_t i = 0; i < names.size(); ++i) out[names[i]].push_back(row.at(i));
  }
  return out;
}

Numbers as_numbers(const std::vector<std::string>& cells) {
  Numbers out;
  for (const std::string& cell : cells) out.push_back(std::stod(cell));
  return out;
}

// Index from 0 of each cell's level. Levels stand in the files in their sorted order.
std::vector<Eigen::Index> as_levels(const std::vector<std::string>& cells) {
  std::vector<std::string> seen;
  std::vector<Eigen::Index> out;
  for (const std::string& cell : cells) {
    const auto found = std::find(seen.begin(), seen.end(), cell);
    out.push_back(found - seen.begin());
    if (found == seen.end()) seen.push_back(cell);
  }
  return out;
}

Eigen::VectorXd as_vector(const Numbers& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

double log_det(const Eigen::MatrixXd& positive) { return 2 * Eigen::MatrixXd(positive.llt().matrixL()).diagonal().array().log().sum(); }

// `values` maximise the function, if a Newton step in each by itself is nearly none.
void check_maximum(const std::function<double(const Numbers&)>& function, const Numbers& values, double tolerance = 1e-4) {
  const double here = function(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double step = 1e-3 * std::abs(values[i]);
    Numbers below = values, above = values;
    below[i] -= step;
    above[i] += step;
    const double slope = (function(above) - function(below)) / (2 * step);
    const double curvature = (function(above) - 2 * here + function(below)) / (step * step);
    INFO("number " << i << ": " << values[i]);
    CHECK(curvature < 0);
    CHECK_THAT(slope / curvature / std::abs(values[i]), WithinAbs(0, tolerance));
  }
}

// log ∫ exp(f) over a box by the trapezoidal rule, whose error falls faster than any power of the step for smooth f that vanish at the border.
double log_integral(const std::function<double(const Numbers&)>& f, const std::vector<std::pair<double, double>>& box, std::size_t steps) {
  Numbers logs, at(box.size());
  double log_volume = 0;
  for (const auto& [low, high] : box) log_volume += std::log((high - low) / static_cast<double>(steps));
  const std::function<void(std::size_t)> visit = [&](std::size_t axis) {
    if (axis == box.size()) return logs.push_back(f(at));
    for (std::size_t i = 0; i <= steps; ++i) {
      at[axis] = box[axis].first + (box[axis].second - box[axis].first) * static_cast<double>(i) / static_cast<double>(steps);
      visit(axis + 1);
    }
  };
  visit(0);
  const double top = *std::max_element(logs.begin(), logs.end());
  return top + log_volume + std::log(std::accumulate(logs.begin(), logs.end(), 0.0, [&](double sum, double x) { return sum + std::exp(x - top); }));
}

double log_normal_density(double x, double mean, double sd) { return -0.5 * log_two_pi - std::log(sd) - 0.5 * std::pow((x - mean) / sd, 2); }

double log_half_cauchy(double x, double scale) { return std::log(2 / std::acos(-1.0)) - std::log(scale) - std::log1p(x * x / (scale * scale)); }

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

double log_choose(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

// Rows of sleepstudy as a regression on (a, b, u[1], .., u[J]).
struct Lines {
  Eigen::MatrixXd x;
  Eigen::VectorXd y;
  Eigen::Index people = 0;
};

Lines sleepstudy_lines() {
  auto columns = read_columns("sleepstudy/sleepstudy.csv");
  const Numbers days = as_numbers(columns["days"]);
  const auto subject = as_levels(columns["subject"]);
  Lines out{{}, as_vector(as_numbers(columns["reaction"])), *std::max_element(subject.begin(), subject.end()) + 1};
  out.x = Eigen::MatrixXd::Zero(out.y.size(), 2 + 2 * out.people);
  for (std::size_t n = 0; n < days.size(); ++n) {
    const auto row = static_cast<Eigen::Index>(n);
    out.x.block<1, 2>(row, 0) << 1, days[n];
    out.x.block<1, 2>(row, 2 + 2 * subject[n]) << 1, days[n];
  }
  return out;
}

// Failures of pump n given the rates' shape and rate, the rate itself integrated out: negative binomial.
const Numbers pump_failures{5, 1, 5, 14, 3, 19, 1, 1, 4, 22};
const Numbers pump_hours{94.3, 15.7, 62.9, 126, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5};

double log_pumps(double alpha, double beta) {
  double sum = 0;
  for (std::size_t n = 0; n < pump_failures.size(); ++n) {
    const double y = pump_failures[n], t = pump_hours[n];
    sum += alpha * std::log(beta) - std::lgamma(alpha) + std::lgamma(alpha + y) - (alpha + y) * std::log(beta + t) + y * std::log(t) -
           std::lgamma(y + 1);
  }
  return sum;
}

// cbpp: new cases given a beta(k m, k (1 - m)) risk per group of records, the risks integrated out.
struct Herds {
  Numbers cases, size;
  std::vector<Eigen::Index> herd;
  double share = 0;
};

Herds read_herds() {
  auto columns = read_columns("beta_binomial/cbpp.csv");
  Herds out{as_numbers(columns["incidence"]), as_numbers(columns["size"]), as_levels(columns["herd"])};
  out.share = std::accumulate(out.cases.begin(), out.cases.end(), 0.0) / std::accumulate(out.size.begin(), out.size.end(), 0.0);
  return out;
}

double log_beta_binomials(const Herds& data, const std::vector<Eigen::Index>& group, double k) {
  std::map<Eigen::Index, std::pair<double, double>> totals;
  double sum = 0;
  for (std::size_t n = 0; n < group.size(); ++n) {
    sum += log_choose(data.size[n], data.cases[n]);
    totals[group[n]].first += data.cases[n];
    totals[group[n]].second += data.size[n] - data.cases[n];
  }
  const double a = k * data.share, b = k * (1 - data.share);
  for (const auto& [g, total] : totals) sum += log_beta(a + total.first, b + total.second) - log_beta(a, b);
  return sum;
}

}  // namespace

TEST_CASE("sleepstudy: correlated intercepts and slopes by maximum likelihood") {
  const run::Fit fit = fitted("sleepstudy/sleepstudy_ml.model");
  REQUIRE(fit.log_likelihood);
  check_values({*fit.log_likelihood}, reference("sleepstudy-ml", "log_likelihood"));
  check_values({value(fit, "a"), value(fit, "b"), value(fit, "s")}, reference("sleepstudy-ml", "(a, b, s)"));
  check_values(variable(fit, "S").value, reference("sleepstudy-ml", "S"));
}

// The updates of q(a, b, u) q(S) q(v) written out: at the printed E[S] and E[v] they must give back q and the bound.
TEST_CASE("sleepstudy: with everything unknown, a fixed point of the updates worked out by hand") {
  const run::Fit fit = fitted("sleepstudy/sleepstudy_vb.model");
  const Lines lines = sleepstudy_lines();
  const double people = static_cast<double>(lines.people), rows = static_cast<double>(lines.y.size());
  const double df = 4 + people, shape = 1 + rows / 2;
  const Eigen::Matrix2d mean_S = Eigen::Map<const Eigen::Matrix2d>(variable(fit, "S").mean.data());  // symmetric
  const double mean_v = variable(fit, "v").mean[0];

  Eigen::MatrixXd precision = shape / ((shape - 1) * mean_v) * (lines.x.transpose() * lines.x);  // E[1/v] = shape / scale
  const Eigen::Matrix2d mean_inverse_S = df / (df - 3) * mean_S.inverse();
  for (Eigen::Index j = 0; j < lines.people; ++j) precision.block<2, 2>(2 + 2 * j, 2 + 2 * j) += mean_inverse_S;
  const Eigen::MatrixXd covariance = precision.inverse();
  const Eigen::VectorXd mean = covariance * (shape / ((shape - 1) * mean_v) * (lines.x.transpose() * lines.y));

  CHECK_THAT(variable(fit, "a").mean[0], WithinAbs(mean(0), 1e-5));
  CHECK_THAT(variable(fit, "b").sd[0], WithinAbs(std::sqrt(covariance(1, 1)), 1e-5));
  CHECK((as_vector(variable(fit, "u").mean) - mean.tail(2 * lines.people)).norm() < 1e-3);

  Eigen::Matrix2d scale = Eigen::Vector2d(500, 30).asDiagonal();
  for (Eigen::Index j = 0; j < lines.people; ++j) {
    const Eigen::Index at = 2 + 2 * j;
    scale += covariance.block<2, 2>(at, at) + mean.segment<2>(at) * mean.segment<2>(at).transpose();
  }
  CHECK((scale / (df - 3) - mean_S).norm() < 1e-2);
  const double b = 500 + 0.5 * ((lines.y - lines.x * mean).squaredNorm() + (lines.x * covariance).cwiseProduct(lines.x).sum());
  CHECK_THAT(b / (shape - 1), WithinAbs(mean_v, 1e-3));

  // log ∫ p(S) exp(E[log p(u | S)]) dS, the same for v, and the entropy of q(a, b, u).
  const auto log_normaliser = [](double degrees, const Eigen::Matrix2d& s) {
    return degrees * std::log(2) + 0.5 * std::log(std::acos(-1.0)) + std::lgamma(degrees / 2) + std::lgamma((degrees - 1) / 2) -
           degrees / 2 * std::log(s.determinant());
  };
  const double of_S = log_normaliser(df, scale) - log_normaliser(4, Eigen::Vector2d(500, 30).asDiagonal()) - people * log_two_pi;
  const double of_v = std::log(500) + std::lgamma(shape) - shape * std::log(b) - rows / 2 * log_two_pi;
  const double entropy = 0.5 * static_cast<double>(mean.size()) * (log_two_pi + 1) - 0.5 * log_det(precision);
  CHECK_THAT(fit.elbo, WithinAbs(of_S + of_v + entropy, 1e-6));
  CHECK_FALSE(fit.log_likelihood);
}

TEST_CASE("eight schools: a half-Cauchy scale by quadrature, and a bound near the evidence") {
  const run::Fit fit = fitted("eight_schools/eight_schools.model");
  const double log_evidence = reference("eight-schools", "log evidence")["value"].get<double>();
  CHECK(fit.elbo < log_evidence);
  CHECK(fit.elbo > log_evidence - 2);
  CHECK(variable(fit, "tau").family == "scalar");
  const Numbers mean = numbers(reference("eight-schools", "mean of theta")["value"]),
                sd = numbers(reference("eight-schools", "sd of theta")["value"]);
  const Numbers& theta = variable(fit, "theta").mean;
  REQUIRE(theta.size() == mean.size());
  for (std::size_t j = 0; j < mean.size(); ++j) CHECK_THAT(theta[j], WithinAbs(mean[j], sd[j]));
  const Numbers mu = numbers(reference("eight-schools", "mean, sd of mu")["value"]);
  CHECK_THAT(variable(fit, "mu").mean[0], WithinAbs(mu[0], 0.2 * mu[1]));
}

TEST_CASE("pumps: the shape of the rates' distribution is learned, the bound below the evidence") {
  const run::Fit fit = fitted("pumps/pumps.model");
  const auto in_logs = [](const Numbers& at) {  // alpha ~ exponential(1), beta ~ gamma(0.1, 1), both on a log scale
    const double alpha = std::exp(at[0]), beta = std::exp(at[1]);
    return log_pumps(alpha, beta) - alpha + at[0] + 0.1 * at[1] - std::lgamma(0.1) - beta;
  };
  const double log_evidence = log_integral(in_logs, {{-5, 3}, {-30, 4}}, 300);
  CHECK_THAT(log_evidence, WithinAbs(-36.57769499, 1e-7));  // the same with 700 steps on a wider box
  CHECK(fit.elbo < log_evidence);
  CHECK(fit.elbo > log_evidence - 1);
  CHECK(variable(fit, "alpha").family == "scalar");
  // Posterior means by the same quadrature: E[alpha] is an evidence with alpha as one more factor.
  const double alpha = std::exp(log_integral([&](const Numbers& at) { return in_logs(at) + at[0]; }, {{-5, 3}, {-30, 4}}, 300) - log_evidence);
  CHECK_THAT(variable(fit, "alpha").mean[0], WithinAbs(alpha, 0.1));
}

TEST_CASE("pumps: shape and rate as params maximise the negative binomial likelihood") {
  const run::Fit fit = fitted("pumps/pumps_ml.model");
  REQUIRE(fit.log_likelihood);
  const Numbers at{value(fit, "alpha"), value(fit, "beta")};
  CHECK_THAT(*fit.log_likelihood, WithinAbs(log_pumps(at[0], at[1]), 1e-9));
  check_maximum([](const Numbers& v) { return log_pumps(v[0], v[1]); }, at);
}

TEST_CASE("robust regression: a Student t by construction has the Student t's likelihood") {
  const run::Fit fit = fitted("robust_regression/student_t.model");
  auto columns = read_columns("robust_regression/cars.csv");
  const Numbers speed = as_numbers(columns["speed"]), dist = as_numbers(columns["dist"]);
  const auto log_likelihood = [&](const Numbers& v) {
    double sum = 0;
    for (std::size_t n = 0; n < speed.size(); ++n) {
      const double r = (dist[n] - v[0] - v[1] * speed[n]) / v[2];
      sum += std::lgamma(2.5) - std::lgamma(2) - 0.5 * std::log(4 * std::acos(-1.0)) - std::log(v[2]) - 2.5 * std::log1p(r * r / 4);
    }
    return sum;
  };
  REQUIRE(fit.log_likelihood);
  const Numbers at{value(fit, "a"), value(fit, "b"), value(fit, "s")};
  CHECK_THAT(*fit.log_likelihood, WithinAbs(log_likelihood(at), 1e-9));
  check_maximum(log_likelihood, at);
}

TEST_CASE("robust regression: Laplace noise, the bound below the evidence") {
  const run::Fit fit = fitted("robust_regression/laplace.model");
  auto columns = read_columns("robust_regression/cars.csv");
  const Numbers speed = as_numbers(columns["speed"]), dist = as_numbers(columns["dist"]);
  const double mean_speed = std::accumulate(speed.begin(), speed.end(), 0.0) / static_cast<double>(speed.size());
  // Over the line's height at the mean speed, its slope and log s: the first two are nearly uncorrelated.
  const auto log_joint = [&](const Numbers& at) {
    const double b = at[1], a = at[0] - b * mean_speed, s = std::exp(at[2]);
    double sum = log_normal_density(a, 0, 100) + log_normal_density(b, 0, 10) + log_half_cauchy(s, 25) + at[2];
    for (std::size_t n = 0; n < speed.size(); ++n) sum -= std::log(2 * s) + std::abs(dist[n] - a - b * speed[n]) / s;
    return sum;
  };
  const double log_evidence = log_integral(log_joint, {{25, 55}, {0.5, 6.5}, {1.5, 3.5}}, 40);
  CHECK_THAT(log_evidence, WithinAbs(-215.7158, 1e-3));  // with 90 steps on a wider box: the corners of |r| cost digits
  CHECK(fit.elbo < log_evidence);
  CHECK(fit.elbo > log_evidence - 2);
}

TEST_CASE("beta-binomial: the size of the beta of herds' risks as a param") {
  const run::Fit fit = fitted("beta_binomial/herds.model");
  const Herds herds = read_herds();
  REQUIRE(fit.log_likelihood);
  CHECK_THAT(*fit.log_likelihood, WithinAbs(log_beta_binomials(herds, herds.herd, value(fit, "k")), 1e-9));
  check_maximum([&](const Numbers& v) { return log_beta_binomials(herds, herds.herd, v[0]); }, {value(fit, "k")});
}

TEST_CASE("beta-binomial: by construction with one risk per record, the bound below the evidence") {
  const run::Fit fit = fitted("beta_binomial/records.model");
  const Herds herds = read_herds();
  std::vector<Eigen::Index> record(herds.cases.size());
  std::iota(record.begin(), record.end(), 0);
  const auto log_joint = [&](const Numbers& at) {
    return log_beta_binomials(herds, record, std::exp(at[0])) + log_half_cauchy(std::exp(at[0]), 20) + at[0];
  };
  const double log_evidence = log_integral(log_joint, {{-8, 16}}, 2000);
  CHECK_THAT(log_evidence, WithinAbs(-96.22056204, 1e-7));  // the same with 9000 steps on a wider box
  CHECK(fit.elbo < log_evidence);
  CHECK(fit.elbo > log_evidence - 2);
  CHECK(variable(fit, "k").family == "scalar");
}

TEST_CASE("crossed effects: the likelihood of a dense covariance matrix, at its maximum") {
  const run::Fit fit = fitted("crossed_effects/penicillin.model", 1e-12);  // the bound is a difference of sums of y² / sd², 2.5e5: rounding
  auto columns = read_columns("crossed_effects/penicillin.csv");
  const Eigen::VectorXd y = as_vector(as_numbers(columns["diameter"]));
  const auto plate = as_levels(columns["plate"]), sample = as_levels(columns["sample"]);
  const auto log_likelihood = [&](const Numbers& v) {  // mean, sd_plate, sd_sample, sd
    Eigen::MatrixXd covariance(y.size(), y.size());
    for (std::size_t n = 0; n < plate.size(); ++n) {
      for (std::size_t m = 0; m < plate.size(); ++m) {
        covariance(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(m)) =
            (plate[n] == plate[m] ? v[1] * v[1] : 0) + (sample[n] == sample[m] ? v[2] * v[2] : 0) + (n == m ? v[3] * v[3] : 0);
      }
    }
    const Eigen::VectorXd residual = y - Eigen::VectorXd::Constant(y.size(), v[0]);
    return -0.5 * (static_cast<double>(y.size()) * log_two_pi + log_det(covariance) + residual.dot(covariance.llt().solve(residual)));
  };
  REQUIRE(fit.log_likelihood);
  const Numbers at{value(fit, "mean"), value(fit, "sd_plate"), value(fit, "sd_sample"), value(fit, "sd")};
  CHECK_THAT(*fit.log_likelihood, WithinAbs(log_likelihood(at), 1e-8));
  check_maximum(log_likelihood, at);
}
