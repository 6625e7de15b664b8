#include "run/collect.hpp"

#include <Eigen/Cholesky>
#include <algorithm>

#include "run/element.hpp"
#include "run/messages.hpp"
#include "run/missing_cells.hpp"
#include "run/most_probable.hpp"
#include "run/names.hpp"
#include "run/placement.hpp"

namespace jensen::run {
namespace {

constexpr std::size_t largest_covariance = 50;

// A block's results per batch element, before they are put in the order of the variables' own dimensions.
struct Elements {
  std::vector<double> mean, sd, value, se;  // per element: the size below
  std::size_t size = 0;                     // numbers in one value; levels of a discrete block
};

std::string kind_of(const derive::Block& block) { return block.point ? "point" : derive::to_text(block.kind); }

bool summed(const plan::PlannedBlock& block) { return block.discrete || block.network; }

// Numbers reported for one element: the probabilities of discrete variables, else a value.
std::size_t numbers_of(const plan::PlannedBlock& block) {
  if (block.discrete) return block.family->size();
  if (!block.network) return block.family->value_size();
  std::size_t out = 0;
  for (const plan::PlannedComponent& c : block.components) out += static_cast<std::size_t>(plan::variables_of(c) * c.levels);
  return out;
}

void add_moments(const plan::PlannedBlock& block, std::int64_t element, std::span<const double> natural, std::span<double> mean,
                 std::span<double> sd) {
  std::vector<double> means(summed(block) ? block.family->size() : block.family->value_size()), spread(means.size());
  element_moments(block, element, natural, means, spread);
  std::copy_n(means.begin(), mean.size(), mean.begin());
  std::copy_n(spread.begin(), sd.size(), sd.begin());
}

Elements stored_elements(const Engine& engine, const StandardErrors& errors, int b) {
  const plan::PlannedBlock& block = engine.plan().blocks[static_cast<std::size_t>(b)];
  const BlockState& state = engine.state().blocks[static_cast<std::size_t>(b)];
  Elements out;
  out.size = numbers_of(block);
  if (const auto found = errors.of.find(b); found != errors.of.end()) out.se = found->second;
  if (block.point) {
    out.value = state.value;
    return out;
  }
  const auto count = static_cast<std::size_t>(block.count);
  const std::size_t n = block.family->size();
  out.mean.resize(count * out.size);
  out.sd.resize(summed(block) ? 0 : count * out.size);
  for (std::size_t e = 0; e < count; ++e) {
    const std::span<double> sd = summed(block) ? std::span<double>() : std::span<double>(out.sd).subspan(e * out.size, out.size);
    add_moments(block, static_cast<std::int64_t>(e), {state.natural.data() + e * n, n}, std::span<double>(out.mean).subspan(e * out.size, out.size),
                sd);
  }
  return out;
}

// One sweep that keeps what it computes for each row.
std::optional<BlockFailure> swept_elements(Engine& engine, int pass_id, Elements& out) {
  const plan::Pass& pass = engine.plan().passes[static_cast<std::size_t>(pass_id)];
  const plan::PlannedBlock& block = engine.plan().blocks[static_cast<std::size_t>(*pass.block)];
  const std::size_t n = block.family->size();
  out.size = numbers_of(block);
  out.mean.resize(static_cast<std::size_t>(pass.rows) * out.size);
  out.sd.resize(summed(block) ? 0 : out.mean.size());
  return engine.sweep(pass_id, {}, [&](const Tile& tile, const double* natural, const double* mean) {
    std::vector<double> eta(n);
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      const std::size_t first = static_cast<std::size_t>(tile.first + i) * out.size;
      for (std::size_t s = 0; s < n; ++s) eta[s] = natural[static_cast<std::int64_t>(s) * tile_rows + i];
      if (summed(block)) {
        for (std::size_t s = 0; s < out.size; ++s) out.mean[first + s] = mean[static_cast<std::int64_t>(s) * tile_rows + i];
      } else {
        add_moments(block, tile.first + i, eta, std::span<double>(out.mean).subspan(first, out.size),
                    std::span<double>(out.sd).subspan(first, out.size));
      }
    }
  });
}

bool data_sized(const Problem& problem, const plan::PlannedBlock& block) {
  return problem.graph.variables[block.components.at(0).variable].data_sized;
}

FittedBlock described(const Problem& problem, const plan::PlannedBlock& planned) {
  FittedBlock out;
  for (const plan::PlannedComponent& c : planned.components) out.variables.push_back(problem.graph.shown_name(c.variable));
  out.kind = kind_of(problem.derivation.blocks[planned.id]);
  out.family = planned.family->name();
  for (const std::int64_t extent : planned.batch) out.shape.push_back(static_cast<std::size_t>(extent));
  out.shape.push_back(planned.point ? planned.family->value_size() : planned.family->size());
  out.pattern = planned.pattern;
  return out;
}

constexpr std::int64_t most_row_numbers = 5000000;

// The natural parameters of every row, which no sweep keeps.
std::optional<BlockFailure> add_row_block(const Problem& problem, Engine& engine, int pass_id, Fit& fit) {
  const plan::Pass& pass = engine.plan().passes[static_cast<std::size_t>(pass_id)];
  const plan::PlannedBlock& planned = engine.plan().blocks[static_cast<std::size_t>(*pass.block)];
  const std::size_t n = planned.family->size();
  if (pass.rows * static_cast<std::int64_t>(n) > most_row_numbers) return std::nullopt;
  FittedBlock out = described(problem, planned);
  out.natural.resize(static_cast<std::size_t>(pass.rows) * n);
  auto failure = engine.sweep(pass_id, {}, [&](const Tile& tile, const double* natural, const double*) {
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      for (std::size_t s = 0; s < n; ++s)
        out.natural[static_cast<std::size_t>(tile.first + i) * n + s] = natural[static_cast<std::int64_t>(s) * tile_rows + i];
    }
  });
  fit.row_blocks.push_back(std::move(out));
  return failure;
}

bool asked_for(const Problem& problem, const plan::PlannedBlock& block) {
  const auto& rows = problem.options.rows;
  return std::any_of(block.components.begin(), block.components.end(), [&](const plan::PlannedComponent& c) {
    return std::find(rows.begin(), rows.end(), problem.graph.shown_name(c.variable)) != rows.end();
  });
}

bool is_missing_cells(const Problem& problem, const plan::PlannedComponent& c) { return problem.graph.variables[c.variable].missing_of.valid(); }

// Missing cells are always reported, other rows where they are asked for.
bool wanted(const Problem& problem, const plan::PlannedBlock& block) {
  return asked_for(problem, block) ||
         std::any_of(block.components.begin(), block.components.end(), [&](const auto& c) { return is_missing_cells(problem, c); });
}

// The natural parameters of such a block at known cells mean nothing.
bool only_missing_cells(const Problem& problem, const plan::PlannedBlock& block) {
  return std::all_of(block.components.begin(), block.components.end(), [&](const auto& c) { return is_missing_cells(problem, c); });
}

void add_variables(const Problem& problem, const plan::PlannedBlock& planned, const Elements& elements, Fit& fit) {
  const bool all = !data_sized(problem, planned) || planned.point || asked_for(problem, planned);
  const derive::Block& block = problem.derivation.blocks[planned.id];
  for (std::size_t c = 0; c < planned.components.size(); ++c) {
    const model::Variable& variable = problem.graph.variables[planned.components[c].variable];
    if (!all && !variable.missing_of.valid()) continue;
    const Placement place(planned, block.components[c], planned.components[c], elements.size, summed(planned));
    FittedVariable out;
    out.name = problem.graph.shown_name(planned.components[c].variable);
    out.role = model::to_text(variable.role);
    out.family = planned.family->name();
    out.shape = place.shape();
    out.mean = place.gather(elements.mean);
    out.sd = place.gather(elements.sd);
    out.value = place.gather(elements.value);
    if (planned.point || planned.components[c].point) out.se = place.gather(elements.se);
    if (planned.components[c].point) {
      out.value.swap(out.mean);
      out.sd.clear();
    }
    out.data_sized = variable.data_sized;
    if (variable.missing_of.valid()) keep_missing_cells(problem.data.arrays.at(variable.missing_of), out);
    fit.variables.push_back(std::move(out));
  }
}

// The covariance is the inverse of the precision −(η₂ + η₂ᵀ).
void add_covariance(const plan::PlannedBlock& planned, const BlockState& state, FittedBlock& out) {
  const family::Layout& layout = planned.family->layout();
  const auto pair = std::find_if(layout.begin(), layout.end(), [](const auto& e) { return e.statistic == Statistic::pair(); });
  const std::size_t d = planned.family->value_size(), n = planned.family->size();
  if (pair == layout.end() || pair->size != d * d || d > largest_covariance) return;
  const auto side = static_cast<Eigen::Index>(d);
  for (std::int64_t e = 0; e < planned.count; ++e) {
    const Eigen::Map<const Eigen::MatrixXd> half(state.natural.data() + static_cast<std::size_t>(e) * n + pair->offset, side, side);
    const Eigen::MatrixXd precision = -(half + half.transpose());
    const Eigen::MatrixXd covariance = precision.llt().solve(Eigen::MatrixXd::Identity(side, side));
    out.covariance.insert(out.covariance.end(), covariance.data(), covariance.data() + d * d);
  }
}

void add_block(const Problem& problem, const Engine& engine, int b, std::vector<FittedBlock>& blocks) {
  const plan::PlannedBlock& planned = problem.plan.blocks[static_cast<std::size_t>(b)];
  const BlockState& state = engine.state().blocks[static_cast<std::size_t>(b)];
  FittedBlock out = described(problem, planned);
  out.natural = planned.point ? state.value : state.natural;
  if (!planned.point) add_covariance(planned, state, out);
  blocks.push_back(std::move(out));
}

}  // namespace

Diagnostics check_rows(const Problem& problem) {
  std::vector<std::string> known;
  for (const plan::PlannedBlock& block : problem.plan.blocks) {
    for (const plan::PlannedComponent& c : block.components) known.push_back(problem.graph.shown_name(c.variable));
  }
  Diagnostics out;
  for (const std::string& name : problem.options.rows) {
    if (std::find(known.begin(), known.end(), name) == known.end()) out.push_back(unknown_rows(name, known));
  }
  for (Diagnostic& wrong : check_most_probable(problem)) out.push_back(std::move(wrong));
  return out;
}

std::optional<Diagnostic> collect(const Problem& problem, Engine& engine, const StandardErrors& errors, Fit& fit) {
  fit.no_standard_errors = errors.reason;
  for (std::size_t b = 0; b < problem.plan.blocks.size(); ++b) {
    const plan::PlannedBlock& block = problem.plan.blocks[b];
    if (block.swept) continue;
    const bool rows = data_sized(problem, block);
    if (!rows && !only_missing_cells(problem, block)) add_block(problem, engine, static_cast<int>(b), fit.blocks);
    if (rows && problem.options.row_blocks) add_block(problem, engine, static_cast<int>(b), fit.row_blocks);
    if (!rows || block.point || wanted(problem, block)) add_variables(problem, block, stored_elements(engine, errors, static_cast<int>(b)), fit);
  }
  for (const int pass : engine.passes()) {
    const plan::PlannedBlock& block = problem.plan.blocks[static_cast<std::size_t>(*problem.plan.passes[static_cast<std::size_t>(pass)].block)];
    if (problem.options.row_blocks) {
      if (const auto failure = add_row_block(problem, engine, pass, fit)) {
        return improper_q(element_name(problem.graph, block, failure->element), failure->reason);
      }
    }
    if (!wanted(problem, block)) continue;
    Elements elements;
    if (const auto failure = swept_elements(engine, pass, elements)) {
      return improper_q(element_name(problem.graph, block, failure->element), failure->reason);
    }
    add_variables(problem, block, elements, fit);
  }
  const auto position = [&](const FittedVariable& v) { return problem.graph.find(v.name); };
  std::stable_sort(fit.variables.begin(), fit.variables.end(), [&](const auto& a, const auto& b) { return position(a) < position(b); });
  return add_most_probable(problem, engine, fit);
}

}  // namespace jensen::run
