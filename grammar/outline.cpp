// One line per statement part, expressions as prefix forms: (* a (^ b 2)).
#include <fmt/format.h>

#include "base/overload.hpp"
#include "print.hpp"
#include "print_names.hpp"

namespace jensen::grammar {
namespace {

std::string form(const Expr& expr);
std::string form(const Argument& argument);
std::string form(const Identifier& identifier);
std::string form(const Parameter& parameter);

template <class Items>
std::string each(const Items& items) {
  std::string text;
  for (const auto& item : items) text += " " + form(item);
  return text;
}

std::string form(const Argument& argument) { return argument.name.empty() ? form(*argument.value) : argument.name + "=" + form(*argument.value); }

std::string form(const Identifier& identifier) { return identifier.name; }

std::string form(const CallExpr& call) { return fmt::format("(call {}{})", call.function, each(call.arguments)); }

std::string form(const Expr& expr) {
  return std::visit(
      Overload{[](const NumberExpr& e) { return e.text.empty() ? fmt::format("{}", e.value) : e.text; },
               [](const StringExpr& e) { return quoted(e.value); }, [](const NameExpr& e) { return e.name; },
               [](const CallExpr& e) { return form(e); },
               [](const IndexExpr& e) { return fmt::format("(index {}{})", form(*e.base), each(e.items)); },
               [](const FieldExpr& e) { return fmt::format("(field {} {})", form(*e.base), e.field); },
               [](const UnaryExpr& e) { return fmt::format("({} {})", e.op == UnaryOp::negate ? "-" : "not", form(*e.operand)); },
               [](const BinaryExpr& e) { return fmt::format("({} {} {})", spelling(e.op), form(*e.left), form(*e.right)); },
               [](const ConditionalExpr& e) { return fmt::format("(? {} {} {})", form(*e.condition), form(*e.if_true), form(*e.if_false)); },
               [](const SumExpr& e) { return fmt::format("(sum {} {} {})", e.index, form(*e.range), form(*e.body)); },
               [](const ArrayExpr& e) { return fmt::format("(array{})", each(e.elements)); },
               [](const RangeExpr& e) { return fmt::format("(.. {} {})", form(*e.low), form(*e.high)); }},
      expr.kind);
}

std::string form(const TypeExpr& type) {
  const std::string element = type.arguments.empty() ? type.name : fmt::format("({}{})", type.name, each(type.arguments));
  return type.extents.empty() ? element : fmt::format("(array-of {}{})", element, each(type.extents));
}

std::string form(const Parameter& parameter) {
  return parameter.type ? fmt::format("{}:{}", parameter.name.name, form(*parameter.type)) : parameter.name.name;
}

std::string form(const Target& target) {
  return target.indices.empty() ? target.name.name : fmt::format("(index {}{})", target.name.name, each(target.indices));
}

class Outline {
 public:
  std::string text;

  void all(const Statements& statements, int depth) {
    for (const Statement& statement : statements) std::visit([&](const auto& s) { show(s, depth); }, statement.kind);
  }

 private:
  void line(int depth, const std::string& content) {
    text.append(2 * static_cast<std::size_t>(depth), ' ');
    text += content + '\n';
  }

  void show(const ConstStatement& s, int depth) {
    line(depth, "const " + s.name.name);
    line(depth + 1, "value " + form(s.value));
  }
  void show(const DataStatement& s, int depth) {
    line(depth, "data" + each(s.names));
    line(depth + 1, "type " + form(s.type));
    if (s.binding) line(depth + 1, "binding " + form(*s.binding));
    if (s.file) line(depth + 1, "file " + quoted(s.file->value));
  }
  void show(const ParamStatement& s, int depth) {
    line(depth, "param" + each(s.names));
    line(depth + 1, "type " + form(s.type));
  }
  void show(const ForStatement& s, int depth) {
    line(depth, fmt::format("for {} {}", s.index.name, form(s.range)));
    if (s.weight) line(depth + 1, "weight " + form(*s.weight));
    all(*s.body, depth + 1);
  }
  void show(const IfStatement& s, int depth) {
    line(depth, "if " + form(s.condition));
    all(*s.then_body, depth + 1);
    if (!s.has_else) return;
    line(depth, "else");
    all(*s.else_body, depth + 1);
  }
  void show(const TildeStatement& s, int depth) {
    line(depth, "~ " + form(s.target));
    line(depth + 1, "distribution " + form(s.distribution));
    if (s.support) line(depth + 1, "support " + form(*s.support));
  }
  void show(const AssignStatement& s, int depth) {
    line(depth, "= " + form(s.target));
    line(depth + 1, "value " + form(s.value));
  }
  void show(const DistributionStatement& s, int depth);
  void show(const FunctionStatement& s, int depth) {
    line(depth, fmt::format("function {}{}", s.name.name, each(s.parameters)));
    line(depth + 1, "value " + form(s.value));
  }
  void show(const NetworkStatement& s, int depth) {
    line(depth, fmt::format("network {}{}", s.name.name, each(s.parameters)));
    if (s.value) line(depth + 1, "value " + form(*s.value));
    for (const AssignStatement& output : s.outputs) show(output, depth + 1);
  }
  void show(const GuideStatement& s, int depth) {
    line(depth, s.group ? fmt::format("guide {}{}", s.group->jointly ? "jointly" : "independently", each(s.group->names)) : "guide");
    all(*s.body, depth + 1);
  }
  void show(const PredictStatement& s, int depth) {
    line(depth, "predict");
    all(*s.body, depth + 1);
  }
  void show(const UseStatement& s, int depth) { line(depth, "use " + (s.is_file ? quoted(s.module) : s.module)); }
};

void Outline::show(const DistributionStatement& s, int depth) {
  line(depth, fmt::format("distribution {}{}", s.name.name, each(s.parameters)));
  if (s.variate) line(depth + 1, "variate " + s.variate->name);
  if (s.support_type) line(depth + 1, "support " + form(*s.support_type));
  if (s.support_range) line(depth + 1, "support " + form(*s.support_range));
  if (s.log_density) line(depth + 1, fmt::format("logpdf {} {}", s.log_density->variate.name, form(s.log_density->value)));
  all(*s.body, depth + 1);
}

}  // namespace

std::string to_outline(const Program& program) {
  Outline outline;
  outline.all(program.statements, 0);
  return outline.text;
}

}  // namespace jensen::grammar
