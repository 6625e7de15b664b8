// Examples with discrete structure, gates, directions and missing cells, against references.json, closed forms computed here, and figures whose
// source stands beside them.
#include <algorithm>
#include <boost/math/special_functions/bessel.hpp>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/planned_model.hpp"
#include "support/references.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using tests::check_value;
using tests::check_values;
using tests::fit_example;
using tests::reference;
using tests::variable;

namespace {

const double pi = std::acos(-1.0);

run::Fit fitted(const std::string& model, int restarts = 1, const std::vector<std::string>& rows = {}) {
  run::FitOptions options;
  options.restarts = restarts;
  options.tolerance = 1e-15;
  options.aitken_tolerance = 1e-12;
  options.rows = rows;
  const Result<run::Fit> fit = fit_example(model, options);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK(fit->converged);
  return *fit;
}

// Rows of a CSV file of examples/, without its header.
std::vector<std::vector<std::string>> csv_rows(const std::string& file) {
  std::ifstream stream(JENSEN_SOURCE_DIR "/examples/" + file);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

double log_add(double a, double b) { return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))); }

double probability(const run::Fit& fit, const std::string& name, std::size_t element = 0) { return variable(fit, name).mean[2 * element + 1]; }

}  // namespace

TEST_CASE("asia: five causes summed exactly") {
  const run::Fit fit = fitted("asia/asia.model");
  CHECK(fit.exact);
  check_value(fit.elbo, "asia", "elbo");
  check_values({probability(fit, "tub"), probability(fit, "lung"), probability(fit, "bronc")}, reference("asia", "P(tub)"));
}

TEST_CASE("wet grass: two causes that compete, summed exactly") {
  const run::Fit fit = fitted("wet_grass/wet_grass.model");
  CHECK(fit.exact);
  check_value(fit.elbo, "wet-grass", "elbo");
  check_values({probability(fit, "sprinkler"), probability(fit, "rain")}, reference("wet-grass", "P(sprinkler)"));
}

TEST_CASE("clinical trial: two models of the same data under a gate") {
  const run::Fit fit = fitted("clinical_trial/trial.model");
  check_value(fit.elbo, "clinical-trial", "elbo");
  check_value(probability(fit, "effective"), "clinical-trial", "P(effective)");
  CHECK_THAT(variable(fit, "pt").mean[0], WithinAbs(5.0 / 7.0, 1e-12));  // beta(1 + 4, 1 + 1), given that the treatment works
  CHECK_THAT(variable(fit, "p").mean[0], WithinAbs(0.5, 1e-12));         // beta(1 + 5, 1 + 5), given that it does not
}

TEST_CASE("air quality: a multivariate normal with missing cells") {
  const run::Fit fit = fitted("missing/airquality.model");
  REQUIRE(fit.log_likelihood);
  check_value(*fit.log_likelihood, "airquality-mvn", "log_likelihood");
  check_values(variable(fit, "mu").value, reference("airquality-mvn", "mu"));
  check_values(variable(fit, "S").value, reference("airquality-mvn", "S"));
  const run::FittedVariable& x = variable(fit, "x");
  REQUIRE(x.cells);
  CHECK(x.cells->size() == 44);
}

// Of the two figures: own programs with the updates of Dawid and Skene (1979), equations 2.3-2.5, and with digamma functions in their place, from
// the majority's labels; the likelihood is also the best of 60 random starts.
TEST_CASE("annotators: confusion matrices with priors") {
  const run::Fit fit = fitted("dawid_skene/annotators.model", 3);
  CHECK_FALSE(fit.log_likelihood);
  CHECK_THAT(fit.elbo, WithinAbs(-208.6296091200, 1e-8));
  const std::vector<double> share{0.2638410480895646, 0.454461045422853, 0.28169790648758253};
  const std::vector<double> last{0.8078870728668033, 0.06412421282853757, 0.12798871430465913, 0.039268671666042004, 0.5681535159169684,
                                 0.3925778124169896, 0.16234707240902282, 0.05408064971521164, 0.7835722778757656};
  for (std::size_t k = 0; k < 3; ++k) CHECK_THAT(variable(fit, "share").mean[k], WithinAbs(share[k], 1e-5));
  for (std::size_t i = 0; i < 9; ++i) CHECK_THAT(variable(fit, "confusion").mean[36 + i], WithinAbs(last[i], 1e-5));
}

TEST_CASE("annotators: maximum likelihood is the likelihood of the labels with the truth summed out") {
  const run::Fit fit = fitted("dawid_skene/annotators_ml.model", 5);
  REQUIRE(fit.log_likelihood);
  CHECK_THAT(*fit.log_likelihood, WithinAbs(-172.16930124, 1e-6));
  const std::vector<double>& share = variable(fit, "share").value;
  const std::vector<double>& confusion = variable(fit, "confusion").value;
  const auto rows = csv_rows("dawid_skene/annotations.csv");
  REQUIRE(rows.size() == 237);
  std::vector<std::vector<double>> item(60, share);
  for (const auto& row : rows) {
    const auto annotator = static_cast<std::size_t>(row[1][0] - 'A');
    const std::size_t label = row[2] == "mild" ? 0 : row[2] == "none" ? 1 : 2;
    for (std::size_t k = 0; k < 3; ++k) item[std::stoul(row[0]) - 1][k] *= confusion[(annotator * 3 + k) * 3 + label];
  }
  double log_likelihood = 0;
  for (const auto& p : item) log_likelihood += std::log(p[0] + p[1] + p[2]);
  CHECK_THAT(*fit.log_likelihood, WithinAbs(log_likelihood, 1e-8));
}

// Figures of an own program with the same updates, missing answers left out; the best of 10 random starts.
TEST_CASE("shoppers: latent classes with missing answers") {
  const run::Fit fit = fitted("latent_class/shoppers.model", 10);
  CHECK_THAT(fit.elbo, WithinAbs(-383.5213836464, 1e-7));
  const std::size_t first = variable(fit, "share").mean[0] > 0.5 ? 0 : 1;  // the larger class
  CHECK_THAT(variable(fit, "share").mean[first], WithinAbs(0.7255844213126715, 1e-5));
  CHECK_THAT(variable(fit, "p_quality").mean[2 * first], WithinAbs(0.1537570056332628, 1e-5));
  CHECK_THAT(variable(fit, "p_colour").mean[3 * first + 2], WithinAbs(0.5418652438197589, 1e-5));
}

// Σ over the diseases of prior × P(symptoms | diseases).
TEST_CASE("noisy-or: written as a function and by its causes, the evidence is that of enumeration") {
  const std::vector<double> prior{0.2, 0.05, 0.01}, chance{0.01, 0.05, 0.01};
  const std::vector<std::vector<double>> strength{{0.2, 0.8, 0.9}, {0.6, 0.7, 0.4}, {0, 0, 0.95}};
  double evidence = 0;
  std::vector<double> present(3, 0.0);
  for (unsigned set = 0; set < 8; ++set) {
    double p = 1;
    std::vector<double> absent;  // of each symptom, the probability that it stays away
    for (std::size_t s = 0; s < 3; ++s) absent.push_back(1 - chance[s]);
    for (std::size_t d = 0; d < 3; ++d) {
      const bool has = ((set >> d) & 1U) != 0;
      p *= has ? prior[d] : 1 - prior[d];
      for (std::size_t s = 0; s < 3; ++s) absent[s] *= has ? 1 - strength[s][d] : 1;
    }
    p *= (1 - absent[0]) * (1 - absent[1]) * absent[2];
    evidence += p;
    for (std::size_t d = 0; d < 3; ++d) present[d] += ((set >> d) & 1U) != 0 ? p : 0;
  }
  const run::Fit clinic = fitted("noisy_or/clinic.model"), causes = fitted("noisy_or/causes.model");
  const std::vector<std::string> names{"cold", "flu", "measles"};
  CHECK(clinic.exact);
  CHECK(causes.exact);
  CHECK_THAT(clinic.elbo, WithinAbs(std::log(evidence), 1e-12));
  CHECK_THAT(causes.elbo, WithinAbs(std::log(evidence), 1e-12));
  for (std::size_t d = 0; d < 3; ++d) {
    CHECK_THAT(probability(clinic, names[d]), WithinAbs(present[d] / evidence, 1e-12));
    CHECK_THAT(probability(causes, "disease", d), WithinAbs(present[d] / evidence, 1e-12));
  }
}

namespace {

struct GeneFigures {
  double log_likelihood = 0;
  std::vector<double> active;
};

// y of one gene is N(0, noise² I) with probability 1 - share, else N(0, noise² I + 4 11ᵀ) (the effect, of standard deviation 2, integrated out).
GeneFigures gene_figures(double share, double noise) {
  GeneFigures out;
  const double v = noise * noise;
  for (const auto& row : csv_rows("spike_and_slab/genes.csv")) {
    double n = 0, sum = 0, squares = 0;
    for (std::size_t i = 1; i < row.size(); ++i, ++n) {
      const double y = std::stod(row[i]);
      sum += y;
      squares += y * y;
    }
    const double spike = -n / 2 * std::log(2 * pi * v) - squares / (2 * v);
    const double slab = spike - 0.5 * std::log1p(4 * n / v) + 0.5 * sum * sum * 4 / (v * v) / (1 + 4 * n / v);
    const double a = std::log(share) + slab, both = log_add(a, std::log1p(-share) + spike);
    out.log_likelihood += both;
    out.active.push_back(std::exp(a - both));
  }
  return out;
}

}  // namespace

TEST_CASE("genes: a gate for each gene gives the exact posterior of spike and slab") {
  const run::Fit fit = fitted("spike_and_slab/genes.model", 1, {"active", "effect"});
  const GeneFigures expected = gene_figures(0.2, 1);
  REQUIRE(expected.active.size() == 12);
  CHECK_THAT(fit.elbo, WithinAbs(expected.log_likelihood, 1e-10));
  for (std::size_t g = 0; g < 12; ++g) CHECK_THAT(probability(fit, "active", g), WithinAbs(expected.active[g], 1e-10));
}

TEST_CASE("genes: share and noise at the maximum of their likelihood") {
  const run::Fit fit = fitted("spike_and_slab/genes_eb.model");
  const double share = variable(fit, "share").value[0], noise = variable(fit, "noise").value[0];
  CHECK_THAT(fit.elbo, WithinAbs(gene_figures(share, noise).log_likelihood, 1e-10));
  for (const double step : {-1e-3, 1e-3}) {
    CHECK(gene_figures(share + step, noise).log_likelihood < fit.elbo);
    CHECK(gene_figures(share, noise + step).log_likelihood < fit.elbo);
  }
}

namespace {

// ∫ von_mises(m | 0, 0.01) Π von_mises(a_n | m, k) dm = I₀(|0.01 + k Σ exp(i a_n)|) / (I₀(0.01) (2π I₀(k))^N).
double log_evidence_of_turtles(double k) {
  double c = 0, s = 0, n = 0;
  for (const auto& row : csv_rows("circular/turtles.csv")) {
    const double a = std::stod(row[0]) * pi / 180;
    c += std::cos(a);
    s += std::sin(a);
    ++n;
  }
  const auto log_i0 = [](double x) { return std::log(boost::math::cyl_bessel_i(0, x)); };
  return log_i0(std::hypot(0.01 + k * c, k * s)) - log_i0(0.01) - n * (std::log(2 * pi) + log_i0(k));
}

}  // namespace

TEST_CASE("turtles: a von Mises prior of the mean direction is conjugate") {
  const run::Fit fit = fitted("circular/turtles_known.model");
  CHECK(fit.exact);
  CHECK_THAT(fit.elbo, WithinAbs(log_evidence_of_turtles(1), 1e-9));
}

// The evidence by the midpoint rule over the concentration, whose posterior has nothing left beyond 8.
TEST_CASE("turtles: an unknown concentration, so the ELBO is just below the log evidence") {
  const run::Fit fit = fitted("circular/turtles.model");
  CHECK_FALSE(fit.exact);
  const double step = 0.01, offset = -125;
  double evidence = 0;
  for (double k = step / 2; k < 8; k += step) evidence += step * 0.1 * std::exp(-0.1 * k + log_evidence_of_turtles(k) - offset);
  const double log_evidence = offset + std::log(evidence);
  CHECK_THAT(log_evidence, WithinAbs(-125.4274678687, 1e-6));
  CHECK(fit.elbo < log_evidence);
  CHECK(fit.elbo > log_evidence - 0.01);
}

TEST_CASE("turtles: two directions by EM, with the likelihood of the mixture") {
  const run::Fit fit = fitted("circular/turtles_two.model", 3);
  REQUIRE(fit.log_likelihood);
  const auto& w = variable(fit, "w").value;
  const auto& mean = variable(fit, "mean").value;
  const auto& k = variable(fit, "concentration").value;
  double log_likelihood = 0;
  for (const auto& row : csv_rows("circular/turtles.csv")) {
    const double a = std::stod(row[0]) * pi / 180;
    double density = 0;
    for (std::size_t j = 0; j < 2; ++j) density += w[j] * std::exp(k[j] * std::cos(a - mean[j])) / (2 * pi * boost::math::cyl_bessel_i(0, k[j]));
    log_likelihood += std::log(density);
  }
  CHECK_THAT(*fit.log_likelihood, WithinAbs(log_likelihood, 1e-9));
  CHECK_THAT(*fit.log_likelihood, WithinAbs(-105.410441245, 1e-6));
  CHECK_THAT(std::abs(mean[0] - mean[1]), WithinAbs(pi, 0.1));  // nearly opposite
}

// An own program with the textbook updates of q(group, part) q(w) q(v) q(mu) q(P).
TEST_CASE("faithful: a mixture of mixtures, two indices summed together in each row") {
  const run::Fit fit = fitted("mixture_of_mixtures/faithful.model", 2);
  CHECK_THAT(fit.elbo, WithinAbs(-1198.641152913, 1e-6));
  const std::size_t larger = variable(fit, "w").mean[0] > 0.5 ? 0 : 1;
  CHECK_THAT(variable(fit, "w").mean[larger], WithinAbs(181.19286323816104 / 274, 1e-5));
}
