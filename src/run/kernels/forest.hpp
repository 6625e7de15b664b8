// Rows that hang on each other: along a chain, or as the nodes of a tree.
#pragma once

#include <cstdint>

namespace jensen::run {

// The row at position p hangs on the one at previous[p], which is less than p, or on none where that is negative. Rows that hang on another
// have a link, with natural parameters of its own: number link[p] of those that differ.
struct Forest {
  std::int64_t rows = 0;
  const std::int32_t* previous = nullptr;
  const std::int32_t* link = nullptr;
};

// Whether every row with a link hangs on the one before.
inline bool is_chain(const Forest& forest) {
  for (std::int64_t p = 0; p < forest.rows; ++p) {
    if (forest.previous[p] >= 0 && forest.previous[p] != p - 1) return false;
  }
  return true;
}

}  // namespace jensen::run
