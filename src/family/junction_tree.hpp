// The junction tree of a discrete network: cliques of variables whose tables are summed one after the other, each passing what it leaves to its
// parent (Koller and Friedman 2009, chapter 10). Built once; a pass over it looks nothing up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "family/families.hpp"

namespace jensen::family {

// Walks a table cell by cell and finds in step the cells of a smaller table over some of its variables.
struct Axis {
  std::size_t count = 1;
  std::size_t stride = 0;  // in the smaller table; 0 where its cells do not depend on the axis
};
using Embedding = std::vector<Axis>;  // outermost first, never empty; neighbouring axes are merged where they are one run

// visit(cell, other, count, stride): cells cell..cell+count-1 meet the other table's cells other, other + stride, ...
template <class Visit>
void walk(const Embedding& embedding, Visit&& visit) {
  constexpr std::size_t most_axes = 64;  // an axis has at least 2 levels, so that more of them would not fit an address
  std::array<std::size_t, most_axes> at;
  const std::size_t outer = embedding.size() - 1;
  const Axis run = embedding[outer];
  for (std::size_t d = 0; d < outer; ++d) at[d] = 0;
  std::size_t cell = 0, other = 0;
  for (;;) {
    visit(cell, other, run.count, run.stride);
    cell += run.count;
    std::size_t d = outer;
    for (;; --d) {
      if (d == 0) return;
      const Axis& axis = embedding[d - 1];
      other += axis.stride;
      if (++at[d - 1] < axis.count) break;
      other -= axis.stride * axis.count;
      at[d - 1] = 0;
    }
  }
}

// A table of `rows` × `columns` cells, row-major: rows are the levels of the variables that are summed out here, columns those of the separator,
// which the parent shares.
struct Clique {
  std::vector<std::int32_t> variables = {};  // those summed out, ascending, then the separator, ascending
  std::size_t summed = 0;                    // how many are summed out
  std::size_t rows = 1, columns = 1;
  std::size_t table = 0, message = 0;  // offsets among all tables and all separators
  std::int32_t parent = -1;            // -1: the root of a component
  Embedding in_parent = {};            // parent's cells to columns; empty for a root
};

struct ScopePlace {
  std::size_t clique = 0;  // the table that the scope is added to
  std::size_t offset = 0;  // of its numbers in the layout
  Embedding embedding = {};
};

struct JunctionTree {
  std::vector<Clique> cliques;  // children before parents
  std::vector<ScopePlace> scopes;
  std::size_t table_cells = 0, message_cells = 0, most_columns = 1;
};

// The caller has looked at `elimination_cost`; throws std::length_error where no machine could hold the tables.
JunctionTree make_junction_tree(const DiscreteNetwork& network);

}  // namespace jensen::family
