#include "family/quantile.hpp"

#include <algorithm>
#include <cmath>

namespace jensen::family {
namespace {

// ∫ of a log-linear density between two nodes one step apart: (e^b − e^a)/(b − a).
double cell_mass(double a, double b) {
  const double rise = b - a;
  return std::exp(a) * (std::abs(rise) < 1e-8 ? 1 : std::expm1(rise) / rise);
}

// The part of the cell below which `share` of its mass lies.
double within_cell(double a, double b, double share) {
  const double rise = b - a;
  return std::abs(rise) < 1e-8 ? share : std::log1p(share * std::expm1(rise)) / rise;
}

}  // namespace

double quantile_in_steps(const std::vector<double>& log_density, double target) {
  const double largest = *std::max_element(log_density.begin(), log_density.end());
  std::vector<double> mass;
  double total = 0;
  for (std::size_t i = 0; i + 1 < log_density.size(); ++i) {
    mass.push_back(cell_mass(log_density[i] - largest, log_density[i + 1] - largest));
    total += mass.back();
  }
  double rest = target * total;
  for (std::size_t i = 0; i < mass.size(); ++i) {
    if (rest < mass[i]) return static_cast<double>(i) + within_cell(log_density[i], log_density[i + 1], rest / mass[i]);
    rest -= mass[i];
  }
  return static_cast<double>(mass.size());
}

}  // namespace jensen::family
