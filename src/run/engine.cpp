#include "run/engine.hpp"

#include <algorithm>
#include <cmath>

#include "run/element.hpp"
#include "run/hoist.hpp"

namespace jensen::run {
namespace {

// A statistic such as log 0 of a point on the edge of its support. Finite, so that times a count of zero it is zero; beyond any real bound otherwise.
constexpr double beyond = 1e290;

void keep_finite(std::span<double> values) {
  for (double& v : values) {
    if (std::isinf(v)) v = std::copysign(beyond, v);
  }
}

std::span<double> element_of(std::vector<double>& values, std::int64_t element, std::size_t size) {
  return {values.data() + static_cast<std::size_t>(element) * size, size};
}

}  // namespace

Engine::Engine(const plan::Plan& plan, int threads, const std::atomic<bool>* cancel) : plan_(plan), threads_(std::max(1, threads)), cancel_(cancel) {
  state_.blocks.resize(plan.blocks.size());
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    const plan::PlannedBlock& block = plan.blocks[b];
    if (block.swept) continue;
    stored_.push_back(static_cast<int>(b));
    const auto count = static_cast<std::size_t>(block.count);
    state_.blocks[b].natural.resize(count * block.family->size());
    state_.blocks[b].mean.resize(count * block.family->size());
    state_.blocks[b].log_partition.resize(count);
    if (block.point) state_.blocks[b].value.resize(count * block.family->value_size());
  }
  for (const plan::Moment& moment : plan.moments) state_.moments.emplace_back(moment.cells.size(), 0.0);
  state_.pass_log_partition.resize(plan.passes.size(), 0.0);
  linked_.resize(plan.passes.size());
  for (std::size_t p = 0; p < plan.passes.size(); ++p) {
    if (plan.passes[p].block && !plan.passes[p].of_links) swept_passes_.push_back(static_cast<int>(p));
    affine_.push_back(AffineSweep::of(plan, plan.passes[p]));
  }
  std::int64_t most = 1;
  const auto widen = [&](const std::vector<plan::TermProgram>& programs) {
    for (const plan::TermProgram& program : programs) most = std::max(most, program.contraction.scratch_size());
  };
  for (const auto& programs : plan.messages) widen(programs);
  for (const auto& programs : plan.moment_messages) widen(programs);
  for (const auto& shared : plan.shared_precisions) {
    if (!shared) continue;
    for (const plan::Contraction& program : shared->common) most = std::max(most, program.scratch_size());
    if (shared->scale) most = std::max(most, shared->scale->scratch_size());
  }
  widen(plan.energies);
  scratch_.resize(static_cast<std::size_t>(most));
  bind();
}

void Engine::bind() {
  inputs_.assign(plan_.inputs(), nullptr);
  for (std::size_t a = 0; a < plan_.arrays.size(); ++a) inputs_[a] = plan_.arrays[a].values;
  for (std::size_t b = 0; b < plan_.blocks.size(); ++b) {
    inputs_[plan_.input_of(plan::OperandKind::statistic, static_cast<int>(b))] = state_.blocks[b].mean.data();
  }
  for (std::size_t m = 0; m < plan_.moments.size(); ++m) {
    inputs_[plan_.input_of(plan::OperandKind::moment, static_cast<int>(m))] = state_.moments[m].data();
  }
}

void Engine::restore(const State& state) {
  state_ = state;
  bind();
}

void Engine::read_moments(int pass, const std::vector<double>& sums) {
  for (std::size_t m = 0; m < plan_.moments.size(); ++m) {
    const plan::Moment& moment = plan_.moments[m];
    if (moment.pass != pass) continue;
    for (std::size_t e = 0; e < moment.cells.size(); ++e) {
      if (moment.cells[e] >= 0) state_.moments[m][e] = sums[static_cast<std::size_t>(moment.cells[e])];
    }
  }
}

void Engine::sum_data() {
  for (std::size_t p = 0; p < plan_.passes.size(); ++p) {
    if (affine_[p]) affine_[p]->sum_data(plan_, plan_.passes[p], threads_, cancel_);
    if (plan_.passes[p].block) continue;
    read_moments(static_cast<int>(p), run::sum_data(plan_, plan_.passes[p], threads_, cancel_));
  }
  cancelled_ = cancelled_ || (cancel_ != nullptr && cancel_->load());
}

double Engine::copies(const plan::PlannedBlock& block, std::int64_t element) const {
  return block.weight ? plan_.arrays[static_cast<std::size_t>(*block.weight)].values[element] : 1.0;
}

double Engine::probability(const plan::PlannedGate& gate, std::int64_t element) const {
  const std::vector<double>& mean = state_.blocks[static_cast<std::size_t>(gate.block)].mean;
  double sum = 0;
  for (const std::int32_t address : gate.of(element)) sum += mean[static_cast<std::size_t>(address)];
  return sum;
}

double Engine::weight(const plan::PlannedBlock& block, std::int64_t element) const {
  double w = copies(block, element);
  for (const plan::PlannedGate& gate : block.gates) w *= probability(gate, element);
  return w;
}

// What is inside a gate exists with the gate's probability, so its entropy speaks for the gate: ∂/∂q(gate) of Σ weight · H.
void Engine::add_gated_entropies(int block, std::vector<double>& natural) const {
  for (const int inside : stored_) {
    const plan::PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(inside)];
    for (std::size_t g = 0; g < planned.gates.size(); ++g) {
      if (planned.gates[g].block != block) continue;
      for (std::int64_t e = 0; e < planned.count; ++e) {
        double others = copies(planned, e);
        for (std::size_t o = 0; o < planned.gates.size(); ++o) others *= o == g ? 1 : probability(planned.gates[o], e);
        const double entropy = others * element_entropy(inside, e);
        for (const std::int32_t address : planned.gates[g].of(e)) natural[static_cast<std::size_t>(address)] += entropy;
      }
    }
  }
}

// A row of weight 0 has no best q; it keeps the one it has and contributes nothing.
std::optional<BlockFailure> Engine::update(int block) {
  const plan::PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(block)];
  BlockState& state = state_.blocks[static_cast<std::size_t>(block)];
  const std::size_t size = planned.family->size();
  std::vector<double>& natural = state.natural;
  std::vector<double> kept;
  const bool weighted = planned.weight || !planned.gates.empty();
  if (weighted) kept = natural;
  std::fill(natural.begin(), natural.end(), 0.0);
  const auto& shared = plan_.shared_precisions[static_cast<std::size_t>(block)];
  if (shared && update_shared(block, *shared)) return std::nullopt;
  if (!shared) {
    for (const plan::TermProgram& program : plan_.messages[static_cast<std::size_t>(block)]) {
      program.contraction.run(inputs_, natural.data(), scratch_.data());
    }
  }
  add_gated_entropies(block, natural);
  for (std::int64_t e = 0; e < planned.count; ++e) {
    const double w = weight(planned, e);
    if (weighted) {
      const std::span<double> mine = element_of(natural, e, size);
      if (w == 0) {
        std::copy_n(kept.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(e) * size), size, mine.begin());
        continue;
      }
      for (double& v : mine) v /= w;
    }
    if (auto failure = optimise(block, e)) return failure;
  }
  return std::nullopt;
}

bool Engine::update_shared(int block, const plan::SharedPrecision& shared) {
  const plan::PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(block)];
  BlockState& state = state_.blocks[static_cast<std::size_t>(block)];
  const std::size_t d = shared.dimension, size = planned.family->size(), count = static_cast<std::size_t>(planned.count);
  for (const std::size_t m : shared.of_linear) {
    plan_.messages[static_cast<std::size_t>(block)][m].contraction.run(inputs_, state.natural.data(), scratch_.data());
  }
  common_.assign(d * d, 0.0);
  for (const plan::Contraction& program : shared.common) program.run(inputs_, common_.data(), scratch_.data());
  scale_.assign(count, shared.scale ? 0.0 : 1.0);
  if (shared.scale) shared.scale->run(inputs_, scale_.data(), scratch_.data());
  for (std::size_t e = 0; e < count; ++e) {
    double* quadratic = state.natural.data() + e * size + d;
    for (std::size_t i = 0; i < d * d; ++i) quadratic[i] = scale_[e] * common_[i];
  }
  const std::span<double> log_partition = planned.point ? std::span<double>() : std::span<double>(state.log_partition);
  return family::update_shared({d, common_, scale_, state.natural, state.mean, state.value, log_partition}, shared_);
}

std::optional<BlockFailure> Engine::optimise(int block, std::int64_t element) {
  const plan::PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(block)];
  BlockState& state = state_.blocks[static_cast<std::size_t>(block)];
  const family::Family& family = planned.family_of(element);
  const std::span<double> natural = element_of(state.natural, element, family.size());
  const std::span<double> mean = element_of(state.mean, element, family.size());
  std::optional<family::Improper> improper;
  if (planned.point) {
    const std::span<double> value = element_of(state.value, element, family.value_size());
    improper = family.mode(natural, value);
    if (!improper) {
      family.statistics_of(value, mean);
      keep_finite(mean);
    }
  } else {
    improper = update_element(planned, element, natural, mean, state.log_partition[static_cast<std::size_t>(element)]);
  }
  if (improper) return BlockFailure{block, element, improper->reason};
  return std::nullopt;
}

void Engine::set_value(int block, std::int64_t element, std::span<const double> value) {
  const family::Family& family = plan_.blocks[static_cast<std::size_t>(block)].family_of(element);
  BlockState& state = state_.blocks[static_cast<std::size_t>(block)];
  std::copy(value.begin(), value.end(), element_of(state.value, element, family.value_size()).begin());
  const std::span<double> mean = element_of(state.mean, element, family.size());
  family.statistics_of(value, mean);
  keep_finite(mean);
}

void Engine::set_statistics(int block, std::int64_t element, std::span<const double> value) {
  const family::Family& family = plan_.blocks[static_cast<std::size_t>(block)].family_of(element);
  BlockState& state = state_.blocks[static_cast<std::size_t>(block)];
  const std::span<double> mean = element_of(state.mean, element, family.size());
  const std::span<double> natural = element_of(state.natural, element, family.size());
  std::fill(natural.begin(), natural.end(), 0.0);
  state.log_partition[static_cast<std::size_t>(element)] = 0;
  family.statistics_of(value, mean);
  keep_finite(mean);
}

std::optional<BlockFailure> Engine::set_natural(int block, std::int64_t element, std::span<const double> natural) {
  BlockState& state = state_.blocks[static_cast<std::size_t>(block)];
  std::copy(natural.begin(), natural.end(), element_of(state.natural, element, natural.size()).begin());
  return optimise(block, element);
}

std::vector<double> Engine::derivative(int pass, const plan::Nest* without) {
  std::vector<double> g(static_cast<std::size_t>(plan_.passes[static_cast<std::size_t>(pass)].sums), 0.0);
  std::vector<double> moment_derivative;
  for (std::size_t m = 0; m < plan_.moments.size(); ++m) {
    const plan::Moment& moment = plan_.moments[m];
    if (moment.pass != pass) continue;
    moment_derivative.assign(moment.cells.size(), 0.0);
    for (const plan::TermProgram& program : plan_.moment_messages[m]) {
      if (without != nullptr && without->has_term(program.term)) continue;
      program.contraction.run(inputs_, moment_derivative.data(), scratch_.data());
    }
    for (std::size_t e = 0; e < moment.cells.size(); ++e) {
      if (moment.cells[e] >= 0) g[static_cast<std::size_t>(moment.cells[e])] += moment_derivative[e];
    }
  }
  return g;
}

std::optional<BlockFailure> Engine::sweep(int pass, GivenMeans given, RowSink sink) {
  const plan::Pass& planned = plan_.passes[static_cast<std::size_t>(pass)];
  if (planned.link) return linked_sweep(pass, std::move(given), std::move(sink));
  if (const plan::Nest* nest = nest_of(pass); nest != nullptr && !given && !sink) return nest_sweep(*nest, {0, false});
  std::vector<double> g;
  if (!given) g = derivative(pass);
  const std::optional<AffineSweep>& affine = affine_[static_cast<std::size_t>(pass)];
  const SweepResult result =
      affine && !given && !sink ? affine->sweep(g) : run::sweep({plan_, planned, threads_, cancel_, &g, std::move(given), std::move(sink)});
  cancelled_ = cancelled_ || result.cancelled;
  if (result.failure) return BlockFailure{*planned.block, result.failure->row, result.failure->reason};
  read_moments(pass, result.sums);
  state_.pass_log_partition[static_cast<std::size_t>(pass)] = result.log_partition;
  return std::nullopt;
}

std::optional<BlockFailure> Engine::most_probable(int pass, std::vector<std::int32_t>& states) {
  const plan::Pass& planned = plan_.passes[static_cast<std::size_t>(pass)];
  const std::vector<double> rows = derivative(pass), links = derivative(planned.link->pass);
  MostProbableResult result = run::most_probable({plan_, planned, threads_, cancel_, &rows}, &links);
  cancelled_ = cancelled_ || result.cancelled;
  if (result.failure) return BlockFailure{*planned.block, result.failure->row, result.failure->reason};
  states = std::move(result.states);
  return std::nullopt;
}

std::optional<BlockFailure> Engine::linked_sweep(int pass, GivenMeans given, RowSink sink) {
  const plan::Pass& planned = plan_.passes[static_cast<std::size_t>(pass)];
  std::vector<double> rows, links;
  if (!given) {
    rows = derivative(pass);
    links = derivative(planned.link->pass);
  }
  const LinkedResult result = run::linked_sweep({plan_, planned, threads_, cancel_, &rows, std::move(given), std::move(sink)}, &links,
                                                linked_[static_cast<std::size_t>(pass)]);
  cancelled_ = cancelled_ || result.rows.cancelled;
  if (result.rows.failure) return BlockFailure{*planned.block, result.rows.failure->row, result.rows.failure->reason};
  read_moments(pass, result.rows.sums);
  read_moments(planned.link->pass, result.link_sums);
  state_.pass_log_partition[static_cast<std::size_t>(pass)] = result.rows.log_partition;
  return std::nullopt;
}

// H[q] = A(η) − η · ∇A(η).
double Engine::element_entropy(int block, std::int64_t element) const {
  const BlockState& state = state_.blocks[static_cast<std::size_t>(block)];
  const std::size_t size = plan_.blocks[static_cast<std::size_t>(block)].family->size(), first = static_cast<std::size_t>(element) * size;
  double product = 0;
  for (std::size_t s = first; s < first + size; ++s) product += state.natural[s] * state.mean[s];
  return state.log_partition[static_cast<std::size_t>(element)] - product;
}

// Σ weight · H[q].
double Engine::entropy(int block, double& magnitude) const {
  const plan::PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(block)];
  const BlockState& state = state_.blocks[static_cast<std::size_t>(block)];
  if (planned.point) return 0;
  double total = 0;
  for (std::int64_t e = 0; e < planned.count; ++e) {
    const double h = element_entropy(block, e), w = weight(planned, e), a = state.log_partition[static_cast<std::size_t>(e)];
    total += w * h;
    magnitude += w * (std::abs(a) + std::abs(a - h));
  }
  return total;
}

double Engine::energy(std::size_t term) {
  double value = 0;
  for (const plan::TermProgram& program : plan_.energies) {
    if (program.term == term) program.contraction.run(inputs_, &value, scratch_.data());
  }
  return value;
}

Bound Engine::bound() {
  Bound out;
  for (const plan::TermProgram& program : plan_.energies) {
    double value = 0;
    program.contraction.run(inputs_, &value, scratch_.data());
    out.elbo += value;
    out.magnitude += std::abs(value);
  }
  for (const int block : stored_) out.elbo += entropy(block, out.magnitude);
  for (const int pass : swept_passes_) {
    out.elbo += state_.pass_log_partition[static_cast<std::size_t>(pass)];
    out.magnitude += std::abs(state_.pass_log_partition[static_cast<std::size_t>(pass)]);
  }
  return out;
}

double Engine::stored_bound() {
  double total = 0, magnitude = 0;
  for (std::size_t t = 0; t < plan_.terms.size(); ++t) {
    const plan::Contraction contraction(spec_of(plan_, plan_.terms[t]));
    std::vector<double> scratch(static_cast<std::size_t>(contraction.scratch_size()) + 1);
    contraction.run(inputs_, &total, scratch.data());
  }
  for (const int block : stored_) total += entropy(block, magnitude);
  return total;
}

}  // namespace jensen::run
