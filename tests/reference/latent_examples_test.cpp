// Examples with latent factors, topics and mixtures: figures of references.json, closed forms, and bounds recomputed from the reported q.
#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.hpp"
#include "data/table.hpp"
#include "pipeline.hpp"
#include "support/planned_model.hpp"
#include "support/references.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using tests::check_value;
using tests::variable;

namespace {

using Numbers = std::vector<double>;

const std::string examples = JENSEN_SOURCE_DIR "/examples/";

run::Fit fitted(const std::string& model, const run::FitOptions& options = {}, const std::vector<std::string>& sets = {}) {
  Sources sources;
  pipeline::ModelOptions what;
  what.path = examples + model;
  what.sets = sets;
  const Result<run::Fit> fit = pipeline::fit(what, {}, options, sources);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  return *fit;
}

run::FitOptions tight() {
  run::FitOptions options;
  options.tolerance = 1e-14;
  options.aitken_tolerance = 1e-9;
  return options;
}

const Numbers& natural(const run::Fit& fit, const std::string& name) {
  for (const run::FittedBlock& block : fit.blocks) {
    if (block.variables.front() == name) return block.natural;
  }
  throw std::out_of_range("the fit has no block of " + name);
}

data::Table table(const std::string& file) {
  Result<data::Table> read = data::read_table(examples + file);
  if (!read) FAIL(tests::messages(read.diagnostics()));
  return std::move(*read);
}

double sum(const Numbers& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double log_sum_exp(const Numbers& values) {
  const double top = *std::max_element(values.begin(), values.end());
  double total = 0;
  for (const double v : values) total += std::exp(v - top);
  return top + std::log(total);
}

// E[log v] and the entropy of dirichlets, by rows of `size`; the natural parameter is the concentration less 1.
struct Dirichlets {
  std::size_t size = 0;
  Numbers mean_log;
  double entropy = 0;

  Dirichlets(const Numbers& natural, std::size_t length) : size(length) {
    for (std::size_t at = 0; at < natural.size(); at += size) add(natural, at);
  }

  void add(const Numbers& natural, std::size_t at) {
    double total = 0;
    for (std::size_t i = 0; i < size; ++i) total += natural[at + i] + 1;
    entropy -= std::lgamma(total);
    for (std::size_t i = 0; i < size; ++i) {
      const double a = natural[at + i] + 1;
      mean_log.push_back(boost::math::digamma(a) - boost::math::digamma(total));
      entropy += std::lgamma(a) - natural[at + i] * mean_log.back();
    }
  }

  // E_q of the log densities of symmetric priors.
  [[nodiscard]] double expected_prior(double concentration) const {
    const auto rows = static_cast<double>(mean_log.size() / size), length = static_cast<double>(size);
    return rows * (std::lgamma(length * concentration) - length * std::lgamma(concentration)) + (concentration - 1) * sum(mean_log);
  }
};

// The rows of a text column as positions in its sorted levels.
std::vector<std::size_t> level_positions(const data::Column& column) {
  const data::StringColumn& strings = column.strings();
  const std::set<std::string> sorted(strings.levels.begin(), strings.levels.end());
  std::map<std::string, std::size_t> position;
  for (const std::string& level : sorted) position.emplace(level, position.size());
  std::vector<std::size_t> rows;
  for (const std::uint32_t code : strings.codes) rows.push_back(position.at(strings.levels[code]));
  return rows;
}

constexpr std::size_t topics = 8, words = 3964, chapters = 269;

run::Fit fitted_topics(const std::string& model, int updates = 1) {
  run::FitOptions options;
  options.max_iterations = 10;
  options.local.updates = updates;
  return fitted("lda/" + model, options);
}

// Σ_r times[r] log Σ_k exp(E[log theta] + E[log phi]): what the words add to the bound when each has its best q (Blei, Ng and Jordan 2003, eq. 6).
double bound_of_words(const Numbers& log_theta, const Numbers& log_phi) {
  static const data::Table austen = table("lda/austen.csv.gz");
  static const std::vector<std::size_t> chapter = level_positions(*austen.find("chapter")), word = level_positions(*austen.find("word"));
  const Numbers& times = austen.find("times")->numbers();
  double total = 0;
  Numbers score(topics);
  for (std::size_t r = 0; r < austen.rows; ++r) {
    for (std::size_t k = 0; k < topics; ++k) score[k] = log_theta[chapter[r] * topics + k] + log_phi[k * words + word[r]];
    total += times[r] * log_sum_exp(score);
  }
  return total;
}

double log_t4(double x, double mean, double scale) {
  const double z = (x - mean) / scale;
  return std::lgamma(2.5) - std::lgamma(2.0) - 0.5 * std::log(4 * std::acos(-1.0)) - std::log(scale) - 2.5 * std::log1p(z * z / 4);
}

}  // namespace

TEST_CASE("topics: the bound is that of the reported q of topics and chapters") {
  const run::Fit fit = fitted_topics("topics.model");
  const Dirichlets theta(natural(fit, "theta"), topics), phi(natural(fit, "phi"), words);
  REQUIRE(theta.mean_log.size() == chapters * topics);
  REQUIRE(phi.mean_log.size() == topics * words);
  const double chapters_part = theta.expected_prior(0.1) + theta.entropy, topics_part = phi.expected_prior(0.01) + phi.entropy;
  CHECK_THAT(fit.elbo, WithinRel(chapters_part + topics_part + bound_of_words(theta.mean_log, phi.mean_log), 1e-10));
  CHECK(std::is_sorted(fit.elbo_trace.begin(), fit.elbo_trace.end()));
}

TEST_CASE("topics: more updates of a chapter in each sweep go further in as many sweeps") {
  CHECK(fitted_topics("topics.model", 5).elbo > fitted_topics("topics.model").elbo + 1000);
}

TEST_CASE("topics as params: the bound is that of the reported q of the chapters") {
  const run::Fit fit = fitted_topics("topics_ml.model");
  const Dirichlets theta(natural(fit, "theta"), topics);
  Numbers log_phi = variable(fit, "phi").value;
  REQUIRE(log_phi.size() == topics * words);
  for (double& p : log_phi) p = std::log(std::max(p, std::numeric_limits<double>::min()));
  CHECK_THAT(fit.elbo, WithinRel(theta.expected_prior(0.1) + theta.entropy + bound_of_words(theta.mean_log, log_phi), 1e-10));
}

// log q(alpha) = c alpha + 269 (log Γ(8 alpha) - 8 log Γ(alpha)) + constant; here its moments are sums over a fine grid.
TEST_CASE("topics: the q of a learned concentration and its share of the bound") {
  const run::Fit fit = fitted_topics("hyper.model");
  const Dirichlets theta(natural(fit, "theta"), topics), phi(natural(fit, "phi"), words);
  const double mean = variable(fit, "alpha").mean[0], sd = variable(fit, "alpha").sd[0], c = natural(fit, "alpha")[0];
  const auto log_gammas = [](double a) { return chapters * (std::lgamma(topics * a) - topics * std::lgamma(a)); };
  constexpr int cells = 4000;
  const double width = 24 * sd / cells;
  double mass = 0, first = 0, gammas = 0;
  const double top = c * mean + log_gammas(mean);
  REQUIRE(mean > 12 * sd);
  for (int i = 0; i < cells; ++i) {
    const double a = mean - 12 * sd + (i + 0.5) * width, weight = width * std::exp(c * a + log_gammas(a) - top);
    mass += weight;
    first += weight * a;
    gammas += weight * log_gammas(a);
  }
  const double expected = first / mass, expected_gammas = gammas / mass;
  CHECK_THAT(mean, WithinRel(expected, 1e-8));
  const double entropy = std::log(mass) + top - c * expected - expected_gammas;
  const double alpha_part = -expected + entropy;  // the prior gamma(1, 1) is exp(-alpha)
  const double chapters_part = expected_gammas + (expected - 1) * sum(theta.mean_log) + theta.entropy;
  const double words_part = phi.expected_prior(0.01) + phi.entropy + bound_of_words(theta.mean_log, phi.mean_log);
  CHECK_THAT(fit.elbo, WithinRel(alpha_part + chapters_part + words_part, 1e-10));
}

TEST_CASE("digits: the bound of a mixture of independent pixels is that of the reported q") {
  run::FitOptions options;
  options.seed = 2;
  const run::Fit fit = fitted("mixture/bernoulli.model", options);
  CHECK(fit.converged);
  constexpr std::size_t kinds = 10, pixels = 64;
  const Dirichlets w(natural(fit, "w"), kinds), p(natural(fit, "p"), 2);  // a beta is a dirichlet of two
  REQUIRE(p.mean_log.size() == kinds * pixels * 2);
  double bound = w.expected_prior(1) + w.entropy + p.expected_prior(1) + p.entropy;
  const data::Table digits = table("mixture/digits.csv");
  REQUIRE(digits.rows == 1797);
  for (std::size_t n = 0; n < digits.rows; ++n) {
    Numbers score = w.mean_log;
    for (std::size_t k = 0; k < kinds; ++k)
      for (std::size_t d = 0; d < pixels; ++d) score[k] += p.mean_log[(k * pixels + d) * 2 + (digits.columns[d].numbers()[n] > 7 ? 0 : 1)];
    bound += log_sum_exp(score);
  }
  CHECK_THAT(fit.elbo, WithinRel(bound, 1e-11));
}

// -1039.19938601866 and the params: the EM of Peel and McLachlan (2000) in a few lines of another language, 3,000 steps.
TEST_CASE("faithful: two Student's t with auxiliaries inside the gate are fitted by exact EM") {
  const run::Fit fit = fitted("mixture/student_t.model", tight());
  const double share = variable(fit, "share").value[0];
  const bool in_order = variable(fit, "short_mean").value[0] < variable(fit, "long_mean").value[0];
  const std::string low = in_order ? "short" : "long", high = in_order ? "long" : "short";
  const double low_mean = variable(fit, low + "_mean").value[0], high_mean = variable(fit, high + "_mean").value[0];
  const double low_scale = variable(fit, low + "_scale").value[0], high_scale = variable(fit, high + "_scale").value[0];
  const double low_share = in_order ? share : 1 - share;
  CHECK_THAT(fit.elbo, WithinAbs(-1039.1993860186647, 1e-6));
  CHECK_THAT(low_share, WithinAbs(0.3524429, 1e-5));
  CHECK_THAT(low_mean, WithinAbs(54.2177356, 1e-3));
  CHECK_THAT(high_mean, WithinAbs(79.9297688, 1e-3));
  CHECK_THAT(low_scale, WithinAbs(5.1382841, 1e-3));
  CHECK_THAT(high_scale, WithinAbs(5.0607873, 1e-3));
  double log_likelihood = 0;
  const data::Table faithful = table("mixture/faithful.csv");
  for (const double x : faithful.find("waiting")->numbers())
    log_likelihood += std::log(low_share * std::exp(log_t4(x, low_mean, low_scale)) + (1 - low_share) * std::exp(log_t4(x, high_mean, high_scale)));
  CHECK_THAT(fit.elbo, WithinAbs(log_likelihood, 1e-8));
}

// Murphy, Conjugate Bayesian analysis of the Gaussian distribution (2007), section 3.
TEST_CASE("normal-gamma: one joint block is the posterior, and the ELBO is the log evidence") {
  const run::Fit fit = fitted("normal_gamma/normal_gamma.model");
  const Numbers y{4.1, 5.0, 4.4, 5.3, 3.8, 4.9, 5.6, 4.6};
  const double n = 8, k0 = 0.1, m0 = 4, a0 = 2, b0 = 1, mean = sum(y) / n, kn = k0 + n, an = a0 + n / 2;
  double bn = b0 + k0 * n * (mean - m0) * (mean - m0) / (2 * kn);
  for (const double v : y) bn += (v - mean) * (v - mean) / 2;
  const double log_evidence =
      std::lgamma(an) - std::lgamma(a0) + a0 * std::log(b0) - an * std::log(bn) + 0.5 * std::log(k0 / kn) - n / 2 * std::log(2 * std::acos(-1.0));
  CHECK(fit.exact);
  CHECK_THAT(fit.elbo, WithinAbs(log_evidence, 1e-11));
  CHECK_THAT(variable(fit, "tau").mean[0], WithinAbs(an / bn, 1e-11));
  CHECK_THAT(variable(fit, "m").mean[0], WithinAbs((k0 * m0 + n * mean) / kn, 1e-11));
  CHECK_THAT(variable(fit, "m").sd[0], WithinAbs(std::sqrt(bn / (an - 1) / kn), 1e-11));  // of a Student's t with 2 an degrees of freedom
}

TEST_CASE("iris: probabilistic principal components") {
  for (const char* q : {"1", "2"}) {
    const run::Fit fit = fitted("ppca/iris.model", tight(), {std::string("q=") + q});
    REQUIRE(fit.log_likelihood);
    check_value(*fit.log_likelihood, std::string("iris-ppca") + q, "log_likelihood");
    check_value(variable(fit, "s").value[0], std::string("iris-ppca") + q, "s");
  }
}

TEST_CASE("attitude: factor analysis by maximum likelihood") {
  const run::Fit fit = fitted("factor_analysis/attitude.model");
  REQUIRE(fit.log_likelihood);
  check_value(*fit.log_likelihood, "attitude-factor-analysis", "log_likelihood");
}

// -479.23134, 36.95546 and the precisions: Bishop's updates (Variational principal components, 1999) with q(mean, W) joint by rows, written out
// in a few lines of another language, after 4,000 steps.
TEST_CASE("iris: Bayesian principal components with a precision for each direction") {
  const run::Fit fit = fitted("bayesian_pca_ard/iris.model");
  CHECK(fit.converged);
  CHECK_THAT(fit.elbo, WithinAbs(-479.23134, 1e-4));
  CHECK_THAT(variable(fit, "tau").mean[0], WithinAbs(36.95546, 1e-3));
  Numbers alpha = variable(fit, "alpha").mean;
  const run::FittedVariable& w = variable(fit, "W");
  for (std::size_t k = 0; k < 3; ++k) {
    double squares = 0;
    for (std::size_t j = 0; j < 4; ++j) squares += w.mean[j * 3 + k] * w.mean[j * 3 + k] + w.sd[j * 3 + k] * w.sd[j * 3 + k];
    CHECK_THAT(alpha[k], WithinRel((0.01 + 2) / (0.01 + squares / 2), 1e-4));  // q(alpha[k]) is a gamma, given E[W^2]
  }
  std::sort(alpha.begin(), alpha.end());
  CHECK_THAT(alpha[0], WithinRel(0.958915, 1e-3));
  CHECK_THAT(alpha[1], WithinRel(17.1965, 1e-3));
  CHECK_THAT(alpha[2], WithinRel(57.0942, 1e-3));
}

// ratings.csv is 3.2 + 1.3 (sin 1.3u cos 1.1i + cos 0.7u sin 2.3i) + 0.4 sin(7.7u + 3.1i²), in halves. -94.076265709 and 13.667947: the updates of
// the same factorisation written out in a few lines of another language.
TEST_CASE("ratings: two factors predict the pairs that were not rated") {
  const run::Fit fit = fitted("matrix_factorisation/ratings.model", tight());
  CHECK_THAT(fit.elbo, WithinAbs(-94.076265709, 1e-6));
  CHECK_THAT(variable(fit, "tau").mean[0], WithinAbs(13.667947, 1e-3));
  CHECK_THAT(variable(fit, "level").mean[0], WithinAbs(3.150404, 1e-4));
  const Numbers& expected = variable(fit, "expected").mean;
  const data::Table unrated = table("matrix_factorisation/unrated.csv");
  REQUIRE(expected.size() == unrated.rows);
  double error = 0;
  for (std::size_t m = 0; m < unrated.rows; ++m) {
    const double u = std::atof(unrated.columns[0].text(m).c_str() + 1), i = std::atof(unrated.columns[1].text(m).c_str() + 1);  // u02, i3
    const double truth = 3.2 + 1.3 * (std::sin(1.3 * u) * std::cos(1.1 * i) + std::cos(0.7 * u) * std::sin(2.3 * i));
    error += (expected[m] - truth) * (expected[m] - truth);
  }
  CHECK(std::sqrt(error / static_cast<double>(unrated.rows)) < 0.35);  // always to say 3.15 has an error of 0.82
}
