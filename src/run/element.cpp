#include "run/element.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace jensen::run {
namespace {

constexpr double half_log_two_pi = 0.91893853320467274178;

std::span<const std::uint8_t> present(const plan::PlannedBlock& block, std::int64_t element) {
  const std::size_t n = block.family->value_size();
  return std::span(block.present).subspan(static_cast<std::size_t>(element) * n, n);
}

// The place of x_i² in a Gaussian layout: of a number, of a vector with all pairs, of one with the pairs that occur (squares first).
std::size_t square_at(const family::Family& family, std::size_t i) {
  const std::size_t n = family.value_size(), pairs = family.size() - n;
  return n + (pairs == n * n ? i * n + i : i);
}

// A discrete variable that is not there has no terms: it adds the log of its number of levels to A, which is taken off again.
std::optional<family::Improper> update_network(const plan::PlannedBlock& block, std::span<const std::uint8_t> mask, std::span<double> natural,
                                               std::span<double> mean, double& log_partition) {
  auto improper = block.family->update(natural, mean, log_partition);
  for (const plan::PlannedComponent& c : block.components) {
    std::size_t n = 1;
    for (const std::int64_t extent : c.inner) n *= static_cast<std::size_t>(extent);
    const auto absent = std::count(mask.begin() + static_cast<std::ptrdiff_t>(c.offset), mask.begin() + static_cast<std::ptrdiff_t>(c.offset + n), 0);
    log_partition -= static_cast<double>(absent) * std::log(static_cast<double>(c.levels));
  }
  return improper;
}

}  // namespace

// A number that is not there gets the q of a standard normal, whose share of A is taken off again.
std::optional<family::Improper> update_element(const plan::PlannedBlock& block, std::int64_t element, std::span<double> natural,
                                               std::span<double> mean, double& log_partition) {
  const family::Family& family = block.family_of(element);
  if (block.present.empty()) return family.update(natural, mean, log_partition);
  const auto mask = present(block, element);
  const auto absent = static_cast<std::size_t>(std::count(mask.begin(), mask.end(), 0));
  if (absent == 0) return family.update(natural, mean, log_partition);
  if (absent == mask.size()) {
    std::fill(mean.begin(), mean.end(), 0.0);
    log_partition = 0;
    return std::nullopt;
  }
  if (block.network) return update_network(block, mask, natural, mean, log_partition);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) natural[square_at(family, i)] = -0.5;
  }
  auto improper = family.update(natural, mean, log_partition);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) natural[square_at(family, i)] = 0;
  }
  log_partition -= static_cast<double>(absent) * half_log_two_pi;
  return improper;
}

void element_moments(const plan::PlannedBlock& block, std::int64_t element, std::span<const double> natural, std::span<double> mean,
                     std::span<double> sd) {
  const family::Family& family = block.family_of(element);
  if (block.present.empty()) return family.moments(natural, mean, sd);
  const auto mask = present(block, element);
  const auto absent = static_cast<std::size_t>(std::count(mask.begin(), mask.end(), 0));
  if (absent == 0 || block.network) return family.moments(natural, mean, sd);
  if (absent == mask.size()) {
    std::fill(mean.begin(), mean.end(), 0.0);
    std::fill(sd.begin(), sd.end(), 0.0);
    return;
  }
  std::vector<double> eta(natural.begin(), natural.end());
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) eta[square_at(family, i)] = -0.5;
  }
  family.moments(eta, mean, sd);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) mean[i] = sd[i] = 0;
  }
}

}  // namespace jensen::run
