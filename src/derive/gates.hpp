// How terms speak of a gate.
#pragma once

#include <optional>
#include <vector>

#include "derive/blocks.hpp"

namespace jensen::derive {

struct GateUse {
  std::size_t atom = 0;                // the indicator of the gate's variable
  std::optional<IndexId> level;        // the index that its level runs over; of one level none
  std::vector<DataExprId> exclusions;  // [level != l], for each l that is left out of the sum
  bool only = true;                    // nothing else in the term depends on the level
};

// The indicator by which the term lies in the gate; nullopt where it may hold outside.
std::optional<GateUse> gate_use(const LogJoint& joint, const Term& term, const Gate& gate);

}  // namespace jensen::derive
