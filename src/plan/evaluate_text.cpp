// Data expressions as people read them, and the message where one has no finite value.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "derive/data_expr.hpp"
#include "plan/evaluate.hpp"
#include "plan/messages.hpp"

namespace jensen::plan {

using derive::DataIndex;
using derive::DataIndexExpr;
using derive::DataNode;
using derive::DataOp;
using derive::IndexUse;

void Evaluator::check_finite(DataExprId id, const Grid& grid) const {
  if (!grid.owned) return;
  const auto bad = std::find_if(grid.owned->begin(), grid.owned->end(), [](double v) { return !std::isfinite(v); });
  if (bad == grid.owned->end()) return;
  std::string where;
  std::map<IndexId, std::int64_t> counters;
  std::int64_t rest = bad - grid.owned->begin();
  for (std::size_t i = 0; i < grid.indices.size(); ++i) {
    if (grid.strides[i] <= 0) continue;
    counters[grid.indices[i]] = rest / grid.strides[i];
    where += fmt::format("{}{} = {}", where.empty() ? "" : ", ", index_name(grid.indices[i]), rest / grid.strides[i] + low(grid.indices[i]));
    rest %= grid.strides[i];
  }
  std::vector<std::string> values;
  collect_data_at(id, counters, values);
  for (std::size_t i = 0; i < values.size(); ++i) where += (i == 0 ? ", where " : " and ") + values[i];
  throw Failure(data_domain(text(id), *bad, where));
}

// "`gap[t]` is 0", of the columns that it is made of.
void Evaluator::collect_data_at(DataExprId id, const std::map<IndexId, std::int64_t>& counters, std::vector<std::string>& out) const {
  const DataNode& n = node(id);
  const auto found = cache_.find(id);
  const bool known =
      found != cache_.end() && !n.free.empty() && std::ranges::all_of(found->second.indices, [&](IndexId index) { return counters.contains(index); });
  if (n.op != DataOp::element || !known) {
    for (const DataExprId arg : n.args) collect_data_at(arg, counters, out);
    return;
  }
  const Grid& grid = found->second;
  std::int64_t at = grid.base;
  for (std::size_t i = 0; i < grid.indices.size(); ++i) at += grid.strides[i] * counters.at(grid.indices[i]);
  std::string value = fmt::format("`{}` is {}", text(id), grid.values[at]);
  if (std::ranges::find(out, value) == out.end()) out.push_back(std::move(value));
}

std::string Evaluator::cell_text(const std::vector<IndexId>& indices, std::int64_t cell) const {
  std::string where;
  for (std::size_t i = indices.size(); i-- > 0; cell /= extent(indices[i])) {
    where = fmt::format("{} = {}{}{}", index_name(indices[i]), cell % extent(indices[i]) + low(indices[i]), where.empty() ? "" : ", ", where);
  }
  return where;
}

namespace {

std::string infix(const std::string& a, const char* op, const std::string& b) { return "(" + a + " " + op + " " + b + ")"; }

const char* operator_text(DataOp op) {
  switch (op) {
    case DataOp::add:
      return "+";
    case DataOp::subtract:
      return "-";
    case DataOp::multiply:
      return "*";
    case DataOp::divide:
      return "/";
    case DataOp::power:
      return "^";
    case DataOp::equal:
    case DataOp::one_hot:
    case DataOp::delta:
      return "==";
    case DataOp::not_equal:
      return "!=";
    case DataOp::less:
      return "<";
    case DataOp::less_equal:
      return "<=";
    case DataOp::logical_and:
      return "and";
    case DataOp::logical_or:
      return "or";
    case DataOp::negate:
      return "-";
    case DataOp::exp:
      return "exp";
    case DataOp::log:
      return "log";
    case DataOp::sqrt:
      return "sqrt";
    case DataOp::abs:
      return "abs";
    case DataOp::lgamma:
      return "lgamma";
    case DataOp::digamma:
      return "digamma";
    case DataOp::log_multivariate_gamma:
      return "log_multivariate_gamma";
    case DataOp::logit:
      return "logit";
    case DataOp::expit:
      return "expit";
    case DataOp::softplus:
      return "softplus";
    case DataOp::cos:
      return "cos";
    case DataOp::sin:
      return "sin";
    case DataOp::log_bessel_i0:
      return "log_bessel_i0";
    case DataOp::log_normal_cdf:
      return "log_normal_cdf";
    case DataOp::log1m:
      return "log1m";
    case DataOp::logical_not:
      return "not";
    case DataOp::conditional:
      return "if";
    case DataOp::sum:
      return "sum";
    case DataOp::log_sum_exp:
      return "log_sum_exp";
    case DataOp::inverse:
      return "inverse";
    case DataOp::log_det:
      return "log_det";
    case DataOp::number:
    case DataOp::size:
    case DataOp::index_value:
    case DataOp::array:
    case DataOp::element:
    case DataOp::variate:
      return "";
  }
  return "";
}

}  // namespace

// A literal array without its indices.
std::string Evaluator::literal_text(const DataNode& array) const {
  const bool rows = derive::is_nested_array(log_joint_.data, array);
  std::string out;
  for (const DataExprId arg : array.args) out += (out.empty() ? "" : ", ") + (rows ? literal_text(node(arg)) : text(arg));
  return "[" + out + "]";
}

std::string Evaluator::text(DataExprId id) const {
  const DataNode& n = node(id);
  const auto index_text = [&](const DataIndex& index) {
    if (const auto* expr = std::get_if<DataIndexExpr>(&index)) return text(expr->expr);
    const auto& use = std::get<IndexUse>(index);
    const std::string offset = use.offset.text();
    if (!use.index.valid()) return offset;
    return index_name(use.index) + (offset == "0" ? "" : (offset[0] == '-' ? offset : "+" + offset));
  };
  std::vector<std::string> parts;
  if (n.op == DataOp::number) return fmt::format("{:.6g}", n.number);
  if (n.op == DataOp::size) return n.size.text();
  for (const DataExprId arg : n.args) parts.push_back(text(arg));
  if (n.op == DataOp::inverse || n.op == DataOp::log_det) {
    const DataNode& matrix = node(n.args.at(0));
    return fmt::format("{}({})", operator_text(n.op), matrix.op == DataOp::array ? literal_text(matrix) : parts.at(0));
  }
  std::vector<std::string> indices;
  for (const DataIndex& index : n.indices) indices.push_back(index_text(index));
  if (n.op == DataOp::index_value) return indices.at(0);
  if (n.op == DataOp::element) {
    const std::string& name = graph_.variables[n.variable].name;
    return indices.empty() ? name : fmt::format("{}[{}]", name, fmt::join(indices, ", "));
  }
  if (n.op == DataOp::array) {
    for (const DataNode* at = &n; derive::is_nested_array(log_joint_.data, *at);) {
      at = &node(at->args[0]);
      for (const DataIndex& index : at->indices) indices.push_back(index_text(index));
    }
    return fmt::format("{}[{}]", literal_text(n), fmt::join(indices, ", "));
  }
  parts.insert(parts.end(), indices.begin(), indices.end());
  const bool word =
      std::isalpha(static_cast<unsigned char>(operator_text(n.op)[0])) != 0 && n.op != DataOp::logical_and && n.op != DataOp::logical_or;
  if (!word && parts.size() == 2) return infix(parts[0], operator_text(n.op), parts[1]);
  return fmt::format("{}({})", operator_text(n.op), fmt::join(parts, ", "));
}

}  // namespace jensen::plan
