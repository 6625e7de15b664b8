// The structure of a sparse Cholesky factor, from the pattern of the matrix alone: fill-reducing order, elimination tree, supernodes (runs of
// columns with the same rows beneath, stored as one dense panel), and where every update goes (Davis 2006, chapters 4 and 7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "family/families.hpp"

namespace jensen::family {

using SparseIndex = std::int32_t;

// Columns first .. first + columns − 1 of L as a column-major panel of (columns + below) rows: the diagonal block, then the rows beneath it.
struct Supernode {
  SparseIndex first = 0;
  SparseIndex columns = 0;
  SparseIndex below = 0;
  SparseIndex leading_below = 0;  // how many of the rows beneath are not those of points
  std::size_t rows = 0;           // where the rows beneath start in SparseSymbolic::rows
  std::size_t values = 0;         // where the panel starts in the factor
  std::size_t segments = 0, segments_end = 0;

  [[nodiscard]] SparseIndex height() const { return columns + below; }
};

// Rows begin .. end − 1 beneath a supernode are columns of the later supernode `node`; relative[i − begin] is the place of row i ≥ begin in its
// panel.
struct Segment {
  SparseIndex node = 0;
  SparseIndex begin = 0, end = 0;
  std::size_t relative = 0;
};

struct SparseSymbolic {
  SparseIndex dimension = 0;
  SparseIndex leading = 0;              // the first so many columns are not points
  std::vector<SparseIndex> coordinate;  // of a column
  std::vector<SparseIndex> column;      // of a coordinate
  std::vector<Supernode> nodes;
  std::size_t leading_nodes = 0;
  std::vector<SparseIndex> rows;
  std::vector<Segment> segments;
  std::vector<SparseIndex> relative;
  std::vector<std::size_t> pair_place;      // of each pair in the factor
  std::vector<std::size_t> diagonal_place;  // of each column
  std::vector<double> pivot_tolerance;      // of each column: below this fraction of its diagonal entry a pivot is rounding error
  std::size_t size = 0;                     // numbers in the factor
};

SparseSymbolic analyse(const GaussianPattern& pattern);

}  // namespace jensen::family
