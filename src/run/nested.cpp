// The engine's sweeps with local blocks inside.
#include <algorithm>

#include "run/local_sweep.hpp"

namespace jensen::run {

void Engine::nest_local_blocks(LocalUpdates local) {
  local_ = local;
  nests_ = plan::find_nests(plan_);
  if (!local.plain()) return;
  nests_.erase(std::remove_if(nests_.begin(), nests_.end(), [&](const plan::Nest& nest) { return !is_looked_up(plan_, nest); }), nests_.end());
}

const plan::Nest* Engine::nest_of(int pass) const {
  const auto found = std::find_if(nests_.begin(), nests_.end(), [&](const plan::Nest& nest) { return nest.pass == pass; });
  return found == nests_.end() ? nullptr : &*found;
}

bool Engine::is_local(int block) const {
  if (local_.plain()) return false;
  return std::any_of(nests_.begin(), nests_.end(), [&](const plan::Nest& nest) { return nest.is_local(block); });
}

std::optional<BlockFailure> Engine::local_sweep(int pass) {
  const plan::Nest* nest = nest_of(pass);
  return nest == nullptr || local_.plain() ? sweep(pass) : nest_sweep(*nest, local_);
}

std::optional<BlockFailure> Engine::nest_sweep(const plan::Nest& nest, LocalUpdates local) {
  std::vector<double> g = derivative(nest.pass, &nest);
  std::vector<std::vector<double>> messages;
  for (const plan::LocalBlock& local : nest.blocks) {
    messages.push_back(message(local.block, [&](std::size_t term) { return !local.has_term(term); }));
  }
  LocalSweepResult result = run::local_sweep({plan_, nest, local, threads_, cancel_, g, messages, inputs_, state_,
                                              [this](int block, std::int64_t element) { return optimise(block, element); }});
  cancelled_ = cancelled_ || result.cancelled;
  if (result.failure) return result.failure;
  read_outer_moments(nest, result.sums);
  state_.pass_log_partition[static_cast<std::size_t>(nest.pass)] = result.log_partition;
  return std::nullopt;
}

// The nest's own moments are written where they are made.
void Engine::read_outer_moments(const plan::Nest& nest, const std::vector<double>& sums) {
  const plan::Pass& pass = plan_.passes[static_cast<std::size_t>(nest.pass)];
  const plan::FeatureGroup& group = pass.groups[nest.group];
  const std::int64_t own = group.cells * static_cast<std::int64_t>(group.features.size()) * pass.statistics;
  for (std::size_t m = 0; m < plan_.moments.size(); ++m) {
    const plan::Moment& moment = plan_.moments[m];
    const bool inside = std::any_of(nest.moments.begin(), nest.moments.end(), [&](const auto& l) { return l.moment == static_cast<int>(m); });
    if (moment.pass != nest.pass || inside) continue;
    for (std::size_t e = 0; e < moment.cells.size(); ++e) {
      const std::int64_t cell = moment.cells[e];
      if (cell < 0) continue;
      state_.moments[m][e] = sums[static_cast<std::size_t>(cell < group.offset ? cell : cell - own)];
    }
  }
}

}  // namespace jensen::run
