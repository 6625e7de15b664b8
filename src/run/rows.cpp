#include "run/rows.hpp"

#include <algorithm>

namespace jensen::run {
namespace {

// Calls copy(offset of the row in the array, stride to the next, number of rows, position in the tile) for stretches along the last dimension.
template <class Copy>
void for_each_stretch(const std::vector<std::int64_t>& extents, const plan::Affine& at, std::int64_t first, std::int64_t rows, Copy copy) {
  const std::size_t dims = extents.size();
  const std::int64_t inner = dims == 0 ? 1 : extents.back(), stride = dims == 0 ? 0 : at.strides.back();
  for (std::int64_t done = 0; done < rows;) {
    const std::int64_t row = first + done, within = row % inner;
    std::int64_t offset = at.base + within * stride, outer = row / inner;
    for (std::size_t d = dims; d-- > 1; outer /= extents[d - 1]) offset += (outer % extents[d - 1]) * at.strides[d - 1];
    const std::int64_t n = std::min(rows - done, inner - within);
    copy(offset, stride, n, done);
    done += n;
  }
}

template <class Value>
void copy_strided(const Value* from, std::int64_t stride, std::int64_t n, Value* to) {
  if (stride == 1) {
    std::copy_n(from, n, to);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[i * stride];
  }
}

std::int64_t address(const std::vector<std::int64_t>& extents, const plan::Affine& at, std::int64_t row) {
  std::int64_t offset = at.base;
  for (std::size_t d = extents.size(); d-- > 1; row /= extents[d]) offset += row % extents[d] * at.strides[d];
  return extents.empty() ? offset : offset + row * at.strides[0];
}

void resize(const plan::Pass& pass, std::int64_t rows, Tile& tile, std::size_t extra_columns) {
  tile.rows = rows;
  tile.columns.resize((pass.columns.size() + extra_columns) * tile_rows);
  tile.lookups.resize(pass.lookups.size() * tile_rows);
}

}  // namespace

void load(const plan::Plan& plan, const plan::Pass& pass, std::int64_t first, std::int64_t rows, Tile& tile, std::size_t extra_columns) {
  tile.first = first;
  resize(pass, rows, tile, extra_columns);
  for (std::size_t c = 0; c < pass.columns.size(); ++c) {
    const plan::Column& column = pass.columns[c];
    const double* values = plan.arrays[static_cast<std::size_t>(column.array)].values;
    double* out = tile.columns.data() + static_cast<std::int64_t>(c) * tile_rows;
    for_each_stretch(pass.extents, column.at, first, rows, [&](std::int64_t offset, std::int64_t stride, std::int64_t n, std::int64_t to) {
      copy_strided(values + offset, stride, n, out + to);
    });
    std::fill(out + rows, out + tile_rows, 0.0);
  }
  for (std::size_t l = 0; l < pass.lookups.size(); ++l) {
    const plan::RowLookup& lookup = pass.lookups[l];
    const std::int32_t* values = plan.lookups[static_cast<std::size_t>(lookup.lookup)].positions.data();
    std::int32_t* out = tile.lookups.data() + static_cast<std::int64_t>(l) * tile_rows;
    for_each_stretch(pass.extents, lookup.at, first, rows, [&](std::int64_t offset, std::int64_t stride, std::int64_t n, std::int64_t to) {
      copy_strided(values + offset, stride, n, out + to);
    });
  }
}

void load(const plan::Plan& plan, const plan::Pass& pass, std::span<const std::int32_t> rows, Tile& tile, std::size_t extra_columns) {
  bool neighbours = !rows.empty();
  for (std::size_t i = 0; i < rows.size(); ++i) neighbours &= rows[i] == rows[0] + static_cast<std::int32_t>(i);
  if (neighbours) return load(plan, pass, rows[0], static_cast<std::int64_t>(rows.size()), tile, extra_columns);
  tile.first = 0;
  resize(pass, static_cast<std::int64_t>(rows.size()), tile, extra_columns);
  for (std::size_t c = 0; c < pass.columns.size(); ++c) {
    const plan::Column& column = pass.columns[c];
    const double* values = plan.arrays[static_cast<std::size_t>(column.array)].values;
    double* out = tile.columns.data() + static_cast<std::int64_t>(c) * tile_rows;
    for (std::size_t i = 0; i < rows.size(); ++i) out[i] = values[address(pass.extents, column.at, rows[i])];
    std::fill(out + rows.size(), out + tile_rows, 0.0);
  }
  for (std::size_t l = 0; l < pass.lookups.size(); ++l) {
    const plan::RowLookup& lookup = pass.lookups[l];
    const std::int32_t* values = plan.lookups[static_cast<std::size_t>(lookup.lookup)].positions.data();
    std::int32_t* out = tile.lookups.data() + static_cast<std::int64_t>(l) * tile_rows;
    for (std::size_t i = 0; i < rows.size(); ++i) out[i] = values[address(pass.extents, lookup.at, rows[i])];
  }
}

void product(const Tile& tile, const std::vector<int>& columns, double* __restrict out) {
  if (columns.empty()) {
    std::fill_n(out, tile.rows, 1.0);
    return;
  }
  const double* a = tile.column(static_cast<std::size_t>(columns[0]));
  if (columns.size() == 1) {
    std::copy_n(a, tile.rows, out);
    return;
  }
  const double* b = tile.column(static_cast<std::size_t>(columns[1]));
  for (std::int64_t i = 0; i < tile.rows; ++i) out[i] = a[i] * b[i];
  for (std::size_t c = 2; c < columns.size(); ++c) {
    const double* more = tile.column(static_cast<std::size_t>(columns[c]));
    for (std::int64_t i = 0; i < tile.rows; ++i) out[i] *= more[i];
  }
}

void cells(const Tile& tile, const plan::FeatureGroup& group, std::int64_t* out) {
  std::fill_n(out, tile.rows, 0);
  for (std::size_t l = 0; l < group.lookups.size(); ++l) {
    const std::int32_t* position = tile.lookup(static_cast<std::size_t>(group.lookups[l]));
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      out[i] = position[i] < 0 || out[i] < 0 ? -1 : out[i] + position[i] * group.lookup_strides[l];
    }
  }
}

}  // namespace jensen::run
