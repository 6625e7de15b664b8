// A statement as a model of its own: its elements are the only latent variable, everything else is data.
//
// The density of a variate given all else is then an exponential family in the variate's statistics, found by the same derivation as any q. So there
// is no table of samplers: what a distribution's log density says is what is drawn from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "derive/blocks.hpp"
#include "diagnostics/diagnostic.hpp"
#include "model/graph.hpp"
#include "simulate/statement.hpp"

namespace jensen::simulate {

// The target has one slot per plate, counted from 1, and then those of one value. A walked plate is one element at a time: its place is the value of
// the extent `steps[p]`.
struct Isolated {
  model::ModelGraph graph;
  derive::Derivation derivation;
  VariableId target;
  BlockId block;
  std::map<std::size_t, std::string> steps;  // by position in Statement::plates
};

// Of a `~`. Throws a Failure where no family is found for the distribution.
Isolated isolate(const model::ModelGraph& graph, const Statement& statement, const std::vector<Walk>& walks, const model::Sizes& sizes);

// Of a `=`: the natural parameter of v in a v - v^2 / 2 is a, the value. Every slot is a plate of its own.
Isolated isolate_value(const model::ModelGraph& graph, const Statement& statement, const grammar::Expr& value,
                       const std::vector<model::Size>& value_dims, const std::vector<Walk>& walks, const model::Sizes& sizes);

}  // namespace jensen::simulate
