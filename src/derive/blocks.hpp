// Which variables are updated together, with what kind of q, and why.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "derive/log_joint.hpp"
#include "family/family.hpp"

namespace jensen::derive {

enum class BlockKind {
  family,      // independent given the rest, closed form
  gaussian,    // variables in which the log joint is jointly quadratic: one joint precision matrix per batch element
  discrete,    // indicators, summed exactly
  unsupported  // no update is known yet; `reason` says which term broke it
};
std::string to_text(BlockKind kind);

// One variable in a block. The batch dimensions of the block pick an element (one q each); the other slots lie inside that q's value.
// batch_slots[b] is the slot of the variable's dims that runs over the block's batch dimension b; inner_slots are the remaining slots in order.
// In a Gaussian block the values of its components follow each other in one vector, each flattened row-major over its inner slots.
struct Component {
  VariableId variable;
  std::vector<std::size_t> batch_slots;
  std::vector<std::size_t> inner_slots;
};

// Invariant: in every term, the atoms of one block are either a single atom, or (Gaussian) two of power 1 whose batch slots carry the same indices,
// or (Gaussian) one of power 2.
struct Block {
  BlockKind kind = BlockKind::family;
  bool point = false;  // a param: one best value instead of a q
  family::FamilyKind family;
  std::vector<Component> components;
  std::vector<Size> batch;           // extents of the batch dimensions; empty: a single q
  Size levels;                       // discrete: number of levels
  Size first_level = 1;              // discrete: value of the first level (0 for bool)
  std::vector<TermId> terms;         // all terms with an atom of this block
  std::optional<DataExprId> weight;  // of the plate it lies in; natural parameter = derivative / weight, contribution weight * A
  std::string reason;                // why this kind, for people
  std::optional<TermId> offender;    // unsupported: the term that broke conjugacy
  SourceSpan offender_span;
};

// The product of the front half: terms, blocks in update order.
struct Derivation {
  LogJoint log_joint;
  IdVector<BlockId, Block> blocks;  // in update order: stored blocks first, those of data-sized plates last
  std::vector<BlockId> block_of;    // by VariableId; invalid for data
  bool exact = false;               // q is the exact posterior given the params: log likelihood = ELBO without log priors of params
};

}  // namespace jensen::derive
