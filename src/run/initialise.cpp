#include "run/initialise.hpp"

#include <algorithm>
#include <cmath>

#include "run/seeding.hpp"

namespace jensen::run {
namespace {

std::uint64_t restart_seed(const StartOptions& options) { return options.seed + 0x9E3779B97F4A7C15ULL * static_cast<std::uint64_t>(options.restart); }

bool is_gaussian(const plan::PlannedBlock& block) {
  const Statistic first = block.family->layout().front().statistic;
  const Statistic last = block.family->layout().back().statistic;
  return first == Statistic{StatisticKind::power, 1} && (last.kind == StatisticKind::pair || last == Statistic{StatisticKind::power, 2});
}

// A mean value that every element of the support's kind has: 0, 1, 1/2, uniform, the identity.
std::vector<double> usual_value(const plan::PlannedBlock& block, const model::ModelGraph& graph) {
  std::vector<double> value(block.family->value_size(), 0.0);
  const Support support = graph.variables[block.components.at(0).variable].type.support;
  const std::size_t n = value.size();
  const auto side = static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(n))));
  switch (support.kind) {
    case SupportKind::positive:
      std::fill(value.begin(), value.end(), 1.0);
      break;
    case SupportKind::unit:
      std::fill(value.begin(), value.end(), 0.5);
      break;
    case SupportKind::interval:
      std::fill(value.begin(), value.end(),
                std::isinf(support.high)  ? support.low + 1
                : std::isinf(support.low) ? support.high - 1
                                          : (support.low + support.high) / 2);
      break;
    case SupportKind::simplex:
      std::fill(value.begin(), value.end(), 1.0 / static_cast<double>(n));
      break;
    case SupportKind::covariance:
    case SupportKind::precision:
    case SupportKind::correlation:
      for (std::size_t i = 0; i < side; ++i) value[i * side + i] = 1.0;
      break;
    case SupportKind::real:
    case SupportKind::boolean:
    case SupportKind::count:
    case SupportKind::bounded_count:
    case SupportKind::integer:
    case SupportKind::category:
    case SupportKind::ordered:
    case SupportKind::lower_triangular:
    case SupportKind::angle:
      break;
  }
  return value;
}

// Terms in which no other block takes part: the block's own prior where its arguments are constants, with all of the data that bear on it alone.
bool stands_alone(const plan::ReducedTerm& term, int block) {
  return !term.swept && std::all_of(term.operands.begin(), term.operands.end(),
                                    [&](const plan::Operand& o) { return o.kind != plan::OperandKind::statistic || o.id == block; });
}

// Whether another Gaussian q block multiplies this one: then both at mean 0 is a saddle point, left by noise.
bool is_bilinear(const plan::Plan& plan, int block) {
  return std::any_of(plan.terms.begin(), plan.terms.end(), [&](const plan::ReducedTerm& term) {
    bool mine = false, other = false;
    for (const plan::Operand& o : term.operands) {
      if (o.kind != plan::OperandKind::statistic) continue;
      mine = mine || o.id == block;
      const plan::PlannedBlock& b = plan.blocks[static_cast<std::size_t>(o.id)];
      other = other || (o.id != block && !b.point && is_gaussian(b));
    }
    return mine && other;
  });
}

// Random probabilities for each of the variables of a network, none for how they go together.
std::vector<double> random_network(const plan::PlannedBlock& planned, family::Stream& stream) {
  std::vector<double> natural(planned.family->size(), 0.0);
  std::size_t at = 0;
  for (const plan::PlannedComponent& c : planned.components) {
    for (std::int64_t i = 0; i < plan::variables_of(c) * c.levels; ++i) natural[at++] = std::log(-std::log(stream.uniform()));
  }
  return natural;
}

// False where the value with its noise is outside of the support.
bool noisy(const family::Family& family, std::vector<double> mean, family::Stream& stream, std::span<double> natural) {
  for (double& v : mean) v += stream.normal();
  return family.natural_from_moments(mean, {}, natural);
}

// `settled` becomes false where an element has no q of its own to start from, but the statistics of one value.
std::optional<BlockFailure> default_q(Engine& engine, const model::ModelGraph& graph, int block, std::uint64_t seed, bool& settled) {
  const plan::PlannedBlock& planned = engine.plan().blocks[static_cast<std::size_t>(block)];
  const family::Family& family = *planned.family;
  const std::vector<double> own = engine.message(block, [&](std::size_t term) { return stands_alone(engine.plan().terms[term], block); });
  const std::vector<double> usual = planned.discrete || planned.network ? std::vector<double>() : usual_value(planned, graph);
  const bool noise = is_gaussian(planned) && is_bilinear(engine.plan(), block);
  // Terms of one density that stand alone are only part of it: a log Γ without the powers that it normalises draws a number to where nothing is.
  const auto& terms = engine.plan().terms;
  const bool partial = planned.scalar && std::any_of(terms.begin(), terms.end(), [&](const plan::ReducedTerm& term) {
                         const auto mine = [&](const plan::Operand& o) { return o.kind == plan::OperandKind::statistic && o.id == block; };
                         return std::any_of(term.operands.begin(), term.operands.end(), mine) && !stands_alone(term, block);
                       });
  std::vector<double> natural(family.size());
  for (std::int64_t e = 0; e < planned.count; ++e) {
    const std::span<const double> mine{own.data() + static_cast<std::size_t>(e) * family.size(), family.size()};
    family::Stream stream(seed + static_cast<std::uint64_t>(block), family::Purpose::initialisation, static_cast<std::uint64_t>(e));
    if (planned.discrete) {
      for (double& v : natural) v = std::log(-std::log(stream.uniform()));
    } else if (planned.network) {
      natural = random_network(planned, stream);
    } else if (!noise || !noisy(family, usual, stream, natural)) {
      if (!partial && !engine.set_natural(block, e, mine)) continue;
      if (!family.natural_from_moments(usual, {}, natural) || engine.set_natural(block, e, natural)) {
        engine.set_statistics(block, e, usual);
        settled = false;
        continue;
      }
    }
    if (auto failure = engine.set_natural(block, e, natural)) return failure;
  }
  return std::nullopt;
}

void default_point(Engine& engine, const model::ModelGraph& graph, int block) {
  const plan::PlannedBlock& planned = engine.plan().blocks[static_cast<std::size_t>(block)];
  const std::vector<double> value = usual_value(planned, graph);
  for (std::int64_t e = 0; e < planned.count; ++e) engine.set_value(block, e, value);
}

std::optional<BlockFailure> set_given(Engine& engine, const Given& given, int block) {
  const plan::PlannedBlock& planned = engine.plan().blocks[static_cast<std::size_t>(block)];
  const bool point = planned.point;
  const std::vector<double>& all = point ? given.value.at(block) : given.natural.at(block);
  const std::size_t size = point ? planned.family->value_size() : planned.family->size();
  for (std::int64_t e = 0; e < planned.count; ++e) {
    const std::span<const double> mine{all.data() + static_cast<std::size_t>(e) * size, size};
    if (point) {
      engine.set_value(block, e, mine);
    } else if (auto failure = engine.set_natural(block, e, mine)) {
      return failure;
    }
  }
  return std::nullopt;
}

GivenMeans from_rows(const std::vector<double>& values, std::int64_t size) {
  return [&values, size](const Tile& tile, double* mean) {
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      for (std::int64_t s = 0; s < size; ++s) mean[s * tile_rows + i] = values[static_cast<std::size_t>((tile.first + i) * size + s)];
    }
  };
}

// t(v) of standard normal values.
GivenMeans random_values(const plan::PlannedBlock& block, std::uint64_t seed) {
  return [&block, seed](const Tile& tile, double* mean) {
    std::vector<double> value(block.family->value_size()), statistics(block.family->size());
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      family::Stream stream(seed, family::Purpose::initialisation, static_cast<std::uint64_t>(tile.first + i));
      for (double& v : value) v = stream.normal();
      block.family->statistics_of(value, statistics);
      for (std::size_t s = 0; s < statistics.size(); ++s) mean[static_cast<std::int64_t>(s) * tile_rows + i] = statistics[s];
    }
  };
}

GivenMeans random_networks(const plan::PlannedBlock& block, std::uint64_t seed) {
  return [&block, seed](const Tile& tile, double* mean) {
    std::vector<double> statistics(block.family->size());
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      family::Stream stream(seed, family::Purpose::initialisation, static_cast<std::uint64_t>(tile.first + i));
      double log_partition = 0;
      block.family->update(random_network(block, stream), statistics, log_partition);
      for (std::size_t s = 0; s < statistics.size(); ++s) mean[static_cast<std::int64_t>(s) * tile_rows + i] = statistics[s];
    }
  };
}

// Nothing for a block whose first sweep can be computed from the stored blocks' starting values.
GivenMeans first_means(const Engine& engine, int pass_id, std::uint64_t seed) {
  const plan::Plan& plan = engine.plan();
  const plan::Pass& pass = plan.passes[static_cast<std::size_t>(pass_id)];
  const plan::PlannedBlock& block = plan.blocks[static_cast<std::size_t>(*pass.block)];
  if (block.discrete) {
    family::Stream stream(seed, family::Purpose::seeding, static_cast<std::uint64_t>(pass_id));
    if (auto seeded = seeded_responsibilities(plan, pass, pass.statistics, stream)) return *seeded;
    return random_responsibilities(pass.statistics, seed);
  }
  if (block.network) return random_networks(block, seed);
  return is_gaussian(block) ? random_values(block, seed) : GivenMeans{};
}

}  // namespace

bool start_is_random(const plan::Plan& plan, const Given& given) {
  const bool any_stored = !given.natural.empty() || !given.value.empty();
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    const plan::PlannedBlock& block = plan.blocks[b];
    const int id = static_cast<int>(b);
    if (block.swept) {
      if (!any_stored && given.responsibility.count(id) == 0 && (block.discrete || block.network || is_gaussian(block))) return true;
    } else if (!block.point && !given.stored(id) && (block.discrete || block.network || (is_gaussian(block) && is_bilinear(plan, id)))) {
      return true;
    }
  }
  return false;
}

std::vector<int> first_order(const Engine& engine, const Given& given) {
  std::vector<int> order = engine.stored();
  std::stable_partition(order.begin(), order.end(), [&](int block) { return !given.stored(block); });
  return order;
}

std::optional<BlockFailure> start(Engine& engine, const model::ModelGraph& graph, const Given& given, const StartOptions& options, bool& settled) {
  const std::uint64_t seed = restart_seed(options);
  settled = true;
  for (const int block : engine.stored()) {
    std::optional<BlockFailure> failure;
    if (given.stored(block)) {
      failure = set_given(engine, given, block);
    } else if (engine.plan().blocks[static_cast<std::size_t>(block)].point) {
      default_point(engine, graph, block);
    } else {
      failure = default_q(engine, graph, block, seed, settled);
    }
    if (failure) return failure;
  }
  const bool any_stored = !given.natural.empty() || !given.value.empty();
  for (const int pass : engine.passes()) {
    const plan::Pass& planned = engine.plan().passes[static_cast<std::size_t>(pass)];
    GivenMeans means;
    if (const auto found = given.responsibility.find(*planned.block); found != given.responsibility.end()) {
      means = from_rows(found->second, planned.statistics);
    } else if (!any_stored) {
      means = first_means(engine, pass, seed);
    }
    settled = settled && !means;
    if (auto failure = engine.sweep(pass, means)) return failure;
  }
  // The usual values of stored blocks mean nothing beside the data: replace them before the first iteration counts.
  if (!given.empty() || settled) return std::nullopt;
  for (const int block : engine.stored()) {
    if (auto failure = engine.update(block)) return failure;
  }
  return std::nullopt;
}

}  // namespace jensen::run
