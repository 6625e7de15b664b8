// Linked rows with random parameters, and sums over their states by enumeration.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "family/stream.hpp"
#include "run/kernels/forest.hpp"
#include "run/rows.hpp"

namespace jensen::test {

struct LinkedRows {
  std::int64_t levels = 1, kinds = 1;
  std::vector<std::int32_t> previous, link;
  std::vector<double> own, links;  // row-major: (row, state), (kind, state of the row above, state)

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(previous.size()); }
  [[nodiscard]] run::Forest forest() const { return {rows(), previous.data(), link.data()}; }
  [[nodiscard]] double eta(std::int64_t row, std::int64_t state) const { return own[static_cast<std::size_t>(row * levels + state)]; }
  double& eta(std::int64_t row, std::int64_t state) { return own[static_cast<std::size_t>(row * levels + state)]; }
  [[nodiscard]] std::size_t link_at(std::int64_t kind, std::int64_t above, std::int64_t state) const {
    return static_cast<std::size_t>((kind * levels + above) * levels + state);
  }
  [[nodiscard]] double theta(std::int64_t row, std::int64_t above, std::int64_t state) const {
    return links[link_at(link[static_cast<std::size_t>(row)], above, state)];
  }
  // Columns of a tile, the places after the last row left as they are.
  void tile(std::int64_t first, std::int64_t count, std::vector<double>& natural) const {
    natural.resize(static_cast<std::size_t>(levels * run::tile_rows));
    for (std::int64_t k = 0; k < levels; ++k) {
      for (std::int64_t i = 0; i < count; ++i) natural[static_cast<std::size_t>(k * run::tile_rows + i)] = eta(first + i, k);
    }
  }
};

// Parameters of the rows, given where they hang: `spread` is their standard deviation.
inline LinkedRows with_parameters(std::vector<std::int32_t> previous, std::int64_t levels, std::int64_t kinds, double spread,
                                  family::Stream& stream) {
  LinkedRows rows;
  rows.levels = levels;
  rows.kinds = kinds;
  rows.previous = std::move(previous);
  for (const std::int32_t above : rows.previous) {
    rows.link.push_back(above < 0 ? -1 : static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(kinds))));
    for (std::int64_t k = 0; k < levels; ++k) rows.own.push_back(spread * stream.normal());
  }
  for (std::int64_t i = 0; i < kinds * levels * levels; ++i) rows.links.push_back(spread * stream.normal());
  return rows;
}

// Sequences of the given length; the last may be shorter.
inline std::vector<std::int32_t> chains(std::int64_t rows, std::int64_t length) {
  std::vector<std::int32_t> previous;
  for (std::int64_t p = 0; p < rows; ++p) previous.push_back(p % length == 0 ? -1 : static_cast<std::int32_t>(p - 1));
  return previous;
}

// Each row hangs on any before it, or on none.
inline std::vector<std::int32_t> random_forest(std::int64_t rows, family::Stream& stream) {
  std::vector<std::int32_t> previous;
  for (std::int64_t p = 0; p < rows; ++p) previous.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(p + 1))) - 1);
  return previous;
}

// visit(states, log weight) for all states of all rows.
template <class Visit>
void enumerate(const LinkedRows& rows, Visit visit) {
  std::vector<std::int64_t> state(rows.previous.size(), 0);
  while (true) {
    long double weight = 0;
    for (std::int64_t p = 0; p < rows.rows(); ++p) {
      const auto at = static_cast<std::size_t>(p);
      weight += rows.eta(p, state[at]);
      if (rows.previous[at] >= 0) weight += rows.theta(p, state[static_cast<std::size_t>(rows.previous[at])], state[at]);
    }
    visit(state, weight);
    std::size_t p = 0;
    for (; p < state.size() && ++state[p] == rows.levels; ++p) state[p] = 0;
    if (p == state.size()) return;
  }
}

}  // namespace jensen::test
