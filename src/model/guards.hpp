// What encloses a statement: conditions on data and gates on latent variables, as expressions that can be compared.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "model/graph.hpp"

namespace jensen::model {

// `a and b` and `not (a or b)` as their parts, without double negations.
std::vector<grammar::Expr> conjuncts(const grammar::Expr& condition);

// `a or b` and `not (a and b)`, likewise.
std::vector<grammar::Expr> disjuncts(const grammar::Expr& condition);

grammar::Expr to_expression(const ModelGraph& graph, const Gate& gate);

// Conditions and gates, one expression for each; two that say the same print the same.
std::vector<grammar::Expr> guards(const ModelGraph& graph, const std::vector<grammar::Expr>& conditions, const std::vector<Gate>& gates);

// `z[n] and not c[n]`, for messages.
std::string guards_text(const ModelGraph& graph, const std::vector<grammar::Expr>& conditions, const std::vector<Gate>& gates);

// Whether both are about the same element of the same variable.
bool same_element(const Gate& a, const Gate& b);

// What the gates say together: where levels of an element are named, one gate names those that are left. Levels that are no numbers stay as they are.
std::vector<Gate> merged(const std::vector<Gate>& gates);

// Where one list of conditions holds and the other does not, or the other way round, by their texts alone: what is left of both when the condition
// that tells them apart is taken out; nothing where they do not differ by exactly that.
std::optional<std::vector<grammar::Expr>> without_opposite(const std::vector<grammar::Expr>& a, const std::vector<grammar::Expr>& b);

// Whether no value of the latent variable opens both.
bool exclude_each_other(const Gate& a, const Gate& b);

// Uses of variables in an expression, with their leading indices, each where it is written; of a quantity defined by `=` also what its definition
// uses.
struct Use {
  VariableId variable;
  std::vector<grammar::Expr> indices;
  SourceSpan span;
};
void for_each_use(const ModelGraph& graph, const grammar::Expr& expr, const std::function<void(const Use&)>& visit);

// An expression in the plate indices of a left side, said of the element `indices`. Plate indices that these do not fix become names that match no
// other.
grammar::Expr at_element(const grammar::Expr& expr, const std::vector<grammar::Expr>& left_side, const std::vector<grammar::Expr>& indices);

}  // namespace jensen::model
