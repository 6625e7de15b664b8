// Missing cells of data. In a column with a distribution they are a latent; elsewhere nothing says what they are.
#pragma once

#include <optional>
#include <vector>

#include "model/bound_data.hpp"
#include "model/graph.hpp"

namespace jensen::model {

// Whether a condition of an `if` or a plate's weight reads the variable: what the terms are then depends on its cells, so they must be known.
bool decides_terms(const ModelGraph& graph, VariableId id);

// The first missing cell that no `~` statement speaks of: y[1] where `y[t]` has a distribution for t in 2..T. As a place in `values`.
std::optional<std::size_t> first_without_distribution(const ModelGraph& graph, VariableId id, const BoundArray& array, const Sizes& sizes);

// Whether nothing but its own distribution uses a variable of single numbers: what is missing then integrates to 1, and is predicted afterwards.
bool is_leaf(const ModelGraph& graph, VariableId id);

// For every data variable x with missing cells, appends to the graph
//   x.missing  data, 1 where a cell is missing, else 0, with its array, and
//   x.value    a latent with the dims of x, of what the distribution of x draws,
// and links them. For a leaf of moderate size also
//   x.prediction  a prediction of every element from the fitted posterior.
// A use of x[n] is then (1 - x.missing[n]) x[n] + x.missing[n] x.value[n]; elements of x.value at known cells mean nothing.
// Variables that were there keep their ids. A second call changes nothing.
void add_missing(ModelGraph& graph, BoundData& data);

}  // namespace jensen::model
