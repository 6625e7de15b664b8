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
  discrete,    // one discrete variable, summed exactly
  network,     // several discrete variables that meet in terms: summed exactly by elimination
  scalar,      // one number whose statistics no family has: by quadrature, or by summation of a count
  newton,      // params that a function holds together: by Newton's method on their unconstrained coordinates, or L-BFGS where they are many
  joint,       // a scale and a vector whose precision is a multiple of it everywhere: one q of both
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
  bool point = false;       // a param in a Gaussian block with a q: the mode of its marginal
  Size levels = {};         // of a discrete variable
  Size first_level = 1;     // value of the first level (0 for bool)
  VariableId present = {};  // 0/1 data of the variable's shape: 1 where the element is latent, 0 where there is none; invalid: all are
};

// The block exists where variable[indices] is one of the levels, or (except) none of them: its q is conditional on that, its terms and its entropy
// carry the indicator.
// An index of the gate is one of the block's batch dimensions, or (batch < 0) a constant.
struct Gate {
  struct Position {
    int batch = -1;
    Size offset = 0;
    bool operator==(const Position&) const = default;
  };
  VariableId variable;
  std::vector<Position> indices;
  std::vector<Size> levels;
  bool except = false;
};

// Rows that hang on each other: in every term the block's atoms stand at one position of this dimension, or at two of which the later row hangs on
// the other. So sums over all of them go row by row.
struct Chain {
  std::vector<std::size_t> slots;    // by component: the slot of its dims along which rows are linked
  std::int64_t shift = 0;            // the row that position t hangs on is t - shift; or:
  std::optional<DataExprId> parent;  // t hangs on the position that this gives, as a function of `row`
  IndexId row;
};

// Invariant: in every term, the atoms of one block are a single atom; or (Gaussian) two of power 1 whose batch slots carry the same indices, or one
// of power 2; or (network) indicators, likewise; or (joint) the scale, alone or with such atoms of the vector.
struct Block {
  BlockKind kind = BlockKind::family;
  bool point = false;  // a param: one best value instead of a q
  family::FamilyKind family;
  std::vector<Component> components;
  std::vector<Size> batch;           // extents of the batch dimensions; empty: a single q
  Size levels;                       // discrete: number of levels
  Size first_level = 1;              // discrete: value of the first level (0 for bool)
  std::vector<Gate> gates;           // all hold where the block exists
  std::vector<TermId> terms;         // all terms with an atom of this block
  std::optional<Chain> chain;        // gaussian, network: linked along a dimension
  bool by_row = false;               // the chain's dimension is the last batch dimension: one q of all rows, of which an element is a marginal
  std::optional<DataExprId> weight;  // of the plate it lies in; natural parameter = derivative / weight, contribution weight * A
  std::string reason;                // why this kind, for people
  std::optional<TermId> offender;    // unsupported, scalar: the term that broke conjugacy
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
