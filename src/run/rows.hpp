// Rows of a pass in tiles: columns of data side by side in cache, and the features built from them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/plan.hpp"

namespace jensen::run {

// Rows handled at once. A tile of columns is stored column after column, `tile_rows` apart; places after the last row hold zeros.
inline constexpr std::int64_t tile_rows = 256;

struct Tile {
  std::int64_t first = 0;  // row
  std::int64_t rows = 0;
  std::vector<double> columns;        // Pass::columns, and room for `extra_columns` more
  std::vector<std::int32_t> lookups;  // Pass::lookups
  [[nodiscard]] const double* column(std::size_t c) const { return columns.data() + static_cast<std::int64_t>(c) * tile_rows; }
  [[nodiscard]] const std::int32_t* lookup(std::size_t l) const { return lookups.data() + static_cast<std::int64_t>(l) * tile_rows; }
};

// Reads rows [first, first + rows), rows <= tile_rows.
void load(const plan::Plan& plan, const plan::Pass& pass, std::int64_t first, std::int64_t rows, Tile& tile, std::size_t extra_columns = 0);

// Reads the listed rows, at most tile_rows; `first` then means nothing. Rows that follow each other are copied in stretches.
void load(const plan::Plan& plan, const plan::Pass& pass, std::span<const std::int32_t> rows, Tile& tile, std::size_t extra_columns = 0);

// The product of columns for every row; `out` has tile.rows entries.
void product(const Tile& tile, const std::vector<int>& columns, double* out);

// Which cell of a group each row falls into: Σ stride · position, -1 where a lookup has no position.
void cells(const Tile& tile, const plan::FeatureGroup& group, std::int64_t* out);

}  // namespace jensen::run
