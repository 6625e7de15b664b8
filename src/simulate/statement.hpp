// One `~` or `=` statement on its own: what it gives, what it needs, and in which order its elements come.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "model/graph.hpp"

namespace jensen::simulate {

struct Statement {
  VariableId variable;
  std::vector<grammar::Expr> indices;  // left-side subscripts
  std::vector<PlateId> plates;         // outermost first
  std::vector<grammar::Expr> conditions;
  std::optional<model::Factor> factor;  // of a `~`
  std::optional<grammar::Expr> value;   // of a `=`
  SourceSpan span;
};

Statement statement_of(const model::ModelGraph& graph, const model::Factor& factor);
Statement statement_of(const model::Definition& definition);

// The variables that its right side and its conditions name; the one it gives is among them where its elements depend on each other.
std::set<VariableId> parents_of(const model::ModelGraph& graph, const Statement& statement);

// A plate along which elements depend on earlier ones: z[t] given z[t - 1] goes up along t.
struct Walk {
  std::size_t plate = 0;  // position in Statement::plates
  bool descending = false;
};
std::vector<Walk> walks_of(const model::ModelGraph& graph, const Statement& statement);

// So that each comes after all that it needs.
std::vector<Statement> ordered(const model::ModelGraph& graph, std::vector<Statement> statements);

// A subscript of the left side: constant + the value of the plate's index.
struct TargetIndex {
  std::int64_t constant = 0;
  std::optional<std::size_t> plate;  // position in Statement::plates
};
std::vector<TargetIndex> target_indices(const model::ModelGraph& graph, const Statement& statement, const model::Sizes& sizes);

}  // namespace jensen::simulate
