#include "family/unconstrained.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace jensen::family {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Side = Eigen::Index;

constexpr double edge = 1e-10;  // how near the edge of its support a start may be, relative

std::size_t numbers_of(const PointPart& part) {
  std::size_t out = 1;
  for (const std::size_t d : part.dims) out *= d;
  return out;
}

double sigmoid(double x) { return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

double inside(double distance) { return std::log(distance > 0 ? distance : edge); }

// How a number by itself is moved: low + e^u, high − e^u, low + (high − low) / (1 + e^-u), or u itself.
struct Line {
  explicit Line(const Support& support) : low(support.low), high(support.high) {
    if (support.kind == SupportKind::positive) low = std::max(low, 0.0);
    if (support.kind == SupportKind::unit) low = 0, high = 1;
    const bool bounded = support.kind == SupportKind::positive || support.kind == SupportKind::unit || support.kind == SupportKind::interval;
    below = bounded && std::isfinite(low);
    above = bounded && std::isfinite(high);
  }
  [[nodiscard]] double value(double u) const {
    if (below && above) return low + (high - low) * sigmoid(u);
    return below ? low + std::exp(u) : above ? high - std::exp(u) : u;
  }
  [[nodiscard]] double slope(double u) const {
    if (below && above) return (high - low) * sigmoid(u) * sigmoid(-u);
    return below ? std::exp(u) : above ? -std::exp(u) : 1;
  }
  [[nodiscard]] double coordinate(double v) const {
    if (below && above) {
      const double p = v > low && v < high ? (v - low) / (high - low) : std::clamp((v - low) / (high - low), edge, 1 - edge);
      return std::log(p) - std::log1p(-p);
    }
    return below ? inside(v - low) : above ? inside(high - v) : v;
  }
  double low, high;
  bool below, above;
};

// w_k ∝ e^u_k with u_K = 0.
void simplex_value(std::span<const double> u, std::span<double> v) {
  double peak = 0, total = 0;
  for (const double x : u) peak = std::max(peak, x);
  for (std::size_t k = 0; k < v.size(); ++k) total += v[k] = std::exp((k < u.size() ? u[k] : 0) - peak);
  for (double& x : v) x /= total;
}

void simplex_pull(std::span<const double> v, std::span<const double> g, std::span<double> out) {
  double mean = 0;
  for (std::size_t k = 0; k < v.size(); ++k) mean += v[k] * g[k];
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = v[k] * (g[k] - mean);
}

// The factor L of a positive definite matrix; of a correlation its rows have length 1.
Matrix factor_of(std::span<const double> u, Side d, bool correlation) {
  Matrix l = Matrix::Zero(d, d);
  std::size_t at = 0;
  for (Side i = 0; i < d; ++i) {
    for (Side j = 0; j < i; ++j) l(i, j) = u[at++];
    l(i, i) = correlation ? 1 : std::exp(u[at++]);
    if (correlation) l.row(i) /= l.row(i).norm();
  }
  return l;
}

void matrix_from_value(std::span<const double> v, std::span<double> u, Side d, bool correlation) {
  Matrix m = Eigen::Map<const Matrix>(v.data(), d, d);
  Eigen::LLT<Matrix> llt(m);
  for (double ridge = edge; llt.info() != Eigen::Success && ridge < 1e10; ridge *= 10) {
    llt.compute(m + ridge * std::max(1.0, m.diagonal().cwiseAbs().maxCoeff()) * Matrix::Identity(d, d));
  }
  const Matrix l = llt.matrixL();
  std::size_t at = 0;
  for (Side i = 0; i < d; ++i) {
    for (Side j = 0; j < i; ++j) u[at++] = correlation ? l(i, j) / l(i, i) : l(i, j);
    if (!correlation) u[at++] = std::log(l(i, i));
  }
}

// S = L Lᵀ: ∂f/∂L = (G + Gᵀ) L for G = ∂f/∂S; then through the log of the diagonal, or the scaling r / |r| of each row.
void matrix_pull(std::span<const double> u, std::span<const double> g, std::span<double> out, Side d, bool correlation) {
  const Matrix l = factor_of(u, d, correlation);
  const Eigen::Map<const Matrix> by_value(g.data(), d, d);
  const Matrix by_factor = (by_value + by_value.transpose()) * l;
  std::size_t at = 0;
  for (Side i = 0; i < d; ++i) {
    const double along = correlation ? by_factor.row(i).dot(l.row(i)) : 0, length = correlation ? 1 / l(i, i) : 1;
    for (Side j = 0; j < i; ++j) out[at++] = (by_factor(i, j) - along * l(i, j)) / length;
    if (!correlation) out[at++] = by_factor(i, i) * l(i, i);
  }
}

bool is_ordered(const PointPart& part) { return part.support.kind == SupportKind::ordered; }
bool is_simplex(const PointPart& part) { return part.support.kind == SupportKind::simplex; }
bool is_triangular(const PointPart& part) { return part.support.kind == SupportKind::lower_triangular; }
bool is_correlation(const PointPart& part) { return part.support.kind == SupportKind::correlation; }
bool is_definite(const PointPart& part) {
  return part.support.kind == SupportKind::covariance || part.support.kind == SupportKind::precision || is_correlation(part);
}

Side side_of(const PointPart& part) { return static_cast<Side>(part.dims.empty() ? 1 : part.dims.back()); }

}  // namespace

std::size_t Unconstrained::coordinates_of(const PointPart& part) const {
  const std::size_t n = numbers_of(part), d = static_cast<std::size_t>(side_of(part));
  if (is_simplex(part)) return n == 0 ? 0 : n - 1;
  if (is_correlation(part)) return d * (d - 1) / 2;
  return is_definite(part) || is_triangular(part) ? d * (d + 1) / 2 : n;
}

Unconstrained::Unconstrained(std::vector<PointPart> parts) : parts_(std::move(parts)) {
  for (const PointPart& part : parts_) {
    first_.push_back(size_);
    size_ += part.count * coordinates_of(part);
    value_size_ = std::max(value_size_, part.offset + part.count * numbers_of(part));
  }
}

void Unconstrained::to_value(std::span<const double> coordinates, std::span<double> value) const {
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const PointPart& part = parts_[p];
    const std::size_t n = numbers_of(part), m = coordinates_of(part);
    const Line line(part.support);
    for (std::size_t c = 0; c < part.count; ++c) {
      const auto u = coordinates.subspan(first_[p] + c * m, m);
      const auto v = value.subspan(part.offset + c * n, n);
      if (is_simplex(part)) {
        simplex_value(u, v);
      } else if (is_definite(part)) {
        const Matrix l = factor_of(u, side_of(part), is_correlation(part));
        Eigen::Map<Matrix>(v.data(), side_of(part), side_of(part)) = l * l.transpose();
      } else if (is_triangular(part)) {
        std::size_t at = 0;
        for (std::size_t i = 0, d = part.dims[1]; i < n; ++i) v[i] = i % d <= i / d ? u[at++] : 0;
      } else if (is_ordered(part)) {
        for (std::size_t i = 0; i < n; ++i) v[i] = i == 0 ? u[0] : v[i - 1] + std::exp(u[i]);
      } else {
        for (std::size_t i = 0; i < n; ++i) v[i] = line.value(u[i]);
      }
    }
  }
}

void Unconstrained::from_value(std::span<const double> value, std::span<double> coordinates) const {
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const PointPart& part = parts_[p];
    const std::size_t n = numbers_of(part), m = coordinates_of(part);
    const Line line(part.support);
    for (std::size_t c = 0; c < part.count; ++c) {
      const auto u = coordinates.subspan(first_[p] + c * m, m);
      const auto v = value.subspan(part.offset + c * n, n);
      if (is_simplex(part)) {
        for (std::size_t k = 0; k < m; ++k) u[k] = inside(v[k]) - inside(v[n - 1]);
      } else if (is_definite(part)) {
        matrix_from_value(v, u, side_of(part), is_correlation(part));
      } else if (is_triangular(part)) {
        std::size_t at = 0;
        for (std::size_t i = 0, d = part.dims[1]; i < n; ++i) {
          if (i % d <= i / d) u[at++] = v[i];
        }
      } else if (is_ordered(part)) {
        for (std::size_t i = 0; i < n; ++i) u[i] = i == 0 ? v[0] : v[i] > v[i - 1] ? std::log(v[i] - v[i - 1]) : 0;
      } else {
        for (std::size_t i = 0; i < n; ++i) u[i] = line.coordinate(v[i]);
      }
    }
  }
}

void Unconstrained::pull_back(std::span<const double> coordinates, std::span<const double> value, std::span<const double> by_value,
                              std::span<double> out) const {
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const PointPart& part = parts_[p];
    const std::size_t n = numbers_of(part), m = coordinates_of(part);
    const Line line(part.support);
    for (std::size_t c = 0; c < part.count; ++c) {
      const auto u = coordinates.subspan(first_[p] + c * m, m);
      const auto v = value.subspan(part.offset + c * n, n);
      const auto g = by_value.subspan(part.offset + c * n, n);
      const auto to = out.subspan(first_[p] + c * m, m);
      if (is_simplex(part)) {
        simplex_pull(v, g, to);
      } else if (is_definite(part)) {
        matrix_pull(u, g, to, side_of(part), is_correlation(part));
      } else if (is_triangular(part)) {
        std::size_t at = 0;
        for (std::size_t i = 0, d = part.dims[1]; i < n; ++i) {
          if (i % d <= i / d) to[at++] = g[i];
        }
      } else if (is_ordered(part)) {
        double later = 0;
        for (std::size_t i = n; i-- > 0;) {
          later += g[i];
          to[i] = i == 0 ? later : later * std::exp(u[i]);
        }
      } else {
        for (std::size_t i = 0; i < n; ++i) to[i] = g[i] * line.slope(u[i]);
      }
    }
  }
}

bool Unconstrained::is_logarithmic(std::size_t coordinate) const {
  std::size_t p = parts_.size() - 1;
  while (first_[p] > coordinate) --p;
  const PointPart& part = parts_[p];
  const std::size_t within = (coordinate - first_[p]) % std::max<std::size_t>(1, coordinates_of(part));
  if (is_ordered(part)) return within != 0;
  if (is_simplex(part)) return true;
  if (is_triangular(part) || is_correlation(part)) return false;
  if (!is_definite(part)) return Line(part.support).below || Line(part.support).above;
  std::size_t diagonal = 0;
  for (std::size_t i = 1; diagonal < within; ++i) diagonal += i + 1;
  return diagonal == within;
}

std::string Unconstrained::name(std::size_t coordinate) const {
  std::size_t p = parts_.size() - 1;
  while (first_[p] > coordinate) --p;
  const PointPart& part = parts_[p];
  const std::size_t m = std::max<std::size_t>(1, coordinates_of(part)), within = (coordinate - first_[p]) % m;
  const bool by_number = m == numbers_of(part);
  std::vector<std::size_t> extents = part.extents;
  std::size_t flat = (coordinate - first_[p]) / m;
  if (by_number) {
    flat = flat * m + within;
  } else {
    extents.resize(extents.size() - part.dims.size());
  }
  if (extents.empty()) return part.name;
  std::vector<std::size_t> at(extents.size());
  for (std::size_t i = extents.size(); i-- > 0; flat /= extents[i]) at[i] = flat % extents[i] + 1;
  return fmt::format("{}[{}]", part.name, fmt::join(at, ", "));
}

}  // namespace jensen::family
