#include <charconv>
#include <cmath>

#include "x3/fold_messages.hpp"
#include "x3/to_ast.hpp"

namespace jensen::grammar {
namespace {

struct Node {
  Expr expr;
  int height = 1;
};

struct Level {  // binding strength: larger binds tighter
  int strength;
  bool right_associative;
};

constexpr int comparison_strength = 4;
constexpr int unary_strength = 7;

constexpr Level level_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::pipe:
      return {1, false};
    case BinaryOp::logical_or:
      return {2, false};
    case BinaryOp::logical_and:
      return {3, false};
    case BinaryOp::equal:
    case BinaryOp::not_equal:
    case BinaryOp::less:
    case BinaryOp::less_equal:
    case BinaryOp::greater:
    case BinaryOp::greater_equal:
      return {comparison_strength, false};
    case BinaryOp::add:
    case BinaryOp::subtract:
      return {5, false};
    case BinaryOp::multiply:
    case BinaryOp::divide:
    case BinaryOp::elementwise_multiply:
    case BinaryOp::elementwise_divide:
      return {6, false};
    case BinaryOp::power:
      return {8, true};
  }
  return {0, false};
}

class Fold {
 public:
  using result_type = Node;  // for boost::apply_visitor over the alternatives of a primary

  explicit Fold(const ParseState& state) : state_(state) {}

  Node expression(const tree::Expression& e) const;
  Node operation(const tree::Operation& o) const;
  Node range_item(const tree::RangeItem& item) const;
  template <class Items>
  std::vector<Expr> list(const Items& items, int& height) const;
  std::vector<Argument> arguments(const tree::Arguments& arguments, int& height) const;

  Node operator()(const tree::Number& number) const;
  Node operator()(const tree::String& string) const { return {{to_string_expr(string), state_.span(string)}, 1}; }
  Node operator()(const tree::NameOrCall& n) const;
  Node operator()(const tree::x3::forward_ast<tree::Sum>& sum) const;
  Node operator()(const tree::Expressions& elements) const;
  Node operator()(const tree::x3::forward_ast<tree::Expression>& group) const { return expression(group.get()); }

 private:
  Node item(const tree::Expression& e) const { return expression(e); }
  Node item(const tree::RangeItem& i) const { return range_item(i); }
  Node operand(const tree::Operand& o) const;
  Node indexed(Node base, const tree::Suffix& suffix) const;
  [[nodiscard]] SourceSpan joined(const Node& first, const Node& last) const { return {state_.source, first.expr.span.begin, last.expr.span.end}; }
  [[nodiscard]] int above(int height, SourceSpan place) const;

  friend class OperatorStack;
  const ParseState& state_;
};

// Precedence by two stacks (Dijkstra's shunting yard): no recursion, whatever the length of the chain.
class OperatorStack {
 public:
  explicit OperatorStack(const Fold& fold) : fold_(fold) {}

  void push(const tree::Operand& operand) {
    for (const tree::Prefix& prefix : operand.prefixes) pending_.push_back({unary_strength, false, {}, prefix.op, prefix});
    check_nesting(operand.prefixes.size());
    nodes_.push_back(fold_.operand(operand));
  }
  void push(const tree::Operator& op);
  Node finish() {
    while (!pending_.empty()) reduce();
    return std::move(nodes_.back());
  }

 private:
  struct Pending {
    int strength;
    bool binary;
    BinaryOp binary_op;
    UnaryOp unary_op;
    tree::Place place;
  };

  void check_nesting(std::size_t added);
  void reduce();
  void reduce_unary(const Pending& op);
  void reduce_binary(const Pending& op);

  const Fold& fold_;
  std::vector<Node> nodes_;
  std::vector<Pending> pending_;
};

void OperatorStack::push(const tree::Operator& op) {
  const Level level = level_of(op.op);
  while (!pending_.empty() &&
         (pending_.back().strength > level.strength || (pending_.back().strength == level.strength && !level.right_associative))) {
    if (level.strength == comparison_strength && pending_.back().strength == comparison_strength) {
      throw NoTree{chained_comparison(fold_.state_, op)};
    }
    reduce();
  }
  pending_.push_back({level.strength, true, op.op, {}, op});
  check_nesting(1);
}

// Signs and powers wait on the stack until their operand is complete: they nest as parentheses do.
void OperatorStack::check_nesting(std::size_t added) {
  const auto limit = static_cast<std::size_t>(fold_.state_.limits.nesting);
  if (added > 0 && pending_.size() > limit) {
    const char* where = fold_.state_.first + pending_[limit].place.begin;
    throw NoTree{nested_too_deep(fold_.state_, where)};
  }
}

void OperatorStack::reduce() {
  const Pending op = pending_.back();
  pending_.pop_back();
  op.binary ? reduce_binary(op) : reduce_unary(op);
}

void OperatorStack::reduce_unary(const Pending& op) {
  Node operand = std::move(nodes_.back());
  nodes_.pop_back();
  const SourceSpan span{fold_.state_.source, op.place.begin, operand.expr.span.end};
  const int height = fold_.above(operand.height, fold_.state_.span(op.place));
  nodes_.push_back({{UnaryExpr{op.unary_op, std::move(operand.expr)}, span}, height});
}

void OperatorStack::reduce_binary(const Pending& op) {
  Node right = std::move(nodes_.back());
  nodes_.pop_back();
  Node left = std::move(nodes_.back());
  nodes_.pop_back();
  const SourceSpan span = fold_.joined(left, right);
  const int height = fold_.above(std::max(left.height, right.height), fold_.state_.span(op.place));
  nodes_.push_back({{BinaryExpr{op.binary_op, std::move(left.expr), std::move(right.expr)}, span}, height});
}

int Fold::above(int height, SourceSpan place) const {
  if (height >= deepest_expression) throw NoTree{expression_too_long(place)};
  return height + 1;
}

Node Fold::operation(const tree::Operation& o) const {
  OperatorStack stack(*this);
  stack.push(o.first);
  for (const tree::Tail& tail : o.rest) {
    stack.push(tail.op);
    stack.push(tail.operand);
  }
  return stack.finish();
}

// c ? a : d ? b : e is c ? a : (d ? b : e): folded from the right.
Node Fold::expression(const tree::Expression& e) const {
  if (e.choices.empty()) return operation(e.first);
  Node result = operation(e.choices.back().if_false);
  for (std::size_t i = e.choices.size(); i-- > 0;) {
    Node condition = operation(i == 0 ? e.first : e.choices[i - 1].if_false);
    Node if_true = expression(e.choices[i].if_true);
    const SourceSpan span = joined(condition, result);
    const int height = above(std::max({condition.height, if_true.height, result.height}), condition.expr.span);
    result = {{ConditionalExpr{std::move(condition.expr), std::move(if_true.expr), std::move(result.expr)}, span}, height};
  }
  return result;
}

Node Fold::range_item(const tree::RangeItem& item) const {
  Node low = expression(item.low);
  if (!item.high) return low;
  Node high = expression(*item.high);
  const SourceSpan span = joined(low, high);
  const int height = above(std::max(low.height, high.height), span);
  return {{RangeExpr{std::move(low.expr), std::move(high.expr)}, span}, height};
}

template <class Items>
std::vector<Expr> Fold::list(const Items& items, int& height) const {
  std::vector<Expr> result;
  result.reserve(items.size());
  for (const auto& i : items) {
    Node node = item(i);
    height = std::max(height, node.height);
    result.push_back(std::move(node.expr));
  }
  return result;
}

std::vector<Argument> Fold::arguments(const tree::Arguments& arguments, int& height) const {
  std::vector<Argument> result;
  result.reserve(arguments.size());
  for (const tree::Argument& argument : arguments) {
    Node value = range_item(argument.value);
    height = std::max(height, value.height);
    result.push_back({argument.name ? std::string(argument.name->text) : std::string(), state_.span(argument), std::move(value.expr)});
  }
  return result;
}

Node Fold::operand(const tree::Operand& o) const {
  Node node = boost::apply_visitor(*this, o.primary.get());
  node.expr.span = state_.span(o.primary);
  const bool literal = boost::get<tree::Number>(&o.primary.get()) != nullptr || boost::get<tree::String>(&o.primary.get()) != nullptr;
  if (literal && !o.suffixes.empty()) throw NoTree{not_indexable(node.expr, state_.span(o.suffixes.front()))};
  for (const tree::Suffix& suffix : o.suffixes) node = indexed(std::move(node), suffix);
  return node;
}

Node Fold::indexed(Node base, const tree::Suffix& suffix) const {
  const SourceSpan span{state_.source, base.expr.span.begin, suffix.end};
  int height = base.height;
  if (const auto* field = boost::get<tree::Name>(&suffix.get())) {
    return {{FieldExpr{std::move(base.expr), std::string(field->text)}, span}, above(height, span)};
  }
  std::vector<Expr> items = list(boost::get<tree::RangeItems>(suffix.get()), height);
  return {{IndexExpr{std::move(base.expr), std::move(items)}, span}, above(height, span)};
}

Node Fold::operator()(const tree::Number& number) const {
  double value = 0;
  const auto [end, error] = std::from_chars(number.text.data(), number.text.data() + number.text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) throw NoTree{number_out_of_range(number.text, state_.span(number))};
  return {{NumberExpr{value, std::string(number.text)}, state_.span(number)}, 1};
}

Node Fold::operator()(const tree::NameOrCall& n) const {
  const SourceSpan span = state_.span(n.name);
  if (!n.arguments) return {{NameExpr{std::string(n.name.text)}, span}, 1};
  int height = 0;
  std::vector<Argument> converted = arguments(*n.arguments, height);
  return {{CallExpr{std::string(n.name.text), span, std::move(converted)}, span}, above(height, span)};
}

Node Fold::operator()(const tree::x3::forward_ast<tree::Sum>& forward) const {
  const tree::Sum& sum = forward.get();
  Node range = range_item(sum.range);
  Node body = operation(sum.body);
  const SourceSpan span = state_.span(sum.index);
  const int height = above(std::max(range.height, body.height), span);
  return {{SumExpr{std::string(sum.index.text), span, std::move(range.expr), std::move(body.expr)}, span}, height};
}

Node Fold::operator()(const tree::Expressions& elements) const {
  int height = 0;
  std::vector<Expr> converted = list(elements, height);
  return {{ArrayExpr{std::move(converted)}, {}}, height + 1};
}

}  // namespace

StringExpr to_string_expr(const tree::String& string) {
  std::string value;
  const std::string_view inside = string.text.substr(1, string.text.size() - 2);
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\') ++i;
    value += inside[i];
  }
  return {value};
}

Expr to_expr(const ParseState& state, const tree::Expression& expression) { return Fold(state).expression(expression).expr; }

Expr to_expr(const ParseState& state, const tree::RangeItem& item) { return Fold(state).range_item(item).expr; }

std::vector<Expr> to_exprs(const ParseState& state, const tree::Expressions& expressions) {
  int height = 0;
  return Fold(state).list(expressions, height);
}

std::vector<Expr> to_exprs(const ParseState& state, const tree::RangeItems& items) {
  int height = 0;
  return Fold(state).list(items, height);
}

std::vector<Argument> to_arguments(const ParseState& state, const tree::Arguments& arguments) {
  int height = 0;
  return Fold(state).arguments(arguments, height);
}

}  // namespace jensen::grammar
