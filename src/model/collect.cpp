// First pass: which names there are, and in which plates each statement stands. Expressions are not looked into yet.
#include <fmt/format.h>

#include "base/overload.hpp"
#include "diagnostics/suggest.hpp"
#include "model/builder.hpp"
#include "parse.hpp"

namespace jensen::model {

using grammar::Statement;
using grammar::Statements;

void fail(std::string code, std::string message, SourceSpan span, std::string label, std::vector<Note> notes) {
  throw Failure(Diagnostic{Severity::error, std::move(code), std::move(message), span, std::move(label), std::move(notes)});
}

Builder::Builder(const grammar::Program& program, Sources& sources, const BuildOptions& options)
    : program_(program), sources_(sources), options_(options) {
  graph_.name = options.name;
}

void Builder::add_module(const std::string& module, const grammar::Program& program) {
  for (const Statement& statement : program.statements) {
    if (const auto* distribution = std::get_if<grammar::DistributionStatement>(&statement.kind)) {
      graph_.distributions.add({distribution->name.name, *distribution, module});
    } else if (const auto* function = std::get_if<grammar::FunctionStatement>(&statement.kind)) {
      graph_.functions.insert_or_assign(function->name.name, Function{function->name.name, *function});
    } else if (const auto* use = std::get_if<grammar::UseStatement>(&statement.kind)) {
      use_module(*use, statement.span);
    } else {
      fail("not-a-module", "a used file may hold `distribution`, `function` and `use` statements only", statement.span);
    }
  }
}

void Builder::use_module(const grammar::UseStatement& statement, SourceSpan span) {
  if (!statement.is_file) {
    const auto entries = stdlib_entries();
    std::vector<std::string> modules;
    for (const StdlibEntry& entry : entries) {
      if (modules.empty() || modules.back() != entry.module) modules.push_back(entry.module);
    }
    if (std::ranges::find(modules, statement.module) == modules.end()) {
      fail("unknown-module", fmt::format("there is no stdlib module `{}`{}", statement.module, did_you_mean(statement.module, modules)), span);
    }
    return;  // the whole stdlib is always in scope
  }
  for (const Source& source : sources_) {
    if (source.name() == statement.module) return;  // used before
  }
  if (sources_.size() > 64) fail("too-many-modules", "more than 64 files are used", span);
  const std::optional<std::string> text = options_.read_file ? options_.read_file(statement.module) : std::nullopt;
  if (!text) {
    throw Failure(Diagnostic{Severity::error,
                             "no-such-file",
                             fmt::format("cannot read `{}`, which this `use` names", statement.module),
                             span,
                             {},
                             {},
                             ExitStatus::no_input});
  }
  const SourceId id = sources_.add(Source(statement.module, *text));
  const auto parsed = grammar::parse(sources_[id], id);
  if (!parsed) {
    for (const Diagnostic& diagnostic : parsed.diagnostics()) diagnostics_.push_back(diagnostic);
    return;
  }
  add_module("user", *parsed);
}

void Builder::apply_sets() {
  for (const std::string& set : options_.sets) {
    const SourceId id = sources_.add(Source("--set", set));
    const SourceSpan whole{id, 0, static_cast<std::uint32_t>(set.size())};
    const auto parsed = grammar::parse(Source("--set", "const " + set), id);
    const auto* statement = parsed && parsed->statements.size() == 1 ? std::get_if<grammar::ConstStatement>(&parsed->statements[0].kind) : nullptr;
    if (statement == nullptr) {
      throw Failure(Diagnostic{Severity::error, "bad-set", "expected NAME=VALUE, e.g. K=3", whole, {}, {}, ExitStatus::usage});
    }
    const std::string& name = statement->name.name;
    if (graph_.constants.contains(name)) {
      graph_.constants.insert_or_assign(name, statement->value);
      continue;
    }
    const auto value = try_size(statement->value, Scope{});
    if (std::ranges::find(graph_.size_symbols, name) == graph_.size_symbols.end()) {
      std::vector<std::string> known = graph_.size_symbols;
      for (const auto& [constant, expr] : graph_.constants) known.push_back(constant);
      throw Failure(Diagnostic{Severity::error,
                               "bad-set",
                               fmt::format("the model has no constant or extent `{}`{}", name, did_you_mean(name, known)),
                               whole,
                               {},
                               {},
                               ExitStatus::usage});
    }
    if (!value || !value->is_constant() || *value->constant() < 0) {
      throw Failure(
          Diagnostic{Severity::error, "bad-set", fmt::format("the extent `{}` needs a whole number", name), whole, {}, {}, ExitStatus::usage});
    }
    graph_.set_sizes[name] = *value->constant();
  }
}

void Builder::check_declared_once(const std::string& name, SourceSpan span) const {
  const auto found = by_name_.find(name);
  const auto constant = constant_spans_.find(name);
  if (found == by_name_.end() && constant == constant_spans_.end()) return;
  const SourceSpan first = found != by_name_.end() ? graph_.variables[found->second].span : constant->second;
  fail("declared-twice", fmt::format("`{}` is declared twice", name), span, {}, {Note{Note::Kind::note, "declared here first", first}});
}

VariableId Builder::declare(Variable variable) {
  check_declared_once(variable.name, variable.span);
  const std::string name = variable.name;
  const VariableId id = graph_.variables.add(std::move(variable));
  by_name_[name] = id;
  return id;
}

void Builder::collect_constants() {
  for (const Statement& statement : program_.statements) {
    const auto* constant = std::get_if<grammar::ConstStatement>(&statement.kind);
    if (constant == nullptr) continue;
    guarded([&] {
      check_declared_once(constant->name.name, constant->name.span);
      constant_spans_[constant->name.name] = constant->name.span;
      graph_.constants.insert_or_assign(constant->name.name, constant->value);
    });
  }
}

namespace {

void add_given_names(const Statements& statements, std::set<std::string>& names) {
  for (const Statement& statement : statements) {
    if (const auto* tilde = std::get_if<grammar::TildeStatement>(&statement.kind)) names.insert(tilde->target.name.name);
    if (const auto* assign = std::get_if<grammar::AssignStatement>(&statement.kind)) names.insert(assign->target.name.name);
    if (const auto* loop = std::get_if<grammar::ForStatement>(&statement.kind)) add_given_names(*loop->body, names);
  }
}

}  // namespace

void Builder::collect(const Statements& statements, PlateId plate, std::vector<grammar::Expr>& conditions) {
  for (const Statement& statement : statements) {
    bool failed = true;
    guarded([&] {
      collect_statement(statement, plate, conditions);
      failed = false;
    });
    if (failed) add_given_names({statement}, lost_);
  }
}

void Builder::collect_statement(const Statement& statement, PlateId plate, std::vector<grammar::Expr>& conditions) {
  const auto only_at_top = [&](const char* word) {
    if (plate.valid()) fail("not-in-a-plate", fmt::format("`{}` stands outside `for` and `if` only", word), statement.span);
  };
  std::visit(Overload{
                 [&](const grammar::ConstStatement&) { only_at_top("const"); },
                 [&](const grammar::DataStatement&) { only_at_top("data"); },
                 [&](const grammar::ParamStatement& s) { collect_param(s, statement.span, plate); },
                 [&](const grammar::ForStatement& s) { collect_for(s, statement.span, plate, conditions); },
                 [&](const grammar::IfStatement& s) { collect_if(s, statement.span, plate, conditions); },
                 [&](const grammar::TildeStatement& s) { collect_tilde(s, statement.span, plate, conditions); },
                 [&](const grammar::AssignStatement& s) { collect_assign(s, statement.span, plate); },
                 [&](const grammar::DistributionStatement&) { only_at_top("distribution"); },
                 [&](const grammar::FunctionStatement&) { only_at_top("function"); },
                 [&](const grammar::NetworkStatement&) { only_at_top("network"); },
                 [&](const grammar::GuideStatement& s) { collect_guide(s, statement.span); },
                 [&](const grammar::PredictStatement& s) { collect_predict(s, plate, conditions); },
                 [&](const grammar::UseStatement&) { only_at_top("use"); },
             },
             statement.kind);
}

namespace {

// p0..p63 and V1..V16 as names; zero padding is kept: v01..v12.
std::vector<std::string> expand_columns(const grammar::RangeExpr& range, SourceSpan span) {
  const auto* low = std::get_if<grammar::NameExpr>(&range.low->kind);
  const auto* high = std::get_if<grammar::NameExpr>(&range.high->kind);
  const auto digits_at = [](const std::string& name) {
    std::size_t at = name.size();
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9') --at;
    return at;
  };
  if (low != nullptr && high != nullptr) {
    const std::size_t a = digits_at(low->name);
    const std::size_t b = digits_at(high->name);
    const std::string first = low->name.substr(a);
    const std::string last = high->name.substr(b);
    if (!first.empty() && !last.empty() && first.size() <= 9 && last.size() <= 9 && low->name.substr(0, a) == high->name.substr(0, b)) {
      const bool padded = first.size() == last.size();
      std::vector<std::string> names;
      for (int i = std::stoi(first); i <= std::stoi(last) && names.size() < 1000000; ++i) {
        names.push_back(low->name.substr(0, a) + (padded ? fmt::format("{:0{}}", i, first.size()) : std::to_string(i)));
      }
      if (!names.empty()) return names;
    }
  }
  fail("bad-columns", "a range of columns runs between two names that differ in their number only, as in p0..p63", span);
}

std::vector<std::string> column_names(const grammar::CallExpr& call) {
  std::vector<std::string> names;
  for (const grammar::Argument& argument : call.arguments) {
    if (const auto* name = std::get_if<grammar::NameExpr>(&argument.value->kind); name != nullptr && argument.name.empty()) {
      names.push_back(name->name);
    } else if (const auto* text = std::get_if<grammar::StringExpr>(&argument.value->kind); text != nullptr && argument.name.empty()) {
      names.push_back(text->value);
    } else if (const auto* range = std::get_if<grammar::RangeExpr>(&argument.value->kind)) {
      for (std::string& expanded : expand_columns(*range, argument.span)) names.push_back(std::move(expanded));
    } else {
      fail("bad-columns", "a column is given by its name, by its name in quotes, or by a range such as p0..p63", argument.span);
    }
  }
  if (names.empty()) fail("bad-columns", fmt::format("`{}` needs at least one column", call.function), call.function_span);
  return names;
}

Binding binding_of(const grammar::DataStatement& statement, const std::string& name) {
  Binding binding;
  if (statement.file) binding.file = statement.file->value;
  if (!statement.binding) {
    binding.columns = {name};
    return binding;
  }
  if (statement.names.size() > 1) {
    fail("bad-columns", "a binding is for one name; write one `data` statement for each", statement.binding->span);
  }
  const auto* call = std::get_if<grammar::CallExpr>(&statement.binding->kind);
  if (call != nullptr && (call->function == "column" || call->function == "columns")) {
    binding.kind = call->function == "column" ? Binding::Kind::column : Binding::Kind::columns;
    binding.columns = column_names(*call);
    if (binding.kind == Binding::Kind::column && binding.columns.size() != 1) {
      fail("bad-columns", "`column` takes one column; use `columns(...)` for several", statement.binding->span);
    }
    return binding;
  }
  binding.kind = Binding::Kind::literal;
  binding.literal = statement.binding;
  return binding;
}

}  // namespace

void Builder::collect_data(const grammar::DataStatement& statement, SourceSpan span, PlateId) {
  (void)span;
  for (const grammar::Identifier& name : statement.names) {
    Variable variable;
    variable.name = name.name;
    variable.role = Role::data;
    variable.span = name.span;
    variable.binding = binding_of(statement, name.name);
    declared_types_[declare(std::move(variable))] = &statement.type;
  }
}

void Builder::collect_param(const grammar::ParamStatement& statement, SourceSpan, PlateId plate) {
  if (plate.valid()) {
    fail("param-in-plate", "a `param` stands outside plates; give it extents instead", statement.type.span, {},
         {Note{Note::Kind::help, fmt::format("write `param {}: {}[...]` at the top", statement.names[0].name, statement.type.name)}});
  }
  for (const grammar::Identifier& name : statement.names) {
    Variable variable;
    variable.name = name.name;
    variable.role = Role::param;
    variable.span = name.span;
    declared_types_[declare(std::move(variable))] = &statement.type;
  }
}

void Builder::collect_for(const grammar::ForStatement& statement, SourceSpan span, PlateId plate, std::vector<grammar::Expr>& conditions) {
  for (PlateId p = plate; p.valid(); p = graph_.plates[p].parent) {
    if (graph_.plates[p].index == statement.index.name) {
      fail("index-reused", fmt::format("the index `{}` is already that of an enclosing plate", statement.index.name), statement.index.span, {},
           {Note{Note::Kind::note, "the enclosing plate", graph_.plates[p].span}});
    }
  }
  Plate inner;
  inner.index = statement.index.name;
  inner.parent = plate;
  inner.span = statement.index.span;
  inner.weight = statement.weight;
  inner.range = range_of(statement.range, plate_scope(plates_from(plate)));
  (void)span;
  collect(*statement.body, graph_.plates.add(std::move(inner)), conditions);
}

void Builder::collect_if(const grammar::IfStatement& statement, SourceSpan span, PlateId plate, std::vector<grammar::Expr>& conditions) {
  (void)span;
  if (const auto holds = constant_truth(statement.condition)) {  // the other branch is no part of this model
    collect(*holds ? *statement.then_body : *statement.else_body, plate, conditions);
    return;
  }
  conditions.push_back(statement.condition);
  collect(*statement.then_body, plate, conditions);
  conditions.pop_back();
  if (!statement.has_else) return;
  grammar::Expr negated{grammar::UnaryExpr{grammar::UnaryOp::logical_not, statement.condition}, statement.condition.span};
  conditions.push_back(std::move(negated));
  collect(*statement.else_body, plate, conditions);
  conditions.pop_back();
}

void Builder::collect_tilde(const grammar::TildeStatement& statement, SourceSpan span, PlateId plate, const std::vector<grammar::Expr>& conditions) {
  const std::string& name = statement.target.name.name;
  if (const auto constant = constant_spans_.find(name); constant != constant_spans_.end()) {
    fail("constant-has-distribution", fmt::format("`{}` is a constant and cannot have a distribution", name), statement.target.span, {},
         {Note{Note::Kind::note, "declared here", constant->second}});
  }
  Factor factor;
  factor.indices = statement.target.indices;
  factor.plates = plates_from(plate);
  factor.call = statement.distribution;
  factor.on = statement.support;
  factor.conditions = conditions;
  factor.span = span;
  factor.distribution_span = statement.distribution_span;
  if (predicting_) return add_prediction(statement.target, {{}, std::move(factor), std::nullopt});
  VariableId id;
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    id = found->second;
    if (graph_.variables[id].role == Role::predict) check_declared_once(name, statement.target.name.span);
    if (!graph_.variables[id].definitions.empty()) {
      // A deterministic function of data may have a distribution; its level is checked once types are known.
      graph_.variables[id].observed = true;
    }
  } else {
    Variable variable;
    variable.name = name;
    variable.role = Role::latent;
    variable.span = statement.target.name.span;
    id = declare(std::move(variable));
  }
  factor.variable = id;
  if (replaced_.valid() && graph_.factors[replaced_].variable == id) {
    graph_.factors[std::exchange(replaced_, {})] = std::move(factor);
    return;
  }
  graph_.variables[id].factors.push_back(graph_.factors.add(std::move(factor)));
}

void Builder::collect_assign(const grammar::AssignStatement& statement, SourceSpan span, PlateId plate) {
  const std::string& name = statement.target.name.name;
  if (const auto* call = std::get_if<grammar::CallExpr>(&statement.value.kind)) {
    const auto names = distribution_names();
    if (std::ranges::find(names, call->function) != names.end() && !graph_.functions.contains(call->function)) {
      fail("assign-for-tilde", fmt::format("`{}` is a distribution", call->function), statement.value.span, {},
           {Note{Note::Kind::help, fmt::format("write `{} ~ {}(...)` to say that `{}` is drawn from it", name, call->function, name)}});
    }
  }
  if (predicting_) {
    return add_prediction(statement.target, {{}, std::nullopt, Definition{{}, statement.target.indices, plates_from(plate), statement.value, span}});
  }
  VariableId id;
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    id = found->second;
    const Variable& variable = graph_.variables[id];
    if (variable.role != Role::derived && !(variable.role == Role::latent && variable.definitions.empty() && !variable.factors.empty())) {
      fail("assigned-and-declared", fmt::format("`{}` is {} and cannot be defined by `=` as well", name, to_text(variable.role)),
           statement.target.span, {}, {Note{Note::Kind::note, "declared here", variable.span}});
    }
    graph_.variables[id].role = Role::derived;
    graph_.variables[id].observed = !variable.factors.empty();
  } else {
    Variable variable;
    variable.name = name;
    variable.role = Role::derived;
    variable.span = statement.target.name.span;
    id = declare(std::move(variable));
  }
  graph_.variables[id].definitions.push_back(graph_.definitions.size());
  graph_.definitions.push_back({id, statement.target.indices, plates_from(plate), statement.value, span});
}

std::vector<PlateId> Builder::plates_from(PlateId innermost) const {
  std::vector<PlateId> plates;
  for (PlateId p = innermost; p.valid(); p = graph_.plates[p].parent) plates.push_back(p);
  return {plates.rbegin(), plates.rend()};
}

Scope Builder::plate_scope(const std::vector<PlateId>& plates) const {
  Scope scope;
  for (const PlateId id : plates) scope.indices[graph_.plates[id].index] = graph_.plates[id].range;
  return scope;
}

}  // namespace jensen::model
