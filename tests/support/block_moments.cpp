#include "support/block_moments.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace jensen::tests {
namespace {

// Distinct square roots of primes have distinct products.
std::vector<double> probe(std::size_t n) {
  std::vector<double> out;
  for (int candidate = 2; out.size() < n; ++candidate) {
    bool prime = true;
    for (int d = 2; d * d <= candidate; ++d) prime = prime && candidate % d != 0;
    if (prime) out.push_back(std::sqrt(static_cast<double>(candidate)));
  }
  return out;
}

bool is_gaussian(const family::Family& family) { return family.name() == "normal" || family.name() == "mvnormal"; }

std::size_t numbers(const plan::PlannedComponent& component) {
  std::size_t n = 1;
  for (const std::int64_t extent : component.inner) n *= static_cast<std::size_t>(extent);
  return n;
}

}  // namespace

BlockMoments::BlockMoments(const plan::PlannedBlock& block) : block_(block) {
  for (const plan::PlannedComponent& c : block.components) {
    point_.insert(point_.end(), numbers(c), c.point ? 1 : 0);
    mixed_ = mixed_ || c.point;
    levels_.insert(levels_.end(), numbers(c), static_cast<std::size_t>(c.levels));
  }
  gaussian_ = is_gaussian(*block.family);
  if (gaussian_) find_pairs();
  if (block.network) find_scopes();
}

std::size_t BlockMoments::given() const {
  const std::size_t values = block_.family->value_size();
  return block_.point ? values : block_.family->size() + (mixed_ ? values : 0);
}

bool BlockMoments::is_present(std::int64_t element, std::size_t i) const {
  return block_.present.empty() || block_.present[static_cast<std::size_t>(element) * block_.family->value_size() + i] != 0;
}

// Which product each statistic is shows in the statistics of a known vector.
void BlockMoments::find_pairs() {
  const std::size_t d = block_.family->value_size(), size = block_.family->size();
  const std::vector<double> x = probe(d);
  std::vector<double> t(size);
  block_.family->statistics_of(x, t);
  std::map<std::int64_t, Pair> products;
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = i; j < d; ++j) products[std::llround(x[i] * x[i] * x[j] * x[j])] = {i, j};
  }
  for (std::size_t s = d; s < size; ++s) {
    const Pair pair = products.at(std::llround(t[s] * t[s]));
    pair_at_.emplace(std::pair{pair.first, pair.second}, s);  // of x_i x_j and x_j x_i the first
    pairs_.push_back(pair);
  }
}

// Raising one variable's level moves the indicators of its scopes.
void BlockMoments::find_scopes() {
  const family::Family& family = *block_.family;
  std::vector<double> value(family.value_size(), 0.0), base(family.size()), moved(family.size());
  family.statistics_of(value, base);
  for (const family::LayoutEntry& entry : family.layout()) {
    scopes_.emplace_back();
    for (std::size_t v = 0; v < value.size(); ++v) {
      value[v] = 1;
      family.statistics_of(value, moved);
      value[v] = 0;
      if (!std::equal(base.begin() + static_cast<std::ptrdiff_t>(entry.offset), base.begin() + static_cast<std::ptrdiff_t>(entry.offset + entry.size),
                      moved.begin() + static_cast<std::ptrdiff_t>(entry.offset)))
        scopes_.back().push_back(v);
    }
  }
}

std::size_t BlockMoments::joint_indicator(std::map<std::size_t, std::size_t> levels) const {
  std::vector<std::size_t> variables;
  for (const auto& [variable, level] : levels) variables.push_back(variable);
  for (std::size_t s = 0; s < scopes_.size(); ++s) {
    if (scopes_[s] != variables) continue;
    std::size_t cell = 0;
    for (const std::size_t v : variables) cell = cell * levels_[v] + levels[v];
    return block_.family->layout()[s].offset + cell;
  }
  throw std::logic_error("no such scope");
}

BlockMoments::Element BlockMoments::element(std::int64_t element, std::span<const double> factors) const {
  const family::Family& family = block_.family_of(element);
  Element out{std::vector<double>(family.size(), 0.0)};
  if (block_.point) {
    family.statistics_of(factors, out.mean);
    return out;
  }
  if (gaussian_) return gaussian_element(element, factors);
  std::size_t absent = 0;
  for (std::size_t i = 0; i < family.value_size(); ++i) {
    if (is_present(element, i)) continue;
    ++absent;
    if (block_.network) out.entropy -= std::log(static_cast<double>(levels_[i]));  // it is uniform
  }
  if (absent == family.value_size()) return {std::vector<double>(family.size(), 0.0)};
  double log_partition = 0;
  out.proper = !family.update(factors, out.mean, log_partition);
  out.entropy += log_partition;
  for (std::size_t s = 0; s < out.mean.size(); ++s) out.entropy -= factors[s] * out.mean[s];
  return out;
}

// log q = Σ h_i x_i + Σ_p η_p x_i x_j + const over the numbers that are there and are no points; these are distributed given the points.
BlockMoments::Element BlockMoments::gaussian_element(std::int64_t element, std::span<const double> factors) const {
  const auto d = static_cast<Eigen::Index>(block_.family->value_size());
  const std::size_t size = block_.family->size();
  Eigen::MatrixXd precision = Eigen::MatrixXd::Zero(d, d), covariance = precision;
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    const auto i = static_cast<Eigen::Index>(pairs_[p].first), j = static_cast<Eigen::Index>(pairs_[p].second);
    precision(i, j) -= factors[static_cast<std::size_t>(d) + p];
    precision(j, i) -= factors[static_cast<std::size_t>(d) + p];
  }
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(d);
  std::vector<Eigen::Index> free, points;
  for (Eigen::Index i = 0; i < d; ++i) {
    if (!is_present(element, static_cast<std::size_t>(i))) continue;
    (is_point(static_cast<std::size_t>(i)) ? points : free).push_back(i);
    if (is_point(static_cast<std::size_t>(i))) mean(i) = factors[size + static_cast<std::size_t>(i)];
  }
  Element out{std::vector<double>(size, 0.0)};
  if (!free.empty()) {
    const Eigen::Map<const Eigen::VectorXd> h(factors.data(), d);
    const Eigen::LLT<Eigen::MatrixXd> llt(precision(free, free));
    out.proper = llt.info() == Eigen::Success;
    Eigen::VectorXd linear = h(free);
    if (!points.empty()) linear -= precision(free, points) * mean(points);
    mean(free) = llt.solve(linear).eval();
    covariance(free, free) = llt.solve(Eigen::MatrixXd::Identity(linear.size(), linear.size())).eval();
    const Eigen::MatrixXd root = llt.matrixL();
    out.entropy = 0.5 * static_cast<double>(free.size()) * (1 + std::log(2 * std::numbers::pi)) - root.diagonal().array().log().sum();
  }
  Eigen::Map<Eigen::VectorXd>(out.mean.data(), d) = mean;
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    const auto i = static_cast<Eigen::Index>(pairs_[p].first), j = static_cast<Eigen::Index>(pairs_[p].second);
    out.mean[static_cast<std::size_t>(d) + p] = mean(i) * mean(j) + covariance(i, j);
  }
  return out;
}

}  // namespace jensen::tests
