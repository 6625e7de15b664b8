// Supports and sufficient statistics: the vocabulary shared by the model graph, the families and the derivation.
#pragma once

#include <compare>
#include <limits>
#include <string>

namespace jensen {

enum class SupportKind {
  real,  // scalar, or each entry of a vector or matrix
  positive,
  unit,           // (0, 1)
  interval,       // (low, high)
  boolean,        // {0, 1}
  count,          // 0, 1, 2, ...
  bounded_count,  // 0..n
  integer,
  category,  // 1..K, no order
  simplex,
  ordered,
  covariance,
  precision,
  correlation,
  lower_triangular,
  angle
};

struct Support {
  SupportKind kind = SupportKind::real;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  auto operator<=>(const Support&) const = default;
};

std::string to_text(SupportKind kind);
bool is_discrete(SupportKind kind);

enum class StatisticKind {
  power,       // v^p of one element; p = 1 for an element of a vector or a matrix
  pair,        // v_i v_j of two elements of one Gaussian block
  log,         // log v
  log1m,       // log(1 - v)
  indicator,   // [v = k]
  log_det,     // log |V|
  inverse,     // (V^-1)_ij
  cosine,      // cos v
  sine,        // sin v
  function,    // f(v), any function of one number: `id` tells functions apart, and means nothing to a family
  expression,  // f(v, w, ...), any function of several numbers of params: `id` likewise
  scaled,      // r x_i of two variables with a joint q: a scale r (v^p, or a matrix P) and a vector x; of a matrix (P x)_i
  scaled_pair  // r x_i x_j; of a matrix the one number x' P x
};

struct Statistic {
  StatisticKind kind = StatisticKind::power;
  double power = 1;  // of StatisticKind::power only; 1 otherwise
  int id = -1;       // of StatisticKind::function and expression only

  auto operator<=>(const Statistic&) const = default;
  static Statistic pair() { return {StatisticKind::pair, 1}; }
  static Statistic function(int id) { return {StatisticKind::function, 1, id}; }
  static Statistic expression(int id) { return {StatisticKind::expression, 1, id}; }
};

// "x", "x^2", "log x", "log(1 - x)", "[x = k]", "log|x|", "x^-1" with the given name of the variable.
std::string to_text(const Statistic& statistic, const std::string& variable);

}  // namespace jensen
