// The working state of build_graph, shared by the files that implement it.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.hpp"
#include "model/body.hpp"
#include "model/build.hpp"
#include "model/types.hpp"

namespace jensen::model {

// Throws a Failure with an error diagnostic.
[[noreturn]] void fail(std::string code, std::string message, SourceSpan span, std::string label = {}, std::vector<Note> notes = {});

void collect_names(const grammar::Expr& expr, std::set<std::string>& names);

// A distribution chosen for a call, its parameters bound to the arguments' expressions and types.
struct BoundCall {
  DistributionId distribution;
  std::vector<const grammar::Expr*> arguments;  // by parameter
  std::map<std::string, Size> sizes;            // sizes that argument types bind
  Type support;                                 // of the variate; dims and levels in terms of the caller's sizes
  const grammar::Expr* open_bound = nullptr;    // of an interval: an argument that is no constant
  std::vector<ExprType> types;                  // of the arguments, by parameter
};

// Where a statement of a construction's body comes from.
struct Origin {
  std::vector<DistributionId> chain;  // the distributions whose bodies led here, the one that the model names first
  SourceSpan span;                    // the call in the model
  std::optional<Type> support;        // what the last of them says to draw, of the statement that gives its variate
};

class Builder {
 public:
  Builder(const grammar::Program& program, Sources& sources, const BuildOptions& options);
  Result<ModelGraph> build();

 private:
  // collect.cpp: declarations and statements, without looking inside expressions
  void load_stdlib();
  void add_module(const std::string& module, const grammar::Program& program);
  void use_module(const grammar::UseStatement& statement, SourceSpan span);
  void apply_sets();
  void collect_constants();
  void collect_sizes();
  void collect(const grammar::Statements& statements, PlateId plate, std::vector<grammar::Expr>& conditions);
  void collect_statement(const grammar::Statement& statement, PlateId plate, std::vector<grammar::Expr>& conditions);
  void collect_data(const grammar::DataStatement& statement, SourceSpan span, PlateId plate);
  void collect_param(const grammar::ParamStatement& statement, SourceSpan span, PlateId plate);
  void collect_for(const grammar::ForStatement& statement, SourceSpan span, PlateId plate, std::vector<grammar::Expr>& conditions);
  void collect_if(const grammar::IfStatement& statement, SourceSpan span, PlateId plate, std::vector<grammar::Expr>& conditions);
  void collect_tilde(const grammar::TildeStatement& statement, SourceSpan span, PlateId plate, const std::vector<grammar::Expr>& conditions);
  void collect_assign(const grammar::AssignStatement& statement, SourceSpan span, PlateId plate);
  void collect_guide(const grammar::GuideStatement& statement, SourceSpan span);
  void collect_networks();
  VariableId declare(Variable variable);
  void check_declared_once(const std::string& name, SourceSpan span) const;
  [[nodiscard]] std::vector<PlateId> plates_from(PlateId innermost) const;

  // predictions.cpp: `predict` statements
  void collect_predict(const grammar::PredictStatement& statement, PlateId plate, std::vector<grammar::Expr>& conditions);
  void add_prediction(const grammar::Target& target, Prediction prediction);
  void type_from_predictions(VariableId id);
  void check_prediction(std::size_t p);
  void check_prediction_uses();

  // sizes.cpp: integer expressions and types
  Size size_of(const grammar::Expr& expr, const Scope& scope);
  std::optional<Size> try_size(const grammar::Expr& expr, const Scope& scope);
  std::optional<Size> named_size(const std::string& name, const Scope& scope);
  Range range_of(const grammar::Expr& expr, const Scope& scope);
  Type type_of(const grammar::TypeExpr& type, const Scope& scope);
  std::optional<double> try_constant(const grammar::Expr& expr) const;
  std::optional<bool> constant_truth(const grammar::Expr& expr) const;
  std::optional<double> bound_of(const grammar::Expr& expr) const;
  const grammar::Expr* set_interval(Support& support, const grammar::Expr& low, const grammar::Expr& high) const;
  std::vector<Size> extents_of(const grammar::TypeExpr& type, const Scope& scope);

  // calls.cpp: choosing distributions and binding their parameters
  BoundCall bind_call(const grammar::CallExpr& call, SourceSpan span, const Scope& scope);
  BoundCall bind_draw(const Factor& factor, const Scope& scope);
  void settle_support(BoundCall& call, const Factor& factor, const Scope& scope);
  void check_open_bound(const BoundCall& call, const Factor& factor);
  DistributionId choose(const grammar::CallExpr& call, SourceSpan span);
  void bind_parameter(const grammar::Parameter& parameter, const ExprType& argument, SourceSpan span, const std::string& owner, Scope& inner);
  Type support_of(const grammar::DistributionStatement& statement, BoundCall& call, const Scope& inner);
  void check_body(const BoundCall& call, SourceSpan span);

  // construct.cpp: distributions by construction
  void expand_constructions();
  std::vector<std::vector<FactorId>> constructions();
  void construct(const std::vector<FactorId>& group, const std::vector<BoundCall>& calls, const std::vector<std::vector<Range>>& covered);
  BodyNames body_names(const grammar::DistributionStatement& statement, const BoundCall& call, const Factor& factor) const;
  void check_said(FactorId id, const Type& drawn) const;
  void place_body(FactorId use, const BoundCall& call, const grammar::Statements& body, const std::string& variate);
  std::vector<grammar::Expr> from_one(const Factor& factor, const std::vector<Size>& starts);
  grammar::Expr expression_of(const Size& size) const;

  // domains.cpp: arguments that the distribution does not take
  std::optional<std::vector<double>> constant_values(const grammar::Expr& expr) const;
  void check_domain(const grammar::Parameter& parameter, const grammar::Expr& argument, const std::string& owner, const Scope& scope);
  void check_domains(const BoundCall& call, const std::string& owner, const Scope& scope);

  // branches.cpp: `if` on data and on latent variables
  Gate gate_of(const grammar::Expr& part, const Scope& scope);
  Gate gate_of_one(const grammar::Expr& part, const Scope& scope);
  void set_level(Gate& gate, const grammar::Expr* level, SupportKind kind) const;
  void split_conditions(FactorId id);
  void set_branches(VariableId id);
  void check_uses(FactorId id);
  void check_branches();
  bool apart(const Factor& a, const Factor& b) const;
  bool never_hold(const std::vector<Gate>& gates) const;
  void set_complement(Gate& gate) const;

  // latents.cpp: dims of latent variables from their `~` statements
  void ensure_type(VariableId id);
  void type_from_factors(VariableId id);
  void set_additions_apart();
  bool takes_any(const Factor& factor);
  void type_from_definitions(VariableId id);
  [[nodiscard]] bool in_two_branches(VariableId id, std::size_t a, std::size_t b) const;
  void set_array_extents(VariableId id, const std::vector<std::vector<Range>>& covered, const std::vector<SourceSpan>& spans);
  std::vector<Range> covered_by(const std::vector<grammar::Expr>& indices, const std::vector<PlateId>& plates, const std::string& name,
                                SourceSpan span);
  Scope plate_scope(const std::vector<PlateId>& plates) const;

  // check.cpp: whole-graph checks
  BoundCall check_draw(FactorId id);
  void check_factor(FactorId id);
  void check_observed(const Factor& factor, const BoundCall& call);
  void check_definition(const Definition& definition);
  void check_cycles();
  void check_statements(const grammar::Statements& statements, const Scope& scope, bool guide);
  void check_weight(const Plate& plate, PlateId id);
  void check_variable(VariableId id);
  static void check_extents(const Variable& variable);
  void mark_data_sized();
  void apply_method();

  // shapes.cpp
  ExprType infer(const grammar::Expr& expr, const Scope& scope);
  ExprType infer_name(const std::string& name, SourceSpan span, const Scope& scope);
  ExprType infer_call(const grammar::CallExpr& call, SourceSpan span, const Scope& scope);
  ExprType infer_function(const Function& function, const grammar::CallExpr& call, SourceSpan span, const Scope& scope);
  ExprType infer_index(const grammar::IndexExpr& index, SourceSpan span, const Scope& scope);
  ExprType infer_binary(const grammar::BinaryExpr& binary, SourceSpan span, const Scope& scope);
  ExprType infer_array(const grammar::ArrayExpr& array, SourceSpan span, const Scope& scope);
  void check_index(const grammar::Expr& item, const ExprType& type, const Size& extent, const std::string& name, const Scope& scope);
  void require_equal(const Size& a, const Size& b, SourceSpan span, const std::string& what);

  template <class F>
  void guarded(F&& action) {
    try {
      action();
    } catch (const Failure& failure) {
      if (failure.diagnostic().code.empty()) return;  // follows from a mistake that has been reported
      if (std::ranges::find_if(diagnostics_, [&](const Diagnostic& d) {
            return d.span == failure.diagnostic().span && d.code == failure.diagnostic().code;
          }) == diagnostics_.end()) {
        diagnostics_.push_back(failure.diagnostic());
      }
    }
  }

  // A mistake that shows in the body of a construction names the place that uses it.
  template <class F>
  auto with_origin(FactorId id, F&& action) {
    try {
      return action();
    } catch (const Failure& failure) {
      const auto origin = origins_.find(id);
      const SourceSpan at = failure.diagnostic().span;
      const SourceSpan use = graph_.factors[id].span;
      const bool shown = at.source == use.source && at.begin >= use.begin && at.begin <= use.end;
      if (origin == origins_.end() || origin->second.chain.empty() || shown || failure.diagnostic().code.empty()) throw;
      Diagnostic diagnostic = failure.diagnostic();
      diagnostic.notes.push_back(Note{Note::Kind::note, "in this use of it", origin->second.span});
      throw Failure(std::move(diagnostic));
    }
  }

  // Names that may be meant where `name` was not found.
  [[nodiscard]] std::vector<std::string> visible_names(const Scope& scope) const;
  [[nodiscard]] std::vector<std::string> function_names() const;
  [[nodiscard]] std::vector<std::string> distribution_names() const;

  const grammar::Program& program_;
  Sources& sources_;
  const BuildOptions& options_;
  ModelGraph graph_;
  Diagnostics diagnostics_;
  std::map<std::string, VariableId> by_name_;
  std::map<VariableId, const grammar::TypeExpr*> declared_types_;
  std::map<std::string, SourceSpan> constant_spans_;
  std::set<std::string> integer_data_;  // scalar data that serve as sizes
  std::set<VariableId> typing_;         // in progress: finds cycles
  std::set<VariableId> typed_;
  std::set<VariableId> leveling_;       // derived variables whose level is being found
  std::set<std::string> lost_;          // given by a statement that failed; say nothing about their uses
  std::set<VariableId> poisoned_;       // failed once; say nothing more about them
  std::map<FactorId, Origin> origins_;  // of statements that stand in a construction's body
  std::set<FactorId> refused_;          // uses of a construction that failed
  FactorId replaced_;                   // the use whose body is being placed, until its variate is given
  int function_depth_ = 0;
  bool predicting_ = false;  // inside a `predict`
  std::vector<const grammar::GuideStatement*> guides_;
};

}  // namespace jensen::model
