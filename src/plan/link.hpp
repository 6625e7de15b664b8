// Blocks whose elements hang on each other along a dimension, as rows of a sweep.
#pragma once

#include <set>

#include "derive/blocks.hpp"
#include "plan/plan.hpp"

namespace jensen::plan {

// The derivation with its chains by row: their dimension becomes the last of the batch, and the family that of one row.
derive::Derivation by_row(const model::ModelGraph& graph, const derive::Derivation& derivation, const std::set<int>& except = {});

// A plan with as many chains by row as these data allow; `derivation` becomes the one that the plan is of.
Result<Plan> make_plan_by_row(const model::ModelGraph& graph, derive::Derivation& derivation, const model::BoundData& data);

}  // namespace jensen::plan
