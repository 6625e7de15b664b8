// Statements that add to the density of elements that data name: b[to[e]] ~ normal(b[from[e]], sd), one for each edge of a graph.
#include <fmt/format.h>

#include <algorithm>

#include "children.hpp"
#include "model/builder.hpp"

namespace jensen::model {
namespace {

// Whether an element of data is in it.
bool reads_data(const grammar::Expr& expr, const std::map<std::string, VariableId>& by_name, const ModelGraph& graph) {
  if (const auto* index = std::get_if<grammar::IndexExpr>(&expr.kind)) {
    const auto* name = std::get_if<grammar::NameExpr>(&index->base->kind);
    const auto found = name == nullptr ? by_name.end() : by_name.find(name->name);
    if (found != by_name.end() && graph.variables[found->second].role == Role::data) return true;
  }
  bool found = false;
  grammar::for_each_child(expr, [&](const grammar::Expr& child) { found = found || reads_data(child, by_name, graph); });
  return found;
}

}  // namespace

void Builder::set_additions_apart() {
  for (std::size_t i = 0; i < graph_.factors.size(); ++i) {
    Factor& factor = graph_.factors[FactorId(i)];
    const Role role = graph_.variables[factor.variable].role;
    if (role != Role::latent && role != Role::param) continue;
    factor.adds = std::ranges::any_of(factor.indices, [&](const grammar::Expr& e) { return reads_data(e, by_name_, graph_); });
    if (factor.adds) std::erase(graph_.variables[factor.variable].factors, FactorId(i));
  }
  for (const Factor& factor : graph_.factors) {
    const VariableId id = factor.variable;
    const Variable& variable = graph_.variables[id];
    if (!factor.adds || variable.role != Role::latent || !variable.factors.empty() || !poisoned_.insert(id).second) continue;
    guarded([&] {
      fail("element-without",
           fmt::format("data say which element of `{}` this is about, and no statement covers each element of `{}` once", variable.name,
                       variable.name),
           factor.span, {},
           {Note{Note::Kind::help,
                 fmt::format("add one that does, such as `for n in 1..N {{ {}[n] ~ flat() }}`: this one then adds to the density", variable.name)}});
    });
  }
}

}  // namespace jensen::model
