#include "support/term_sum.hpp"

#include <Eigen/Dense>
#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "base/overload.hpp"
#include "family/family.hpp"

namespace jensen::tests {

using derive::Atom;
using derive::DataNode;
using derive::DataOp;
using derive::IndexUse;

namespace {

// Calls visit for every combination of the indices' values, set in `at`.
template <class Visit>
void for_each_value(const std::vector<std::pair<IndexId, std::pair<std::int64_t, std::int64_t>>>& ranges, std::size_t depth,
                    std::map<IndexId, std::int64_t>& at, const Visit& visit) {
  if (depth == ranges.size()) return visit();
  const auto& [index, range] = ranges[depth];
  for (std::int64_t v = range.first; v <= range.second; ++v) {
    at[index] = v;
    for_each_value(ranges, depth + 1, at, visit);
  }
}

double log_multivariate_gamma(double x, double dimension) {
  double sum = dimension * (dimension - 1) / 4 * std::log(std::acos(-1.0));
  for (int j = 0; j < static_cast<int>(dimension); ++j) sum += std::lgamma(x - 0.5 * j);
  return sum;
}

// Position of a statistic in a family's layout: `inner` counts within the statistic.
std::size_t position(const family::Family& family, const Statistic& statistic, std::size_t inner) {
  for (const family::LayoutEntry& entry : family.layout()) {
    if (entry.statistic == statistic) return entry.offset + inner;
  }
  throw std::logic_error("the family has no such statistic");
}

}  // namespace

double TermSum::weight(std::size_t block, std::int64_t element) {
  const auto& id = model_.derivation.blocks[BlockId(block)].weight;
  if (!id) return 1;
  for (const IndexId index : model_.derivation.log_joint.data[*id].free) at_[index] = element + 1;
  return data(*id);
}

TermSum::Moments TermSum::moments(std::size_t block, const std::vector<double>& factors) {
  const plan::PlannedBlock& planned = model_.plan.blocks[block];
  const std::size_t size = planned.family->size(), given = planned.point ? planned.family->value_size() : size;
  Moments out;
  out.mean.resize(size * static_cast<std::size_t>(planned.count));
  for (std::int64_t e = 0; e < planned.count; ++e) {
    const std::span<const double> q{factors.data() + static_cast<std::size_t>(e) * given, given};
    const std::span<double> mean{out.mean.data() + static_cast<std::size_t>(e) * size, size};
    if (planned.point) {
      planned.family->statistics_of(q, mean);
      continue;
    }
    double entropy = 0;
    if (planned.family->update(q, mean, entropy)) out.proper = false;
    for (std::size_t s = 0; s < size; ++s) entropy -= q[s] * mean[s];
    out.entropy += weight(block, e) * entropy;
  }
  return out;
}

double TermSum::energy(const Factors& factors) {
  means_.clear();
  for (std::size_t b = 0; b < factors.size(); ++b) means_.push_back(moments(b, factors[b]).mean);
  double total = 0;
  for (const derive::Term& t : model_.derivation.log_joint.terms) total += term(t);
  return total;
}

double TermSum::elbo(const Factors& factors) {
  double total = energy(factors);
  for (std::size_t b = 0; b < factors.size(); ++b) {
    const Moments m = moments(b, factors[b]);
    if (!m.proper) return std::numeric_limits<double>::quiet_NaN();
    total += m.entropy;
  }
  return total;
}

double TermSum::term(const derive::Term& term) {
  std::vector<std::pair<IndexId, std::pair<std::int64_t, std::int64_t>>> ranges;
  for (const IndexId index : term.sums) {
    const model::Range& range = model_.derivation.log_joint.indices[index].range;
    ranges.push_back({index, {size(range.low), size(range.high)}});
  }
  double total = 0;
  for_each_value(ranges, 0, at_, [&] {
    double product = term.coefficient * (term.weight ? data(*term.weight) : 1.0);
    for (const DataExprId id : term.data) product *= data(id);
    if (product != 0) product *= statistics(term.atoms);
    total += product;
  });
  return total;
}

double TermSum::statistics(const std::vector<Atom>& atoms) {
  std::map<std::size_t, std::vector<const Atom*>> by_block;
  for (const Atom& atom : atoms)
    by_block[static_cast<std::size_t>(model_.derivation.block_of[static_cast<std::size_t>(atom.variable.value)].value)].push_back(&atom);
  double product = 1;
  for (const auto& [block, own] : by_block) product *= expectation(block, own);
  return product;
}

// The expected product of statistics of one block: one statistic, or two values of one Gaussian vector.
double TermSum::expectation(std::size_t block, const std::vector<const Atom*>& atoms) {
  const plan::PlannedBlock& planned = model_.plan.blocks[block];
  const derive::Block& derived = model_.derivation.blocks[BlockId(block)];
  std::size_t element = 0;
  std::vector<std::size_t> inner;
  for (const Atom* atom : atoms) {
    std::size_t c = 0;
    while (derived.components[c].variable != atom->variable) ++c;
    element = 0;
    for (std::size_t b = 0; b < derived.batch.size(); ++b) {
      element = element * static_cast<std::size_t>(planned.batch[b]) +
                static_cast<std::size_t>(value(atom->indices[derived.components[c].batch_slots[b]]) - 1);
    }
    std::size_t flat = 0;
    const std::vector<std::size_t>& slots = derived.components[c].inner_slots;
    for (std::size_t s = 0; s < slots.size() && slots[s] < atom->indices.size(); ++s) {
      flat = flat * static_cast<std::size_t>(planned.components[c].inner[s]) + static_cast<std::size_t>(value(atom->indices[slots[s]]) - 1);
    }
    inner.push_back(planned.components[c].offset + flat);
  }
  const family::Family& family = *planned.family;
  const Atom& first = *atoms.front();
  const std::size_t d = family.value_size();
  std::size_t at = 0;
  if (first.statistic.kind == StatisticKind::indicator) {
    at = static_cast<std::size_t>(value(first.indices.back()) - size(derived.first_level));
  } else if (atoms.size() == 2) {
    at = position(family, Statistic::pair(), inner[0] * d + inner[1]);
  } else if (first.statistic.kind == StatisticKind::power && first.statistic.power == 2 && derived.family.multivariate) {
    at = position(family, Statistic::pair(), inner[0] * d + inner[0]);
  } else {
    at = position(family, first.statistic, inner[0]);
  }
  return means_[block][element * family.size() + at];
}

std::int64_t TermSum::position_of(const derive::DataIndex& index) {
  return std::visit(Overload{[&](const IndexUse& use) { return value(use); },
                             [&](const derive::DataIndexExpr& e) { return std::int64_t{std::llround(data(e.expr))}; }},
                    index);
}

double TermSum::pick(const DataNode& node) {
  std::vector<std::int64_t> position;
  for (const derive::DataIndex& index : node.indices) position.push_back(position_of(index) - 1);
  std::size_t flat = 0;
  if (node.op == DataOp::array) {
    for (std::size_t i = 0; i < position.size(); ++i) flat = flat * static_cast<std::size_t>(node.shape[i]) + static_cast<std::size_t>(position[i]);
    return data(node.args[flat]);
  }
  const model::BoundArray& array = model_.data->arrays.at(node.variable);
  const std::vector<std::int64_t> strides = array.strides();
  for (std::size_t i = 0; i < position.size(); ++i) flat += static_cast<std::size_t>(strides[i] * position[i]);
  return array.values[flat];
}

// Bound indices may carry the ids of outer ones: their values come back afterwards.
double TermSum::reduce(const DataNode& node) {
  const auto outer = at_;
  const model::Range& range = model_.derivation.log_joint.indices[node.bound[0]].range;
  double total = 0;
  for (std::int64_t v = size(range.low); v <= size(range.high); ++v) {
    at_[node.bound[0]] = v;
    const double part = data(node.args[0]);
    total += node.op == DataOp::log_sum_exp ? std::exp(part) : part;
  }
  at_ = outer;
  return node.op == DataOp::log_sum_exp ? std::log(total) : total;
}

double TermSum::matrix(const DataNode& node) {
  const model::Range& range = model_.derivation.log_joint.indices[node.bound[0]].range;
  const std::int64_t d = size(range.high);
  const auto outer = at_;
  Eigen::MatrixXd m(d, d);
  for (std::int64_t i = 0; i < d; ++i) {
    for (std::int64_t j = 0; j < d; ++j) {
      at_[node.bound[0]] = i + 1;
      at_[node.bound[1]] = j + 1;
      m(i, j) = data(node.args[0]);
    }
  }
  at_ = outer;
  if (node.op == DataOp::log_det) return std::log(m.determinant());
  return m.inverse()(position_of(node.indices[0]) - 1, position_of(node.indices[1]) - 1);
}

double TermSum::data(DataExprId id) {
  const DataNode& node = model_.derivation.log_joint.data[id];
  const auto arg = [&](std::size_t i) { return data(node.args[i]); };
  const auto truth = [](bool b) { return b ? 1.0 : 0.0; };
  switch (node.op) {
    case DataOp::number:
      return node.number;
    case DataOp::size:
      return static_cast<double>(size(node.size));
    case DataOp::index_value:
      return static_cast<double>(position_of(node.indices[0]));
    case DataOp::element:
    case DataOp::array:
      return pick(node);
    case DataOp::one_hot:
      return truth(std::llround(arg(0)) == position_of(node.indices[0]));
    case DataOp::delta:
      return truth(position_of(node.indices[0]) == position_of(node.indices[1]));
    case DataOp::add:
      return arg(0) + arg(1);
    case DataOp::subtract:
      return arg(0) - arg(1);
    case DataOp::multiply:
      return arg(0) * arg(1);
    case DataOp::divide:
      return arg(0) / arg(1);
    case DataOp::power:
      return std::pow(arg(0), arg(1));
    case DataOp::negate:
      return -arg(0);
    case DataOp::exp:
      return std::exp(arg(0));
    case DataOp::log:
      return std::log(arg(0));
    case DataOp::sqrt:
      return std::sqrt(arg(0));
    case DataOp::abs:
      return std::abs(arg(0));
    case DataOp::cos:
      return std::cos(arg(0));
    case DataOp::sin:
      return std::sin(arg(0));
    case DataOp::log_bessel_i0:
      return std::log(boost::math::cyl_bessel_i(0, arg(0)));
    case DataOp::log_normal_cdf:
      return std::log(0.5 * std::erfc(-arg(0) / std::sqrt(2.0)));
    case DataOp::variate:
      return std::nan("");
    case DataOp::lgamma:
      return std::lgamma(arg(0));
    case DataOp::digamma:
      return boost::math::digamma(arg(0));
    case DataOp::log_multivariate_gamma:
      return log_multivariate_gamma(arg(0), arg(1));
    case DataOp::logit:
      return std::log(arg(0) / (1 - arg(0)));
    case DataOp::expit:
      return 1 / (1 + std::exp(-arg(0)));
    case DataOp::softplus:
      return std::log1p(std::exp(arg(0)));
    case DataOp::log1m:
      return std::log1p(-arg(0));
    case DataOp::equal:
      return truth(arg(0) == arg(1));
    case DataOp::not_equal:
      return truth(arg(0) != arg(1));
    case DataOp::less:
      return truth(arg(0) < arg(1));
    case DataOp::less_equal:
      return truth(arg(0) <= arg(1));
    case DataOp::logical_and:
      return truth(arg(0) != 0 && arg(1) != 0);
    case DataOp::logical_or:
      return truth(arg(0) != 0 || arg(1) != 0);
    case DataOp::logical_not:
      return truth(arg(0) == 0);
    case DataOp::conditional:
      return arg(0) != 0 ? arg(1) : arg(2);
    case DataOp::sum:
    case DataOp::log_sum_exp:
      return reduce(node);
    case DataOp::inverse:
    case DataOp::log_det:
      return matrix(node);
  }
  throw std::logic_error("a data expression outside the enumeration");
}

}  // namespace jensen::tests
