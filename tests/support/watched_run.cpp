#include "support/watched_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "run/initialise.hpp"

namespace jensen::tests {

Watched::Watched(const Planned& model) : model_(model), engine_(model.plan, 1, nullptr), rows_(model.plan.blocks.size()) { engine_.sum_data(); }

std::optional<std::string> Watched::told(const std::optional<run::BlockFailure>& failure) const {
  if (!failure) return std::nullopt;
  return fmt::format("{} [{}]: {}", model_.plan.blocks[static_cast<std::size_t>(failure->block)].names, failure->element, failure->reason);
}

std::optional<std::string> Watched::start() {
  bool settled = false;
  const auto failure = run::start(engine_, model_.graph, {}, {7, 0}, settled);
  if (failure) return "no start";
  return std::nullopt;
}

std::optional<std::string> Watched::iterate() {
  for (const int block : engine_.stored()) {
    if (auto failure = told(engine_.update(block))) return failure;
  }
  return sweep();
}

std::optional<std::string> Watched::update(std::size_t block) {
  return model_.plan.blocks[block].swept ? sweep() : told(engine_.update(static_cast<int>(block)));
}

std::optional<std::string> Watched::sweep() {
  for (const int pass : engine_.passes()) {
    const plan::Pass& planned = model_.plan.passes[static_cast<std::size_t>(pass)];
    const auto size = static_cast<std::size_t>(planned.statistics);
    std::vector<double>& rows = rows_[static_cast<std::size_t>(*planned.block)];
    rows.resize(static_cast<std::size_t>(planned.rows) * size);
    auto failure = told(engine_.sweep(pass, {}, [&](const run::Tile& tile, const double* natural, const double*) {
      for (std::int64_t i = 0; i < tile.rows; ++i) {
        for (std::size_t s = 0; s < size; ++s)
          rows[static_cast<std::size_t>(tile.first + i) * size + s] = natural[static_cast<std::int64_t>(s) * run::tile_rows + i];
      }
    }));
    if (failure) return failure;
  }
  return std::nullopt;
}

// Of a block with params among its numbers, their values are among its mean parameters: the numbers themselves come first.
Factors Watched::factors() {
  Factors out;
  for (std::size_t b = 0; b < model_.plan.blocks.size(); ++b) {
    const plan::PlannedBlock& block = model_.plan.blocks[b];
    const run::BlockState& state = engine_.state().blocks[b];
    out.push_back(block.swept ? rows_[b] : block.point ? state.value : state.natural);
    if (!BlockMoments(block).mixed()) continue;
    out.back().clear();
    const std::size_t size = block.family->size(), values = block.family->value_size();
    for (std::size_t e = 0; e < static_cast<std::size_t>(block.count); ++e) {
      const auto first = static_cast<std::ptrdiff_t>(e * size);
      out.back().insert(out.back().end(), state.natural.begin() + first, state.natural.begin() + first + static_cast<std::ptrdiff_t>(size));
      out.back().insert(out.back().end(), state.mean.begin() + first, state.mean.begin() + first + static_cast<std::ptrdiff_t>(values));
    }
  }
  return out;
}

namespace {

bool is_matrix_family(const family::Family& family) { return family.name().find("wishart") != std::string::npos; }

// The entries of a matrix with their mirror images, or of a vector.
void add_part(std::vector<Direction>& out, std::size_t offset, std::size_t size, bool symmetric) {
  const auto side = static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(size))));
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t mirror = symmetric ? (i % side) * side + i / side : i;
    if (mirror < i) continue;
    out.push_back({{offset + i, 1.0}});
    if (mirror > i) out.back().push_back({offset + mirror, 1.0});
  }
}

std::vector<Direction> gaussian_directions(const plan::PlannedBlock& planned, const BlockMoments& block, std::int64_t element) {
  std::vector<Direction> out;
  const std::size_t d = planned.family->value_size(), size = planned.family->size();
  const auto latent = [&](std::size_t i) { return block.is_present(element, i) && !block.is_point(i); };
  for (std::size_t i = 0; i < d; ++i) {
    if (latent(i)) out.push_back({{i, 1.0}});
    if (block.is_point(i)) out.push_back({{size + i, 1.0}});
  }
  for (std::size_t p = 0; p < block.pairs().size(); ++p) {
    if (latent(block.pairs()[p].first) && latent(block.pairs()[p].second)) out.push_back({{d + p, 1.0}});
  }
  return out;
}

bool symmetric_part(const family::Family& family, const family::LayoutEntry& entry) {
  const StatisticKind kind = entry.statistic.kind;
  if (kind == StatisticKind::scaled_pair) return entry.size > 1;
  return is_matrix_family(family) && (kind == StatisticKind::power || kind == StatisticKind::inverse);
}

}  // namespace

std::vector<Direction> directions(const plan::PlannedBlock& planned, const BlockMoments& block, std::int64_t element) {
  std::vector<Direction> out;
  const family::Family& family = planned.family_of(element);
  if (planned.point && family.name() == "dirichlet") {
    for (std::size_t i = 1; i < family.value_size(); ++i) out.push_back({{i, 1.0}, {i - 1, -1.0}});
    return out;
  }
  if (planned.point) {
    add_part(out, 0, family.value_size(), is_matrix_family(family));
    return out;
  }
  if (block.gaussian()) return gaussian_directions(planned, block, element);
  for (const family::LayoutEntry& entry : family.layout()) add_part(out, entry.offset, entry.size, symmetric_part(family, entry));
  return out;
}

std::optional<std::string> not_stationary(TermSum& terms, const plan::PlannedBlock& planned, std::size_t id, Factors factors, double rounding,
                                          int& checked) {
  const TermSum::Reference reference = terms.reference(factors, id);
  const double here = terms.elbo_near(factors, id, reference);
  const std::size_t given = terms.block(id).given();
  const bool scalar = planned.family->name() == "scalar";
  for (std::int64_t e = 0; e < std::min<std::int64_t>(planned.count, 3); ++e) {
    double* element = factors[id].data() + static_cast<std::size_t>(e) * given;
    for (const Direction& direction : directions(planned, terms.block(id), e)) {
      double scale = 0;
      for (const auto& [at, sign] : direction) scale = std::max(scale, std::abs(element[at]));
      const bool value = planned.point || direction.front().first >= planned.family->size();
      double step = 2e-4 * (value ? std::max(scale, 0.05) : std::max(scale, 0.5));
      const auto moved = [&](double by) {
        const std::vector<double> kept(element, element + given);
        for (const auto& [at, sign] : direction) element[at] += sign * by;
        const double bound = terms.elbo_near(factors, id, reference);
        std::copy(kept.begin(), kept.end(), element);
        return bound;
      };
      double up = 0, down = 0;
      bool maximum = false;
      // Where a q is nearly improper, a step may be too long for second differences. No step is short enough for a slope.
      for (int i = 0; i < 3 && !maximum; ++i, step /= 50) {
        up = moved(step), down = moved(-step);
        maximum = up <= here + rounding && down <= here + rounding && std::abs(up - down) <= 0.2 * (2 * here - up - down) + 10 * rounding;
        maximum = maximum || (scalar && (std::isnan(up) || std::isnan(down)));  // at the edge of what can be normalised
      }
      ++checked;
      if (maximum) continue;
      return fmt::format("{} (block {}, element {}, entry {} = {}): {:.17g} {:.17g} {:.17g} (rounding {:.3g})", planned.names, id, e,
                         direction.front().first, element[direction.front().first], down - here, here, up - here, rounding);
    }
  }
  return std::nullopt;
}

}  // namespace jensen::tests
