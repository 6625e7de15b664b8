// Gives the elements of one statement their values, drawn or computed, from those of the variables it depends on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "family/stream.hpp"
#include "model/bound_data.hpp"
#include "simulate/isolate.hpp"
#include "simulate/statement.hpp"

namespace jensen::simulate {

// Names the streams of one joint draw: those of its elements differ by variable and place.
struct StreamKey {
  std::uint64_t seed = 1;
  family::Purpose purpose = family::Purpose::simulation;
  std::uint32_t draw = 0;
};

class Generator {
 public:
  // Derives once; throws a Failure where the distribution cannot be drawn from.
  Generator(const model::ModelGraph& graph, Statement statement, const model::Sizes& sizes);

  // `world` holds every variable that the statement needs, and the array to fill. Throws a Failure where a distribution is improper.
  void run(model::BoundData& world, const StreamKey& key) const;

  [[nodiscard]] const Statement& statement() const { return statement_; }

 private:
  struct Place;
  [[nodiscard]] const model::BoundArray* holes_in(const model::BoundData& world) const;
  void step(model::BoundData& world, const StreamKey& key) const;
  void fill(const Isolated& isolated, model::BoundData& world, const std::function<void(const Place&)>& give) const;

  const model::ModelGraph& graph_;
  Statement statement_;
  std::vector<Walk> walks_;
  std::optional<Isolated> draw_, value_;
  std::optional<Isolated> covered_;  // whether the conditions around the statement hold, by plates
};

// NaN in every element.
model::BoundArray empty_array(const model::ModelGraph& graph, VariableId id, const model::Sizes& sizes);

}  // namespace jensen::simulate
