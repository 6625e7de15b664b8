// Blocks and their elements as people name them.
#pragma once

#include <string>

#include "model/graph.hpp"
#include "plan/plan.hpp"

namespace jensen::run {

// "`mu`", or "`alpha`, `beta`" for a joint block.
std::string block_name(const model::ModelGraph& graph, const plan::PlannedBlock& block);
// "mu[2]": the first variable of the block at a batch element, counted from 1.
std::string element_name(const model::ModelGraph& graph, const plan::PlannedBlock& block, std::int64_t element);

}  // namespace jensen::run
