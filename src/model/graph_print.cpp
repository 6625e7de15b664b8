#include "model/graph_print.hpp"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "children.hpp"
#include "model/guards.hpp"
#include "print.hpp"

namespace jensen::model {

namespace {

using Json = nlohmann::ordered_json;

std::string dims_text(const Variable& variable) {
  std::string out;
  for (const Size& size : variable.dims) out += (out.empty() ? "" : ", ") + size.text();
  return out.empty() ? "" : "[" + out + "]";
}

std::string target_text(const ModelGraph& graph, VariableId id, const std::vector<grammar::Expr>& indices) {
  std::string out;
  for (const grammar::Expr& index : indices) out += (out.empty() ? "" : ", ") + grammar::to_text(index);
  return graph.variables[id].name + (out.empty() ? "" : "[" + out + "]");
}

std::string call_text(const grammar::CallExpr& call) { return grammar::to_text(grammar::Expr{call, call.function_span}); }

// Variables and data that an expression uses.
void parents_in(const ModelGraph& graph, const grammar::Expr& expr, std::set<VariableId>& parents) {
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
    if (const VariableId id = graph.find(name->name); id.valid()) parents.insert(id);
  }
  grammar::for_each_child(expr, [&](const grammar::Expr& child) { parents_in(graph, child, parents); });
}

std::set<VariableId> parents_of(const ModelGraph& graph, const Factor& factor) {
  std::set<VariableId> parents;
  for (const grammar::Argument& argument : factor.call.arguments) parents_in(graph, *argument.value, parents);
  for (const grammar::Expr& condition : factor.conditions) parents_in(graph, condition, parents);
  for (const Gate& gate : factor.gates) {
    for (const grammar::Expr& index : gate.indices) parents_in(graph, index, parents);
    for (const grammar::Expr& level : gate.levels) parents_in(graph, level, parents);
  }
  parents.erase(factor.variable);
  return parents;
}

std::set<VariableId> parents_of(const ModelGraph& graph, const Prediction& prediction) {
  if (prediction.factor) return parents_of(graph, *prediction.factor);
  std::set<VariableId> parents;
  parents_in(graph, prediction.definition->value, parents);
  return parents;
}

// The plate in whose box a variable is drawn: that of its first statement.
PlateId home(const ModelGraph& graph, VariableId id) {
  const Variable& variable = graph.variables[id];
  if (!variable.factors.empty() && !graph.factors[variable.factors[0]].plates.empty()) return graph.factors[variable.factors[0]].plates.back();
  if (!variable.definitions.empty() && !graph.definitions[variable.definitions[0]].plates.empty()) {
    return graph.definitions[variable.definitions[0]].plates.back();
  }
  if (!variable.predictions.empty() && !graph.predictions[variable.predictions[0]].plates().empty()) {
    return graph.predictions[variable.predictions[0]].plates().back();
  }
  return {};
}

std::string branch_text(const ModelGraph& graph, const std::vector<grammar::Expr>& conditions, const std::vector<Gate>& gates) {
  const std::string text = guards_text(graph, conditions, gates);
  return text.empty() ? "" : "  if " + text;
}

std::string levels_text(const Gate& gate) {
  std::string out;
  for (const grammar::Expr& level : gate.levels) out += (out.empty() ? "" : " or ") + grammar::to_text(level);
  return out;
}

// `if = 1`: what the gate asks of its variable.
std::string gate_text(const Gate& gate) { return std::string("if ") + (gate.equal ? "= " : "not = ") + levels_text(gate); }

Json conditions_json(const std::vector<grammar::Expr>& conditions) {
  Json out = Json::array();
  for (const grammar::Expr& condition : conditions) out.push_back(grammar::to_text(condition));
  return out;
}

Json gates_json(const ModelGraph& graph, const std::vector<Gate>& gates) {
  Json out = Json::array();
  for (const Gate& gate : gates) {
    out.push_back(Json{{"variable", target_text(graph, gate.variable, gate.indices)}, {"level", levels_text(gate)}, {"equal", gate.equal}});
  }
  return out;
}

std::string plate_text(const Plate& plate) {
  return plate.index + " in " + plate.range.text() + (plate.weight ? " weight " + grammar::to_text(*plate.weight) : "");
}

std::string type_text(const Variable& variable) {
  std::string out = to_text(variable.type.support.kind);
  if (variable.type.support.kind == SupportKind::category) out += "(" + variable.type.levels.text() + ")";
  return out + dims_text(variable);
}

}  // namespace

std::string to_text(const ModelGraph& graph) {
  std::string out;
  for (const Variable& variable : graph.variables) {
    out += fmt::format("{:<8} {}: {}{}\n", variable.factors.empty() || variable.role != Role::data ? to_text(variable.role) : "observed",
                       variable.name, type_text(variable), branch_text(graph, variable.conditions, variable.gates));
  }
  for (const Factor& factor : graph.factors) {
    std::string plates;
    for (const PlateId plate : factor.plates) plates += (plates.empty() ? "for " : ", ") + plate_text(graph.plates[plate]);
    out += fmt::format("factor   {} ~ {}{}{}{}\n", target_text(graph, factor.variable, factor.indices), call_text(factor.call),
                       plates.empty() ? "" : "  ", plates, branch_text(graph, factor.conditions, factor.gates));
  }
  for (const Definition& definition : graph.definitions) {
    out += fmt::format("define   {} = {}\n", target_text(graph, definition.variable, definition.indices), grammar::to_text(definition.value));
  }
  for (const Prediction& prediction : graph.predictions) {
    const std::string target = target_text(graph, prediction.variable, prediction.indices());
    out += prediction.factor ? fmt::format("predict  {} ~ {}\n", target, call_text(prediction.factor->call))
                             : fmt::format("predict  {} = {}\n", target, grammar::to_text(prediction.definition->value));
  }
  return out;
}

std::string to_dot(const ModelGraph& graph) {
  std::string out = "digraph model {\n  rankdir=TB;\n  node [fontname=\"Helvetica\"];\n";
  const auto node = [&](VariableId id) {
    const Variable& variable = graph.variables[id];
    const bool observed = variable.role == Role::data || variable.observed;
    const char* shape = variable.role == Role::param || (variable.role == Role::data && variable.factors.empty()) ? "box"
                        : variable.role == Role::derived                                                          ? "diamond"
                                                                                                                  : "ellipse";
    return fmt::format("v{} [label=\"{}\", shape={}{}];\n", id.value, variable.name, shape, observed ? ", style=filled, fillcolor=gray85" : "");
  };
  const std::function<void(PlateId, const std::string&)> plate = [&](PlateId parent, const std::string& indent) {
    for (std::size_t i = 0; i < graph.variables.size(); ++i) {
      if (home(graph, VariableId(i)) == parent) out += indent + node(VariableId(i));
    }
    for (std::size_t f = 0; f < graph.factors.size(); ++f) {
      const Factor& factor = graph.factors[FactorId(f)];
      const PlateId at = factor.plates.empty() ? PlateId{} : factor.plates.back();
      if (at == parent)
        out += fmt::format("{}f{} [label=\"{}\", shape=square, width=0.2, style=filled, fillcolor=black, fontsize=9, fontcolor=white];\n", indent, f,
                           factor.call.function);
    }
    for (std::size_t p = 0; p < graph.plates.size(); ++p) {
      if (graph.plates[PlateId(p)].parent != parent) continue;
      out += fmt::format("{}subgraph cluster_{} {{\n{}  label=\"{}\";\n", indent, p, indent, plate_text(graph.plates[PlateId(p)]));
      plate(PlateId(p), indent + "  ");
      out += indent + "}\n";
    }
  };
  plate(PlateId{}, "  ");
  for (std::size_t f = 0; f < graph.factors.size(); ++f) {
    const Factor& factor = graph.factors[FactorId(f)];
    for (const VariableId parent : parents_of(graph, factor)) out += fmt::format("  v{} -> f{} [arrowhead=none];\n", parent.value, f);
    for (const Gate& gate : factor.gates) out += fmt::format("  v{} -> f{} [style=dotted, label=\"{}\"];\n", gate.variable.value, f, gate_text(gate));
    out += fmt::format("  f{} -> v{};\n", f, graph.factors[FactorId(f)].variable.value);
  }
  for (const Definition& definition : graph.definitions) {
    std::set<VariableId> parents;
    parents_in(graph, definition.value, parents);
    for (const VariableId parent : parents) out += fmt::format("  v{} -> v{} [style=dashed];\n", parent.value, definition.variable.value);
  }
  for (const Prediction& prediction : graph.predictions) {
    for (const VariableId parent : parents_of(graph, prediction))
      out += fmt::format("  v{} -> v{} [style=dotted];\n", parent.value, prediction.variable.value);
  }
  return out + "}\n";
}

std::string to_mermaid(const ModelGraph& graph) {
  std::string out = "flowchart TD\n";
  const std::function<void(PlateId, const std::string&)> plate = [&](PlateId parent, const std::string& indent) {
    for (std::size_t i = 0; i < graph.variables.size(); ++i) {
      const Variable& variable = graph.variables[VariableId(i)];
      if (home(graph, VariableId(i)) != parent) continue;
      const bool box = variable.role == Role::param || variable.role == Role::data;
      out += fmt::format("{}v{}{}\"{}\"{}\n", indent, i, box ? "[" : "((", variable.name, box ? "]" : "))");
    }
    for (std::size_t p = 0; p < graph.plates.size(); ++p) {
      if (graph.plates[PlateId(p)].parent != parent) continue;
      out += fmt::format("{}subgraph p{} [\"{}\"]\n", indent, p, plate_text(graph.plates[PlateId(p)]));
      plate(PlateId(p), indent + "  ");
      out += indent + "end\n";
    }
  };
  plate(PlateId{}, "  ");
  for (const Factor& factor : graph.factors) {
    for (const VariableId parent : parents_of(graph, factor))
      out += fmt::format("  v{} -->|{}| v{}\n", parent.value, factor.call.function, factor.variable.value);
    for (const Gate& gate : factor.gates)
      out += fmt::format("  v{} -. \"{}\" .-> v{}\n", gate.variable.value, gate_text(gate), factor.variable.value);
  }
  for (const Definition& definition : graph.definitions) {
    std::set<VariableId> parents;
    parents_in(graph, definition.value, parents);
    for (const VariableId parent : parents) out += fmt::format("  v{} -.-> v{}\n", parent.value, definition.variable.value);
  }
  for (const Prediction& prediction : graph.predictions) {
    for (const VariableId parent : parents_of(graph, prediction)) out += fmt::format("  v{} -.-> v{}\n", parent.value, prediction.variable.value);
  }
  for (std::size_t i = 0; i < graph.variables.size(); ++i) {
    if (graph.variables[VariableId(i)].role == Role::data) out += fmt::format("  style v{} fill:#ddd\n", i);
  }
  return out;
}

std::string to_json(const ModelGraph& graph) {
  Json out;
  out["model"] = graph.name;
  for (const Variable& variable : graph.variables) {
    Json entry;
    entry["name"] = variable.name;
    entry["role"] = to_text(variable.role);
    entry["support"] = to_text(variable.type.support.kind);
    entry["observed"] = variable.role == Role::data && !variable.factors.empty();
    entry["shape"] = Json::array();
    for (const Size& size : variable.dims) entry["shape"].push_back(size.text());
    if (variable.type.support.kind == SupportKind::category) entry["levels"] = variable.type.levels.text();
    if (!variable.conditions.empty()) entry["conditions"] = conditions_json(variable.conditions);
    if (!variable.gates.empty()) entry["gates"] = gates_json(graph, variable.gates);
    out["variables"].push_back(entry);
  }
  for (const Plate& plate : graph.plates) {
    Json entry{{"index", plate.index}, {"low", plate.range.low.text()}, {"high", plate.range.high.text()}};
    if (plate.parent.valid()) entry["parent"] = plate.parent.value;
    if (plate.weight) entry["weight"] = grammar::to_text(*plate.weight);
    out["plates"].push_back(entry);
  }
  for (const Factor& factor : graph.factors) {
    Json entry{{"variable", target_text(graph, factor.variable, factor.indices)}, {"distribution", call_text(factor.call)}};
    for (const PlateId plate : factor.plates) entry["plates"].push_back(plate.value);
    for (const VariableId parent : parents_of(graph, factor)) entry["parents"].push_back(graph.variables[parent].name);
    if (!factor.conditions.empty()) entry["conditions"] = conditions_json(factor.conditions);
    if (!factor.gates.empty()) entry["gates"] = gates_json(graph, factor.gates);
    out["factors"].push_back(entry);
  }
  for (const Definition& definition : graph.definitions) {
    out["definitions"].push_back(
        Json{{"variable", target_text(graph, definition.variable, definition.indices)}, {"value", grammar::to_text(definition.value)}});
  }
  return out.dump(2) + "\n";
}

}  // namespace jensen::model
