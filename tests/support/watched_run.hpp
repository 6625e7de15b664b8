// A run of a few iterations, with the q of every row beside the stored state; and what its updates promise of the bound.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/engine.hpp"
#include "support/planned_model.hpp"
#include "support/term_sum.hpp"

namespace jensen::tests {

class Watched {
 public:
  explicit Watched(const Planned& model);

  // Each gives what failed.
  std::optional<std::string> start();
  std::optional<std::string> iterate();
  std::optional<std::string> sweep();
  std::optional<std::string> update(std::size_t block);  // of a swept block: the sweep of all

  run::Engine& engine() { return engine_; }
  Factors factors();

 private:
  std::optional<std::string> told(const std::optional<run::BlockFailure>& failure) const;

  const Planned& model_;
  run::Engine engine_;
  std::vector<std::vector<double>> rows_;
};

// Directions that stay in the space of one element's factors: positions in them with signs.
using Direction = std::vector<std::pair<std::size_t, double>>;
std::vector<Direction> directions(const plan::PlannedBlock& planned, const BlockMoments& block, std::int64_t element);

// L has a maximum at this block: along each direction the slope is nothing beside the curvature, and both neighbours are lower. The complaint where
// it has none; `checked` counts directions.
std::optional<std::string> not_stationary(TermSum& terms, const plan::PlannedBlock& planned, std::size_t id, Factors factors, double rounding,
                                          int& checked);

}  // namespace jensen::tests
