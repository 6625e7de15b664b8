// A model text simulated in memory.
#pragma once

#include <string>
#include <vector>

#include "model/bound_data.hpp"
#include "model/graph.hpp"
#include "support/planned_model.hpp"

namespace jensen::tests {

struct SimulatedText {
  model::ModelGraph graph;
  std::vector<model::BoundData> draws;

  // The numbers of a variable in one draw, the last index running fastest.
  [[nodiscard]] std::vector<double> values(const std::string& name, std::size_t draw = 0) const;
};

// Data without a distribution come from `text.csv`; `values` is JSON in place of draws.
Result<SimulatedText> simulate_text(const ModelText& text, std::uint64_t seed = 1, int draws = 1, const std::string& values = {});

}  // namespace jensen::tests
