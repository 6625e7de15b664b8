// A model's data after binding: one dense array of doubles per data variable, and the value of every size symbol.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "model/size.hpp"

namespace jensen::model {

struct BoundArray {
  std::vector<std::size_t> dims;    // as the variable's dims
  std::vector<double> values;       // column by column: the first index runs fastest; categories are 1-based levels, bools 0/1
  std::vector<std::string> levels;  // of a category: the name of each level
  // As `values`, 1 where the cell is missing; empty where none is. The value of a missing cell is 0, of a category level 1.
  std::vector<std::uint8_t> missing = {};

  [[nodiscard]] std::size_t missing_count() const { return static_cast<std::size_t>(std::count(missing.begin(), missing.end(), 1)); }

  // Distance in `values` of neighbours along each dimension.
  [[nodiscard]] std::vector<std::int64_t> strides() const {
    std::vector<std::int64_t> out;
    std::int64_t next = 1;
    for (const std::size_t extent : dims) {
      out.push_back(next);
      next *= static_cast<std::int64_t>(extent);
    }
    return out;
  }
};

struct BoundData {
  std::map<VariableId, BoundArray> arrays;
  Sizes sizes;
};

}  // namespace jensen::model
