#include "run/initialise.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "run/bilinear.hpp"
#include "run/element_columns.hpp"
#include "run/seeded_levels.hpp"
#include "run/seeding.hpp"

namespace jensen::run {
namespace {

std::uint64_t restart_seed(const StartOptions& options) { return options.seed + 0x9E3779B97F4A7C15ULL * static_cast<std::uint64_t>(options.restart); }

// A mean value that every element of the support's kind has: 0, 1, 1/2, uniform, the identity.
void set_usual(const Support& support, std::span<double> value) {
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
    case SupportKind::ordered:
      for (std::size_t i = 0; i < n; ++i) value[i] = static_cast<double>(i);
      break;
    case SupportKind::real:
    case SupportKind::boolean:
    case SupportKind::count:
    case SupportKind::bounded_count:
    case SupportKind::integer:
    case SupportKind::category:
    case SupportKind::lower_triangular:
    case SupportKind::angle:
      break;
  }
}

std::vector<double> usual_value(const plan::PlannedBlock& block, const model::ModelGraph& graph) {
  std::vector<double> value(block.family->value_size(), 0.0);
  for (const plan::PlannedComponent& c : block.components) {
    const model::Variable& variable = graph.variables[c.variable];
    const auto n = static_cast<std::size_t>(plan::variables_of(c));
    // Of a block that is searched for, whole arrays are components.
    std::size_t one = n;
    if (c.inner.size() == variable.dims.size()) {
      for (std::size_t slot = 0; slot < variable.array_rank; ++slot) one /= static_cast<std::size_t>(std::max<std::int64_t>(1, c.inner[slot]));
    }
    for (std::size_t at = 0; one > 0 && at + one <= n; at += one) set_usual(variable.type.support, std::span(value).subspan(c.offset + at, one));
  }
  return value;
}

// Terms in which no other block takes part: the block's own prior where its arguments are constants, with all of the data that bear on it alone.
bool stands_alone(const plan::ReducedTerm& term, int block) {
  return !term.swept && std::all_of(term.operands.begin(), term.operands.end(),
                                    [&](const plan::Operand& o) { return o.kind != plan::OperandKind::statistic || o.id == block; });
}

bool has_statistic(const plan::ReducedTerm& term, int block) {
  return std::any_of(term.operands.begin(), term.operands.end(),
                     [&](const plan::Operand& o) { return o.kind == plan::OperandKind::statistic && o.id == block; });
}

// The terms of the densities that bear on the block alone. Of a density that other blocks take part in, the terms that stand alone are but a part:
// the log of a normaliser without what it normalises draws the block to where nothing is. `mixed`: some terms are sums over densities of both kinds.
class OwnTerms {
 public:
  OwnTerms(const plan::Plan& plan, int block) : plan_(plan), block_(block) {
    for (const plan::ReducedTerm& term : plan.terms) {
      if (has_statistic(term, block) && !stands_alone(term, block)) shared_.insert(term.factors.begin(), term.factors.end());
    }
  }

  [[nodiscard]] bool keeps(std::size_t t) const {
    const plan::ReducedTerm& term = plan_.terms[t];
    return stands_alone(term, block_) && std::none_of(term.factors.begin(), term.factors.end(), [&](FactorId f) { return shared_.contains(f); });
  }

  [[nodiscard]] bool mixed() const {
    return std::any_of(plan_.terms.begin(), plan_.terms.end(), [&](const plan::ReducedTerm& term) {
      if (!has_statistic(term, block_) || !stands_alone(term, block_)) return false;
      const auto shared = std::count_if(term.factors.begin(), term.factors.end(), [&](FactorId f) { return shared_.contains(f); });
      return shared > 0 && shared < static_cast<std::ptrdiff_t>(term.factors.size());
    });
  }

 private:
  const plan::Plan& plan_;
  int block_;
  std::set<FactorId> shared_;
};

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

// Whether an expectation of the element's q is that of a limit (E[1/v] of a density that does not vanish at 0): no start, since it would act as a
// certainty.
bool is_limit(const Engine& engine, int block, std::int64_t element) {
  const family::Family& family = *engine.plan().blocks[static_cast<std::size_t>(block)].family;
  const double* mean = engine.state().blocks[static_cast<std::size_t>(block)].mean.data() + static_cast<std::size_t>(element) * family.size();
  for (const family::LayoutEntry& a : family.layout()) {
    if (a.statistic.kind != StatisticKind::power || a.size != 1) continue;
    for (const family::LayoutEntry& b : family.layout()) {
      if (b.size == 1 && b.statistic == Statistic{StatisticKind::power, -a.statistic.power} && mean[a.offset] * mean[b.offset] > 1e6) return true;
    }
  }
  return false;
}

// `settled` becomes false where an element has no q of its own to start from, but the statistics of one value.
std::optional<BlockFailure> default_q(Engine& engine, const model::ModelGraph& graph, int block, std::uint64_t seed, bool& settled) {
  const plan::PlannedBlock& planned = engine.plan().blocks[static_cast<std::size_t>(block)];
  const family::Family& family = *planned.family;
  const OwnTerms own_terms(engine.plan(), block);
  const std::vector<double> own = engine.message(block, [&](std::size_t term) { return own_terms.keeps(term); });
  const std::vector<double> usual = planned.discrete || planned.network ? std::vector<double>() : usual_value(planned, graph);
  const bool noise = is_gaussian(planned) && is_bilinear(engine.plan(), block);
  const bool partial = own_terms.mixed();
  std::vector<double> natural(family.size());
  for (std::int64_t e = 0; e < planned.count; ++e) {
    const std::span<const double> mine{own.data() + static_cast<std::size_t>(e) * family.size(), family.size()};
    family::Stream stream(seed + static_cast<std::uint64_t>(block), family::Purpose::initialisation, static_cast<std::uint64_t>(e));
    if (planned.discrete) {
      for (double& v : natural) v = std::log(-std::log(stream.uniform()));
    } else if (planned.network) {
      natural = random_network(planned, stream);
    } else if (!noise || !noisy(family, usual, stream, natural)) {
      if (!partial && !engine.set_natural(block, e, mine) && !is_limit(engine, block, e)) continue;
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

// Points that multiply none but points start from noise.
bool is_bilinear_point(const plan::Plan& plan, int block) {
  const std::vector<int> others = multipliers(plan, block);
  return !others.empty() && std::all_of(others.begin(), others.end(), [&](int o) { return plan.blocks[static_cast<std::size_t>(o)].point; });
}

void default_point(Engine& engine, const model::ModelGraph& graph, int block, std::uint64_t seed) {
  const plan::PlannedBlock& planned = engine.plan().blocks[static_cast<std::size_t>(block)];
  const bool noise = is_gaussian(planned) && is_bilinear_point(engine.plan(), block);
  for (std::int64_t e = 0; e < planned.count; ++e) {
    std::vector<double> value = usual_value(planned, graph);
    family::Stream stream(seed + static_cast<std::uint64_t>(block), family::Purpose::initialisation, static_cast<std::uint64_t>(e));
    for (double& v : value) v += noise ? stream.normal() : 0.0;
    engine.set_value(block, e, value);
  }
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

// The Gaussian blocks whose start is read off the data, and the principal direction that each begins with. Of two that multiply each other it is the
// one with more elements; the other follows from it.
std::map<int, Eigen::Index> data_started(const plan::Plan& plan, const Given& given) {
  std::vector<int> order;
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    const plan::PlannedBlock& block = plan.blocks[b];
    if (!block.point && is_gaussian(block) && block.count > 1 && block.families.empty() && !given.stored(static_cast<int>(b))) {
      order.push_back(static_cast<int>(b));
    }
  }
  const auto count = [&](int b) { return plan.blocks[static_cast<std::size_t>(b)].count; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return count(a) > count(b); });
  std::map<int, Eigen::Index> out;
  std::map<std::int64_t, Eigen::Index> used;  // directions, by number of elements
  for (const int b : order) {
    const std::vector<int> others = multipliers(plan, b);
    if (others.empty() || std::any_of(others.begin(), others.end(), [&](int o) { return out.contains(o); })) continue;
    out[b] = used[count(b)];
    used[count(b)] += static_cast<Eigen::Index>(plan.blocks[static_cast<std::size_t>(b)].family->value_size());
  }
  return out;
}

// The stored block's elements at the scores of their data columns. False where there are none.
bool seed_values(Engine& engine, int block, Eigen::Index first, std::uint64_t seed) {
  const plan::PlannedBlock& planned = engine.plan().blocks[static_cast<std::size_t>(block)];
  const std::vector<SiteColumns> columns = element_columns(engine, block);
  if (columns.size() != 1 || static_cast<std::int64_t>(columns[0].sites.size()) != planned.count) return false;
  family::Stream stream(seed, family::Purpose::seeding, static_cast<std::uint64_t>(block), 2);
  const auto size = static_cast<Eigen::Index>(planned.family->value_size());
  const Directions found = principal_directions(columns[0].points, first + size, stream);
  if (found.unit.cols() <= first) return false;
  std::vector<double> value(planned.family->value_size());
  for (std::size_t s = 0; s < columns[0].sites.size(); ++s) {
    const std::int64_t e = columns[0].sites[s].element;
    family::Stream noise(seed, family::Purpose::initialisation, static_cast<std::uint64_t>(e), 1);
    found.scores(columns[0].points.col(static_cast<Eigen::Index>(s)), first, noise, value);
    engine.set_statistics(block, e, value);
  }
  return true;
}

// Nothing for a block whose first sweep can be computed from the stored blocks' starting values.
GivenMeans first_means(const Engine& engine, int pass_id, std::optional<Eigen::Index> direction, std::uint64_t seed) {
  const plan::Plan& plan = engine.plan();
  const plan::Pass& pass = plan.passes[static_cast<std::size_t>(pass_id)];
  const plan::PlannedBlock& block = plan.blocks[static_cast<std::size_t>(*pass.block)];
  if (block.discrete) {
    family::Stream stream(seed, family::Purpose::seeding, static_cast<std::uint64_t>(pass_id));
    if (auto seeded = seeded_responsibilities(plan, pass, pass.statistics, stream)) return pass.link ? softened(*seeded, pass.statistics) : *seeded;
    return random_responsibilities(pass.statistics, seed);
  }
  if (block.network) return random_networks(block, seed);
  if (direction) {
    if (auto seeded = seeded_values(plan, pass, *block.family, *direction, seed)) return *seeded;
  }
  return is_gaussian(block) ? random_values(block, seed) : GivenMeans{};
}

// Whether the state that the block's terms meet is a random one.
bool meets_noise(const plan::Plan& plan, int block) {
  const auto random = [&](const plan::Operand& o) {
    if (o.kind != plan::OperandKind::statistic || o.id == block) return false;
    const plan::PlannedBlock& other = plan.blocks[static_cast<std::size_t>(o.id)];
    return other.discrete || other.network || (is_gaussian(other) && (is_bilinear(plan, o.id) || is_bilinear_point(plan, o.id)));
  };
  return std::any_of(plan.terms.begin(), plan.terms.end(), [&](const plan::ReducedTerm& term) {
    const bool mine = std::any_of(term.operands.begin(), term.operands.end(),
                                  [&](const plan::Operand& o) { return o.kind == plan::OperandKind::statistic && o.id == block; });
    return mine && (term.swept || std::any_of(term.operands.begin(), term.operands.end(), random));
  });
}

// Starts from data in place of those from noise; the blocks that have one.
std::vector<int> seed_stored(Engine& engine, const Given& given, const std::map<int, Eigen::Index>& directions, std::uint64_t seed,
                             std::optional<BlockFailure>& failure) {
  std::vector<int> out;
  for (const int block : engine.stored()) {
    const plan::PlannedBlock& planned = engine.plan().blocks[static_cast<std::size_t>(block)];
    if (given.stored(block) || planned.point || failure) continue;
    const auto direction = directions.find(block);
    const bool seeded = planned.discrete || planned.network ? seed_levels(engine, block, seed, !meets_noise(engine.plan(), block), failure)
                                                            : direction != directions.end() && seed_values(engine, block, direction->second, seed);
    if (seeded) out.push_back(block);
  }
  return out;
}

}  // namespace

bool start_is_random(const plan::Plan& plan, const Given& given) {
  const bool any_stored = !given.natural.empty() || !given.value.empty();
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    const plan::PlannedBlock& block = plan.blocks[b];
    const int id = static_cast<int>(b);
    if (block.swept) {
      if (!any_stored && given.responsibility.count(id) == 0 && (block.discrete || block.network || is_gaussian(block))) return true;
    } else if (block.point) {
      if (!given.stored(id) && is_gaussian(block) && is_bilinear_point(plan, id)) return true;
    } else if (!given.stored(id) && (block.discrete || block.network || (is_gaussian(block) && is_bilinear(plan, id)))) {
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
      default_point(engine, graph, block, seed);
    } else {
      failure = default_q(engine, graph, block, seed, settled);
    }
    if (failure) return failure;
  }
  const bool any_stored = !given.natural.empty() || !given.value.empty();
  const std::map<int, Eigen::Index> directions = data_started(engine.plan(), given);
  std::optional<BlockFailure> failure;
  std::vector<int> seeded;
  if (!any_stored) seeded = seed_stored(engine, given, directions, seed, failure);
  if (failure) return failure;
  for (const int pass : engine.passes()) {
    const plan::Pass& planned = engine.plan().passes[static_cast<std::size_t>(pass)];
    GivenMeans means;
    if (const auto found = given.responsibility.find(*planned.block); found != given.responsibility.end()) {
      means = from_rows(found->second, planned.statistics);
    } else if (!any_stored) {
      const auto direction = directions.find(*planned.block);
      means = first_means(engine, pass, direction == directions.end() ? std::nullopt : std::optional(direction->second), seed);
    }
    settled = settled && !means;
    if ((failure = engine.sweep(pass, means))) return failure;
  }
  // The usual values of stored blocks mean nothing beside the data: replace them before the first iteration counts.
  if (!given.empty() || (settled && seeded.empty())) return std::nullopt;
  for (const int block : engine.stored()) {
    if (std::find(seeded.begin(), seeded.end(), block) != seeded.end()) continue;
    if ((failure = engine.update(block))) return failure;
  }
  settled = false;
  return std::nullopt;
}

}  // namespace jensen::run
