#include "simulate/generator.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plan/plan.hpp"
#include "run/engine.hpp"
#include "simulate/messages.hpp"

namespace jensen::simulate {
namespace {

using Index = std::int64_t;

std::vector<Index> counters_of(Index flat, const std::vector<Index>& extents) {
  std::vector<Index> out(extents.size());
  for (std::size_t d = extents.size(); d-- > 0; flat /= extents[d]) out[d] = flat % extents[d];
  return out;
}

Index product(const std::vector<Index>& extents) {
  Index out = 1;
  for (const Index e : extents) out *= e;
  return out;
}

model::Range range_of(const model::ModelGraph& graph, const Statement& statement, std::size_t p) { return graph.plates[statement.plates[p]].range; }

std::int64_t known(const model::Size& size, const model::Sizes& sizes, SourceSpan span) {
  const auto value = size.evaluate(sizes);
  if (!value) throw Failure(unknown_extent(size.text(), span));
  return *value;
}

// A draw that underflows stands at the edge of its support, where the densities that it is a parameter of are not defined.
double inside(double value, const Support& support) {
  constexpr double least = std::numeric_limits<double>::min(), below_one = 1 - std::numeric_limits<double>::epsilon() / 2;
  const bool unit = support.kind == SupportKind::unit;
  if (unit) return std::clamp(value, least, below_one);
  return support.kind == SupportKind::positive || support.kind == SupportKind::simplex ? std::max(value, least) : value;
}

}  // namespace

// The elements of one batch position of the isolated block.
struct Generator::Place {
  const plan::PlannedBlock& block;
  std::span<const double> natural;
  std::vector<Index> plates;                      // values of the plates' indices
  std::vector<std::pair<std::size_t, Index>> to;  // position in a value of the family, and in the array
};

Generator::Generator(const model::ModelGraph& graph, Statement statement, const model::Sizes& sizes)
    : graph_(graph), statement_(std::move(statement)), walks_(walks_of(graph, statement_)) {
  if (statement_.factor) {
    draw_ = isolate(graph, statement_, walks_, sizes);
  } else {
    const model::Variable& variable = graph.variables[statement_.variable];
    const std::vector<model::Size> dims(variable.dims.begin() + static_cast<std::ptrdiff_t>(statement_.indices.size()), variable.dims.end());
    value_ = isolate_value(graph, statement_, *statement_.value, dims, walks_, sizes);
  }
  if (!statement_.conditions.empty()) {
    covered_ = isolate_value(graph, statement_, grammar::Expr{grammar::NumberExpr{1, "1"}, statement_.span}, {}, walks_, sizes);
  }
}

// Walked plates in lexicographic order; without any, everything at once.
void Generator::run(model::BoundData& world, const StreamKey& key) const {
  const Isolated& isolated = draw_ ? *draw_ : *value_;
  std::vector<Index> low, extents;
  for (const Walk& walk : walks_) {
    const model::Range range = range_of(graph_, statement_, walk.plate);
    low.push_back(known(range.low, world.sizes, statement_.span));
    extents.push_back(std::max<Index>(0, known(range.high, world.sizes, statement_.span) - low.back() + 1));
  }
  for (Index at = 0; at < product(extents); ++at) {
    const std::vector<Index> counters = counters_of(at, extents);
    for (std::size_t w = 0; w < walks_.size(); ++w) {
      const Index counter = walks_[w].descending ? extents[w] - 1 - counters[w] : counters[w];
      world.sizes[isolated.steps.at(walks_[w].plate)] = low[w] + counter;
    }
    step(world, key);
  }
  for (const auto& [plate, symbol] : isolated.steps) world.sizes.erase(symbol);
}

// Plans the isolated statement for the values in `world`, and visits its elements with their natural parameters.
void Generator::fill(const Isolated& isolated, model::BoundData& world, const std::function<void(const Place&)>& give) const {
  const Result<plan::Plan> plan = plan::make_plan(isolated.graph, isolated.derivation, world);
  if (!plan) throw Failure(plan.diagnostics().front());
  run::Engine engine(*plan, 1, nullptr);
  engine.sum_data();
  const int b = isolated.block.value;
  const plan::PlannedBlock& block = plan->blocks[static_cast<std::size_t>(b)];
  const std::vector<double> natural = engine.message(b, [](std::size_t) { return true; });
  const derive::Component& component = isolated.derivation.blocks[isolated.block].components.at(0);
  const std::vector<Index>& inner = block.components.at(0).inner;
  const std::vector<TargetIndex> target = target_indices(graph_, statement_, world.sizes);
  const auto array = world.arrays.find(statement_.variable);
  const std::vector<Index> strides = array == world.arrays.end() ? std::vector<Index>() : array->second.strides();
  const std::size_t plates = statement_.plates.size();
  std::vector<Index> lows;
  for (std::size_t p = 0; p < plates; ++p) {
    const auto walked = isolated.steps.find(p);
    lows.push_back(walked != isolated.steps.end() ? world.sizes.at(walked->second)
                                                  : known(range_of(graph_, statement_, p).low, world.sizes, statement_.span));
  }
  std::vector<Index> slots(isolated.graph.variables[isolated.target].dims.size(), 0), values(plates, 0);
  for (Index e = 0; e < block.count; ++e) {
    const std::vector<Index> batch = counters_of(e, block.batch);
    for (std::size_t d = 0; d < batch.size(); ++d) slots[component.batch_slots[d]] = batch[d];
    Place place{block, std::span<const double>(natural).subspan(static_cast<std::size_t>(e) * block.family->size(), block.family->size()), {}, {}};
    for (Index i = 0; i < product(inner); ++i) {
      const std::vector<Index> within = counters_of(i, inner);
      for (std::size_t d = 0; d < within.size(); ++d) slots[component.inner_slots[d]] = within[d];
      for (std::size_t p = 0; p < plates; ++p) values[p] = lows[p] + slots[p];  // the slot of a walked plate is always 0
      Index at = 0;
      for (std::size_t t = 0; t < target.size() && t < strides.size(); ++t) {
        at += (target[t].constant + (target[t].plate ? values[*target[t].plate] : 0) - 1) * strides[t];
      }
      for (std::size_t s = plates; s < slots.size(); ++s) at += slots[s] * strides[target.size() + s - plates];
      place.to.emplace_back(block.components[0].offset + static_cast<std::size_t>(i), at);
    }
    place.plates = values;
    give(place);
  }
}

// Of what stands for the missing cells of data: 1 where a cell is missing. The others need no draw.
const model::BoundArray* Generator::holes_in(const model::BoundData& world) const {
  const VariableId data = graph_.variables[statement_.variable].missing_of;
  if (!data.valid() || !graph_.variables[data].missing_mask.valid()) return nullptr;
  const auto found = world.arrays.find(graph_.variables[data].missing_mask);
  const bool same = found != world.arrays.end() && found->second.dims == world.arrays.at(statement_.variable).dims;
  return same ? &found->second : nullptr;
}

void Generator::step(model::BoundData& world, const StreamKey& key) const {
  std::set<std::vector<Index>> left_out;
  if (covered_) {
    for (const auto& [plate, symbol] : covered_->steps) world.sizes[symbol] = world.sizes.at((draw_ ? *draw_ : *value_).steps.at(plate));
    fill(*covered_, world, [&](const Place& place) {
      if (place.natural[0] == 0) left_out.insert(place.plates);
    });
  }
  model::BoundArray& array = world.arrays.at(statement_.variable);
  std::vector<std::pair<Index, double>> drawn;  // kept apart, since the plan reads `world`
  if (value_) {
    fill(*value_, world, [&](const Place& place) {
      for (const auto& [from, to] : place.to) drawn.emplace_back(to, place.natural[0]);
    });
  } else {
    const derive::Block& derived = draw_->derivation.blocks[draw_->block];
    const Index first_level = derived.first_level.evaluate(world.sizes).value_or(0);
    const std::uint64_t part = (std::uint64_t{key.draw} << 32) | static_cast<std::uint32_t>(statement_.variable.value);
    std::vector<double> value, mean;
    const model::BoundArray* holes = holes_in(world);
    fill(*draw_, world, [&](const Place& place) {
      if (left_out.contains(place.plates)) return;
      const auto asked = [&](const auto& to) { return holes->values[static_cast<std::size_t>(to.second)] != 0; };
      if (holes != nullptr && std::none_of(place.to.begin(), place.to.end(), asked)) return;
      value.resize(place.block.family->value_size());
      mean.resize(place.block.family->size());
      double log_partition = 0;
      if (const auto improper = place.block.family->update(place.natural, mean, log_partition)) {
        const std::string element = place.plates.empty()
                                        ? graph_.variables[statement_.variable].name
                                        : fmt::format("{}[{}]", graph_.variables[statement_.variable].name, fmt::join(place.plates, ", "));
        throw Failure(improper_draw(element, statement_.factor->call.function, improper->reason, statement_.factor->distribution_span));
      }
      family::Stream stream(key.seed, key.purpose, static_cast<std::uint64_t>(place.to.front().second), part);
      place.block.family->draw(place.natural, stream, value);
      for (const auto& [from, to] : place.to) {
        const double shift = place.block.discrete ? static_cast<double>(first_level) : 0;
        drawn.emplace_back(to, inside(value[from] + shift, statement_.factor->support.support));
      }
    });
  }
  for (const auto& [to, value] : drawn) array.values[static_cast<std::size_t>(to)] = value;
}

model::BoundArray empty_array(const model::ModelGraph& graph, VariableId id, const model::Sizes& sizes) {
  const model::Variable& variable = graph.variables[id];
  model::BoundArray array;
  std::size_t total = 1;
  for (const model::Size& extent : variable.dims) {
    array.dims.push_back(static_cast<std::size_t>(std::max<std::int64_t>(0, known(extent, sizes, variable.span))));
    total *= array.dims.back();
  }
  array.values.assign(total, std::numeric_limits<double>::quiet_NaN());
  return array;
}

}  // namespace jensen::simulate
