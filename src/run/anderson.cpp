#include "run/anderson.hpp"

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

namespace jensen::run {
namespace {

constexpr double edge = 1e100;  // numbers beyond stand for infinity

// The difference of two entries in their unit, 0 where one of them is infinite.
double difference(double a, double b, double unit) { return std::abs(a) < edge && std::abs(b) < edge ? (a - b) / unit : 0.0; }

}  // namespace

void Anderson::add(std::vector<double> x, std::vector<double> image) {
  Pair pair{std::move(x), std::move(image)};
  for (std::size_t i = 0; i < pair.x.size(); ++i) pair.residual[i] = difference(pair.residual[i], pair.x[i], 1);
  pairs_.push_back(std::move(pair));
  if (pairs_.size() > memory_ + 1) pairs_.pop_front();
}

std::optional<std::vector<double>> Anderson::extrapolate(const std::vector<double>& units) const {
  if (pairs_.size() < 2) return std::nullopt;
  const Pair& last = pairs_.back();
  const auto n = static_cast<Eigen::Index>(last.x.size()), m = static_cast<Eigen::Index>(pairs_.size()) - 1;
  Eigen::MatrixXd changes(n, m);
  Eigen::VectorXd residual(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    residual(i) = last.residual[at] / units[at];
    for (Eigen::Index j = 0; j < m; ++j) {
      const auto k = static_cast<std::size_t>(j);
      changes(i, j) = (pairs_[k + 1].residual[at] - pairs_[k].residual[at]) / units[at];
    }
  }
  // Columns of one length, so that old and large changes do not hide the small and recent ones.
  Eigen::VectorXd lengths = changes.colwise().norm();
  for (Eigen::Index j = 0; j < m; ++j) lengths(j) = lengths(j) > 0 ? lengths(j) : 1;
  changes = changes * lengths.cwiseInverse().asDiagonal();
  const Eigen::BDCSVD<Eigen::MatrixXd> svd(changes, Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Eigen::VectorXd s = svd.singularValues();
  const double damping = s(0) * s(0) * std::pow(10.0, std::min(0, 2 * failures_ - 14));
  const Eigen::VectorXd projected = svd.matrixU().transpose() * residual;
  Eigen::VectorXd scaled(s.size());
  for (Eigen::Index k = 0; k < s.size(); ++k) scaled(k) = s(k) * projected(k) / (s(k) * s(k) + damping);
  const Eigen::VectorXd gamma = lengths.cwiseInverse().asDiagonal() * (svd.matrixV() * scaled);
  std::vector<double> out(last.x);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] += last.residual[i];
    for (std::size_t j = 0; j + 1 < pairs_.size(); ++j) {
      const Pair &a = pairs_[j], &b = pairs_[j + 1];
      out[i] -= gamma(static_cast<Eigen::Index>(j)) * (difference(b.x[i], a.x[i], 1) + b.residual[i] - a.residual[i]);
    }
  }
  return out;
}

bool Anderson::is_growing(const std::vector<double>& units) const {
  if (pairs_.size() < 2) return false;
  const auto length = [&](const Pair& pair) {
    double total = 0;
    for (std::size_t i = 0; i < units.size(); ++i) total += pair.residual[i] * pair.residual[i] / (units[i] * units[i]);
    return total;
  };
  return length(pairs_.back()) > length(pairs_[pairs_.size() - 2]);
}

void Anderson::succeeded() { failures_ = std::max(0, failures_ - 1); }

void Anderson::failed() {
  ++failures_;
  if (pairs_.size() > 1) pairs_.erase(pairs_.begin(), pairs_.end() - 1);
}

}  // namespace jensen::run
