// Construction of data expressions: interning, constant folding, substitution of indices.
#include "derive/data_expr.hpp"

#include <algorithm>
#include <cmath>

#include "base/overload.hpp"
#include "family/special.hpp"

namespace jensen::derive {

DataExprId DataExprs::add(DataNode node) {
  const auto found = ids_.find(node);
  if (found != ids_.end()) return found->second;
  const DataExprId id = nodes_.add(node);
  ids_.emplace(std::move(node), id);
  return id;
}

namespace {

void add_use(std::vector<IndexId>& free, const IndexUse& use) {
  if (use.index.valid()) free.push_back(use.index);
}

std::vector<IndexId> free_indices(const DataExprs& exprs, const DataNode& node) {
  std::vector<IndexId> free;
  for (const DataExprId arg : node.args) free.insert(free.end(), exprs[arg].free.begin(), exprs[arg].free.end());
  for (const IndexId bound : node.bound) std::erase(free, bound);
  for (const DataIndex& index : node.indices) {
    std::visit(Overload{[&](const IndexUse& use) { add_use(free, use); },
                        [&](const DataIndexExpr& e) { free.insert(free.end(), exprs[e.expr].free.begin(), exprs[e.expr].free.end()); }},
               index);
  }
  std::ranges::sort(free);
  free.erase(std::unique(free.begin(), free.end()), free.end());
  return free;
}

}  // namespace

DataExprId make(DataExprs& exprs, DataNode node) {
  node.free = free_indices(exprs, node);
  return exprs.add(std::move(node));
}

DataExprId make_number(DataExprs& exprs, double value) {
  DataNode node;
  node.number = value;
  return make(exprs, std::move(node));
}

std::optional<double> number_of(const DataExprs& exprs, DataExprId id) {
  const DataNode& node = exprs[id];
  if (node.op == DataOp::number) return node.number;
  return std::nullopt;
}

DataExprId make_size(DataExprs& exprs, const Size& size) {
  if (const auto constant = size.constant()) return make_number(exprs, static_cast<double>(*constant));
  DataNode node;
  node.op = DataOp::size;
  node.size = size;
  return make(exprs, std::move(node));
}

DataExprId make_index_value(DataExprs& exprs, const IndexUse& use) {
  if (!use.index.valid()) return make_size(exprs, use.offset);
  DataNode node;
  node.op = DataOp::index_value;
  node.indices = {use};
  return make(exprs, std::move(node));
}

namespace {

std::optional<double> fold_unary(DataOp op, double x) {
  switch (op) {
    case DataOp::negate:
      return -x;
    case DataOp::exp:
      return std::exp(x);
    case DataOp::log:
      return x > 0 ? std::optional(std::log(x)) : std::nullopt;
    case DataOp::sqrt:
      return x >= 0 ? std::optional(std::sqrt(x)) : std::nullopt;
    case DataOp::abs:
      return std::abs(x);
    case DataOp::lgamma:
      return x > 0 ? std::optional(family::lgamma(x)) : std::nullopt;
    case DataOp::digamma:
      return x > 0 ? std::optional(family::digamma(x)) : std::nullopt;
    case DataOp::logit:
      return x > 0 && x < 1 ? std::optional(std::log(x) - std::log1p(-x)) : std::nullopt;
    case DataOp::expit:
      return 1 / (1 + std::exp(-x));
    case DataOp::softplus:
      return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    case DataOp::cos:
      return std::cos(x);
    case DataOp::sin:
      return std::sin(x);
    case DataOp::log_bessel_i0:
      return family::log_bessel_i0(x);
    case DataOp::log_normal_cdf:
      return family::log_normal_cdf(x);
    case DataOp::log1m:
      return x < 1 ? std::optional(std::log1p(-x)) : std::nullopt;
    case DataOp::logical_not:
      return x == 0 ? 1.0 : 0.0;
    case DataOp::number:
    case DataOp::size:
    case DataOp::index_value:
    case DataOp::element:
    case DataOp::one_hot:
    case DataOp::delta:
    case DataOp::add:
    case DataOp::subtract:
    case DataOp::multiply:
    case DataOp::divide:
    case DataOp::power:
    case DataOp::log_multivariate_gamma:
    case DataOp::equal:
    case DataOp::not_equal:
    case DataOp::less:
    case DataOp::less_equal:
    case DataOp::logical_and:
    case DataOp::logical_or:
    case DataOp::conditional:
    case DataOp::array:
    case DataOp::sum:
    case DataOp::log_sum_exp:
    case DataOp::inverse:
    case DataOp::log_det:
    case DataOp::variate:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<double> fold_binary(DataOp op, double x, double y) {
  if (op == DataOp::add) return x + y;
  if (op == DataOp::subtract) return x - y;
  if (op == DataOp::multiply) return x * y;
  if (op == DataOp::divide && y != 0) return x / y;
  if (op == DataOp::power && (x > 0 || y == std::floor(y))) return std::pow(x, y);
  if (op == DataOp::log_multivariate_gamma && y >= 1 && x > 0.5 * (y - 1)) return family::log_multivariate_gamma(static_cast<std::size_t>(y), x);
  if (op == DataOp::equal) return x == y ? 1 : 0;
  if (op == DataOp::not_equal) return x != y ? 1 : 0;
  if (op == DataOp::less) return x < y ? 1 : 0;
  if (op == DataOp::less_equal) return x <= y ? 1 : 0;
  if (op == DataOp::logical_and) return x != 0 && y != 0 ? 1 : 0;
  if (op == DataOp::logical_or) return x != 0 || y != 0 ? 1 : 0;
  return std::nullopt;
}

}  // namespace

DataExprId make_call(DataExprs& exprs, DataOp op, std::vector<DataExprId> args) {
  std::vector<double> numbers;
  for (const DataExprId arg : args) {
    if (const auto number = number_of(exprs, arg)) numbers.push_back(*number);
  }
  std::optional<double> folded;
  if (numbers.size() == args.size() && args.size() == 1) folded = fold_unary(op, numbers[0]);
  if (numbers.size() == args.size() && args.size() == 2) folded = fold_binary(op, numbers[0], numbers[1]);
  if (folded && std::isfinite(*folded)) return make_number(exprs, *folded);
  DataNode node;
  node.op = op;
  node.args = std::move(args);
  return make(exprs, std::move(node));
}

DataExprId make_delta(DataExprs& exprs, const IndexUse& a, const IndexUse& b) {
  if (a == b) return make_number(exprs, 1);
  if (!a.index.valid() && !b.index.valid() && (a.offset - b.offset).is_constant()) return make_number(exprs, 0);
  DataNode node;
  node.op = DataOp::delta;
  node.indices = {std::min(a, b), std::max(a, b)};
  return make(exprs, std::move(node));
}

int binder_depth(const DataExprs& exprs, DataExprId id) {
  const DataNode& node = exprs[id];
  int depth = 0;
  for (const DataExprId arg : node.args) depth = std::max(depth, binder_depth(exprs, arg));
  for (const DataIndex& index : node.indices) {
    if (const auto* lookup = std::get_if<DataIndexExpr>(&index)) depth = std::max(depth, binder_depth(exprs, lookup->expr));
  }
  return depth + (node.bound.empty() ? 0 : 1);
}

DataExprId make_binder(Context& context, DataOp op, const std::vector<IndexId>& bound, DataExprId body, std::vector<DataIndex> outer) {
  const int depth = binder_depth(context.joint.data, body);
  Substitution rename;
  DataNode node;
  node.op = op;
  node.indices = std::move(outer);
  for (std::size_t i = 0; i < bound.size(); ++i) {
    const Range range = context.joint.indices[bound[i]].range;
    const auto key = std::pair(range, 2 * depth + static_cast<int>(i));
    auto found = context.binders.find(key);
    if (found == context.binders.end())
      found = context.binders
                  .emplace(key, context.joint.indices.add({std::string("rstuvabcde").substr(static_cast<std::size_t>(key.second) % 10, 1), range}))
                  .first;
    node.bound.push_back(found->second);
    rename[bound[i]] = {found->second, 0};
  }
  node.args = {substitute(context.joint.data, body, rename)};
  return make(context.joint.data, std::move(node));
}

IndexUse substitute(const IndexUse& use, const Substitution& map) {
  if (!use.index.valid()) return use;
  const auto found = map.find(use.index);
  if (found == map.end()) return use;
  return {found->second.index, found->second.offset + use.offset};
}

DataExprId substitute(DataExprs& exprs, DataExprId id, const Substitution& map) {
  const bool touched = std::ranges::any_of(exprs[id].free, [&](IndexId index) { return map.contains(index); });
  if (!touched) return id;
  DataNode node = exprs[id];
  Substitution inner = map;
  for (const IndexId bound : node.bound) inner.erase(bound);
  for (DataExprId& arg : node.args) arg = substitute(exprs, arg, inner);
  for (DataIndex& index : node.indices) {
    std::visit(Overload{[&](IndexUse& use) { use = substitute(use, map); }, [&](DataIndexExpr& e) { e.expr = substitute(exprs, e.expr, map); }},
               index);
  }
  if (node.op == DataOp::delta) return make_delta(exprs, std::get<IndexUse>(node.indices[0]), std::get<IndexUse>(node.indices[1]));
  if (node.op == DataOp::index_value) return make_index_value(exprs, std::get<IndexUse>(node.indices[0]));
  if (node.bound.empty() && node.indices.empty() && node.op != DataOp::number && node.op != DataOp::size) return make_call(exprs, node.op, node.args);
  return make(exprs, std::move(node));
}

bool is_nested_array(const DataExprs& exprs, const DataNode& node) {
  if (node.op != DataOp::array || node.args.empty() || exprs[node.args[0]].op != DataOp::array) return false;
  const DataNode& first = exprs[node.args[0]];
  return std::ranges::all_of(node.args, [&](DataExprId arg) { return exprs[arg].op == DataOp::array && exprs[arg].indices == first.indices; });
}

}  // namespace jensen::derive
