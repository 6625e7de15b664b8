#include "run/missing_cells.hpp"

namespace jensen::run {

namespace {

struct Cell {
  std::vector<std::size_t> subscripts;  // from 1
  std::size_t element;                  // row-major
};

// In row-major order; the mask is stored column by column.
std::vector<Cell> missing_cells(const model::BoundArray& array) {
  const std::vector<std::int64_t> strides = array.strides();
  std::vector<Cell> cells;
  for (std::size_t element = 0; element < array.missing.size(); ++element) {
    Cell cell{std::vector<std::size_t>(array.dims.size()), element};
    std::size_t rest = element, place = 0;
    for (std::size_t d = array.dims.size(); d-- > 0; rest /= array.dims[d]) {
      place += rest % array.dims[d] * static_cast<std::size_t>(strides[d]);
      cell.subscripts[d] = rest % array.dims[d] + 1;
    }
    if (array.missing[place] != 0) cells.push_back(std::move(cell));
  }
  return cells;
}

// A cell has `size` neighbouring numbers.
std::vector<double> numbers_of(const std::vector<Cell>& cells, const std::vector<double>& numbers, std::size_t size) {
  std::vector<double> out;
  if (numbers.empty()) return out;
  out.reserve(cells.size() * size);
  for (const Cell& cell : cells) {
    const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(cell.element * size);
    out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(size));
  }
  return out;
}

}  // namespace

void keep_missing_cells(const model::BoundArray& array, FittedVariable& variable) {
  const std::vector<Cell> cells = missing_cells(array);
  std::vector<std::size_t> shape{cells.size()};
  std::size_t size = 1;  // levels of a discrete variable
  for (std::size_t d = array.dims.size(); d < variable.shape.size(); ++d) {
    shape.push_back(variable.shape[d]);
    size *= variable.shape[d];
  }
  variable.shape = std::move(shape);
  variable.mean = numbers_of(cells, variable.mean, size);
  variable.sd = numbers_of(cells, variable.sd, size);
  variable.value = numbers_of(cells, variable.value, size);
  variable.q5 = numbers_of(cells, variable.q5, size);
  variable.q95 = numbers_of(cells, variable.q95, size);
  if (size > 1) variable.levels = array.levels;
  variable.cells.emplace();
  for (const Cell& cell : cells) variable.cells->push_back(cell.subscripts);
}

}  // namespace jensen::run
