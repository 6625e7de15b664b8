// A fitted q as something to draw from: each block jointly, points at their value.
#pragma once

#include <set>
#include <vector>

#include "derive/blocks.hpp"
#include "model/bound_data.hpp"
#include "plan/plan.hpp"
#include "run/fit.hpp"

namespace jensen::simulate {

class Posterior {
 public:
  // Blocks without natural parameters in `fitted` (those of the rows of the data) are left out, as are those whose size is another one now.
  Posterior(const model::ModelGraph& graph, const derive::Derivation& derivation, const std::vector<plan::PlannedBlock>& planned,
            const std::vector<run::FittedBlock>& fitted);

  [[nodiscard]] bool has(VariableId id) const { return variables_.contains(id); }
  [[nodiscard]] bool is_point(VariableId id) const { return points_.contains(id); }

  // Sets the arrays of all its variables.
  void draw(model::BoundData& world, std::uint64_t seed, std::uint32_t draw) const;

 private:
  struct Fitted {
    const plan::PlannedBlock* planned;
    const derive::Block* block;
    std::vector<double> natural;  // of a point its value
  };
  static void scatter(const Fitted& fitted, std::size_t component, const std::vector<double>& values, model::BoundArray& array);

  const model::ModelGraph& graph_;
  std::vector<Fitted> blocks_;
  std::set<VariableId> variables_, points_;
};

}  // namespace jensen::simulate
