#include "run/local_sweep.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "catch.hpp"
#include "family/special.hpp"
#include "run/initialise.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using namespace jensen::tests;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

const std::string topics_model = R"(
const K = 3
data doc: category(D)[W]
data word: category(V)[W]
data times: count[W]
for d in 1..D { theta[d] ~ dirichlet(0.2 * ones(K)) }
for k in 1..K { phi[k] ~ dirichlet(0.05 * ones(V)) }
for i in 1..W weight times[i] { topic[i] ~ categorical(theta[doc[i]])   word[i] ~ categorical(phi[topic[i]]) }
)";

// Group-specific proportions of components with Gaussian emissions.
const std::string grouped_model = R"(
const K = 2
data g: category(G)[N]
data y: real[N]
for j in 1..G { share[j] ~ dirichlet(ones(K)) }
for k in 1..K { mu[k] ~ normal(0, 10)   tau[k] ~ gamma(2, 1) }
for n in 1..N { z[n] ~ categorical(share[g[n]])   y[n] ~ normal(mu[z[n]], precision = tau[z[n]]) }
)";

// Swept rows that are no discrete q.
const std::string scales_model = R"(
data g: category(G)[N]
data y: real[N]
for j in 1..G { tau[j] ~ gamma(2, 1) }
kappa ~ gamma(2, 1)
for n in 1..N { h[n] ~ normal(0, precision = tau[g[n]])   y[n] ~ normal(h[n], precision = kappa) }
)";

struct Token {
  int doc, word, times;
};

// Documents lean to one third of the words each; in no order.
std::vector<Token> tokens(int documents, int words, int per_document, double most_times = 4) {
  std::vector<Token> out;
  family::Stream stream(17, family::Purpose::test, static_cast<std::uint64_t>(documents));
  for (int i = 0; i < documents * per_document; ++i) {
    const int doc = i % documents;
    const bool own = stream.uniform() < 0.8;
    const int word = own ? (doc % 3) * words / 3 + static_cast<int>(stream.uniform() * words / 3) : static_cast<int>(stream.uniform() * words);
    out.push_back({doc, word, static_cast<int>(stream.uniform() * most_times)});
  }
  return out;
}

std::string csv_of(const std::vector<Token>& all) {
  std::string csv = "doc,word,times\n";
  for (const Token& t : all) csv += fmt::format("{},{},{}\n", t.doc, t.word, t.times);
  return csv;
}

std::string grouped_csv(int rows, int groups) {
  std::string csv = "g,y\n";
  family::Stream stream(23, family::Purpose::test, 1);
  for (int n = 0; n < rows; ++n) {
    const int g = static_cast<int>(stream.uniform() * groups);
    csv += fmt::format("{},{}\n", g, stream.normal() + (stream.uniform() < 0.1 + 0.8 * g / groups ? 3 : -2));
  }
  return csv;
}

// Bounds after each of ten iterations from the usual start, by the nest's schedule.
std::vector<double> trace(const Planned& planned, run::LocalUpdates local) {
  run::Engine engine(planned.plan, 1, nullptr);
  engine.sum_data();
  bool settled = false;
  REQUIRE_FALSE(run::start(engine, planned.graph, {}, {3, 0}, settled));
  engine.nest_local_blocks(local);
  std::vector<double> out;
  for (int i = 0; i < 10; ++i) {
    for (const int block : engine.stored()) {
      if (!engine.is_local(block)) REQUIRE_FALSE(engine.update(block));
    }
    for (const int pass : engine.passes()) REQUIRE_FALSE(engine.local_sweep(pass));
    out.push_back(engine.bound().elbo);
  }
  return out;
}

// The same by whole updates and plain sweeps over all rows.
std::vector<double> plain_trace(const Planned& planned, int updates) {
  run::Engine engine(planned.plan, 1, nullptr);
  engine.sum_data();
  bool settled = false;
  REQUIRE_FALSE(run::start(engine, planned.graph, {}, {3, 0}, settled));
  const plan::Nest nest = plan::find_nests(planned.plan).at(0);
  std::vector<double> out;
  for (int i = 0; i < 10; ++i) {
    for (const int block : engine.stored()) {
      if (!nest.is_local(block)) REQUIRE_FALSE(engine.update(block));
    }
    for (int n = 0; n < updates; ++n) {
      for (const plan::LocalBlock& block : nest.blocks) REQUIRE_FALSE(engine.update(block.block));
      REQUIRE_FALSE(engine.sweep(nest.pass));
    }
    out.push_back(engine.bound().elbo);
  }
  return out;
}

Planned planned(const std::string& model, const std::string& csv) {
  auto out = plan_text({model, csv});
  INFO((out.ok() ? "" : messages(out.diagnostics())));
  REQUIRE(out.ok());
  return std::move(*out);
}

// Blei, Ng and Jordan (2003) as Hoffman, Blei and Bach (2010) write it, loop by loop.
struct TopicReference {
  const std::vector<Token>& tokens;
  int documents, words, topics;
  double alpha, eta;
  std::vector<std::vector<double>> gamma, lambda;

  static std::vector<double> expected_log(const std::vector<double>& concentration) {
    const double total = family::digamma(std::accumulate(concentration.begin(), concentration.end(), 0.0));
    std::vector<double> out;
    for (const double c : concentration) out.push_back(family::digamma(c) - total);
    return out;
  }

  // q of one token, and the log of its normaliser.
  [[nodiscard]] double posterior(const Token& t, std::vector<double>& r) const {
    const auto log_theta = expected_log(gamma[static_cast<std::size_t>(t.doc)]);
    for (std::size_t k = 0; k < r.size(); ++k) r[k] = log_theta[k] + expected_log(lambda[k])[static_cast<std::size_t>(t.word)];
    const double log_total = family::log_sum_exp(r);
    for (double& v : r) v = std::exp(v - log_total);
    return log_total;
  }

  void update_documents() {
    auto next = std::vector(gamma.size(), std::vector<double>(static_cast<std::size_t>(topics), alpha));
    std::vector<double> r(static_cast<std::size_t>(topics));
    for (const Token& t : tokens) {
      (void)posterior(t, r);
      for (std::size_t k = 0; k < r.size(); ++k) next[static_cast<std::size_t>(t.doc)][k] += t.times * r[k];
    }
    gamma = next;
  }

  void pass(int inner) {
    gamma.assign(static_cast<std::size_t>(documents), std::vector<double>(static_cast<std::size_t>(topics), 1.0));
    for (int i = 0; i < inner; ++i) update_documents();
    auto next = std::vector(lambda.size(), std::vector<double>(static_cast<std::size_t>(words), eta));
    std::vector<double> r(static_cast<std::size_t>(topics));
    for (const Token& t : tokens) {
      (void)posterior(t, r);
      for (std::size_t k = 0; k < r.size(); ++k) next[k][static_cast<std::size_t>(t.word)] += t.times * r[k];
    }
    lambda = next;
  }

  static double dirichlet_part(double prior, const std::vector<double>& concentration) {
    const auto expected = expected_log(concentration);
    const double n = static_cast<double>(concentration.size());
    double total = 0, sum = std::lgamma(prior * n) - n * std::lgamma(prior);
    for (std::size_t k = 0; k < concentration.size(); ++k) {
      sum += (prior - concentration[k]) * expected[k] + std::lgamma(concentration[k]);
      total += concentration[k];
    }
    return sum - std::lgamma(total);
  }

  [[nodiscard]] double elbo() const {
    double sum = 0;
    std::vector<double> r(static_cast<std::size_t>(topics));
    for (const Token& t : tokens) sum += t.times * posterior(t, r);
    for (const auto& g : gamma) sum += dirichlet_part(alpha, g);
    for (const auto& l : lambda) sum += dirichlet_part(eta, l);
    return sum;
  }
};

}  // namespace

TEST_CASE("warm local updates are those of whole sweeps, one being the plain schedule", "[local]") {
  const std::vector<std::pair<std::string, std::string>> cases = {{topics_model, csv_of(tokens(12, 30, 40))},
                                                                  {grouped_model, grouped_csv(900, 7)},
                                                                  {grouped_model, grouped_csv(900, 2)},
                                                                  {scales_model, grouped_csv(700, 5)}};
  for (const auto& [model, csv] : cases) {
    const Planned p = planned(model, csv);
    REQUIRE(plan::find_nests(p.plan).size() == 1);
    for (const int updates : {1, 2, 5}) {
      const std::vector<double> plain = plain_trace(p, updates), local = trace(p, {updates, false});
      for (std::size_t i = 0; i < plain.size(); ++i) CHECK_THAT(local[i], WithinRel(plain[i], 1e-11));
    }
  }
}

TEST_CASE("several warm local updates never lower the bound, and get further in as many sweeps", "[local]") {
  for (const auto& [model, csv] : std::vector<std::pair<std::string, std::string>>{
           {topics_model, csv_of(tokens(12, 30, 40))}, {grouped_model, grouped_csv(900, 7)}, {scales_model, grouped_csv(700, 5)}}) {
    const Planned p = planned(model, csv);
    const std::vector<double> plain = plain_trace(p, 1), local = trace(p, {5, false});
    for (std::size_t i = 1; i < local.size(); ++i) CHECK(local[i] >= local[i - 1] - 1e-10 * std::abs(local[i]));
    CHECK(local[0] > plain[0]);
  }
}

TEST_CASE("topics with documents started afresh agree with the published updates", "[local]") {
  const std::vector<Token> all = tokens(9, 24, 30);
  TopicReference reference{all, 9, 24, 3, 0.2, 0.05, {}, {}};
  family::Stream stream(31, family::Purpose::test, 0);
  for (int k = 0; k < 3; ++k) {
    reference.lambda.emplace_back();
    for (int v = 0; v < 24; ++v) reference.lambda.back().push_back(0.5 + stream.uniform());
  }
  run::FitOptions options;
  options.max_iterations = 4;
  options.tolerance = 0;
  options.local = {3, true};
  options.init_json = fmt::format(R"({{"phi": {{"concentration": {}}}}})", reference.lambda);
  const auto fit = fit_text({topics_model, csv_of(all)}, options);
  INFO((fit.ok() ? "" : messages(fit.diagnostics())));
  REQUIRE(fit.ok());
  // Levels are sorted as numbers and all of them occur, so that rows and columns are those of the reference.
  for (int pass = 0; pass < 4; ++pass) reference.pass(3);
  CHECK_THAT(fit->elbo, WithinRel(reference.elbo(), 1e-11));
  CHECK(fit->elbo > fit->elbo_trace.back());
}

TEST_CASE("local sweeps give the same bits for any number of threads", "[local]") {
  for (const auto& [model, csv] :
       std::vector<std::pair<std::string, std::string>>{{topics_model, csv_of(tokens(200, 60, 150))}, {grouped_model, grouped_csv(30000, 40)}}) {
    for (const bool fresh : {false, true}) {
      std::string first;
      for (const int threads : {1, 2, 4}) {
        run::FitOptions options;
        options.max_iterations = 3;
        options.threads = threads;
        options.local = {4, fresh};
        const auto fit = fit_text({model, csv}, options);
        REQUIRE(fit.ok());
        const std::string now = figures(*fit);
        if (first.empty()) first = now;
        CHECK(now == first);
      }
    }
  }
}

TEST_CASE("responsibilities whose product leaves the range of doubles are computed from logarithms", "[local]") {
  // Of words that only one topic knows, exp of the expected logs differs by far more than a double holds.
  std::vector<Token> all;
  for (int d = 0; d < 4; ++d) {
    for (int v = 0; v < 6; ++v) all.push_back({d, v, (d + v) % 2 == 0 ? 4000 : 0});
  }
  const std::string model = R"(
const K = 2
data doc: category(D)[W]
data word: category(V)[W]
data times: count[W]
for d in 1..D { theta[d] ~ dirichlet(0.001 * ones(K)) }
for k in 1..K { phi[k] ~ dirichlet(0.001 * ones(V)) }
for i in 1..W weight times[i] { topic[i] ~ categorical(theta[doc[i]])   word[i] ~ categorical(phi[topic[i]]) }
)";
  const Planned p = planned(model, csv_of(all));
  for (const int updates : {1, 3}) {
    const std::vector<double> plain = plain_trace(p, updates), local = trace(p, {updates, false});
    for (std::size_t i = 0; i < plain.size(); ++i) CHECK_THAT(local[i], WithinRel(plain[i], 1e-10));
  }
}
