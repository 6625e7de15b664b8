#include "base/overload.hpp"
#include "x3/fold_messages.hpp"
#include "x3/to_ast.hpp"

namespace jensen::grammar {
namespace {

using Kind = decltype(Statement::kind);

class StatementFold {
 public:
  using result_type = Kind;  // for boost::apply_visitor over the alternatives of a statement

  StatementFold(ParseState& state, SourceSpan span) : state_(state), span_(span) {}

  Kind operator()(const tree::Const& s) const { return ConstStatement{identifier(s.name), to_expr(state_, s.value)}; }
  Kind operator()(const tree::Data& s) const;
  Kind operator()(const tree::Param& s) const { return ParamStatement{identifiers(s.names), type(s.type)}; }
  Kind operator()(const tree::For& s) const;
  Kind operator()(const tree::If& s) const;
  Kind operator()(const tree::Definition& s) const;
  Kind operator()(const tree::LogPdf&) const { throw NoTree{log_density_outside_distribution(span_)}; }
  Kind operator()(const tree::Distribution& s) const;
  Kind operator()(const tree::Function& s) const { return FunctionStatement{identifier(s.name), parameters(s.parameters), to_expr(state_, s.value)}; }
  Kind operator()(const tree::Network& s) const;
  Kind operator()(const tree::Guide& s) const;
  Kind operator()(const tree::Predict& s) const;
  Kind operator()(const tree::Use& s) const;

 private:
  [[nodiscard]] Identifier identifier(const tree::Name& name) const { return {std::string(name.text), state_.span(name)}; }
  [[nodiscard]] std::vector<Identifier> identifiers(const std::vector<tree::Name>& names) const;
  [[nodiscard]] TypeExpr type(const tree::Type& t) const;
  [[nodiscard]] std::vector<Parameter> parameters(const std::vector<tree::Parameter>& parameters) const;
  [[nodiscard]] std::optional<Expr> optional_expr(const boost::optional<tree::Expression>& e) const;
  [[nodiscard]] IfStatement branches_from(const tree::If& s, std::size_t i) const;
  void add_support(DistributionStatement& d, const tree::Support& support) const;
  void add_body(DistributionStatement& d, const tree::Block& body) const;
  [[nodiscard]] Statements single(const tree::Statement& s) const;

  ParseState& state_;
  SourceSpan span_;
};

std::optional<Statement> to_statement(ParseState& state, const tree::Statement& s) {
  if (s.end == 0) return std::nullopt;
  try {
    return Statement{boost::apply_visitor(StatementFold(state, state.span(s)), s.get()), state.span(s)};
  } catch (NoTree& failure) {
    add_diagnostic(state, std::move(failure.diagnostic));
    return std::nullopt;
  }
}

std::vector<Identifier> StatementFold::identifiers(const std::vector<tree::Name>& names) const {
  std::vector<Identifier> result;
  for (const tree::Name& name : names) result.push_back(identifier(name));
  return result;
}

TypeExpr StatementFold::type(const tree::Type& t) const {
  return {std::string(t.name.text), to_exprs(state_, t.arguments), to_exprs(state_, t.extents), state_.span(t)};
}

std::vector<Parameter> StatementFold::parameters(const std::vector<tree::Parameter>& parameters) const {
  std::vector<Parameter> result;
  for (const tree::Parameter& p : parameters) {
    result.push_back({identifier(p.name), p.type ? std::optional<TypeExpr>(type(*p.type)) : std::nullopt});
  }
  return result;
}

std::optional<Expr> StatementFold::optional_expr(const boost::optional<tree::Expression>& e) const {
  return e ? std::optional<Expr>(to_expr(state_, *e)) : std::nullopt;
}

Kind StatementFold::operator()(const tree::Data& s) const {
  std::optional<StringExpr> file;
  if (s.file) file = to_string_expr(*s.file);
  return DataStatement{identifiers(s.names), type(s.type), optional_expr(s.binding), std::move(file)};
}

Kind StatementFold::operator()(const tree::For& s) const {
  return ForStatement{identifier(s.index), to_expr(state_, s.range), optional_expr(s.weight), to_statements(state_, s.body)};
}

Kind StatementFold::operator()(const tree::If& s) const {
  if (s.branches.size() > static_cast<std::size_t>(state_.limits.nesting)) {
    throw NoTree{nested_too_deep(state_, state_.first + s.branches[static_cast<std::size_t>(state_.limits.nesting)].begin)};
  }
  return branches_from(s, 0);
}

// `else if` is an else with one IfStatement.
IfStatement StatementFold::branches_from(const tree::If& s, std::size_t i) const {
  const tree::Branch& branch = s.branches[i];
  IfStatement result{to_expr(state_, branch.condition), to_statements(state_, branch.body), Statements{}, false};
  if (i + 1 < s.branches.size()) {
    const SourceSpan span{state_.source, s.branches[i + 1].begin, span_.end};
    result.else_body = Statements{Statement{branches_from(s, i + 1), span}};
    result.has_else = true;
  } else if (s.otherwise) {
    result.else_body = to_statements(state_, *s.otherwise);
    result.has_else = true;
  }
  return result;
}

Kind StatementFold::operator()(const tree::Definition& s) const {
  Target target{identifier(s.target.name), to_exprs(state_, s.target.indices), state_.span(s.target)};
  if (const auto* value = boost::get<tree::Expression>(&s.right.get())) return AssignStatement{std::move(target), to_expr(state_, *value)};
  const auto& draw = boost::get<tree::Draw>(s.right.get());
  const tree::Call& call = draw.call;
  CallExpr distribution{std::string(call.function.text), state_.span(call.function), to_arguments(state_, call.arguments)};
  TildeStatement tilde{std::move(target), std::move(distribution), state_.span(call)};
  if (draw.support) tilde.support = type(*draw.support);
  return tilde;
}

void StatementFold::add_support(DistributionStatement& d, const tree::Support& support) const {
  if (support.variate) d.variate = identifier(*support.variate);
  if (const auto* t = boost::get<tree::Type>(&support.set.get())) {
    d.support_type = type(*t);
  } else {
    d.support_range = to_expr(state_, boost::get<tree::RangeItem>(support.set.get()));
  }
}

void StatementFold::add_body(DistributionStatement& d, const tree::Block& body) const {
  SourceSpan first;
  for (const tree::Statement& s : body) {
    const auto* density = boost::get<tree::LogPdf>(&s.get());
    if (s.end == 0) continue;
    if (density == nullptr) {
      if (std::optional<Statement> statement = to_statement(state_, s)) d.body->push_back(std::move(*statement));
    } else if (d.log_density) {
      add_diagnostic(state_, second_log_density(state_.span(s), first));
    } else {
      d.log_density = LogDensity{identifier(density->variate), to_expr(state_, density->value)};
      first = state_.span(s);
    }
  }
}

Kind StatementFold::operator()(const tree::Distribution& s) const {
  DistributionStatement d{identifier(s.name), parameters(s.parameters), {}, {}, {}, {}, Statements{}};
  if (s.support) add_support(d, *s.support);
  add_body(d, s.body);
  return d;
}

Kind StatementFold::operator()(const tree::Network& s) const {
  NetworkStatement network{identifier(s.name), parameters(s.parameters), {}, {}};
  if (const auto* value = boost::get<tree::Expression>(&s.body.get())) {
    network.value = to_expr(state_, *value);
    return network;
  }
  for (Statement& statement : to_statements(state_, boost::get<tree::Block>(s.body.get()))) {
    auto* output = std::get_if<AssignStatement>(&statement.kind);
    if (output != nullptr && output->target.indices.empty()) {
      network.outputs.push_back(std::move(*output));
    } else {
      add_diagnostic(state_, not_a_network_output(statement.span));
    }
  }
  return network;
}

Statements StatementFold::single(const tree::Statement& s) const {
  Statements body;
  if (std::optional<Statement> statement = to_statement(state_, s)) body.push_back(std::move(*statement));
  return body;
}

Kind StatementFold::operator()(const tree::Guide& s) const {
  if (const auto* group = boost::get<tree::GuideGroup>(&s.body.get())) {
    return GuideStatement{GuideGroup{group->word.text == "jointly", identifiers(group->names)}, Statements{}};
  }
  Statements body = single(boost::get<tree::x3::forward_ast<tree::Statement>>(s.body.get()).get());
  for (const Statement& statement : body) {
    const bool fits = std::holds_alternative<TildeStatement>(statement.kind) || std::holds_alternative<ForStatement>(statement.kind) ||
                      std::holds_alternative<IfStatement>(statement.kind);
    if (!fits) throw NoTree{not_a_guide(statement.span)};
  }
  return GuideStatement{std::nullopt, std::move(body)};
}

Kind StatementFold::operator()(const tree::Predict& s) const {
  Statements body = single(s.body.get());
  for (const Statement& statement : body) {
    const bool fits = std::holds_alternative<TildeStatement>(statement.kind) || std::holds_alternative<ForStatement>(statement.kind) ||
                      std::holds_alternative<AssignStatement>(statement.kind);
    if (!fits) throw NoTree{not_a_prediction(statement.span)};
  }
  return PredictStatement{std::move(body)};
}

Kind StatementFold::operator()(const tree::Use& s) const {
  if (const auto* file = boost::get<tree::String>(&s.module.get())) return UseStatement{to_string_expr(*file).value, true};
  return UseStatement{std::string(boost::get<tree::Name>(s.module.get()).text), false};
}

}  // namespace

Statements to_statements(ParseState& state, const tree::Block& block) {
  Statements result;
  for (const tree::Statement& s : block) {
    if (std::optional<Statement> statement = to_statement(state, s)) result.push_back(std::move(*statement));
  }
  return result;
}

}  // namespace jensen::grammar
