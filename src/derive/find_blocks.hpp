// From the index structure of the terms to blocks.
#pragma once

#include "derive/blocks.hpp"

namespace jensen::derive {

// Fills blocks, block_of and exact. Invariants of Block hold afterwards for all blocks that are not unsupported.
void find_blocks(const model::ModelGraph& graph, Derivation& derivation);

// couple.cpp: candidates for Gaussian blocks and the dimensions along which their elements never couple.
struct Coupling {
  std::vector<Component> components;
  std::vector<Size> batch;
};
// Variables in which the log joint is quadratic, on the reals and in no residual.
[[nodiscard]] bool quadratic(const model::ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& variables);
[[nodiscard]] std::vector<std::vector<VariableId>> jointly_quadratic_sets(const model::ModelGraph& graph, const LogJoint& joint);
[[nodiscard]] Coupling couple(const model::ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& variables);

}  // namespace jensen::derive
