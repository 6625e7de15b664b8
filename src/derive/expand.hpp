// One factor's log density, expanded into products of statistics.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "derive/poly.hpp"
#include "model/graph.hpp"

namespace jensen::derive {

// What names mean while a density is expanded: plate indices, arguments of distributions and functions, sizes bound by argument types.
struct Names {
  std::shared_ptr<const Names> parent;
  std::map<std::string, IndexUse> indices;
  std::map<std::string, Tensor> values;
  std::map<std::string, Size> sizes;
  bool closed = false;  // a body: the model's variables are not visible
};
using NamesPtr = std::shared_ptr<const Names>;

class Expander {
 public:
  Expander(const model::ModelGraph& graph, Context& context) : graph_(graph), context_(context) {}

  // The factor's log density summed over its plates. Every term's indices are in its `sums`.
  Poly expand(FactorId id);

  // Product of the weights of the plates around the factor just expanded.
  [[nodiscard]] const std::optional<DataExprId>& weight() const { return weight_; }
  [[nodiscard]] std::vector<Residual>& residuals() { return residuals_; }

 private:
  // A latent or data-dependent index of this factor: one summed index against one indicator.
  struct Pick {
    DataExprId lookup;           // of a data lookup: [lookup = index]
    std::optional<Atom> latent;  // of a latent variable: [variable = index]
    IndexId index;
  };

  // A use of data with missing cells: `latent` says which of the two the density is expanded for.
  struct Hole {
    VariableId variable;
    std::vector<IndexUse> at;
    bool latent = false;
  };

  Tensor eval(const grammar::Expr& expr, const NamesPtr& names);
  Poly scalar(const grammar::Expr& expr, const NamesPtr& names) { return eval(expr, names).at({}); }
  Tensor eval_name(const std::string& name, const NamesPtr& names);
  Tensor eval_variable(VariableId id);
  Tensor eval_inferred(VariableId id);
  Poly element_of_data(VariableId id, const std::vector<IndexUse>& at);
  Poly element_with_holes(VariableId id, const std::vector<IndexUse>& at);
  Poly density(const model::Factor& factor, const NamesPtr& plates);
  Poly density_with_holes(const model::Factor& factor, const NamesPtr& plates);
  Poly gate_indicator(const model::Gate& gate, const NamesPtr& plates);
  Atom gated_element(const model::Gate& gate, const NamesPtr& plates);
  void fix_levels(const std::vector<model::Gate>& gates, const NamesPtr& plates);
  Tensor eval_derived(VariableId id);
  [[nodiscard]] bool lies_in(const IndexUse& use, const Range& range) const;
  Tensor eval_index(const grammar::IndexExpr& index, const NamesPtr& names);
  Tensor eval_binary(const grammar::Expr& expr, const grammar::BinaryExpr& binary, const NamesPtr& names);
  Tensor eval_conditional(const grammar::Expr& expr, const grammar::ConditionalExpr& conditional, const NamesPtr& names);
  Tensor eval_sum(const grammar::SumExpr& sum, const NamesPtr& names);
  Tensor eval_array(const grammar::ArrayExpr& array, const NamesPtr& names);

  // functions.cpp
  Tensor eval_call(const grammar::Expr& expr, const grammar::CallExpr& call, const NamesPtr& names);
  Tensor eval_function(const model::Function& function, const grammar::CallExpr& call, const NamesPtr& names);
  Tensor vector_function(const grammar::Expr& expr, const std::string& name, const std::vector<Tensor>& args);
  Tensor matrix_function(const grammar::Expr& expr, const std::string& name, const std::vector<Tensor>& args);
  Poly unary_function(const grammar::Expr& expr, const std::string& name, const Poly& argument);
  Poly trigonometric(const grammar::Expr& expr, DataOp op, const Poly& argument);
  Poly logarithm(const grammar::Expr& expr, const Poly& argument);
  Poly power(const grammar::Expr& expr, const Poly& base, double exponent);
  Poly log_det(const grammar::Expr& expr, const Tensor& matrix);
  Poly inverse(const grammar::Expr& expr, const Tensor& matrix, const IndexUse& row, const IndexUse& column);
  Poly general_power(const grammar::Expr& expr, const Tensor& base, const std::vector<IndexUse>& at, const Poly& exponent);

  [[nodiscard]] Tensor number(double value) const;
  IndexId fresh(const std::string& name, const Range& range) { return context_.joint.indices.add({name, range}); }
  IndexId fresh(const Size& extent) { return fresh("", Range{1, extent}); }
  std::optional<IndexUse> plain_index(const grammar::Expr& expr, const NamesPtr& names);
  IndexUse pick(const Poly& value, const Size& extent);
  Poly latent_level(VariableId id, const std::vector<IndexUse>& at);
  std::optional<Size> size_of(const grammar::Expr& expr, const NamesPtr& names) const;
  Range range_of(const grammar::Expr& expr, const NamesPtr& names) const;
  Poly residual(const grammar::Expr& expr, std::string reason, const std::vector<const Poly*>& arguments, std::optional<DataOp> op = {});
  // op(arguments): a function statistic where one number is all that is latent in it, an expression where only params are, else a residual.
  Poly opaque(const grammar::Expr& expr, std::string reason, DataOp op, const std::vector<const Poly*>& arguments);
  [[nodiscard]] std::optional<Atom> only_element(const std::vector<const Poly*>& arguments) const;
  [[nodiscard]] bool positive(const Atom& atom) const;
  // What only params and data take part in as one expression of them, data picks looked up inside it; nothing where latent variables do.
  std::optional<DataExprId> expression_of_params(const Poly& poly);
  Poly from_expression(DataExprId id);
  NamesPtr bind_sizes(const std::vector<grammar::Parameter>& parameters, std::vector<Tensor> arguments) const;
  void attach_picks(RawTerm& term) const;
  void attach(const Pick& pick, RawTerm& term) const;
  Poly summed_over(Poly poly, IndexId index);
  DataExprs& data() { return context_.joint.data; }

  const model::ModelGraph& graph_;
  Context& context_;
  std::vector<Pick> picks_;
  std::vector<std::pair<Atom, Size>> fixed_;  // elements whose level the factor's gates name, without it
  std::vector<Hole> holes_;
  std::map<Atom, Poly> exponents_;  // e by the atom of exp(e), so that log exp(e) is e
  std::vector<Residual> residuals_;
  std::optional<DataExprId> weight_;
  FactorId factor_;
};

}  // namespace jensen::derive
