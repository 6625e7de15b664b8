// Stored blocks that can be iterated inside a sweep: the proportions of a document inside the sweep over its words, for instance.
//
// A stored block L is *local* to a pass over rows S where one lookup of the row names the element of L that the row sees, and nothing else couples
// two elements of L while all other blocks are fixed: L and S then separate by element, and coordinate ascent between an element and its own rows can
// be repeated while they are in cache. A *nest* is the pass with its rows grouped by that lookup, its local blocks, and the contractions cut down to
// one element of them.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/plan.hpp"

namespace jensen::plan {

// A moment of the nest's group, as what one element contributes: T[element · stride + entry.at] is the sum at entry.cell of the element's own cells.
struct LocalMoment {
  struct Entry {
    std::int32_t at = 0, cell = 0;
  };
  int moment = 0;
  std::int64_t stride = 0;
  std::vector<Entry> entries;
  bool same_order = false;  // entry i is {i, i}, for all sums of a cell
};

// A contraction for one element; input s begins at the operand's array + element · stride.
struct LocalProgram {
  struct Input {
    std::size_t buffer = 0;  // as Plan::input_of numbers them
    std::int64_t stride = 0;
  };
  std::size_t term = 0;
  std::vector<Input> inputs;
  Contraction contraction;
};

struct LocalBlock {
  int block = 0;
  std::vector<LocalProgram> messages;  // derivative of the terms with moments of the nest in one element's mean parameters
  struct Derivative {
    std::size_t moment = 0;  // into Nest::moments
    LocalProgram program;    // of a term in one element's part of that moment
  };
  std::vector<Derivative> derivatives;
  [[nodiscard]] bool has_term(std::size_t term) const;
};

struct Nest {
  int pass = 0;
  std::size_t group = 0;  // of the pass: its cells are the elements
  std::int64_t elements = 0;
  std::vector<LocalMoment> moments;  // all of the group
  std::vector<LocalBlock> blocks;
  std::vector<std::int64_t> first;  // rows of element e: rows[first[e]] up to rows[first[e + 1]]
  std::vector<std::int32_t> rows;   // in their own order inside an element
  [[nodiscard]] bool is_local(int block) const;
  [[nodiscard]] bool has_term(std::size_t term) const;  // of a local block with moments of the group
};

// At most one nest for each pass with a swept block: that of the lookup with most elements.
std::vector<Nest> find_nests(const Plan& plan);

}  // namespace jensen::plan
