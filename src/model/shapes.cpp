// Shapes of expressions: what every operator and function takes and gives.
#include <fmt/format.h>

#include "base/overload.hpp"
#include "diagnostics/suggest.hpp"
#include "model/builder.hpp"
#include "model/builtins.hpp"
#include "print.hpp"

namespace jensen::model {

std::string shape_text(const std::vector<Size>& dims) {
  if (dims.empty()) return "a number";
  std::string inside;
  for (const Size& size : dims) inside += (inside.empty() ? "" : ", ") + size.text();
  if (dims.size() == 1) return "a vector(" + inside + ")";
  if (dims.size() == 2) return "a matrix(" + inside + ")";
  return "an array[" + inside + "]";
}

namespace {

ExprType joined(const ExprType& a, const ExprType& b) {
  ExprType out;
  out.level = std::max(a.level, b.level);
  out.unknown = a.unknown || b.unknown;
  return out;
}

}  // namespace

void Builder::require_equal(const Size& a, const Size& b, SourceSpan span, const std::string& what) {
  if (a == b) return;
  if (const auto difference = (a - b).constant(); difference && *difference != 0) {
    fail("shape-mismatch", fmt::format("the sizes of {} do not agree: {} and {}", what, a.text(), b.text()), span);
  }
  graph_.size_checks.push_back({a, b, span, what});
}

std::vector<std::string> Builder::visible_names(const Scope& scope) const {
  std::vector<std::string> names;
  for (const Scope* s = &scope; s != nullptr; s = s->parent) {
    for (const auto& [name, range] : s->indices) names.push_back(name);
    for (const auto& [name, type] : s->values) names.push_back(name);
    for (const auto& [name, size] : s->sizes) names.push_back(name);
    if (s->closed) return names;
  }
  for (const auto& [name, id] : by_name_) names.push_back(name);
  for (const auto& [name, value] : graph_.constants) names.push_back(name);
  for (const std::string& name : graph_.size_symbols) names.push_back(name);
  return names;
}

std::vector<std::string> Builder::function_names() const {
  std::vector<std::string> names = builtin_names();
  for (const auto& [name, function] : graph_.functions) names.push_back(name);
  return names;
}

ExprType Builder::infer_name(const std::string& name, SourceSpan span, const Scope& scope) {
  ExprType integer;
  integer.integer = true;
  bool closed = false;
  for (const Scope* s = &scope; s != nullptr && !closed; s = s->parent) {
    if (s->indices.contains(name) || s->sizes.contains(name)) return integer;
    if (const auto value = s->values.find(name); value != s->values.end()) return value->second;
    closed = s->closed;
  }
  if (!closed) {
    if (const auto found = by_name_.find(name); found != by_name_.end()) {
      ensure_type(found->second);
      const Variable& variable = graph_.variables[found->second];
      ExprType type;
      type.dims = variable.dims;
      type.level = variable.role == Role::data ? Level::data : Level::latent;
      if (variable.role == Role::derived) {
        type.level = Level::constant;
        if (!leveling_.insert(found->second).second) return type;  // a recursion such as s[t] = s[t - 1] + x[t]: as its other parts
        for (const std::size_t d : variable.definitions) {
          type.level = std::max(type.level, infer(graph_.definitions[d].value, plate_scope(graph_.definitions[d].plates)).level);
        }
        leveling_.erase(found->second);
      }
      const SupportKind kind = variable.type.support.kind;
      type.category = kind == SupportKind::category;
      type.integer = type.category || kind == SupportKind::boolean || kind == SupportKind::count || kind == SupportKind::integer ||
                     kind == SupportKind::bounded_count;
      type.levels = variable.type.levels;
      return type;
    }
    if (const auto constant = graph_.constants.find(name); constant != graph_.constants.end()) {
      ExprType type = infer(constant->second, Scope{});
      if (type.level != Level::constant)
        fail("constant-not-constant", fmt::format("the constant `{}` depends on data or variables", name), constant->second.span);
      return type;
    }
    if (std::ranges::find(graph_.size_symbols, name) != graph_.size_symbols.end()) return integer;
  }
  if (name == "pi") return {};
  if (name == "true" || name == "false") return integer;
  if (graph_.networks.contains(name)) fail("network-as-value", fmt::format("`{}` is a network; call it, as in `{}(...)`", name, name), span);
  const auto functions = function_names();
  if (std::ranges::find(functions, name) != functions.end()) {
    fail("function-as-value", fmt::format("`{}` is a function; call it with arguments in parentheses", name), span);
  }
  if (lost_.contains(name)) throw Failure(Diagnostic{});
  const std::string meant = did_you_mean(name, visible_names(scope));
  const Note help{Note::Kind::help, fmt::format("a variable is given by `data`, `param`, `{} ~ ...` or `{} = ...`", name, name)};
  fail("unknown-name", fmt::format("there is no `{}` here{}", name, meant), span, {}, meant.empty() ? std::vector{help} : std::vector<Note>{});
}

ExprType Builder::infer_binary(const grammar::BinaryExpr& binary, SourceSpan span, const Scope& scope) {
  using grammar::BinaryOp;
  const ExprType left = infer(*binary.left, scope);
  if (binary.op == BinaryOp::pipe) {
    ExprType out;
    out.unknown = true;
    out.level = Level::latent;
    return out;
  }
  const ExprType right = infer(*binary.right, scope);
  ExprType out = joined(left, right);
  if (out.unknown) return out;
  const auto same_shape = [&] {
    if (left.dims.size() != right.dims.size()) {
      fail("shape-mismatch", fmt::format("{} and {} do not go together here", shape_text(left.dims), shape_text(right.dims)), span);
    }
    for (std::size_t i = 0; i < left.dims.size(); ++i) require_equal(left.dims[i], right.dims[i], span, "both sides");
  };
  switch (binary.op) {
    case BinaryOp::add:
    case BinaryOp::subtract:
      if (!left.scalar() && !right.scalar()) same_shape();
      out.dims = left.scalar() ? right.dims : left.dims;
      out.integer = left.integer && right.integer && !left.category && !right.category;
      return out;
    case BinaryOp::elementwise_multiply:
    case BinaryOp::elementwise_divide:
      same_shape();
      out.dims = left.dims;
      return out;
    case BinaryOp::multiply:
      out.integer = left.integer && right.integer && !left.category && !right.category;
      if (left.scalar() || right.scalar()) {
        out.dims = left.scalar() ? right.dims : left.dims;
        return out;
      }
      if (left.dims.size() > 2 || right.dims.size() > 2 || (left.dims.size() == 1 && right.dims.size() == 1)) {
        fail("shape-mismatch", fmt::format("`*` is the matrix product, which {} and {} do not have", shape_text(left.dims), shape_text(right.dims)),
             span, {}, {Note{Note::Kind::help, "write `.*` for the elementwise product, `dot(a, b)` for the inner one"}});
      }
      require_equal(left.dims.back(), right.dims.front(), span, "a matrix product's inner sides");
      out.dims.assign(left.dims.begin(), left.dims.end() - 1);
      out.dims.insert(out.dims.end(), right.dims.begin() + 1, right.dims.end());
      return out;
    case BinaryOp::divide:
    case BinaryOp::power:
      if (!right.scalar()) fail("shape-mismatch", fmt::format("the right side is {}, not a number", shape_text(right.dims)), binary.right->span);
      if (binary.op == BinaryOp::power && left.dims.size() > 1) fail("shape-mismatch", "a power of a matrix; write the product out", span);
      out.dims = left.dims;
      return out;
    case BinaryOp::logical_or:
    case BinaryOp::logical_and:
    case BinaryOp::equal:
    case BinaryOp::not_equal:
    case BinaryOp::less:
    case BinaryOp::less_equal:
    case BinaryOp::greater:
    case BinaryOp::greater_equal:
      if (!left.scalar() || !right.scalar()) fail("shape-mismatch", "comparisons and `and`, `or` are between numbers", span);
      out.integer = true;
      return out;
    case BinaryOp::pipe:
      break;
  }
  return out;
}

ExprType Builder::infer_array(const grammar::ArrayExpr& array, SourceSpan span, const Scope& scope) {
  ExprType out;
  if (array.elements.empty()) {
    out.dims = {Size(0)};
    return out;
  }
  const ExprType first = infer(array.elements[0], scope);
  out = first;
  for (const grammar::Expr& element : array.elements) {
    const ExprType type = infer(element, scope);
    out.level = std::max(out.level, type.level);
    out.integer = out.integer && type.integer;
    if (!type.unknown && !first.unknown && type.dims != first.dims) {
      fail("ragged-array", fmt::format("the elements differ in shape: {} and {}", shape_text(first.dims), shape_text(type.dims)), element.span);
    }
  }
  if (std::holds_alternative<grammar::RangeExpr>(array.elements[0].kind)) fail("bad-array", "a range cannot stand inside brackets", span);
  out.dims.insert(out.dims.begin(), Size(static_cast<std::int64_t>(array.elements.size())));
  return out;
}

ExprType Builder::infer_function(const Function& function, const grammar::CallExpr& call, SourceSpan span, const Scope& scope) {
  const auto& parameters = function.statement.parameters;
  if (call.arguments.size() != parameters.size()) {
    fail("wrong-arguments",
         fmt::format("`{}` takes {} argument{}, not {}", function.name, parameters.size(), parameters.size() == 1 ? "" : "s", call.arguments.size()),
         span, {}, {Note{Note::Kind::note, "defined here", function.statement.name.span}});
  }
  if (++function_depth_ > 32) {
    function_depth_ = 0;
    fail("recursive-function", fmt::format("`{}` calls itself", function.name), function.statement.name.span);
  }
  Scope inner;
  inner.closed = true;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ExprType argument = infer(*call.arguments[i].value, scope);
    if (parameters[i].type) {
      bind_parameter(parameters[i], argument, call.arguments[i].span, function.name, inner);
    } else {
      inner.values[parameters[i].name.name] = argument;
    }
  }
  const ExprType out = infer(function.statement.value, inner);
  --function_depth_;
  return out;
}

ExprType Builder::infer_call(const grammar::CallExpr& call, SourceSpan span, const Scope& scope) {
  if (const auto function = graph_.functions.find(call.function); function != graph_.functions.end()) {
    return infer_function(function->second, call, span, scope);
  }
  if (graph_.networks.contains(call.function)) {
    for (const grammar::Argument& argument : call.arguments) infer(*argument.value, scope);
    ExprType out;
    out.unknown = true;
    out.level = Level::latent;
    return out;
  }
  const Builtin* builtin = find_builtin(call.function);
  if (builtin == nullptr) {
    const auto distributions = distribution_names();
    if (std::ranges::find(distributions, call.function) != distributions.end()) {
      fail("distribution-as-function", fmt::format("`{}` is a distribution; it stands on the right of `~` only", call.function), call.function_span);
    }
    fail("unknown-function", fmt::format("there is no function `{}`{}", call.function, did_you_mean(call.function, function_names())),
         call.function_span);
  }
  std::vector<ExprType> types;
  ExprType out;
  for (const grammar::Argument& argument : call.arguments) {
    if (!argument.name.empty()) fail("wrong-arguments", fmt::format("the arguments of `{}` have no names", call.function), argument.span);
    types.push_back(infer(*argument.value, scope));
    out.level = std::max(out.level, types.back().level);
    out.unknown = out.unknown || types.back().unknown;
  }
  if (types.size() < builtin->least || types.size() > builtin->most) {
    fail("wrong-arguments",
         fmt::format("`{}` takes {}, not {} argument{}", call.function, builtin->takes, types.size(), types.size() == 1 ? "" : "s"), span);
  }
  if (out.unknown) return out;
  BuiltinCall request{call, span, types, {}};
  for (const grammar::Argument& argument : call.arguments) {
    request.sizes.push_back(builtin->wants_sizes ? std::optional<Size>(size_of(*argument.value, scope)) : std::nullopt);
  }
  request.require_equal = [&](const Size& a, const Size& b) { require_equal(a, b, span, fmt::format("the arguments of `{}`", call.function)); };
  out.dims = builtin->shape(request);
  return out;
}

ExprType Builder::infer(const grammar::Expr& expr, const Scope& scope) {
  return std::visit(
      Overload{
          [&](const grammar::NumberExpr& e) {
            ExprType type;
            type.integer = e.value == static_cast<double>(static_cast<std::int64_t>(e.value));
            return type;
          },
          [&](const grammar::StringExpr&) -> ExprType { fail("text-as-value", "a text in quotes is not a value here", expr.span); },
          [&](const grammar::NameExpr& e) { return infer_name(e.name, expr.span, scope); },
          [&](const grammar::CallExpr& e) { return infer_call(e, expr.span, scope); },
          [&](const grammar::IndexExpr& e) { return infer_index(e, expr.span, scope); },
          [&](const grammar::FieldExpr& e) {
            const ExprType base = infer(*e.base, scope);
            if (!base.unknown) fail("no-such-field", fmt::format("only the result of a network has named outputs such as `.{}`", e.field), expr.span);
            return base;
          },
          [&](const grammar::UnaryExpr& e) {
            ExprType type = infer(*e.operand, scope);
            type.category = false;
            return type;
          },
          [&](const grammar::BinaryExpr& e) { return infer_binary(e, expr.span, scope); },
          [&](const grammar::ConditionalExpr& e) {
            const ExprType condition = infer(*e.condition, scope);
            if (!condition.unknown && !condition.scalar()) fail("shape-mismatch", "a condition is a single truth value", e.condition->span);
            const ExprType a = infer(*e.if_true, scope);
            const ExprType b = infer(*e.if_false, scope);
            if (!a.unknown && !b.unknown && a.dims.size() != b.dims.size()) {
              fail("shape-mismatch", fmt::format("the two cases differ in shape: {} and {}", shape_text(a.dims), shape_text(b.dims)), expr.span);
            }
            ExprType out = joined(a, b);
            out.level = std::max(out.level, condition.level);
            out.dims = a.dims;
            out.integer = a.integer && b.integer;
            return out;
          },
          [&](const grammar::SumExpr& e) {
            Scope inner;
            inner.parent = &scope;
            inner.indices[e.index] = range_of(*e.range, scope);
            ExprType type = infer(*e.body, inner);
            type.category = false;
            return type;
          },
          [&](const grammar::ArrayExpr& e) { return infer_array(e, expr.span, scope); },
          [&](const grammar::RangeExpr&) -> ExprType { fail("range-as-value", "a range stands in brackets or after `in` only", expr.span); },
      },
      expr.kind);
}

}  // namespace jensen::model
