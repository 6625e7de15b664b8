#include "model/body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/overload.hpp"
#include "diagnostics/suggest.hpp"
#include "model/builder.hpp"
#include "model/rewrite.hpp"

namespace jensen::model {

using grammar::Expr;
using grammar::Statement;
using grammar::Statements;

namespace {

void add_given(const Statements& statements, std::vector<grammar::Identifier>& names) {
  const auto add = [&](const grammar::Identifier& name) {
    if (std::ranges::find(names, name.name, &grammar::Identifier::name) == names.end()) names.push_back(name);
  };
  for (const Statement& statement : statements) {
    if (const auto* tilde = std::get_if<grammar::TildeStatement>(&statement.kind)) add(tilde->target.name);
    if (const auto* assign = std::get_if<grammar::AssignStatement>(&statement.kind)) add(assign->target.name);
    if (const auto* loop = std::get_if<grammar::ForStatement>(&statement.kind)) add_given(*loop->body, names);
    if (const auto* branch = std::get_if<grammar::IfStatement>(&statement.kind)) {
      add_given(*branch->then_body, names);
      add_given(*branch->else_body, names);
    }
  }
}

Expr as_expression(const grammar::Target& target, SourceSpan span) {
  Expr name{grammar::NameExpr{target.name.name}, span};
  return target.indices.empty() ? name : Expr{grammar::IndexExpr{name, target.indices}, span};
}

// base[items], as one list of indices where the base is itself an element.
Expr indexed(Expr base, std::vector<Expr> items, SourceSpan span) {
  auto* inner = std::get_if<grammar::IndexExpr>(&base.kind);
  const auto slice = [](const Expr& item) { return std::holds_alternative<grammar::RangeExpr>(item.kind); };
  if (inner == nullptr || std::ranges::any_of(inner->items, slice)) return {grammar::IndexExpr{std::move(base), std::move(items)}, span};
  inner->items.insert(inner->items.end(), items.begin(), items.end());
  return base;
}

class Instance {
 public:
  Instance(const grammar::DistributionStatement& distribution, const BodyNames& names, SourceSpan use)
      : distribution_(distribution), names_(names), use_(use), taken_(names.taken) {
    for (const auto& [name, value] : names.values) collect_names(value, taken_);
    for (const auto& [name, target] : names.targets) {
      for (const Expr& index : target.indices) collect_names(index, taken_);
    }
  }

  Statements statements(const Statements& body) {
    Statements out;
    for (const Statement& statement : body) out.push_back({kind(statement), use_});
    return out;
  }

 private:
  using Kind = decltype(Statement::kind);

  Kind kind(const Statement& statement) {
    if (const auto* tilde = std::get_if<grammar::TildeStatement>(&statement.kind)) {
      grammar::TildeStatement out = *tilde;
      out.target = target(tilde->target);
      for (grammar::Argument& argument : out.distribution.arguments) argument.value = expression(*argument.value);
      if (!out.support) return out;
      for (Expr& argument : out.support->arguments) argument = expression(argument);
      for (Expr& extent : out.support->extents) extent = expression(extent);
      return out;
    }
    if (const auto* assign = std::get_if<grammar::AssignStatement>(&statement.kind)) {
      if (assign->target.name.name == names_.variate) {
        fail("construction-without-variate", fmt::format("`{}` is what `{}` draws, so it is given by `~`", names_.variate, distribution_.name.name),
             assign->target.span);
      }
      return grammar::AssignStatement{target(assign->target), expression(assign->value)};
    }
    if (const auto* loop = std::get_if<grammar::ForStatement>(&statement.kind)) {
      grammar::ForStatement out = *loop;
      out.range = expression(loop->range);
      if (loop->weight) out.weight = expression(*loop->weight);
      within(out.index.name, [&] { out.body = statements(*loop->body); });
      return out;
    }
    if (const auto* branch = std::get_if<grammar::IfStatement>(&statement.kind)) {
      return grammar::IfStatement{expression(branch->condition), statements(*branch->then_body), statements(*branch->else_body), branch->has_else};
    }
    fail("misplaced-statement", "a construction is made of `~`, `=`, `for` and `if` statements only", statement.span);
  }

  // Gives the index another name where that is needed, for as long as `inside` runs.
  template <class F>
  void within(std::string& index, F&& inside) {
    const std::string written = index;
    for (int i = 2; taken_.contains(index); ++i) index = written + std::to_string(i);
    const auto outer = indices_;
    indices_[written] = index;
    taken_.insert(index);
    inside();
    taken_.erase(index);
    indices_ = outer;
  }

  grammar::Target target(const grammar::Target& written) {
    grammar::Target out = names_.targets.at(written.name.name);
    for (const Expr& index : written.indices) out.indices.push_back(expression(index));
    out.name.span = out.span = use_;
    return out;
  }

  Expr expression(const Expr& expr) {
    return rewritten(expr, [&](const Expr& node) -> std::optional<Expr> {
      if (const auto* name = std::get_if<grammar::NameExpr>(&node.kind)) return value(name->name, node.span);
      if (const auto* index = std::get_if<grammar::IndexExpr>(&node.kind)) {
        std::vector<Expr> items;
        for (const Expr& item : index->items) items.push_back(expression(item));
        return indexed(expression(*index->base), std::move(items), node.span);
      }
      if (const auto* sum = std::get_if<grammar::SumExpr>(&node.kind)) {
        grammar::SumExpr out = *sum;
        out.range = expression(*sum->range);
        within(out.index, [&] { out.body = expression(*sum->body); });
        return Expr{out, node.span};
      }
      return std::nullopt;
    });
  }

  Expr value(const std::string& name, SourceSpan span) {
    if (const auto index = indices_.find(name); index != indices_.end()) return {grammar::NameExpr{index->second}, span};
    if (const auto target = names_.targets.find(name); target != names_.targets.end()) return as_expression(target->second, span);
    if (const auto value = names_.values.find(name); value != names_.values.end()) return value->second;
    if (name == "pi" || name == "true" || name == "false") {
      if (!names_.hidden.contains(name)) return {grammar::NameExpr{name}, span};
      const double number = name == "pi" ? M_PI : name == "true" ? 1 : 0;
      return {grammar::NumberExpr{number, fmt::format("{}", number)}, span};
    }
    std::vector<std::string> known;
    for (const auto& [other, unused] : names_.values) known.push_back(other);
    for (const auto& [other, unused] : names_.targets) known.push_back(other);
    fail("unknown-name", fmt::format("the distribution `{}` has no `{}`{}", distribution_.name.name, name, did_you_mean(name, known)), span, {},
         {Note{Note::Kind::help, "a construction sees its parameters and what it gives itself, not the model's variables"}});
  }

  const grammar::DistributionStatement& distribution_;
  const BodyNames& names_;
  SourceSpan use_;
  std::set<std::string> taken_;
  std::map<std::string, std::string> indices_;  // of enclosing `for` and `sum`, as written and as renamed
};

}  // namespace

std::vector<grammar::Identifier> given_names(const Statements& statements) {
  std::vector<grammar::Identifier> names;
  add_given(statements, names);
  return names;
}

Statements instantiated(const grammar::DistributionStatement& distribution, const BodyNames& names, SourceSpan use) {
  return Instance(distribution, names, use).statements(*distribution.body);
}

}  // namespace jensen::model
