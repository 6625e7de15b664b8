#include "print.hpp"

#include <fmt/format.h>

#include "base/overload.hpp"
#include "print_names.hpp"

namespace jensen::grammar {
namespace {

// Binding strengths as in jensen.ebnf, loosest first. What needs no parentheses anywhere is `tightest`.
constexpr int conditional_strength = 0;
constexpr int comparison_strength = 4;
constexpr int product_strength = 6;
constexpr int unary_strength = 7;
constexpr int power_strength = 8;
constexpr int tightest = 9;

int strength(BinaryOp op) {
  switch (op) {
    case BinaryOp::pipe:
      return 1;
    case BinaryOp::logical_or:
      return 2;
    case BinaryOp::logical_and:
      return 3;
    case BinaryOp::equal:
    case BinaryOp::not_equal:
    case BinaryOp::less:
    case BinaryOp::less_equal:
    case BinaryOp::greater:
    case BinaryOp::greater_equal:
      return comparison_strength;
    case BinaryOp::add:
    case BinaryOp::subtract:
      return 5;
    case BinaryOp::multiply:
    case BinaryOp::divide:
    case BinaryOp::elementwise_multiply:
    case BinaryOp::elementwise_divide:
      return product_strength;
    case BinaryOp::power:
      return power_strength;
  }
  return tightest;
}

// A sum binds to its left as tightly as a name; what follows it is a matter of `open_to_the_right`.
int strength(const Expr& expr) {
  if (const auto* binary = std::get_if<BinaryExpr>(&expr.kind)) return strength(binary->op);
  if (std::holds_alternative<UnaryExpr>(expr.kind)) return unary_strength;
  if (std::holds_alternative<ConditionalExpr>(expr.kind) || std::holds_alternative<RangeExpr>(expr.kind)) return conditional_strength;
  return tightest;
}

int right_strength(BinaryOp op) {
  if (op == BinaryOp::power) return unary_strength;  // a^-b and a^b^c
  return strength(op) + 1;
}

// Ends in the body of a `sum(i in ...)`, which would take in a product or power that follows.
bool open_to_the_right(const Expr& expr) {
  if (std::holds_alternative<SumExpr>(expr.kind)) return true;
  if (const auto* unary = std::get_if<UnaryExpr>(&expr.kind)) {
    return strength(*unary->operand) >= unary_strength && open_to_the_right(*unary->operand);
  }
  const auto* binary = std::get_if<BinaryExpr>(&expr.kind);
  return binary != nullptr && strength(*binary->right) >= right_strength(binary->op) && open_to_the_right(*binary->right);
}

std::string to_text(const Argument& argument);
std::string to_text(const Identifier& identifier);
std::string to_text(const Parameter& parameter);

std::string parenthesised(const Expr& expr) { return "(" + to_text(expr) + ")"; }

std::string at_least(const Expr& expr, int needed) { return strength(expr) >= needed ? to_text(expr) : parenthesised(expr); }

template <class Items>
std::string comma_separated(const Items& items) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ", ";
    text += to_text(item);
  }
  return text;
}

std::string to_text(const Argument& argument) {
  return argument.name.empty() ? to_text(*argument.value) : argument.name + " = " + to_text(*argument.value);
}

std::string to_text(const CallExpr& call) { return call.function + "(" + comma_separated(call.arguments) + ")"; }

std::string to_text(const BinaryExpr& binary) {
  const int own = strength(binary.op);
  const bool left_equal_needs_parentheses = binary.op == BinaryOp::power || own == comparison_strength;
  const bool swallowed = own >= product_strength && open_to_the_right(*binary.left);
  const std::string left = swallowed ? parenthesised(*binary.left) : at_least(*binary.left, left_equal_needs_parentheses ? own + 1 : own);
  const std::string right = at_least(*binary.right, right_strength(binary.op));
  const std::string_view space = binary.op == BinaryOp::power ? "" : " ";
  return fmt::format("{}{}{}{}{}", left, space, spelling(binary.op), space, right);
}

std::string to_text(const UnaryExpr& unary) {
  const std::string operand = at_least(*unary.operand, unary_strength);
  return unary.op == UnaryOp::negate ? "-" + operand : "not " + operand;
}

// What takes an index or a field without parentheses.
std::string base_text(const Expr& base) {
  const bool bare = std::holds_alternative<NameExpr>(base.kind) || std::holds_alternative<CallExpr>(base.kind) ||
                    std::holds_alternative<IndexExpr>(base.kind) || std::holds_alternative<FieldExpr>(base.kind) ||
                    std::holds_alternative<ArrayExpr>(base.kind);
  return bare ? to_text(base) : parenthesised(base);
}

}  // namespace

std::string to_text(const Expr& expr) {
  return std::visit(
      Overload{[](const NumberExpr& e) { return e.text.empty() ? fmt::format("{}", e.value) : e.text; },
               [](const StringExpr& e) { return quoted(e.value); }, [](const NameExpr& e) { return e.name; },
               [](const CallExpr& e) { return to_text(e); },
               [](const IndexExpr& e) { return base_text(*e.base) + "[" + comma_separated(e.items) + "]"; },
               [](const FieldExpr& e) { return base_text(*e.base) + "." + e.field; }, [](const UnaryExpr& e) { return to_text(e); },
               [](const BinaryExpr& e) { return to_text(e); },
               [](const ConditionalExpr& e) {
                 return at_least(*e.condition, conditional_strength + 1) + " ? " + to_text(*e.if_true) + " : " + to_text(*e.if_false);
               },
               [](const SumExpr& e) { return fmt::format("sum({} in {}) {}", e.index, to_text(*e.range), at_least(*e.body, product_strength)); },
               [](const ArrayExpr& e) { return "[" + comma_separated(e.elements) + "]"; },
               [](const RangeExpr& e) { return to_text(*e.low) + ".." + to_text(*e.high); }},
      expr.kind);
}

std::string to_text(const TypeExpr& type) {
  std::string text = type.name;
  if (!type.arguments.empty()) text += "(" + comma_separated(type.arguments) + ")";
  if (!type.extents.empty()) text += "[" + comma_separated(type.extents) + "]";
  return text;
}

namespace {

std::string to_text(const Identifier& identifier) { return identifier.name; }

std::string to_text(const Parameter& parameter) {
  return parameter.type ? parameter.name.name + ": " + to_text(*parameter.type) : parameter.name.name;
}

std::string to_text(const Target& target) {
  return target.indices.empty() ? target.name.name : target.name.name + "[" + comma_separated(target.indices) + "]";
}

std::string signature(std::string_view keyword, const Identifier& name, const std::vector<Parameter>& parameters) {
  return fmt::format("{} {}({})", keyword, name.name, comma_separated(parameters));
}

class StatementPrinter {
 public:
  std::string text;

  void all(const Statements& statements, int depth) {
    for (const Statement& statement : statements) {
      indent(depth);
      one(statement, depth);
      text += '\n';
    }
  }

 private:
  void indent(int depth) { text.append(2 * static_cast<std::size_t>(depth), ' '); }
  void one(const Statement& statement, int depth) {
    std::visit([&](const auto& s) { print(s, depth); }, statement.kind);
  }
  void block(const Statements& statements, int depth) {
    text += " {\n";
    all(statements, depth + 1);
    indent(depth);
    text += '}';
  }

  void print(const ConstStatement& s, int) { text += fmt::format("const {} = {}", s.name.name, to_text(s.value)); }
  void print(const DataStatement& s, int) {
    text += fmt::format("data {}: {}", comma_separated(s.names), to_text(s.type));
    if (s.binding) text += " = " + to_text(*s.binding);
    if (s.file) text += " from " + quoted(s.file->value);
  }
  void print(const ParamStatement& s, int) { text += fmt::format("param {}: {}", comma_separated(s.names), to_text(s.type)); }
  void print(const ForStatement& s, int depth) {
    text += fmt::format("for {} in {}", s.index.name, to_text(s.range));
    if (s.weight) text += " weight " + to_text(*s.weight);
    block(*s.body, depth);
  }
  void print(const IfStatement& s, int depth);
  void print(const TildeStatement& s, int) {
    text += to_text(s.target) + " ~ " + to_text(s.distribution);
    if (s.support) text += " on " + to_text(*s.support);
  }
  void print(const AssignStatement& s, int) { text += to_text(s.target) + " = " + to_text(s.value); }
  void print(const DistributionStatement& s, int depth);
  void print(const FunctionStatement& s, int) { text += signature("function", s.name, s.parameters) + " = " + to_text(s.value); }
  void print(const NetworkStatement& s, int depth);
  void print(const GuideStatement& s, int depth) {
    text += "guide ";
    if (s.group) text += fmt::format("{} ({})", s.group->jointly ? "jointly" : "independently", comma_separated(s.group->names));
    for (const Statement& statement : *s.body) one(statement, depth);
  }
  void print(const PredictStatement& s, int depth) {
    text += "predict ";
    for (const Statement& statement : *s.body) one(statement, depth);
  }
  void print(const UseStatement& s, int) { text += "use " + (s.is_file ? quoted(s.module) : s.module); }
};

void StatementPrinter::print(const IfStatement& s, int depth) {
  text += "if " + to_text(s.condition);
  block(*s.then_body, depth);
  if (!s.has_else) return;
  text += " else";
  if (s.else_body->size() == 1 && std::holds_alternative<IfStatement>(s.else_body->front().kind)) {
    text += ' ';
    one(s.else_body->front(), depth);
  } else {
    block(*s.else_body, depth);
  }
}

void StatementPrinter::print(const DistributionStatement& s, int depth) {
  text += signature("distribution", s.name, s.parameters);
  if (s.support_type || s.support_range) text += " on ";
  if (s.variate) text += s.variate->name + ": ";
  if (s.support_type) text += to_text(*s.support_type);
  if (s.support_range) text += to_text(*s.support_range);
  text += " {\n";
  if (s.log_density) {
    indent(depth + 1);
    text += fmt::format("logpdf({}) = {}\n", s.log_density->variate.name, to_text(s.log_density->value));
  }
  all(*s.body, depth + 1);
  indent(depth);
  text += '}';
}

void StatementPrinter::print(const NetworkStatement& s, int depth) {
  text += signature("network", s.name, s.parameters);
  if (s.value) {
    text += " = " + to_text(*s.value);
    return;
  }
  text += " {\n";
  for (const AssignStatement& output : s.outputs) {
    indent(depth + 1);
    print(output, depth + 1);
    text += '\n';
  }
  indent(depth);
  text += '}';
}

}  // namespace

std::string to_text(const Program& program) {
  StatementPrinter printer;
  printer.all(program.statements, 0);
  return printer.text;
}

}  // namespace jensen::grammar
