// The laws of coordinate ascent on random models of every kind: the bound never falls, is what the printed terms say, has its maximum at every
// update, and comes out the same for any number of threads. JENSEN_RANDOM_MODELS sets how many (1,000 by default), JENSEN_RANDOM_FIRST the first
// seed, JENSEN_RANDOM_PART one structure.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "catch.hpp"
#include "generate/wide.hpp"
#include "run/run.hpp"
#include "support/planned_model.hpp"
#include "support/term_sum.hpp"
#include "support/watched_run.hpp"

using namespace jensen;
using tests::GeneratedModel;
using tests::Planned;

namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

using Complaint = std::optional<std::string>;

Complaint falls(const Planned& model, const run::FitOptions& options, std::string& figures) {
  const Result<run::Fit> fit = run::fit(model.graph, model.derivation, model.plan, *model.data, options);
  if (!fit) return "fit: " + tests::messages(fit.diagnostics());
  figures = tests::figures(*fit);
  for (std::size_t i = 1; i < fit->elbo_trace.size(); ++i) {
    const double before = fit->elbo_trace[i - 1], after = fit->elbo_trace[i];
    if (!(after >= before - 1e-9 * (1 + std::abs(before)))) return fmt::format("iteration {}: {:.17g} after {:.17g}", i, after, before);
  }
  return std::nullopt;
}

Complaint threads_differ(const Planned& model, run::FitOptions options, const std::string& one) {
  options.threads = 3;
  std::string three;
  if (auto complaint = falls(model, options, three)) return complaint;
  return one == three ? std::nullopt : Complaint("three threads give other bits");
}

// The run's bound against the terms, and after it the optimum at each update.
Complaint differs_from_terms(const Planned& model, bool stationary, int& checked) {
  tests::Watched run(model);
  if (auto complaint = run.start()) return complaint;
  for (int i = 0; i < 2; ++i) {
    if (auto complaint = run.iterate()) return complaint;
  }
  tests::TermSum terms(model);
  const run::Bound bound = run.engine().bound();
  const double sum = terms.elbo(run.factors());
  if (!(std::abs(sum - bound.elbo) <= 1e-10 * bound.magnitude)) return fmt::format("bound {:.17g}, its terms {:.17g}", bound.elbo, sum);
  for (std::size_t b = 0; stationary && b < model.plan.blocks.size(); ++b) {
    if (auto complaint = run.update(b)) return complaint;
    if (auto complaint = not_stationary(terms, model.plan.blocks[b], b, run.factors(), 1e-12 * bound.magnitude, checked)) return complaint;
  }
  return std::nullopt;
}

// The same with chains whose rows are swept, of which no q is stored.
Complaint falls_by_row(const GeneratedModel& generated, const run::FitOptions& options) {
  const Result<Planned> model = tests::plan_text({.model = generated.text(), .csv = generated.csv()});
  if (!model) return tests::messages(model.diagnostics());
  const bool linked = std::any_of(model->plan.passes.begin(), model->plan.passes.end(), [](const plan::Pass& pass) { return pass.link.has_value(); });
  std::string figures;
  return linked ? falls(*model, options, figures) : std::nullopt;
}

Complaint breaks_a_law(const GeneratedModel& generated, std::uint64_t seed, int& checked) {
  const Result<Planned> model = tests::plan_text({.model = generated.text(), .csv = generated.csv(), .by_row = false});
  if (!model) return tests::messages(model.diagnostics());
  run::FitOptions options;
  options.max_iterations = 25;
  std::string figures;
  if (auto complaint = falls(*model, options, figures)) return complaint;
  if (seed % 8 == 0) {
    if (auto complaint = threads_differ(*model, options, figures)) return complaint;
  }
  if (auto complaint = falls_by_row(generated, options)) return complaint;
  return differs_from_terms(*model, seed % 3 == 0, checked);
}

}  // namespace

TEST_CASE("random models of every kind keep the laws of coordinate ascent") {
  const std::uint64_t count = setting("JENSEN_RANDOM_MODELS", 1000), first = setting("JENSEN_RANDOM_FIRST", 1);
  const char* part = std::getenv("JENSEN_RANDOM_PART");
  int checked = 0, broken = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    tests::GenerateOptions options;
    options.max_rows = seed % 3 == 0 ? 6 : 12;
    const GeneratedModel generated = tests::generate_wide(seed, options, part == nullptr ? "" : part);
    const Complaint complaint = breaks_a_law(generated, seed, checked);
    if (!complaint) continue;
    UNSCOPED_INFO("seed " << seed << ": " << *complaint << "\n" << generated.text() << generated.csv());
    CHECK(++broken == 0);
  }
  CHECK(broken == 0);
  CHECK((checked > 2 * static_cast<int>(count) || count < 10));
}
