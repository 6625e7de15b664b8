// From a block's elements to the variables' own dimensions.
#pragma once

#include <cstddef>
#include <vector>

#include "derive/blocks.hpp"
#include "plan/plan.hpp"

namespace jensen::run {

// Where each number of a variable lies among its block's elements: batch position × size + offset within. With `by_level` those of a discrete
// variable are one for each level.
class Placement {
 public:
  Placement(const plan::PlannedBlock& block, const derive::Component& component, const plan::PlannedComponent& planned, std::size_t size,
            bool by_level)
      : extents_(component.batch_slots.size() + component.inner_slots.size()), strides_(extents_.size()), offset_(planned.offset) {
    std::size_t stride = size;
    for (std::size_t b = block.batch.size(); b-- > 0; stride *= static_cast<std::size_t>(block.batch[b]))
      set(component.batch_slots[b], block.batch[b], stride);
    stride = block.network && by_level ? static_cast<std::size_t>(planned.levels) : 1;
    for (std::size_t i = planned.inner.size(); i-- > 0; stride *= static_cast<std::size_t>(planned.inner[i])) {
      set(component.inner_slots[i], planned.inner[i], stride);
    }
    if (by_level) {
      extents_.push_back(block.network ? static_cast<std::size_t>(planned.levels) : size);
      strides_.push_back(1);
    }
    if (!block.network || !by_level) return;
    offset_ = 0;  // probabilities of the components before this one
    for (const plan::PlannedComponent& c : block.components) {
      if (c.variable == planned.variable) break;
      offset_ += static_cast<std::size_t>(plan::variables_of(c) * c.levels);
    }
  }

  [[nodiscard]] const std::vector<std::size_t>& shape() const { return extents_; }

  // The variable's numbers, row-major over its dimensions.
  [[nodiscard]] std::vector<double> gather(const std::vector<double>& elements) const {
    std::vector<double> out;
    std::size_t total = 1;
    for (const std::size_t e : extents_) total *= e;
    if (elements.empty()) return out;
    out.reserve(total);
    for (std::size_t flat = 0; flat < total; ++flat) {
      std::size_t rest = flat, at = offset_;
      for (std::size_t d = extents_.size(); d-- > 0; rest /= extents_[d]) at += rest % extents_[d] * strides_[d];
      out.push_back(elements[at]);
    }
    return out;
  }

 private:
  void set(std::size_t slot, std::int64_t extent, std::size_t stride) {
    extents_[slot] = static_cast<std::size_t>(extent);
    strides_[slot] = stride;
  }
  std::vector<std::size_t> extents_, strides_;
  std::size_t offset_;
};

}  // namespace jensen::run
