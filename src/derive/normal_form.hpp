// Terms in normal form: powers of one element combined, unused indices multiplied out, bound indices named canonically, equal terms merged.
#pragma once

#include <optional>
#include <vector>

#include "derive/poly.hpp"
#include "model/graph.hpp"

namespace jensen::derive {

struct FactorTerms {
  FactorId factor;
  Poly terms;
  std::optional<DataExprId> weight;
};

// Fills log_joint.terms. There is no fixpoint: each term is normalised once, on its own; canonical names are the least among all ways to name the
// bound indices of one kind, where the kind of an index is the set of array axes that it runs along.
void normalise(const model::ModelGraph& graph, Context& context, std::vector<FactorTerms> factors);

}  // namespace jensen::derive
