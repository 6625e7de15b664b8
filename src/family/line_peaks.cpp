// Peaks of a log density on a line: local maxima of a coarse scan, each refined until its bracket is as narrow as the peak itself, whatever its
// width.
#include <algorithm>
#include <cmath>
#include <limits>

#include "family/line_integral.hpp"

namespace jensen::family {
namespace {

struct Point {
  double w = 0, f = 0;
};
struct Bracket {
  Point a, b, c;  // a.w < b.w < c.w and b.f is the largest
};

// The vertex and the scale (−f'')^(−1/2) of the parabola through three points; false where it is no maximum in finite numbers.
bool parabola(const Bracket& t, double& vertex, double& scale) {
  const double left = (t.b.f - t.a.f) / (t.b.w - t.a.w), right = (t.c.f - t.b.f) / (t.c.w - t.b.w);
  const double curvature = (right - left) / (0.5 * (t.c.w - t.a.w));
  if (!(curvature < 0) || !std::isfinite(curvature)) return false;
  const double middle = 0.5 * (t.a.w + t.b.w);
  vertex = middle - left / curvature;
  scale = 1 / std::sqrt(-curvature);
  return std::isfinite(vertex) && scale > 0;
}

double middle_of_wider_side(const Bracket& t) { return t.c.w - t.b.w > t.b.w - t.a.w ? 0.5 * (t.b.w + t.c.w) : 0.5 * (t.a.w + t.b.w); }

void insert(Bracket& t, const Point& p) {
  if (p.f > t.b.f) {
    (p.w < t.b.w ? t.c : t.a) = t.b;
    t.b = p;
  } else {
    (p.w < t.b.w ? t.a : t.c) = p;
  }
}

// Parabolic steps to the vertex, then one scale to either side of it; a bisection whenever two steps did not halve the bracket.
Peak refine(const LineFunction& f, Bracket t) {
  double width = t.c.w - t.a.w;
  bool bisect = false;
  for (int i = 0; i < 200; ++i) {
    if (t.b.f - t.a.f < 0.5 && t.b.f - t.c.f < 0.5) break;
    double vertex = 0, scale = 0, w = middle_of_wider_side(t);
    if (!bisect && parabola(t, vertex, scale)) {
      const double side = t.c.w - t.b.w > t.b.w - t.a.w ? 1 : -1;
      const double probe = std::abs(vertex - t.b.w) > 0.3 * scale ? vertex : t.b.w + side * 0.7 * scale;
      if (probe > t.a.w && probe < t.c.w && probe != t.b.w) w = probe;
    }
    if (!(w > t.a.w && w < t.c.w) || w == t.b.w) break;
    insert(t, {w, f(w)});
    bisect = i % 3 == 2 && t.c.w - t.a.w > 0.5 * width;
    if (i % 3 == 2) width = t.c.w - t.a.w;
  }
  return {t.b.w, t.b.f, std::max(0.5 * (t.c.w - t.a.w), std::abs(t.b.w) * 4e-16)};
}

}  // namespace

std::vector<Peak> find_peaks(const LineFunction& f, const std::vector<double>& scan) {
  std::vector<Point> points;
  for (const double w : scan) points.push_back({w, f(w)});
  const auto best = std::max_element(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.f < b.f; });
  std::vector<Peak> peaks;
  if (best == points.end() || best->f == -std::numeric_limits<double>::infinity()) return peaks;
  if (best->f == std::numeric_limits<double>::infinity()) {
    return {{best->w, best->f, 0, best->w > 0 ? LineResult::End::high : LineResult::End::low}};
  }
  if (best == points.begin()) return {{best->w, best->f, 0, LineResult::End::low}};
  if (best + 1 == points.end()) return {{best->w, best->f, 0, LineResult::End::high}};
  for (std::size_t i = 1; i + 1 < points.size(); ++i) {
    if (points[i].f >= points[i - 1].f && points[i].f > points[i + 1].f) {
      peaks.push_back(refine(f, {points[i - 1], points[i], points[i + 1]}));
    }
  }
  if (peaks.empty()) peaks.push_back(refine(f, {*(best - 1), *best, *(best + 1)}));
  std::stable_sort(peaks.begin(), peaks.end(), [](const Peak& a, const Peak& b) { return a.value > b.value; });
  const double least = peaks.front().value - 50;
  std::erase_if(peaks, [least](const Peak& p) { return p.value < least; });
  return peaks;
}

// Newton's method on central differences, down to the width at which their bias (of second order) is that of rounding (one over the width).
double polish_peak(const LineFunction& f, const Peak& peak) {
  const double least = std::cbrt(4e-16 * std::max(1.0, std::abs(peak.value))) * peak.scale;
  double w = peak.w;
  for (double step = 0.5 * peak.scale; step > least; step *= 0.3) {
    const double left = f(w - step), right = f(w + step), curvature = left - 2 * f(w) + right;
    const double move = 0.5 * step * (left - right) / curvature;
    if (!(curvature < 0) || !(std::abs(move) < 2 * peak.scale)) break;
    w += move;
  }
  return w;
}

}  // namespace jensen::family
