// What coordinate ascent promises, on generated models: the bound never falls, it is what the printed terms say, and every update is its optimum.
#include <fmt/format.h>

#include <cmath>

#include "catch.hpp"
#include "family/stream.hpp"
#include "generate/generate.hpp"
#include "run/engine.hpp"
#include "run/initialise.hpp"
#include "support/planned_model.hpp"
#include "support/term_sum.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using tests::Factors;
using tests::Planned;

namespace {

Planned planned(const tests::GeneratedModel& model) {
  Result<Planned> plan = tests::plan_text({model.text(), model.csv()});
  if (!plan) FAIL(model.text() << tests::messages(plan.diagnostics()));
  return std::move(*plan);
}

// A run of a few iterations, with the q of every row beside the stored state.
class Watched {
 public:
  explicit Watched(const Planned& model) : model_(model), engine_(model.plan, 1, nullptr), rows_(model.plan.blocks.size()) {
    engine_.sum_data();
    bool settled = false;
    REQUIRE_FALSE(run::start(engine_, model.graph, {}, {7, 0}, settled));
  }

  void iterate() {
    for (const int block : engine_.stored()) REQUIRE_FALSE(engine_.update(block));
    sweep();
  }

  void sweep() {
    for (const int pass : engine_.passes()) {
      const plan::Pass& planned = model_.plan.passes[static_cast<std::size_t>(pass)];
      const auto size = static_cast<std::size_t>(planned.statistics);
      std::vector<double>& rows = rows_[static_cast<std::size_t>(*planned.block)];
      rows.resize(static_cast<std::size_t>(planned.rows) * size);
      REQUIRE_FALSE(engine_.sweep(pass, {}, [&](const run::Tile& tile, const double* natural, const double*) {
        for (std::int64_t i = 0; i < tile.rows; ++i) {
          for (std::size_t s = 0; s < size; ++s)
            rows[static_cast<std::size_t>(tile.first + i) * size + s] = natural[static_cast<std::int64_t>(s) * run::tile_rows + i];
        }
      }));
    }
  }

  run::Engine& engine() { return engine_; }

  Factors factors() {
    Factors out;
    for (std::size_t b = 0; b < model_.plan.blocks.size(); ++b) {
      const plan::PlannedBlock& block = model_.plan.blocks[b];
      const run::BlockState& state = engine_.state().blocks[b];
      out.push_back(block.swept ? rows_[b] : block.point ? state.value : state.natural);
    }
    return out;
  }

 private:
  const Planned& model_;
  run::Engine engine_;
  std::vector<std::vector<double>> rows_;
};

// Directions that stay in the block's space: one entry of a vector, one entry of a symmetric matrix with its mirror image, two shares of a simplex.
std::vector<std::vector<std::pair<std::size_t, double>>> directions(const plan::PlannedBlock& block) {
  std::vector<std::vector<std::pair<std::size_t, double>>> out;
  const auto add_part = [&](std::size_t offset, std::size_t size, bool symmetric) {
    const auto side = static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(size))));
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t mirror = symmetric ? (i % side) * side + i / side : i;
      if (mirror < i) continue;
      out.push_back({{offset + i, 1.0}});
      if (mirror > i) out.back().push_back({offset + mirror, 1.0});
    }
  };
  const family::Family& family = *block.family;
  const auto is_matrix = [](const family::LayoutEntry& entry) { return entry.size > 1; };
  if (!block.point) {
    for (const family::LayoutEntry& entry : family.layout()) {
      const bool symmetric = is_matrix(entry) && (entry.statistic.kind == StatisticKind::pair || family.name().find("wishart") != std::string::npos);
      add_part(entry.offset, entry.size, symmetric);
    }
  } else if (family.name() == "dirichlet") {
    for (std::size_t i = 1; i < family.value_size(); ++i) out.push_back({{i, 1.0}, {i - 1, -1.0}});
  } else {
    add_part(0, family.value_size(), family.name().find("wishart") != std::string::npos);
  }
  return out;
}

// L has a maximum at this block: along each direction the slope is nothing beside the curvature, and both neighbours are lower.
void check_stationary(tests::TermSum& terms, const plan::PlannedBlock& block, std::size_t id, Factors factors, double rounding) {
  const double here = terms.elbo(factors);
  const std::size_t size = block.point ? block.family->value_size() : block.family->size();
  for (std::int64_t e = 0; e < std::min<std::int64_t>(block.count, 3); ++e) {
    for (const auto& direction : directions(block)) {
      double scale = 0;
      for (const auto& [at, sign] : direction) scale = std::max(scale, std::abs(factors[id][static_cast<std::size_t>(e) * size + at]));
      const double step = 2e-4 * (block.point ? std::max(scale, 0.05) : std::max(scale, 0.5));
      const auto moved = [&](double by) {
        Factors other = factors;
        for (const auto& [at, sign] : direction) other[id][static_cast<std::size_t>(e) * size + at] += sign * by;
        return terms.elbo(other);
      };
      const double up = moved(step), down = moved(-step);
      INFO("block " << id << " element " << e << " entry " << direction.front().first << ": "
                    << fmt::format("{:.17g} {:.17g} {:.17g}", down - here, here, up - here));
      CHECK(up <= here + rounding);
      CHECK(down <= here + rounding);
      CHECK(std::abs(up - down) <= 0.2 * (2 * here - up - down) + 10 * rounding);
    }
  }
}

}  // namespace

TEST_CASE("the ELBO never falls, on 200 generated models") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const tests::GeneratedModel model = tests::generate(seed);
    run::FitOptions options;
    options.max_iterations = 200;
    const Result<run::Fit> fit = tests::fit_text({model.text(), model.csv()}, options);
    CAPTURE(seed);
    if (!fit) FAIL_CHECK(model.text() << tests::messages(fit.diagnostics()));
    if (!fit) continue;
    for (std::size_t i = 1; i < fit->elbo_trace.size(); ++i) {
      CHECK(fit->elbo_trace[i] >= fit->elbo_trace[i - 1] - 1e-10 * (1 + std::abs(fit->elbo_trace[i - 1])));
    }
    CHECK(fit->elbo >= fit->elbo_trace.front() - 1e-9);
  }
}

TEST_CASE("the bound of the run is the sum of the printed terms and the entropies") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const tests::GeneratedModel generated = tests::generate(seed);
    const Planned model = planned(generated);
    CAPTURE(seed);
    Watched run(model);
    tests::TermSum terms(model);
    for (int i = 0; i < 2; ++i) {
      run.iterate();
      const run::Bound bound = run.engine().bound();
      INFO(generated.text());
      CHECK_THAT(terms.elbo(run.factors()), WithinAbs(bound.elbo, 1e-11 * bound.magnitude));
    }
  }
}

TEST_CASE("every update is a stationary point of the bound") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    tests::GenerateOptions options;
    options.max_rows = 6;
    const tests::GeneratedModel generated = tests::generate(seed, options);
    const Planned model = planned(generated);
    CAPTURE(seed);
    INFO(generated.text());
    Watched run(model);
    run.iterate();
    tests::TermSum terms(model);
    const double rounding = 1e-13 * run.engine().bound().magnitude;
    for (std::size_t b = 0; b < model.plan.blocks.size(); ++b) {
      if (model.plan.blocks[b].swept) {
        run.sweep();
      } else {
        REQUIRE_FALSE(run.engine().update(static_cast<int>(b)));
      }
      check_stationary(terms, model.plan.blocks[b], b, run.factors(), rounding);
    }
  }
}
