#include "simulate/isolate.hpp"

#include "derive/derive.hpp"
#include "parse.hpp"
#include "simulate/messages.hpp"

namespace jensen::simulate {
namespace {

using grammar::Expr;
using model::ModelGraph;
using model::Size;

// Names with a prime cannot be written in a model, so they hide nothing.
const std::string target_name = "v'";

Expr number(std::int64_t value) { return {grammar::NumberExpr{static_cast<double>(value), std::to_string(value)}, {}}; }
Expr name(const std::string& word) { return {grammar::NameExpr{word}, {}}; }

// The graph without its statements, every variable data.
ModelGraph all_data(const ModelGraph& graph) {
  ModelGraph out = graph;
  for (model::Variable& variable : out.variables) {
    variable.role = model::Role::data;
    variable.factors.clear();
    variable.definitions.clear();
    variable.observed = variable.data_sized = false;
  }
  for (model::Plate& plate : out.plates) {
    plate.weight.reset();  // how often a row counts, not what is drawn in it
    plate.data_sized = false;
  }
  out.factors = {};
  out.definitions.clear();
  out.unsupported.clear();
  out.size_checks.clear();
  out.row_symbols.clear();
  return out;
}

struct Slots {
  std::vector<Expr> indices;
  std::vector<Size> dims;
};

Slots plate_slots(Isolated& out, const Statement& statement, const std::vector<Walk>& walks, const model::Sizes& sizes) {
  for (const Walk& walk : walks) out.steps[walk.plate] = "step" + std::to_string(walk.plate) + "'";
  Slots slots;
  for (std::size_t p = 0; p < statement.plates.size(); ++p) {
    model::Plate& plate = out.graph.plates[statement.plates[p]];
    if (const auto step = out.steps.find(p); step != out.steps.end()) {
      plate.range = {Size::symbol(step->second), Size::symbol(step->second)};
      slots.indices.push_back(number(1));
      slots.dims.emplace_back(1);
      continue;
    }
    const auto low = plate.range.low.evaluate(sizes);
    if (!low) throw Failure(unknown_extent(plate.range.low.text(), plate.span));
    const Expr index = name(plate.index);
    slots.indices.push_back(*low == 1 ? index : Expr{grammar::BinaryExpr{grammar::BinaryOp::subtract, index, number(*low - 1)}, {}});
    slots.dims.push_back(plate.range.extent());
  }
  return slots;
}

void add_target(Isolated& out, const Slots& slots, const model::Type& type, model::Factor factor) {
  model::Variable target;
  target.name = target_name;
  target.role = model::Role::latent;
  target.type = type;
  target.dims = slots.dims;
  target.dims.insert(target.dims.end(), type.dims.begin(), type.dims.end());
  target.array_rank = slots.dims.size();
  target.span = factor.span;
  out.target = out.graph.variables.add(std::move(target));
  factor.variable = out.target;
  factor.indices = slots.indices;
  out.graph.variables[out.target].factors = {out.graph.factors.add(std::move(factor))};
}

void derive_target(Isolated& out, const Statement& statement, const std::string& distribution) {
  Result<derive::Derivation> derivation = derive::derive(out.graph);
  if (!derivation) throw Failure(derivation.diagnostics().front());
  out.derivation = std::move(*derivation);
  out.block = out.derivation.block_of[static_cast<std::size_t>(out.target.value)];
  const derive::Block& block = out.derivation.blocks[out.block];
  if (block.kind != derive::BlockKind::unsupported) return;
  std::string reason = block.reason;
  const std::string shown = out.graph.variables[out.target].name;
  const std::string& real = out.graph.variables[statement.variable].name;
  for (std::size_t at = reason.find(shown); at != std::string::npos; at = reason.find(shown, at + real.size()))
    reason.replace(at, shown.size(), real);
  throw Failure(not_drawable(distribution, reason, statement.factor ? statement.factor->distribution_span : statement.span));
}

// What the distribution draws; a data variable may be declared wider. How many levels a category has is known from the variable.
model::Type drawn_type(const ModelGraph& graph, const Statement& statement) {
  const model::Variable& variable = graph.variables[statement.variable];
  model::Type type = statement.factor->support;
  const auto rank = static_cast<std::ptrdiff_t>(statement.indices.size());
  type.dims.assign(variable.dims.begin() + rank, variable.dims.end());
  if (type.support.kind == SupportKind::category && variable.type.support.kind == SupportKind::category) type.levels = variable.type.levels;
  return type;
}

DistributionId add_value_distribution(ModelGraph& graph) {
  const Source source("value", "distribution value(a) on real { logpdf(x) = a * x - 0.5 * x^2 }");
  const Result<grammar::Program> program = grammar::parse(source, SourceId{});
  const auto& statement = std::get<grammar::DistributionStatement>(program->statements.at(0).kind);
  return graph.distributions.add({statement.name.name, statement, "user"});
}

}  // namespace

Isolated isolate(const ModelGraph& graph, const Statement& statement, const std::vector<Walk>& walks, const model::Sizes& sizes) {
  const model::Factor& factor = *statement.factor;
  if (!graph.distributions[factor.distribution].statement.log_density) {
    throw Failure(not_drawable(factor.call.function, "distributions by construction are not supported yet", factor.distribution_span));
  }
  Isolated out{all_data(graph), {}, {}, {}, {}};
  const Slots slots = plate_slots(out, statement, walks, sizes);
  add_target(out, slots, drawn_type(graph, statement), factor);
  derive_target(out, statement, factor.call.function);
  return out;
}

Isolated isolate_value(const ModelGraph& graph, const Statement& statement, const Expr& value, const std::vector<Size>& value_dims,
                       const std::vector<Walk>& walks, const model::Sizes& sizes) {
  Isolated out{all_data(graph), {}, {}, {}, {}};
  Slots slots = plate_slots(out, statement, walks, sizes);
  model::Factor factor;
  factor.plates = statement.plates;
  factor.conditions = statement.conditions;
  factor.span = factor.distribution_span = statement.span;
  std::vector<Expr> entry;
  for (const Size& extent : value_dims) {
    model::Plate plate;
    plate.index = "i" + std::to_string(entry.size()) + "'";
    plate.range = {1, extent};
    plate.parent = factor.plates.empty() ? PlateId{} : factor.plates.back();
    entry.push_back(name(plate.index));
    slots.indices.push_back(entry.back());
    slots.dims.push_back(extent);
    factor.plates.push_back(out.graph.plates.add(std::move(plate)));
  }
  const Expr scalar = entry.empty() ? value : Expr{grammar::IndexExpr{value, entry}, value.span};
  factor.call.function = "value";
  factor.call.arguments = {grammar::Argument{"", statement.span, scalar}};
  factor.distribution = add_value_distribution(out.graph);
  add_target(out, slots, model::Type{}, std::move(factor));
  derive_target(out, statement, "value");
  return out;
}

}  // namespace jensen::simulate
