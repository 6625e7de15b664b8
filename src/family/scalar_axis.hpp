// A continuous support laid along a line: v = e^w on the positives, a logistic curve on an interval, v itself on the reals.
//
// Near the ends of what doubles can hold (v below e^-700, 1 − v below 1e-14), where the mass of a shape close to an edge still lies, every statistic
// is continued as the parabola in w through its last values: exact for log v and log² v, and for whatever settles to a constant there.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "family/families.hpp"

namespace jensen::family {

class ScalarAxis {
 public:
  explicit ScalarAxis(const Support& support);

  [[nodiscard]] double value(double w) const;
  [[nodiscard]] double coordinate(double v) const;
  [[nodiscard]] double log_jacobian(double w) const;
  [[nodiscard]] double low() const { return -limit_; }
  [[nodiscard]] double high() const { return limit_; }
  [[nodiscard]] double edge_low() const { return edge_low_; }  // beyond which statistics are continued
  [[nodiscard]] double edge_high() const { return edge_high_; }
  [[nodiscard]] double overflow() const { return map_ == Map::plain ? 1e70 : 100; }  // beyond which |w| statistics may overflow
  [[nodiscard]] bool rounds(double w) const;                                         // whether v(w) is a visibly rounded one
  [[nodiscard]] bool bounded() const { return map_ != Map::plain; }                  // at one end at least: w is a logarithm there
  [[nodiscard]] std::vector<double> scan() const;

 private:
  enum class Map { plain, above, below, between };  // the real line; (low, ∞); (−∞, high); (low, high)
  Map map_ = Map::plain;
  double bound_low_ = 0, bound_high_ = 0, width_ = 0;
  double edge_low_ = 0, edge_high_ = 0, limit_ = 0;
};

// The statistics of one update, as functions of w.
class AxisStatistics {
 public:
  AxisStatistics(const ScalarAxis& axis, const std::vector<ScalarStatistic>& statistics, std::size_t size)
      : axis_(axis), statistics_(statistics), size_(size) {}

  void operator()(double w, double* out);

 private:
  struct Parabola {
    double at = 0, step = 0;
    std::vector<double> value, first, second;  // t = value + first x + second x², x = (w − at)/step
  };

  void direct(double v, double* out) const;
  const Parabola& beyond(bool high);
  void correct_rounding(double w, double v, double* out);
  void continue_overflow(double w, double* out);
  const Parabola& before_overflow(std::size_t statistic, double w);

  const ScalarAxis& axis_;
  const std::vector<ScalarStatistic>& statistics_;
  std::size_t size_;
  Parabola low_, high_;
  std::map<std::pair<std::size_t, bool>, Parabola> overflow_;  // by statistic and end: of that statistic alone
};

}  // namespace jensen::family
