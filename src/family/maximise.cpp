#include "family/maximise.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace jensen::family {
namespace {

using Vector = Eigen::VectorXd;

constexpr int most_steps = 200;
constexpr double longest_factor_step = 5;
constexpr double farthest_factor = 230;  // e^230 is 1e100
constexpr std::size_t memory = 12;       // pairs that L-BFGS keeps

struct Point {
  Vector x, gradient;
  double value = 0, magnitude = 0;
  [[nodiscard]] bool finite() const { return std::isfinite(value) && gradient.allFinite(); }
  [[nodiscard]] double rounding() const { return 4e-16 * magnitude; }
};

class Search {
 public:
  Search(const Objective& objective, std::span<const double> start) : objective_(objective), n_(static_cast<Eigen::Index>(objective.size)) {
    now_.x = Eigen::Map<const Vector>(start.data(), n_);
    now_.gradient.resize(n_);
    next_.gradient.resize(n_);
    steepest_ = Vector::Zero(n_);
    evaluate(now_);
  }

  Maximum run() {
    out_.start_value = now_.value;
    out_.status = Maximum::Status::not_yet;
    if (!now_.finite()) {
      out_.status = Maximum::Status::not_a_number;
      return finished();
    }
    const bool newton = objective_.size <= most_newton;
    if (newton) hessian_.resize(n_, n_);
    for (out_.steps = 0; out_.steps < most_steps; ++out_.steps) {
      Vector step = newton ? newton_step() : quasi_newton_step();
      const double rise = 0.5 * now_.gradient.dot(step);  // of the quadratic model
      if (rise <= now_.rounding()) {
        out_.status = still_steep() ? Maximum::Status::unbounded : Maximum::Status::reached;
        break;
      }
      if (runs_away(step, rise)) break;
      shorten(step);
      if (!advance(step)) {
        if (!newton && !pairs_.empty()) {
          pairs_.clear();
          continue;
        }
        out_.status = still_steep() || lost_in_rounding(step) ? Maximum::Status::unbounded : Maximum::Status::reached;
        break;
      }
    }
    return finished();
  }

 private:
  struct Pair {
    Vector step, change;  // of the point; of the gradient, downwards
    double curvature = 0;
  };

  void evaluate(Point& point) {
    point.value = objective_.value({point.x.data(), objective_.size}, {point.gradient.data(), objective_.size}, point.magnitude);
  }

  Maximum finished() {
    out_.x.assign(now_.x.data(), now_.x.data() + n_);
    out_.value = now_.value;
    return std::move(out_);
  }

  // Differences wide enough to be exact to six digits, and narrow beside the standard errors 1/√h, where the function is not yet cubic.
  void difference(Eigen::Index i, double width) {
    next_.x = now_.x;
    next_.x[i] += width;
    evaluate(next_);
    if (next_.gradient.allFinite()) hessian_.col(i) = (next_.gradient - now_.gradient) / width;
  }

  Vector newton_step() {
    hessian_.setZero();
    for (Eigen::Index i = 0; i < n_; ++i) {
      const double width = 1e-5 * std::max(objective_.logarithmic[static_cast<std::size_t>(i)] ? 1.0 : 1e-3, std::abs(now_.x[i]));
      difference(i, width);
      const double error = 0.01 / std::sqrt(std::abs(hessian_(i, i)));
      if (error < width) difference(i, std::max(error, 1e-9 * std::abs(now_.x[i])));
    }
    steepest_ = steepest_.cwiseMax(hessian_.diagonal().cwiseAbs());
    const Vector scale = hessian_.diagonal().cwiseAbs().unaryExpr([](double h) { return h > 0 && std::isfinite(h) ? 1 / std::sqrt(h) : 1.0; });
    const Eigen::MatrixXd scaled = -0.5 * scale.asDiagonal() * (hessian_ + hessian_.transpose()) * scale.asDiagonal();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(scaled);
    const double floor = 1e-8 * std::max(1e-4, solver.eigenvalues().cwiseAbs().maxCoeff());
    const Vector along = solver.eigenvectors().transpose() * scale.cwiseProduct(now_.gradient);
    const Vector divided = along.cwiseQuotient(solver.eigenvalues().cwiseAbs().cwiseMax(floor));
    return scale.cwiseProduct(solver.eigenvectors() * divided);
  }

  // The two-loop recursion (Nocedal and Wright 2006, algorithm 7.4).
  Vector quasi_newton_step() {
    Vector step = now_.gradient;
    std::vector<double> parts(pairs_.size());
    for (std::size_t p = pairs_.size(); p-- > 0;) {
      parts[p] = pairs_[p].step.dot(step) / pairs_[p].curvature;
      step -= parts[p] * pairs_[p].change;
    }
    if (pairs_.empty()) {
      step *= std::min(1.0, 1 / now_.gradient.norm());
    } else {
      step *= pairs_.back().curvature / pairs_.back().change.squaredNorm();
    }
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
      step += (parts[p] - pairs_[p].change.dot(step) / pairs_[p].curvature) * pairs_[p].step;
    }
    return step;
  }

  void remember(const Vector& step, const Vector& change) {
    const double curvature = step.dot(change);
    if (curvature <= 1e-12 * step.norm() * change.norm()) return;
    if (pairs_.size() == memory) pairs_.erase(pairs_.begin());
    pairs_.push_back({step, change, curvature});
    steepest_ = steepest_.cwiseMax(change.cwiseQuotient(step.unaryExpr([](double s) { return s == 0 ? 1e300 : s; })).cwiseAbs());
  }

  void shorten(Vector& step) const {
    double longest = 0;
    for (Eigen::Index i = 0; i < n_; ++i) {
      if (objective_.logarithmic[static_cast<std::size_t>(i)]) longest = std::max(longest, std::abs(step[i]));
    }
    if (longest > longest_factor_step) step *= longest_factor_step / longest;
  }

  // A point along the step at which f is higher by part of what its slope promises; with L-BFGS also one where the slope has fallen, so that the
  // curvature is known to be right.
  bool advance(const Vector& step) {
    const double slope = now_.gradient.dot(step);
    const bool widen = objective_.size > most_newton;
    double length = 1, low = 0, high = 0;
    for (int trial = 0; trial < 50; ++trial) {
      next_.x = now_.x + length * step;
      evaluate(next_);
      const bool higher = next_.finite() && next_.value >= now_.value + 1e-4 * length * slope;
      if (!higher) {
        high = length;
      } else if (widen && next_.gradient.dot(step) > 0.9 * slope && trial < 20) {
        low = length;
      } else {
        break;
      }
      if (trial == 49) return false;
      length = high > 0 ? 0.5 * (low + high) : 2 * length;
    }
    if (!next_.finite() || next_.value <= now_.value) return false;
    if (widen) remember(next_.x - now_.x, now_.gradient - next_.gradient);
    std::swap(now_, next_);
    return true;
  }

  // The coordinate that the step moves most, measured by the curvature that f had in it.
  [[nodiscard]] Eigen::Index mover(const Vector& step) const {
    Eigen::Index most = 0;
    steepest_.cwiseSqrt().cwiseProduct(step.cwiseAbs()).maxCoeff(&most);
    return most;
  }

  void blame(Eigen::Index coordinate, const Vector& step) {
    out_.status = Maximum::Status::unbounded;
    out_.coordinate = static_cast<std::size_t>(coordinate);
    out_.upwards = step[coordinate] > 0;
  }

  // Hardly any rise is left, and yet the step is long beside both the coordinate and the standard error that f once had in it: f has an asymptote and
  // no maximum, as the likelihood of separated data has. Twice in a row, since a single such step may come from the differences.
  bool runs_away(const Vector& step, double rise) {
    for (Eigen::Index i = 0; i < n_; ++i) {
      if (!objective_.logarithmic[static_cast<std::size_t>(i)] || std::abs(now_.x[i]) < farthest_factor) continue;
      blame(i, step);
      out_.upwards = now_.x[i] > 0;
      return true;
    }
    const Eigen::Index i = mover(step);
    const bool far = std::abs(step[i]) > 1e-3 * std::abs(now_.x[i]) && std::abs(step[i]) * std::sqrt(steepest_[i]) > 0.1;
    flat_ = rise < 1e-5 && far ? flat_ + 1 : 0;
    if (flat_ < 2) return false;
    blame(i, step);
    return true;
  }

  // The slope in the log of a scale is far above rounding, and yet no rise is seen: along a ridge on which two large terms all but cancel, as those
  // of a beta density whose parameters grow together.
  bool still_steep() {
    Eigen::Index steepest = -1;
    for (Eigen::Index i = 0; i < n_; ++i) {
      const double slope = std::abs(now_.gradient[i]);
      const bool steep = slope > 1e-3 && slope > 100 * now_.rounding() && objective_.logarithmic[static_cast<std::size_t>(i)];
      if (steep && (steepest < 0 || slope > std::abs(now_.gradient[steepest]))) steepest = i;
    }
    if (steepest < 0 || now_.rounding() < 1e-6) return false;
    blame(steepest, now_.gradient);
    return true;
  }

  // No rise is found although the slope promises one far above the accuracy of a maximum: the terms of f have grown so large that it is lost.
  bool lost_in_rounding(const Vector& step) {
    const bool lost = now_.gradient.dot(step) > 1e-3 && now_.rounding() > 1e-6;
    if (lost) blame(mover(step), step);
    return lost;
  }

  const Objective& objective_;
  Eigen::Index n_;
  Point now_, next_;
  Eigen::MatrixXd hessian_;
  Vector steepest_;  // the largest curvature seen in each coordinate
  std::vector<Pair> pairs_;
  int flat_ = 0;
  Maximum out_;
};

}  // namespace

Maximum maximise(const Objective& objective, std::span<const double> start) { return Search(objective, start).run(); }

}  // namespace jensen::family
