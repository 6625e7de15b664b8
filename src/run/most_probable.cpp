#include "run/most_probable.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "run/element.hpp"
#include "run/messages.hpp"
#include "run/missing_cells.hpp"
#include "run/names.hpp"
#include "run/placement.hpp"

namespace jensen::run {
namespace {

struct Place {
  int block = 0;
  std::size_t component = 0;
};

std::optional<Place> find(const Problem& problem, const std::string& name) {
  for (std::size_t b = 0; b < problem.plan.blocks.size(); ++b) {
    const plan::PlannedBlock& block = problem.plan.blocks[b];
    for (std::size_t c = 0; c < block.components.size(); ++c) {
      const bool point = block.point || block.components[c].point;
      if (!point && problem.graph.shown_name(block.components[c].variable) == name) return Place{static_cast<int>(b), c};
    }
  }
  return std::nullopt;
}

bool is_gaussian(const Problem& problem, const plan::PlannedBlock& block) {
  return problem.derivation.blocks[block.id].kind == derive::BlockKind::gaussian;
}

// The best values of a block's elements, one after the other: levels count from 0.
class BestValues {
 public:
  BestValues(const Problem& problem, Engine& engine, int block)
      : problem_(problem),
        engine_(engine),
        block_id_(block),
        block_(problem.plan.blocks[static_cast<std::size_t>(block)]),
        size_(block_.family->value_size()) {}

  std::optional<Diagnostic> find() {
    if (!block_.swept) {
      find_stored();
    } else if (auto failure = find_by_row()) {
      return improper_q(element_name(problem_.graph, block_, failure->element), failure->reason);
    }
    if (!missing_) return std::nullopt;
    return no_most_probable(element_name(problem_.graph, block_, missing_->element), missing_->reason);
  }

  [[nodiscard]] const std::vector<double>& values() const { return values_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void find_stored() {
    const std::vector<double>& natural = engine_.state().blocks[static_cast<std::size_t>(block_id_)].natural;
    const std::size_t n = block_.family->size();
    values_.resize(static_cast<std::size_t>(block_.count) * size_);
    for (std::int64_t e = 0; e < block_.count; ++e) take(e, {natural.data() + static_cast<std::size_t>(e) * n, n});
  }

  std::optional<BlockFailure> find_by_row() {
    const auto& passes = problem_.plan.passes;
    const int pass = *std::find_if(engine_.passes().begin(), engine_.passes().end(),
                                   [&](int p) { return passes[static_cast<std::size_t>(p)].block == block_id_; });
    if (passes[static_cast<std::size_t>(pass)].link && block_.discrete) {
      std::vector<std::int32_t> states;
      auto failure = engine_.most_probable(pass, states);
      values_.assign(states.begin(), states.end());
      return failure;
    }
    values_.resize(static_cast<std::size_t>(passes[static_cast<std::size_t>(pass)].rows) * size_);
    return engine_.sweep(pass, {}, [&](const Tile& tile, const double* natural, const double*) {
      std::vector<double> eta(block_.family->size());
      for (std::int64_t i = 0; i < tile.rows; ++i) {
        for (std::size_t s = 0; s < eta.size(); ++s) eta[s] = natural[static_cast<std::int64_t>(s) * tile_rows + i];
        take(tile.first + i, eta);
      }
    });
  }

  // The mode of a Gaussian is its mean. Called from several threads, for different elements.
  void take(std::int64_t element, std::span<const double> natural) {
    const std::span<double> value(values_.data() + static_cast<std::size_t>(element) * size_, size_);
    if (is_gaussian(problem_, block_)) {
      std::vector<double> sd(size_);
      element_moments(block_, element, natural, value, sd);
    } else if (const auto improper = block_.family_of(element).mode(natural, value)) {
      const std::scoped_lock lock(mutex_);
      if (!missing_ || element < missing_->element) missing_ = BlockFailure{block_id_, element, improper->reason};
    }
  }

  const Problem& problem_;
  Engine& engine_;
  int block_id_;
  const plan::PlannedBlock& block_;
  std::size_t size_;
  std::vector<double> values_;
  std::mutex mutex_;
  std::optional<BlockFailure> missing_;  // the first element without a mode
};

std::int64_t first_level(const Problem& problem, const plan::PlannedBlock& block, std::size_t component) {
  const derive::Block& derived = problem.derivation.blocks[block.id];
  if (!block.discrete && !block.network) return 0;
  return (block.network ? derived.components[component].first_level : derived.first_level).evaluate(problem.data.sizes).value_or(0);
}

FittedVariable described(const Problem& problem, const Place& at, const BestValues& best) {
  const plan::PlannedBlock& block = problem.plan.blocks[static_cast<std::size_t>(at.block)];
  const plan::PlannedComponent& component = block.components[at.component];
  const model::Variable& variable = problem.graph.variables[component.variable];
  const Placement place(block, problem.derivation.blocks[block.id].components[at.component], component, best.size(), false);
  FittedVariable out;
  out.name = fmt::format("map({})", problem.graph.shown_name(component.variable));
  out.role = "map";
  out.shape = place.shape();
  out.value = place.gather(best.values());
  const auto first = static_cast<double>(first_level(problem, block, at.component));
  for (double& value : out.value) value += first;
  out.data_sized = variable.data_sized;
  if (variable.missing_of.valid()) {
    const model::BoundArray& array = problem.data.arrays.at(variable.missing_of);
    keep_missing_cells(array, out);
    out.levels = array.levels;
  }
  return out;
}

}  // namespace

Diagnostics check_most_probable(const Problem& problem) {
  std::vector<std::string> known;
  for (const plan::PlannedBlock& block : problem.plan.blocks) {
    for (const plan::PlannedComponent& c : block.components) {
      if (!block.point && !c.point) known.push_back(problem.graph.shown_name(c.variable));
    }
  }
  Diagnostics out;
  for (const std::string& name : problem.options.most_probable) {
    if (!find(problem, name)) out.push_back(unknown_map(name, known));
  }
  return out;
}

std::optional<Diagnostic> add_most_probable(const Problem& problem, Engine& engine, Fit& fit) {
  std::set<std::string> done;
  for (const std::string& name : problem.options.most_probable) {
    if (!done.insert(name).second) continue;
    const std::optional<Place> at = find(problem, name);
    if (!at) continue;
    BestValues best(problem, engine, at->block);
    if (auto error = best.find()) return error;
    fit.variables.push_back(described(problem, *at, best));
  }
  return std::nullopt;
}

}  // namespace jensen::run
