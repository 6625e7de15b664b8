#include "family/sparse_symbolic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "family/sparse_order.hpp"

namespace jensen::family {
namespace {

using Index = SparseIndex;

class Analysis {
 public:
  explicit Analysis(const GaussianPattern& pattern) : pattern_(pattern), order_(elimination_order(pattern)) {}

  SparseSymbolic run() {
    result_.dimension = static_cast<Index>(pattern_.dimension);
    result_.leading = order_.leading;
    result_.column = inverted(order_.coordinate);
    result_.coordinate = std::move(order_.coordinate);
    make_nodes();
    make_rows();
    make_segments();
    make_places();
    make_tolerances();
    return std::move(result_);
  }

 private:
  void make_nodes() {
    node_of_.resize(pattern_.dimension);
    for (const PanelShape& panel : order_.panels) {
      const auto id = static_cast<Index>(result_.nodes.size());
      std::fill_n(node_of_.begin() + panel.first, panel.columns, id);
      Supernode node;
      node.first = panel.first;
      node.columns = panel.columns;
      result_.nodes.push_back(node);
      if (panel.first < result_.leading) ++result_.leading_nodes;
    }
  }

  // The rows beneath a supernode are those of its columns in the matrix and those of its children (Davis 2006, theorem 4.2).
  void make_rows() {
    const Adjacency graph = adjacency(pattern_, result_.column);
    std::vector<std::vector<Index>> children(result_.nodes.size());
    std::vector<Index> mark(pattern_.dimension, -1), rows;
    for (std::size_t id = 0; id < result_.nodes.size(); ++id) {
      Supernode& node = result_.nodes[id];
      const Index end = node.first + node.columns;
      rows.clear();
      const auto add = [&](Index row) {
        if (row >= end && std::exchange(mark[static_cast<std::size_t>(row)], static_cast<Index>(id)) != static_cast<Index>(id)) rows.push_back(row);
      };
      const std::size_t stop = graph.start[static_cast<std::size_t>(end)];
      for (std::size_t e = graph.start[static_cast<std::size_t>(node.first)]; e < stop; ++e) add(graph.neighbours[e]);
      for (const Index child : children[id]) {
        const Supernode& c = result_.nodes[static_cast<std::size_t>(child)];
        for (std::size_t r = c.rows; r < c.rows + static_cast<std::size_t>(c.below); ++r) add(result_.rows[r]);
      }
      std::sort(rows.begin(), rows.end());
      node.below = static_cast<Index>(rows.size());
      node.leading_below = static_cast<Index>(std::lower_bound(rows.begin(), rows.end(), result_.leading) - rows.begin());
      node.rows = result_.rows.size();
      node.values = result_.size;
      result_.size += static_cast<std::size_t>(node.height()) * static_cast<std::size_t>(node.columns);
      result_.rows.insert(result_.rows.end(), rows.begin(), rows.end());
      if (!rows.empty()) children[static_cast<std::size_t>(node_of_[static_cast<std::size_t>(rows.front())])].push_back(static_cast<Index>(id));
    }
  }

  void make_segments() {
    for (Supernode& node : result_.nodes) {
      node.segments = result_.segments.size();
      const Index* rows = result_.rows.data() + node.rows;
      for (Index begin = 0; begin < node.below;) {
        const Index id = node_of_[static_cast<std::size_t>(rows[begin])];
        Segment segment{id, begin, begin, result_.relative.size()};
        const Supernode& above = result_.nodes[static_cast<std::size_t>(id)];
        while (segment.end < node.below && rows[segment.end] < above.first + above.columns) ++segment.end;
        append_relative(above, rows + begin, rows + node.below);
        begin = segment.end;
        result_.segments.push_back(segment);
      }
      node.segments_end = result_.segments.size();
    }
  }

  void append_relative(const Supernode& above, const Index* row, const Index* end) {
    const Index after = above.first + above.columns;
    for (; row != end && *row < after; ++row) result_.relative.push_back(*row - above.first);
    const Index* const beneath = result_.rows.data() + above.rows;
    for (const Index* at = beneath; row != end; ++row) {
      at = std::lower_bound(at, beneath + above.below, *row);
      result_.relative.push_back(above.columns + static_cast<Index>(at - beneath));
    }
  }

  std::size_t place(Index row, Index column) const {
    const Supernode& node = result_.nodes[static_cast<std::size_t>(node_of_[static_cast<std::size_t>(column)])];
    Index at = row - node.first;
    if (at >= node.columns) {
      const Index* const rows = result_.rows.data() + node.rows;
      at = node.columns + static_cast<Index>(std::lower_bound(rows, rows + node.below, row) - rows);
    }
    return node.values + static_cast<std::size_t>(column - node.first) * static_cast<std::size_t>(node.height()) + static_cast<std::size_t>(at);
  }

  void make_places() {
    for (const auto& [i, j] : pattern_.pairs) {
      const auto [low, high] = std::minmax(result_.column[static_cast<std::size_t>(i)], result_.column[static_cast<std::size_t>(j)]);
      result_.pair_place.push_back(place(high, low));
    }
    for (Index j = 0; j < result_.dimension; ++j) result_.diagonal_place.push_back(place(j, j));
  }

  // The error of a pivot grows with the root of the number of updates it took (Higham and Mary 2019); 64 is for ill-conditioned columns before it.
  void make_tolerances() {
    std::vector<double> updates(pattern_.dimension, 1);
    for (const Supernode& node : result_.nodes) {
      for (Index j = 0; j < node.columns; ++j) updates[static_cast<std::size_t>(node.first + j)] += j;
      for (std::size_t r = node.rows; r < node.rows + static_cast<std::size_t>(node.below); ++r)
        updates[static_cast<std::size_t>(result_.rows[r])] += node.columns;
    }
    for (const double n : updates) result_.pivot_tolerance.push_back(64 * std::sqrt(n) * std::numeric_limits<double>::epsilon());
  }

  const GaussianPattern& pattern_;
  EliminationOrder order_;
  SparseSymbolic result_;
  std::vector<Index> node_of_;  // the supernode of a column
};

}  // namespace

SparseSymbolic analyse(const GaussianPattern& pattern) { return Analysis(pattern).run(); }

}  // namespace jensen::family
