// `predict` statements: quantities of the fitted posterior. They are no part of the joint density, and no other statement may use them.
#include <fmt/format.h>

#include "children.hpp"
#include "model/bind_data.hpp"
#include "model/builder.hpp"

namespace jensen::model {

void Builder::collect_predict(const grammar::PredictStatement& statement, PlateId plate, std::vector<grammar::Expr>& conditions) {
  predicting_ = true;
  collect(*statement.body, plate, conditions);
  predicting_ = false;
}

// Several statements may give one array in pieces; no other kind of statement may.
void Builder::add_prediction(const grammar::Target& target, Prediction prediction) {
  const auto found = by_name_.find(target.name.name);
  if (found == by_name_.end() || graph_.variables[found->second].role != Role::predict) {
    Variable variable;
    variable.name = target.name.name;
    variable.role = Role::predict;
    variable.span = target.name.span;
    prediction.variable = declare(std::move(variable));
  } else {
    prediction.variable = found->second;
  }
  if (prediction.factor) prediction.factor->variable = prediction.variable;
  if (prediction.definition) prediction.definition->variable = prediction.variable;
  graph_.variables[prediction.variable].predictions.push_back(graph_.predictions.size());
  graph_.predictions.push_back(std::move(prediction));
}

void Builder::type_from_predictions(VariableId id) {
  std::vector<std::vector<Range>> covered;
  std::vector<SourceSpan> spans;
  const auto indices = graph_.variables[id].predictions;
  for (const std::size_t p : indices) {
    const Prediction& prediction = graph_.predictions[p];
    covered.push_back(covered_by(prediction.indices(), prediction.plates(), graph_.variables[id].name, prediction.span()));
    spans.push_back(prediction.span());
  }
  set_array_extents(id, covered, spans);
  const Prediction& first = graph_.predictions[indices.front()];
  Type type;
  if (first.factor) {
    type = bind_draw(*first.factor, plate_scope(first.plates())).support;
  } else {
    const ExprType value = infer(first.definition->value, plate_scope(first.plates()));
    type.dims = value.dims;
    type.levels = value.levels;
    if (value.integer) type.support.kind = value.category ? SupportKind::category : SupportKind::integer;
  }
  Variable& variable = graph_.variables[id];
  variable.dims.insert(variable.dims.end(), type.dims.begin(), type.dims.end());
  variable.type = std::move(type);
}

void Builder::check_prediction(std::size_t p) {
  ensure_type(graph_.predictions[p].variable);
  Prediction& prediction = graph_.predictions[p];
  const Scope scope = plate_scope(prediction.plates());
  if (prediction.definition) {
    infer(prediction.definition->value, scope);
    return;
  }
  Factor& factor = *prediction.factor;
  const BoundCall call = bind_draw(factor, scope);
  factor.distribution = call.distribution;
  factor.support = call.support;
  check_body(call, factor.distribution_span);
  const Variable& variable = graph_.variables[prediction.variable];
  if (variable.dims.size() != factor.indices.size() + call.support.dims.size()) {
    fail("shape-mismatch",
         fmt::format("`{}` draws {}, but other statements give `{}` another shape", factor.call.function, shape_text(call.support.dims),
                     variable.name),
         factor.span);
  }
  for (const grammar::Expr& condition : factor.conditions) infer(condition, scope);
}

// A prediction follows from the fit; the fit cannot follow from it.
void Builder::check_prediction_uses() {
  const auto check = [&](const grammar::Expr& expr) {
    std::set<std::string> names;
    collect_names(expr, names);
    for (const std::string& name : names) {
      const auto found = by_name_.find(name);
      if (found == by_name_.end() || graph_.variables[found->second].role != Role::predict) continue;
      guarded([&] {
        fail("prediction-used", fmt::format("`{}` is a prediction, which only other `predict` statements may use", name), expr.span, {},
             {Note{Note::Kind::note, "predicted here", graph_.variables[found->second].span}});
      });
    }
  };
  for (const Factor& factor : graph_.factors) {
    for (const grammar::Argument& argument : factor.call.arguments) check(*argument.value);
    for (const grammar::Expr& condition : factor.conditions) check(condition);
  }
  for (const Definition& definition : graph_.definitions) check(definition.value);
  for (const Plate& plate : graph_.plates) {
    if (plate.weight) check(*plate.weight);
  }
}

namespace {

// Variables by name, and through definitions those that these are made of.
class Reach {
 public:
  explicit Reach(const ModelGraph& graph) : graph_(graph) {}

  void add(const grammar::Expr& expr) {
    if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
      if (const VariableId id = graph_.find(name->name); id.valid()) add(id);
    }
    grammar::for_each_child(expr, [&](const grammar::Expr& child) { add(child); });
  }

  void add(VariableId id) {
    if (!reached_.insert(id).second) return;
    for (const std::size_t d : graph_.variables[id].definitions) add(graph_.definitions[d].value);
  }

  void add(const Factor& factor) {
    add(factor.variable);
    for (const grammar::Argument& argument : factor.call.arguments) add(*argument.value);
    for (const grammar::Expr& condition : factor.conditions) add(condition);
  }

  [[nodiscard]] const std::set<VariableId>& reached() const { return reached_; }

 private:
  const ModelGraph& graph_;
  std::set<VariableId> reached_;
};

}  // namespace

std::set<VariableId> data_of_predictions(const ModelGraph& graph) {
  Reach predictions(graph), fit(graph);
  for (const Prediction& prediction : graph.predictions) {
    if (prediction.factor) predictions.add(*prediction.factor);
    if (prediction.definition) predictions.add(prediction.definition->value);
  }
  for (const Factor& factor : graph.factors) fit.add(factor);
  for (const Plate& plate : graph.plates) {
    if (plate.weight) fit.add(*plate.weight);
  }
  std::set<VariableId> out;
  for (const VariableId id : predictions.reached()) {
    if (graph.variables[id].role == Role::data && !fit.reached().contains(id)) out.insert(id);
  }
  return out;
}

}  // namespace jensen::model
