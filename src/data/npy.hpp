// NumPy's `.npy` files (format versions 1 to 3): floats, integers and bools of any size and byte order, in C or Fortran order.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/byte_source.hpp"
#include "data/table.hpp"
#include "diagnostics/diagnostic.hpp"

namespace jensen::data {

struct NpyArray {
  std::vector<std::size_t> shape;  // empty: one number
  std::vector<double> values;      // row-major, whatever the order in the file
};

bool is_npy(std::string_view first_bytes);

// Any number of dimensions.
Result<NpyArray> read_npy(const std::string& path);

// One or two dimensions: the columns are V1, V2, ...; that of a one-dimensional array is named as the file without its ending. Throws Failure.
Table read_npy_table(ByteSource& source);

}  // namespace jensen::data
