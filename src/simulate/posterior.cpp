#include "simulate/posterior.hpp"

#include <algorithm>
#include <span>

#include "family/stream.hpp"
#include "simulate/generator.hpp"

namespace jensen::simulate {

Posterior::Posterior(const model::ModelGraph& graph, const derive::Derivation& derivation, const std::vector<plan::PlannedBlock>& planned,
                     const std::vector<run::FittedBlock>& fitted)
    : graph_(graph) {
  for (const plan::PlannedBlock& block : planned) {
    std::vector<std::string> names;
    for (const plan::PlannedComponent& c : block.components) names.push_back(graph.variables[c.variable].name);
    const auto found = std::find_if(fitted.begin(), fitted.end(), [&](const run::FittedBlock& f) { return f.variables == names; });
    const std::size_t size = block.point ? block.family->value_size() : block.family->size();
    if (!block.present.empty()) continue;  // elements that are not there cannot be drawn
    if (found == fitted.end() || found->natural.size() != static_cast<std::size_t>(block.count) * size) continue;
    blocks_.push_back({&block, &derivation.blocks[block.id], found->natural});
    for (const plan::PlannedComponent& c : block.components) {
      variables_.insert(c.variable);
      if (block.point) points_.insert(c.variable);
    }
  }
}

// From the block's order, batch elements outermost, to the variable's own.
void Posterior::scatter(const Fitted& fitted, std::size_t component, const std::vector<double>& values, model::BoundArray& array) {
  const plan::PlannedBlock& planned = *fitted.planned;
  const derive::Component& slots = fitted.block->components[component];
  const plan::PlannedComponent& part = planned.components[component];
  const std::vector<std::int64_t> strides = array.strides();
  const std::size_t size = planned.family->value_size();
  std::int64_t inner = 1;
  for (const std::int64_t extent : part.inner) inner *= extent;
  for (std::int64_t e = 0; e < planned.count; ++e) {
    for (std::int64_t i = 0; i < inner; ++i) {
      std::int64_t at = 0, rest = e;
      for (std::size_t b = planned.batch.size(); b-- > 0; rest /= planned.batch[b]) at += rest % planned.batch[b] * strides[slots.batch_slots[b]];
      rest = i;
      for (std::size_t d = part.inner.size(); d-- > 0; rest /= part.inner[d]) at += rest % part.inner[d] * strides[slots.inner_slots[d]];
      array.values[static_cast<std::size_t>(at)] = values[static_cast<std::size_t>(e) * size + part.offset + static_cast<std::size_t>(i)];
    }
  }
}

void Posterior::draw(model::BoundData& world, std::uint64_t seed, std::uint32_t draw) const {
  for (const Fitted& fitted : blocks_) {
    const plan::PlannedBlock& planned = *fitted.planned;
    const std::size_t size = planned.family->value_size(), n = planned.family->size();
    std::vector<double> values = fitted.natural;
    if (!planned.point) {
      values.assign(static_cast<std::size_t>(planned.count) * size, 0.0);
      const std::uint64_t part = (std::uint64_t{draw} << 32) | static_cast<std::uint32_t>(planned.id.value);
      const double first = planned.discrete ? static_cast<double>(fitted.block->first_level.evaluate(world.sizes).value_or(0)) : 0;
      for (std::size_t e = 0; e < static_cast<std::size_t>(planned.count); ++e) {
        family::Stream stream(seed, family::Purpose::posterior, e, part);
        const std::span<double> value = std::span<double>(values).subspan(e * size, size);
        planned.family_of(static_cast<std::int64_t>(e)).draw(std::span<const double>(fitted.natural).subspan(e * n, n), stream, value);
        for (double& v : value) v += first;
      }
    }
    for (std::size_t c = 0; c < planned.components.size(); ++c) {
      const VariableId id = planned.components[c].variable;
      if (!world.arrays.contains(id)) world.arrays[id] = empty_array(graph_, id, world.sizes);
      scatter(fitted, c, values, world.arrays.at(id));
      if (!planned.network) continue;
      const double first = static_cast<double>(fitted.block->components[c].first_level.evaluate(world.sizes).value_or(0));
      for (double& v : world.arrays.at(id).values) v += first;
    }
  }
}

}  // namespace jensen::simulate
