// Checks that need the whole model: arguments of every factor, observed types, cycles, later statements; and the choice of method.
#include <fmt/format.h>

#include <cmath>

#include "children.hpp"
#include "diagnostics/suggest.hpp"
#include "model/builder.hpp"

namespace jensen::model {

std::string to_text(Role role) {
  switch (role) {
    case Role::data:
      return "data";
    case Role::latent:
      return "latent";
    case Role::param:
      return "param";
    case Role::derived:
      return "derived";
    case Role::predict:
      return "predict";
  }
  return {};
}

VariableId ModelGraph::find(const std::string& name) const {
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (variables[VariableId(i)].name == name) return VariableId(i);
  }
  return {};
}

const std::string& ModelGraph::shown_name(VariableId id) const {
  const Variable& variable = variables[id];
  return variable.missing_of.valid() ? variables[variable.missing_of].name : variable.name;
}

namespace {

bool discrete(SupportKind kind) {
  return kind == SupportKind::boolean || kind == SupportKind::count || kind == SupportKind::bounded_count || kind == SupportKind::integer ||
         kind == SupportKind::category;
}

const char* type_name_for(SupportKind kind) {
  if (kind == SupportKind::boolean) return "bool";
  if (kind == SupportKind::category) return "category(K)";
  return "count";
}

}  // namespace

// A density of whole numbers needs data of such a type; a real one takes any numbers (their values are checked when they are read).
void Builder::check_observed(const Factor& factor, const BoundCall& call) {
  const Variable& variable = graph_.variables[factor.variable];
  const SupportKind declared = variable.type.support.kind;
  const SupportKind wanted = call.support.support.kind;
  const bool fits = !discrete(wanted) || declared == wanted ||
                    (wanted != SupportKind::category && wanted != SupportKind::boolean && discrete(declared) && declared != SupportKind::category) ||
                    (wanted == SupportKind::count && declared == SupportKind::boolean);
  if (!fits) {
    fail("type-mismatch",
         fmt::format("`{}` draws a {}, but `{}` is declared as {}", factor.call.function, type_name_for(wanted), variable.name, to_text(declared)),
         factor.distribution_span, {},
         {Note{Note::Kind::help, fmt::format("declare `{}` as {}", variable.name, type_name_for(wanted)), variable.span}});
  }
  if (declared == SupportKind::category && wanted != SupportKind::category) {
    fail("type-mismatch", fmt::format("`{}` is a category, whose levels are names and not numbers", variable.name), factor.span, {},
         {Note{Note::Kind::note, "declared here", variable.span}});
  }
}

// A distribution, its arguments, and the left side they are for.
BoundCall Builder::check_draw(FactorId id) {
  const Factor factor = graph_.factors[id];
  ensure_type(factor.variable);
  const Scope scope = plate_scope(factor.plates);
  BoundCall call = bind_draw(graph_.factors[id], scope);
  check_domains(call, factor.call.function, scope);
  graph_.factors[id].distribution = call.distribution;
  graph_.factors[id].support = call.support;
  const Variable& variable = graph_.variables[factor.variable];
  if (variable.role != Role::latent && !factor.adds) {
    covered_by(factor.indices, factor.plates, variable.name, factor.span);
    if (variable.role == Role::data) check_observed(factor, call);
  }
  grammar::Expr target{grammar::NameExpr{variable.name}, factor.span};
  if (!factor.indices.empty()) target = grammar::Expr{grammar::IndexExpr{target, factor.indices}, factor.span};
  const ExprType type = infer(target, scope);
  if (variable.role == Role::derived && type.level == Level::latent) {
    fail("derived-with-distribution", fmt::format("`{}` is a function of latent variables and cannot have a distribution as well", variable.name),
         factor.span);
  }
  if (type.dims.size() != call.support.dims.size()) {
    fail("shape-mismatch",
         fmt::format("`{}` draws {}, but the left side is {}", factor.call.function, shape_text(call.support.dims), shape_text(type.dims)),
         factor.span, {},
         type.dims.size() > call.support.dims.size() ? std::vector{Note{Note::Kind::help, "put the statement into a `for` over the remaining index"}}
                                                     : std::vector<Note>{});
  }
  for (std::size_t i = 0; i < type.dims.size(); ++i) {
    require_equal(type.dims[i], call.support.dims[i], factor.span, fmt::format("`{}` and its distribution", variable.name));
  }
  if (type.category)
    require_equal(type.levels, call.support.levels, factor.span, fmt::format("the levels of `{}` and its distribution", variable.name));
  return call;
}

void Builder::check_factor(FactorId id) {
  const BoundCall call = check_draw(id);
  const Factor& factor = graph_.factors[id];
  check_said(id, call.support);
  check_open_bound(call, factor);
  check_body(call, factor.distribution_span);
}

void Builder::check_definition(const Definition& definition) {
  ensure_type(definition.variable);
  covered_by(definition.indices, definition.plates, graph_.variables[definition.variable].name, definition.span);
  infer(definition.value, plate_scope(definition.plates));
}

void Builder::check_weight(const Plate& plate, PlateId id) {
  if (!plate.weight) return;
  const ExprType type = infer(*plate.weight, plate_scope(plates_from(id)));
  if (!type.scalar()) fail("shape-mismatch", "a weight is a number", plate.weight->span);
  if (const auto constant = try_constant(*plate.weight); constant && *constant < 0) {
    fail("negative-weight", fmt::format("a weight is at least 0, and this is {}", *constant), plate.weight->span);
  }
  if (type.level == Level::latent) fail("latent-weight", "a weight is data or a constant, not a latent variable", plate.weight->span);
}

// An extent that a constant makes 0 leaves nothing to infer; one read off the data may be 0.
void Builder::check_extents(const Variable& variable) {
  const bool leveled = variable.type.support.kind == SupportKind::category;
  std::vector<Size> extents = variable.dims;
  if (leveled) extents.push_back(variable.type.levels);
  for (const Size& extent : extents) {
    const auto known = extent.constant();
    if (!known || *known >= 1) continue;
    const std::string named = extent.text() == std::to_string(*known) ? "" : fmt::format("`{}`, which is ", extent.text());
    fail("empty-extent",
         fmt::format("`{}` has the {} {}{}: at least 1 is needed", variable.name, leveled ? "number of levels" : "extent", named, *known),
         variable.span);
  }
}

void Builder::check_variable(VariableId id) {
  if (const auto& factors = graph_.variables[id].factors; factors.empty()) {
    ensure_type(id);
  } else {
    with_origin(factors[0], [&] { ensure_type(id); });
  }
  const Variable& variable = graph_.variables[id];
  check_extents(variable);
  if (variable.role == Role::data || variable.role == Role::param) {
    std::vector<std::vector<Range>> covered;
    for (const FactorId factor : variable.factors) {
      covered.push_back(covered_by(graph_.factors[factor].indices, graph_.factors[factor].plates, variable.name, graph_.factors[factor].span));
      for (std::size_t other = 0; other + 1 < covered.size(); ++other) {
        const FactorId first = variable.factors[other];
        if (covered[other] == covered.back() && !apart(graph_.factors[factor], graph_.factors[first])) {
          fail("element-twice", fmt::format("`{}` has two distributions", variable.name), graph_.factors[factor].span, {},
               {Note{Note::Kind::note, "the first one", graph_.factors[first].span}});
        }
      }
    }
  }
}

// Names used in an expression.
void collect_names(const grammar::Expr& expr, std::set<std::string>& names) {
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) names.insert(name->name);
  grammar::for_each_child(expr, [&](const grammar::Expr& child) { collect_names(child, names); });
}

namespace {

// Whether every use of `name` in the expression is at another element than `indices`: z[t - 1] in the statement of z[t].
bool only_shifted(const grammar::Expr& expr, const std::string& name, const std::vector<grammar::Expr>& indices) {
  const auto same = [](const grammar::Expr& a, const grammar::Expr& b) {
    const auto* x = std::get_if<grammar::NameExpr>(&a.kind);
    const auto* y = std::get_if<grammar::NameExpr>(&b.kind);
    if (x != nullptr && y != nullptr) return x->name == y->name;
    const auto* u = std::get_if<grammar::NumberExpr>(&a.kind);
    const auto* v = std::get_if<grammar::NumberExpr>(&b.kind);
    return u != nullptr && v != nullptr && u->value == v->value;
  };
  if (const auto* index = std::get_if<grammar::IndexExpr>(&expr.kind)) {
    if (const auto* base = std::get_if<grammar::NameExpr>(&index->base->kind); base != nullptr && base->name == name) {
      bool equal = true;
      for (std::size_t i = 0; i < indices.size() && i < index->items.size(); ++i) equal = equal && same(index->items[i], indices[i]);
      return !equal;
    }
  }
  if (const auto* word = std::get_if<grammar::NameExpr>(&expr.kind)) return word->name != name;
  bool shifted = true;
  grammar::for_each_child(expr, [&](const grammar::Expr& child) { shifted = shifted && only_shifted(child, name, indices); });
  return shifted;
}

}  // namespace

// A variable whose distribution depends on itself has no joint density, unless every step goes to another element.
void Builder::check_cycles() {
  std::map<VariableId, std::map<VariableId, SourceSpan>> parents;
  const auto add = [&](VariableId child, const std::vector<grammar::Expr>& indices, const grammar::Expr& expr, SourceSpan span) {
    std::set<std::string> names;
    collect_names(expr, names);
    for (const std::string& name : names) {
      const auto found = by_name_.find(name);
      if (found == by_name_.end() || graph_.variables[found->second].role == Role::data) continue;
      if (found->second == child && only_shifted(expr, name, indices)) continue;
      parents[child].emplace(found->second, span);
    }
  };
  for (const Factor& factor : graph_.factors) {
    if (factor.adds) continue;  // elements that have each other's densities need no order
    for (const grammar::Argument& argument : factor.call.arguments) add(factor.variable, factor.indices, *argument.value, factor.span);
    for (const grammar::Expr& condition : factor.conditions) add(factor.variable, factor.indices, condition, factor.span);
  }
  for (const Definition& definition : graph_.definitions) add(definition.variable, definition.indices, definition.value, definition.span);
  for (const Prediction& prediction : graph_.predictions) {
    if (prediction.definition) add(prediction.variable, prediction.indices(), prediction.definition->value, prediction.span());
    if (!prediction.factor) continue;
    for (const grammar::Argument& argument : prediction.factor->call.arguments)
      add(prediction.variable, prediction.indices(), *argument.value, prediction.span());
  }
  std::set<VariableId> done;
  std::vector<VariableId> path;
  const std::function<void(VariableId)> visit = [&](VariableId id) {
    if (done.contains(id)) return;
    if (const auto at = std::ranges::find(path, id); at != path.end()) {
      std::string chain = "`" + graph_.variables[id].name + "`";
      for (auto it = at + 1; it != path.end(); ++it)
        chain += fmt::format("{} depends on `{}`", it == at + 1 ? "" : ", which", graph_.variables[*it].name);
      chain += path.end() - at > 1 ? ", which depends on " : " depends on ";
      const SourceSpan span = parents[path.back()][id];
      done.insert(at, path.end());
      poisoned_.insert(at, path.end());
      fail("cycle", chain + (path.end() - at > 1 ? "`" + graph_.variables[id].name + "`" : "itself"), span, {},
           {Note{Note::Kind::help, "a model is built from priors to data; one of these must come first"}});
    }
    path.push_back(id);
    for (const auto& [parent, span] : parents[id]) visit(parent);
    path.pop_back();
    done.insert(id);
  };
  for (std::size_t i = 0; i < graph_.variables.size(); ++i) {
    path.clear();
    guarded([&] { visit(VariableId(i)); });
  }
}

void Builder::mark_data_sized() {
  for (Variable& variable : graph_.variables) variable.observed = variable.observed || (variable.role == Role::data && !variable.factors.empty());
  const auto rows = [&](const Size& size) {
    return std::ranges::any_of(size.symbols(), [&](const auto& entry) { return graph_.row_symbols.contains(entry.first); });
  };
  for (Plate& plate : graph_.plates) plate.data_sized = rows(plate.range.high);
  for (Variable& variable : graph_.variables) {
    for (std::size_t slot = 0; slot < variable.array_rank; ++slot) variable.data_sized = variable.data_sized || rows(variable.dims[slot]);
  }
}

// em: every continuous latent outside all data-sized plates becomes a point (MAP); not the local quantities of a construction, which would then no
// longer be summed out of its density. vb: every param gets a q, for which it needs a prior.
void Builder::apply_method() {
  for (Variable& variable : graph_.variables) {
    if (options_.method == Method::em && variable.role == Role::latent && !variable.auxiliary && !variable.data_sized &&
        !discrete(variable.type.support.kind)) {
      variable.role = Role::param;
    }
    if (options_.method == Method::vb && variable.role == Role::param) {
      if (variable.factors.empty()) {
        guarded([&] {
          fail("param-without-prior", fmt::format("`--method vb` needs a distribution for the param `{}`", variable.name), variable.span, {},
               {Note{Note::Kind::help, fmt::format("add a statement `{} ~ ...`, or leave the method at `auto`", variable.name)}});
        });
        continue;
      }
      variable.role = Role::latent;
    }
  }
}

void Builder::collect_guide(const grammar::GuideStatement& statement, SourceSpan span) {
  guides_.push_back(&statement);
  graph_.unsupported.push_back({"`guide`", span});
}

void Builder::collect_networks() {
  for (const grammar::Statement& statement : program_.statements) {
    if (const auto* network = std::get_if<grammar::NetworkStatement>(&statement.kind)) {
      graph_.networks.insert(network->name.name);
      graph_.unsupported.push_back({"`network`", statement.span});
    }
  }
}

// Statements whose inference comes later: their names must be known all the same.
void Builder::check_statements(const grammar::Statements& statements, const Scope& scope, bool guide) {
  for (const grammar::Statement& statement : statements) {
    guarded([&] {
      if (const auto* loop = std::get_if<grammar::ForStatement>(&statement.kind)) {
        Scope inner;
        inner.parent = &scope;
        inner.indices[loop->index.name] = range_of(loop->range, scope);
        check_statements(*loop->body, inner, guide);
      } else if (const auto* tilde = std::get_if<grammar::TildeStatement>(&statement.kind)) {
        for (const grammar::Expr& index : tilde->target.indices) infer(index, scope);
        if (guide) {
          const auto found = by_name_.find(tilde->target.name.name);
          if (found == by_name_.end()) {
            fail("unknown-name",
                 fmt::format("there is no `{}` to guide{}", tilde->target.name.name, did_you_mean(tilde->target.name.name, visible_names(scope))),
                 tilde->target.name.span);
          }
          if (graph_.variables[found->second].role == Role::data) {
            fail("guide-of-data", fmt::format("`{}` is data; a guide is for a latent variable", tilde->target.name.name), tilde->target.name.span);
          }
          for (const grammar::Argument& argument : tilde->distribution.arguments) infer(*argument.value, scope);
        }
      } else if (const auto* assign = std::get_if<grammar::AssignStatement>(&statement.kind)) {
        infer(assign->value, scope);
      }
    });
  }
}

Result<ModelGraph> Builder::build() {
  guarded([&] {
    load_stdlib();
    collect_constants();
    collect_sizes();
    apply_sets();
    collect_networks();
    for (const grammar::Statement& statement : program_.statements) {
      if (const auto* use = std::get_if<grammar::UseStatement>(&statement.kind)) guarded([&] { use_module(*use, statement.span); });
      if (const auto* d = std::get_if<grammar::DistributionStatement>(&statement.kind)) graph_.distributions.add({d->name.name, *d, "user"});
      if (const auto* f = std::get_if<grammar::FunctionStatement>(&statement.kind)) {
        graph_.functions.insert_or_assign(f->name.name, Function{f->name.name, *f});
      }
      if (const auto* data = std::get_if<grammar::DataStatement>(&statement.kind)) guarded([&] { collect_data(*data, statement.span, {}); });
    }
    std::vector<grammar::Expr> conditions;
    collect(program_.statements, PlateId{}, conditions);
    set_additions_apart();
    check_cycles();
    expand_constructions();
    if (diagnostics_.empty()) check_cycles();  // those that a body makes
    for (std::size_t i = 0; i < graph_.factors.size(); ++i) {
      if (!refused_.contains(FactorId(i))) guarded([&] { with_origin(FactorId(i), [&] { split_conditions(FactorId(i)); }); });
    }
    for (std::size_t i = 0; i < graph_.variables.size(); ++i) guarded([&] { check_variable(VariableId(i)); });
    for (std::size_t i = 0; i < graph_.plates.size(); ++i) guarded([&] { check_weight(graph_.plates[PlateId(i)], PlateId(i)); });
    for (std::size_t i = 0; i < graph_.factors.size(); ++i) {
      if (!refused_.contains(FactorId(i))) guarded([&] { with_origin(FactorId(i), [&] { check_factor(FactorId(i)); }); });
    }
    for (const Definition& definition : graph_.definitions) guarded([&] { check_definition(definition); });
    if (diagnostics_.empty()) check_branches();
    for (std::size_t p = 0; p < graph_.predictions.size(); ++p) guarded([&] { check_prediction(p); });
    check_prediction_uses();
    for (const auto* guide : guides_) check_statements(*guide->body, Scope{}, true);
    mark_data_sized();
    apply_method();
  });
  if (!diagnostics_.empty()) {
    std::ranges::stable_sort(diagnostics_, [](const Diagnostic& a, const Diagnostic& b) {
      return std::pair(a.span.source, a.span.begin) < std::pair(b.span.source, b.span.begin);
    });
    if (diagnostics_.size() > 20) diagnostics_.resize(20);
    return diagnostics_;
  }
  return std::move(graph_);
}

Result<ModelGraph> build_graph(const grammar::Program& program, Sources& sources, const BuildOptions& options) {
  return Builder(program, sources, options).build();
}

}  // namespace jensen::model
