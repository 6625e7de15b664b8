// The log joint in normal form: log p(x, z; θ) as a sum of terms
//
//     coefficient × Π data expressions × Π statistics,     summed over the term's indices,
//
// plus residuals, which are no such product.
//
// Invariants of a term:
//  * every index in `data` and `atoms` that is not bound inside a data expression is in `sums`, and every index of `sums` is used or its
//    range has been multiplied into the coefficient's data as a size;
//  * atoms are sorted; no two atoms of a term are powers of the same element (they have been combined);
//  * a latent or data pick `mu[z[n]]` is a sum over k against [z_n = k]: an indicator atom for a latent z, a one_hot data expression for data;
//    one per distinct index expression of a factor;
//  * bound indices are named canonically, so two equal terms are equal values (and have been merged).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "family/statistic.hpp"
#include "model/graph.hpp"

namespace jensen::derive {

using model::Range;
using model::Size;

// A bound index: its range, and the name it prints with.
struct Index {
  std::string name;
  Range range;
};

// index + offset, or the constant position `offset` where the index is invalid: t - 1 is {t, -1}; mu[1] is {none, 1}.
struct IndexUse {
  IndexId index;
  Size offset = 0;
  auto operator<=>(const IndexUse&) const = default;
};

enum class DataOp {
  number,       // number
  size,         // size, as a real
  index_value,  // the value of indices[0]
  element,      // variable[indices]: a data variable (a category is its 1-based level); in a statistic of params, a param
  one_hot,      // [args[0] = indices[0]]: 1 or 0
  delta,        // [indices[0] = indices[1]]
  add,
  subtract,
  multiply,
  divide,
  power,
  negate,
  exp,
  log,
  sqrt,
  abs,
  lgamma,
  digamma,
  log_multivariate_gamma /* (x, dimension) */,
  logit,
  expit,
  softplus,
  cos,
  sin,
  log_bessel_i0,   // log of the modified Bessel function of order 0
  log_normal_cdf,  // log of the standard normal distribution function
  log1m /* log(1 - x) */,
  equal,
  not_equal,
  less,
  less_equal,
  logical_and,
  logical_or,
  logical_not,
  conditional,  // args[0] ? args[1] : args[2]
  array,        // args[flat position of indices in shape], row-major: a literal array
  sum,          // Σ over bound[0] of args[0]
  log_sum_exp,  // log Σ exp over bound[0] of args[0]
  inverse,      // (M^-1)[indices[0], indices[1]] with M[bound[0], bound[1]] = args[0]
  log_det,      // log |M|, likewise
  variate       // the number that a function statistic is a function of
};

struct DataIndexExpr {  // x[county[n]]: the value of `expr`, rounded, as an index
  DataExprId expr;
  auto operator<=>(const DataIndexExpr&) const = default;
};
using DataIndex = std::variant<IndexUse, DataIndexExpr>;

// A scalar expression of data and constants with free indices: opaque to the derivation, evaluated to an array when planned.
struct DataNode {
  DataOp op = DataOp::number;
  double number = 0;
  Size size;
  VariableId variable;
  std::vector<DataIndex> indices;
  std::vector<IndexId> bound;
  std::vector<DataExprId> args;
  std::vector<std::int64_t> shape;  // array
  std::vector<IndexId> free;        // sorted; indices the value depends on

  auto operator<=>(const DataNode&) const = default;
};

// Interned: equal nodes have equal ids.
class DataExprs {
 public:
  DataExprId add(DataNode node);
  const DataNode& operator[](DataExprId id) const { return nodes_[id]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

 private:
  IdVector<DataExprId, DataNode> nodes_;
  std::map<DataNode, DataExprId> ids_;
};

// A statistic of one element of a latent variable or param; of StatisticKind::function the id is that of a data expression over DataOp::variate,
// whose free indices tell the functions of one statistic apart; of StatisticKind::expression that of a data expression in which the params stand as
// elements, `variable` is the first of them and `indices` is empty. `indices` are the variable's dims in order; an indicator has one more, the level.
// A log_det has the array indices only; `inverse` and a matrix's power 1 have row and column last.
struct Atom {
  VariableId variable;
  Statistic statistic;
  std::vector<IndexUse> indices;
  auto operator<=>(const Atom&) const = default;
};

struct Term {
  double coefficient = 1;
  std::vector<DataExprId> data;      // sorted
  std::vector<Atom> atoms;           // sorted
  std::vector<IndexId> sums;         // sorted; ranges in LogJoint::indices
  std::optional<DataExprId> weight;  // multiplicity of the plate the term lies in; not in `data`
  std::vector<FactorId> factors;     // provenance: those that contributed
};

struct Residual {
  std::string text;                   // as the user wrote it, with its indices
  std::string reason;                 // "log of a sum of latent variables"
  std::vector<VariableId> variables;  // latent variables and params it depends on
  // The function as a data expression in which latent variables and params stand as elements, and its arguments likewise: the predictors. Indices of
  // picks are free. Absent where levels of a discrete latent are in it.
  std::optional<DataExprId> expression;
  std::vector<DataExprId> predictors;
  FactorId factor;
  SourceSpan span;
};

// Where the elements of a variable exist: `truth` is not 0. `at` are the indices that run over the variable's array slots in it.
struct Existence {
  DataExprId truth;
  std::vector<IndexUse> at;
};

struct LogJoint {
  IdVector<IndexId, Index> indices;
  DataExprs data;
  IdVector<TermId, Term> terms;
  std::vector<Residual> residuals;
  std::map<VariableId, Existence> existence;  // of variables inside an `if` on data
};

}  // namespace jensen::derive
