// Starting levels of a stored discrete block: each choice of an element at its nearest seed.
#pragma once

#include <cstdint>
#include <optional>

#include "run/engine.hpp"

namespace jensen::run {

// k-means++ seeds on the data columns of the block's elements (element_columns.hpp); which seed is which level is what the other blocks' present
// state prefers, so that levels which their priors tell apart keep their meaning. `labels`: whether that state means anything. Variables that no data
// speak of keep their q. False where there are none to set.
bool seed_levels(Engine& engine, int block, std::uint64_t seed, bool labels, std::optional<BlockFailure>& failure);

}  // namespace jensen::run
