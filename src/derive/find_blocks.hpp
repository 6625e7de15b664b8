// From the index structure of the terms to blocks.
#pragma once

#include <set>

#include "derive/blocks.hpp"
#include "derive/data_expr.hpp"

namespace jensen::derive {

// Params that a function holds together, and the term that has it.
struct OptimisedSet {
  std::vector<VariableId> variables;
  TermId offender;
};
// find_optimised.cpp: finds them, and makes all statistics of a set that meet in a term one expression.
[[nodiscard]] std::vector<OptimisedSet> find_optimised(const model::ModelGraph& graph, Context& context);

// Fills blocks, block_of and exact. Invariants of Block hold afterwards for all blocks that are not unsupported.
// Variables in `apart` are joined with no other.
void find_blocks(const model::ModelGraph& graph, Derivation& derivation, const std::set<VariableId>& apart = {},
                 const std::vector<OptimisedSet>& optimised = {});

// couple.cpp: candidates for Gaussian blocks and the dimensions along which their elements never couple.
struct Coupling {
  std::vector<Component> components;
  std::vector<Size> batch;
};
// 1 where an element of the variable is latent; invalid where all are.
[[nodiscard]] VariableId present_mask(const model::ModelGraph& graph, VariableId id);
[[nodiscard]] std::vector<TermId> terms_with(const LogJoint& joint, const std::vector<VariableId>& variables);
// Whether a plate with a weight, or a gate, encloses a statement of the variable.
[[nodiscard]] bool weighted(const model::ModelGraph& graph, VariableId id);
// Variables in which the log joint is quadratic, on the reals and in no residual.
[[nodiscard]] bool quadratic(const model::ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& variables);
[[nodiscard]] std::vector<std::vector<VariableId>> jointly_quadratic_sets(const model::ModelGraph& graph, const LogJoint& joint,
                                                                          const std::set<VariableId>& apart = {},
                                                                          const std::set<VariableId>& taken = {});
[[nodiscard]] Coupling couple(const model::ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& variables);

// find_gates.cpp: fills Block::gates from the terms; says why if the block cannot be conditional on them.
[[nodiscard]] std::string set_gates(const model::ModelGraph& graph, const LogJoint& joint, Block& block);
[[nodiscard]] bool same_gates(const model::ModelGraph& graph, VariableId a, VariableId b);

// find_network.cpp: sets of discrete variables whose indicators meet in terms, or of one that meets itself.
[[nodiscard]] std::vector<std::vector<VariableId>> coupled_discrete_sets(const model::ModelGraph& graph, const LogJoint& joint,
                                                                         const std::set<VariableId>& apart = {});
[[nodiscard]] Block network_block(const model::ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& variables);

// How the elements of a Gaussian block or a network hang on each other, where that is along one dimension.
[[nodiscard]] std::optional<Chain> find_chain(const model::ModelGraph& graph, const LogJoint& joint, const Block& block);

// find_joint.cpp: joins the block of a scale with a Gaussian block whose precision is a multiple of it in every term.
[[nodiscard]] std::optional<Block> joint_block(const model::ModelGraph& graph, const LogJoint& joint, const Block& vector, const Block& scale);

}  // namespace jensen::derive
