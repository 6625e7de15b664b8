// The messages to a block, symbolically: natural parameters as derivatives of E[log p] with respect to the block's expected statistics.
#pragma once

#include <vector>

#include "derive/blocks.hpp"

namespace jensen::derive {

// One statistic of the block and the terms of its natural parameter: for each, what is left when the statistic is taken out; `sums` are the
// indices that the statistic does not carry.
struct Message {
  std::vector<Atom> statistic;
  struct Part {
    TermId term;
    double coefficient = 1;
    std::vector<DataExprId> data;
    std::vector<Atom> atoms;
    std::vector<IndexId> sums;
    std::optional<DataExprId> weight;
  };
  std::vector<Part> parts;
};
std::vector<Message> messages(const Derivation& derivation, BlockId block);

}  // namespace jensen::derive
