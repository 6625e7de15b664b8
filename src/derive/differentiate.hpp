// Symbolic derivatives of the functions of a point block, for people: numbers come from plan::PointProgram by reverse mode.
#pragma once

#include <optional>
#include <vector>

#include "derive/blocks.hpp"
#include "derive/poly.hpp"
#include "derive/updates.hpp"
#include "model/graph.hpp"

namespace jensen::derive {

// ∂(expression)/∂(element), as a sum of products; nothing where it needs a function that the language has no name for.
std::optional<Poly> differentiate(Context& context, DataExprId id, const Atom& element);

// ∂E[log p]/∂(element) for a generic element of each variable of a block that is searched for.
struct Partial {
  Atom element;
  std::vector<Message::Part> parts;
};
// Adds indices and expressions to the derivation, so give it a copy. Leaves out what cannot be written down.
std::vector<Partial> gradient_of(const model::ModelGraph& graph, Derivation& derivation, BlockId block);

}  // namespace jensen::derive
