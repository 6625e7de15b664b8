// The execution stage: from a plan to a fit.
#pragma once

#include "derive/blocks.hpp"
#include "model/bound_data.hpp"
#include "model/graph.hpp"
#include "plan/plan.hpp"
#include "run/fit.hpp"

namespace jensen::run {

// `data` is what the plan was made from. Coordinate ascent from one or several starts; the best run that did not collapse.
Result<Fit> fit(const model::ModelGraph& graph, const derive::Derivation& derivation, const plan::Plan& plan, const model::BoundData& data,
                const FitOptions& options);

}  // namespace jensen::run
