#include "support/term_sum.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/overload.hpp"

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

}  // namespace

TermSum::TermSum(const Planned& model) : model_(model) {
  for (const plan::PlannedBlock& block : model.plan.blocks) blocks_.emplace_back(block);
}

void TermSum::set(const Factors& factors) {
  means_.clear();
  entropies_.clear();
  proper_ = true;
  for (std::size_t b = 0; b < factors.size(); ++b) set_block(b, factors[b]);
}

void TermSum::set_block(std::size_t b, const std::vector<double>& factors) {
  const std::size_t given = blocks_[b].given();
  means_.resize(blocks_.size());
  entropies_.resize(blocks_.size());
  means_[b].clear();
  entropies_[b].clear();
  for (std::int64_t e = 0; e < model_.plan.blocks[b].count; ++e) {
    const BlockMoments::Element q = blocks_[b].element(e, {factors.data() + static_cast<std::size_t>(e) * given, given});
    means_[b].insert(means_[b].end(), q.mean.begin(), q.mean.end());
    entropies_[b].push_back(q.entropy);
    proper_ = proper_ && q.proper;
  }
}

double TermSum::energy(const Factors& factors) {
  set(factors);
  double total = 0;
  for (const derive::Term& t : model_.derivation.log_joint.terms) total += term(t);
  return total;
}

double TermSum::elbo(const Factors& factors) {
  double total = energy(factors);
  if (!proper_) return std::numeric_limits<double>::quiet_NaN();
  for (std::size_t b = 0; b < factors.size(); ++b) total += entropy(b);
  return total;
}

double TermSum::elbo_near(const Factors& factors, std::size_t block, const Reference& reference) {
  set_block(block, factors[block]);
  if (!proper_) {
    proper_ = true;
    return std::numeric_limits<double>::quiet_NaN();
  }
  double total = reference.rest;
  for (const TermId t : model_.derivation.blocks[BlockId(block)].terms) total += term(model_.derivation.log_joint.terms[t]);
  for (std::size_t b = 0; b < factors.size(); ++b) total += entropy(b);
  return total;
}

TermSum::Reference TermSum::reference(const Factors& factors, std::size_t block) {
  set(factors);
  const auto& own = model_.derivation.blocks[BlockId(block)].terms;
  Reference out;
  for (std::size_t t = 0; t < model_.derivation.log_joint.terms.size(); ++t) {
    if (std::find(own.begin(), own.end(), TermId(t)) == own.end()) out.rest += term(model_.derivation.log_joint.terms[TermId(t)]);
  }
  return out;
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
