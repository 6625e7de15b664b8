// Sums of products of data expressions and statistics, while a log density is being expanded.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "derive/data_expr.hpp"
#include "derive/log_joint.hpp"

namespace jensen::derive {

// Like Term, before normalisation: `sums` are the indices bound inside the density so far; `residuals` index Expander::residuals.
struct RawTerm {
  double coefficient = 1;
  std::vector<DataExprId> data;
  std::vector<Atom> atoms;
  std::vector<IndexId> sums;
  std::vector<std::size_t> residuals;

  [[nodiscard]] bool is_data() const { return atoms.empty() && residuals.empty(); }
};
using Poly = std::vector<RawTerm>;

// A value in index notation: give it one index per dimension and it gives the element as a polynomial. Every call binds fresh indices, so that sums
// that multiply are renamed apart.
struct Tensor {
  std::vector<Size> dims;
  std::function<Poly(const std::vector<IndexUse>&)> at;
};

[[nodiscard]] bool is_data(const Poly& poly);
Poly constant(double value);
Poly from_data(const DataExprs& exprs, DataExprId id);
Poly scaled(Poly poly, double factor);
Poly product(const Poly& a, const Poly& b);
// a + b; collapsed to one data expression where both are data.
Poly sum(Context& context, const Poly& a, const Poly& b);
// Σ over `index`, which occurs free in `poly`; deltas with it are resolved.
Poly summed(Context& context, Poly poly, IndexId index);
// The whole as one data expression; all terms must be data.
DataExprId as_data(Context& context, const Poly& poly);
// The whole as a function of DataOp::variate, which stands for the one element that all its atoms are statistics of.
DataExprId as_function(Context& context, const Poly& poly);
// A statistic of one number as such a function.
DataExprId as_function(DataExprs& exprs, const Statistic& statistic);
// Resolves data deltas [a = b] where one side is a summed index.
void resolve_deltas(DataExprs& exprs, const IdVector<IndexId, Index>& indices, RawTerm& term);
void substitute(DataExprs& exprs, RawTerm& term, const Substitution& map);
[[nodiscard]] bool uses(const DataExprs& exprs, const Atom& atom, IndexId index);
[[nodiscard]] bool uses(const DataExprs& exprs, const RawTerm& term, IndexId index);

}  // namespace jensen::derive
