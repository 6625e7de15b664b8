// The density ∝ exp(a v + b v²) on (low, high), for any a and b for which it is proper, as a sum over nodes.
//
// From each maximum (one inside, or at one or both ends) the interval is cut where the density has fallen by e^−45, and each part is divided into
// panels over which it falls by at most about e^−20, with 20 Gauss–Legendre nodes each: the relative error of every integral is about 1e-15, in far
// tails, for narrow intervals, and for b of either sign or 0 alike. Positions are kept relative to the maximum, so nothing cancels.
#pragma once

#include <array>
#include <cstddef>

#include "family/stream.hpp"

namespace jensen::family {

class ExpQuadratic {
 public:
  // Proper: b < 0, or b = 0 and a falls towards each infinite end, or both ends are finite.
  ExpQuadratic(double a, double b, double low, double high);

  [[nodiscard]] double log_integral() const { return log_integral_; }
  [[nodiscard]] double mean() const { return reference_ + mean_offset_; }
  [[nodiscard]] double variance() const { return variance_; }
  // E[v^k] for k = 1..4, for values of the size of 1.
  [[nodiscard]] std::array<double, 4> raw_moments() const;
  double draw(Stream& stream) const;

 private:
  static constexpr std::size_t panel_nodes = 20, panels_per_branch = 3;

  // One side of a maximum: at distance y the log density is −(slope y + curvature y²) + height.
  struct Branch {
    double offset = 0, direction = 1;  // of the maximum from the reference
    double slope = 0, curvature = 0, height = 0, length = 0;
    [[nodiscard]] double fall(double y) const { return y * (slope + curvature * y); }
  };
  struct Panel {
    Branch branch;
    double from = 0, to = 0, mass = 0;
  };

  void add_branch(Branch branch, double limit);
  void add_branches(double a, double b, double low, double high);
  void add_panel(const Branch& branch, double from, double to);

  double reference_ = 0, log_integral_ = 0, mean_offset_ = 0, variance_ = 0;
  std::array<double, 2 * panels_per_branch * panel_nodes> offset_, weight_;  // the weights add up to 1
  std::array<Panel, 2 * panels_per_branch> panels_;
  std::size_t panel_count_ = 0;
};

}  // namespace jensen::family
