#include "family/sparse_order.hpp"

#include <Eigen/OrderingMethods>
#include <Eigen/SparseCore>
#include <algorithm>
#include <numeric>
#include <utility>

namespace jensen::family {
namespace {

using Index = std::int32_t;
using Edges = std::vector<std::pair<Index, Index>>;

constexpr Index none = -1;

// Minimum degree (Amestoy, Davis and Duff 1996): node of each place. Eigen's takes a column without its diagonal entry for one to eliminate last.
std::vector<Index> minimum_degree(Index nodes, const Edges& edges) {
  std::vector<Index> order(static_cast<std::size_t>(nodes));
  std::iota(order.begin(), order.end(), 0);
  if (edges.empty()) return order;
  std::vector<Eigen::Triplet<float, Index>> entries;
  entries.reserve(edges.size() + order.size());
  for (const Index i : order) entries.emplace_back(i, i, 1.0F);
  for (const auto& [i, j] : edges) entries.emplace_back(std::max(i, j), std::min(i, j), 1.0F);
  Eigen::SparseMatrix<float, Eigen::ColMajor, Index> matrix(nodes, nodes);
  matrix.setFromTriplets(entries.begin(), entries.end());
  Eigen::PermutationMatrix<Eigen::Dynamic, Eigen::Dynamic, Index> permutation;
  Eigen::AMDOrdering<Index>()(matrix.selfadjointView<Eigen::Lower>(), permutation);
  std::copy(permutation.indices().data(), permutation.indices().data() + nodes, order.begin());
  return order;
}

bool is_point(const GaussianPattern& pattern, Index i) { return !pattern.point.empty() && pattern.point[static_cast<std::size_t>(i)]; }

// Names of the nodes of one side (points or not) from 0 on, `none` for the others.
std::vector<Index> names_of_side(const GaussianPattern& pattern, bool point, std::vector<Index>& members) {
  std::vector<Index> name(pattern.dimension, none);
  for (Index i = 0; i < static_cast<Index>(pattern.dimension); ++i) {
    if (is_point(pattern, i) != point) continue;
    name[static_cast<std::size_t>(i)] = static_cast<Index>(members.size());
    members.push_back(i);
  }
  return name;
}

Edges edges_within(const GaussianPattern& pattern, const std::vector<Index>& name) {
  Edges edges;
  for (const auto& [i, j] : pattern.pairs) {
    const Index a = name[static_cast<std::size_t>(i)], b = name[static_cast<std::size_t>(j)];
    if (i != j && a != none && b != none) edges.emplace_back(a, b);
  }
  return edges;
}

// The points that a connected set of other coordinates touches: eliminating the set couples all of them.
std::vector<Index> touched_points(const Adjacency& graph, const std::vector<Index>& point_name, Index from, std::vector<bool>& seen) {
  std::vector<Index> stack{from}, touched;
  seen[static_cast<std::size_t>(from)] = true;
  while (!stack.empty()) {
    const auto i = static_cast<std::size_t>(stack.back());
    stack.pop_back();
    for (std::size_t e = graph.start[i]; e < graph.start[i + 1]; ++e) {
      const auto j = static_cast<std::size_t>(graph.neighbours[e]);
      if (point_name[j] != none) {
        touched.push_back(point_name[j]);
      } else if (!seen[j]) {
        seen[j] = true;
        stack.push_back(graph.neighbours[e]);
      }
    }
  }
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  return touched;
}

// Adds the couplings of points that the elimination of the others leaves. False where they are so many that no order helps.
bool add_couplings(const GaussianPattern& pattern, const std::vector<Index>& point_name, std::size_t points, Edges& edges) {
  std::vector<Index> same(pattern.dimension);
  std::iota(same.begin(), same.end(), 0);
  const Adjacency graph = adjacency(pattern, same);
  std::vector<bool> seen(pattern.dimension, false);
  const std::size_t most = edges.size() + std::max<std::size_t>(points * points / 4, 1000);
  for (Index i = 0; i < static_cast<Index>(pattern.dimension); ++i) {
    if (point_name[static_cast<std::size_t>(i)] != none || seen[static_cast<std::size_t>(i)]) continue;
    const std::vector<Index> touched = touched_points(graph, point_name, i, seen);
    if (edges.size() + touched.size() * touched.size() / 2 > most) return false;
    for (std::size_t a = 0; a < touched.size(); ++a)
      for (std::size_t b = 0; b < a; ++b) edges.emplace_back(touched[a], touched[b]);
  }
  return true;
}

void append(std::vector<Index>& order, const std::vector<Index>& members, const std::vector<Index>& places) {
  for (const Index place : places) order.push_back(members[static_cast<std::size_t>(place)]);
}

// Coordinates that are no points, then points, each side in an order of little fill.
std::vector<Index> fill_reducing(const GaussianPattern& pattern, bool dense) {
  std::vector<Index> others, points, order;
  const std::vector<Index> other_name = names_of_side(pattern, false, others), point_name = names_of_side(pattern, true, points);
  const Edges none_of_them;
  append(order, others, minimum_degree(static_cast<Index>(others.size()), dense ? none_of_them : edges_within(pattern, other_name)));
  Edges coupled = dense ? none_of_them : edges_within(pattern, point_name);
  const bool helps = !dense && !points.empty() && (others.empty() || add_couplings(pattern, point_name, points.size(), coupled));
  append(order, points, minimum_degree(static_cast<Index>(points.size()), helps ? coupled : none_of_them));
  return order;
}

// Liu (1986): the parent of a column is the first row beneath its diagonal entry in L.
std::vector<Index> elimination_tree(const Adjacency& graph, Index n) {
  std::vector<Index> parent(static_cast<std::size_t>(n), none), ancestor(static_cast<std::size_t>(n), none);
  for (Index i = 0; i < n; ++i) {
    for (std::size_t e = graph.start[static_cast<std::size_t>(i)]; e < graph.start[static_cast<std::size_t>(i) + 1]; ++e) {
      for (Index k = graph.neighbours[e]; k != none && k < i;) {
        const Index next = std::exchange(ancestor[static_cast<std::size_t>(k)], i);
        if (next == none) parent[static_cast<std::size_t>(k)] = i;
        k = next;
      }
    }
  }
  return parent;
}

// Children before parents, subtrees contiguous, the child with the longest column last, so that supernodes can grow into their parents. Trees are
// cut between `leading` and the rest; leading == 0 cuts nowhere.
std::vector<Index> postorder(const std::vector<Index>& parent, const std::vector<Index>& count, Index leading) {
  const std::size_t n = parent.size();
  std::vector<Index> by_count(n), head(n, none), next(n, none), roots, order, stack;
  std::iota(by_count.begin(), by_count.end(), 0);
  if (!count.empty())
    std::stable_sort(by_count.begin(), by_count.end(),
                     [&](Index a, Index b) { return count[static_cast<std::size_t>(a)] > count[static_cast<std::size_t>(b)]; });
  for (const Index i : by_count) {
    const Index p = parent[static_cast<std::size_t>(i)];
    if (p == none || (i < leading && p >= leading)) {
      roots.push_back(i);
    } else {
      next[static_cast<std::size_t>(i)] = std::exchange(head[static_cast<std::size_t>(p)], i);
    }
  }
  std::reverse(roots.begin(), roots.end());
  std::stable_partition(roots.begin(), roots.end(), [&](Index i) { return i < leading; });
  order.reserve(n);
  for (const Index root : roots) {
    stack.push_back(root);
    while (!stack.empty()) {
      const auto p = static_cast<std::size_t>(stack.back());
      const Index child = head[p];
      if (child == none) {
        order.push_back(stack.back());
        stack.pop_back();
      } else {
        head[p] = next[static_cast<std::size_t>(child)];
        stack.push_back(child);
      }
    }
  }
  return order;
}

// The least common ancestor of the last two leaves of a row's subtree, with path compression.
Index set_of(std::vector<Index>& ancestor, Index i) {
  Index root = i;
  while (root != ancestor[static_cast<std::size_t>(root)]) root = ancestor[static_cast<std::size_t>(root)];
  while (i != root) i = std::exchange(ancestor[static_cast<std::size_t>(i)], root);
  return root;
}

// Entries of each column of L, its diagonal included, in almost linear time (Gilbert, Ng and Peyton 1994; Davis 2006, section 4.5). `order` is a
// postorder of the tree.
std::vector<Index> column_counts(const Adjacency& graph, const std::vector<Index>& parent, const std::vector<Index>& order) {
  const std::size_t n = parent.size();
  std::vector<Index> count(n, 1), first(n, none), latest_first(n, none), previous_leaf(n, none), ancestor(n);
  std::iota(ancestor.begin(), ancestor.end(), 0);
  for (std::size_t place = 0; place < n; ++place) {
    Index j = order[place];
    if (first[static_cast<std::size_t>(j)] != none) count[static_cast<std::size_t>(j)] = 0;  // not a leaf of the tree
    for (; j != none && first[static_cast<std::size_t>(j)] == none; j = parent[static_cast<std::size_t>(j)])
      first[static_cast<std::size_t>(j)] = static_cast<Index>(place);
  }
  for (const Index j : order) {
    const auto at = static_cast<std::size_t>(j);
    if (parent[at] != none) --count[static_cast<std::size_t>(parent[at])];
    for (std::size_t e = graph.start[at]; e < graph.start[at + 1]; ++e) {
      const auto i = static_cast<std::size_t>(graph.neighbours[e]);
      if (graph.neighbours[e] <= j || first[at] <= latest_first[i]) continue;
      latest_first[i] = first[at];
      ++count[at];
      const Index previous = std::exchange(previous_leaf[i], j);
      if (previous != none) --count[static_cast<std::size_t>(set_of(ancestor, previous))];
    }
    if (parent[at] != none) ancestor[at] = parent[at];
  }
  for (const Index j : order)
    if (parent[static_cast<std::size_t>(j)] != none)
      count[static_cast<std::size_t>(parent[static_cast<std::size_t>(j)])] += count[static_cast<std::size_t>(j)];
  return count;
}

double entries(double columns, double below) { return columns * (columns + 1) / 2 + columns * below; }

// A panel may hold so large a share of zeros: dense kernels are worth it, the more the narrower the panel.
double allowed_zeros(Index columns) { return columns <= 4 ? 0.4 : columns <= 16 ? 0.3 : columns <= 48 ? 0.15 : 0.08; }

// Supernodes of the columns in their final order, each merged with the one before it where that is its child and costs few zeros (Ashcraft and
// Grimes 1989).
std::vector<PanelShape> supernodes(const std::vector<Index>& parent, const std::vector<Index>& count, Index leading) {
  std::vector<PanelShape> panels;
  std::vector<double> filled;
  for (Index j = 0; j < static_cast<Index>(parent.size()); ++j) {
    PanelShape panel{j, 1, count[static_cast<std::size_t>(j)] - 1};
    double used = count[static_cast<std::size_t>(j)];
    while (!panels.empty()) {
      const PanelShape& before = panels.back();
      const Index columns = before.columns + panel.columns, above = parent[static_cast<std::size_t>(panel.first) - 1];
      const bool child = above >= panel.first && above <= j && (before.first < leading) == (j < leading);
      const double total = entries(columns, panel.below), zeros = total - used - filled.back();
      if (!child || zeros > allowed_zeros(columns) * total) break;
      panel = {before.first, columns, panel.below};
      used += filled.back();
      panels.pop_back();
      filled.pop_back();
    }
    panels.push_back(panel);
    filled.push_back(used);
  }
  return panels;
}

double panel_products(double columns, double below) {
  const double height = columns + below, factor = (height * height * height - below * below * below) / 6;
  return factor + below * columns * columns / 2 + below * below * columns + below * columns * columns + 0.4 * columns * columns * columns;
}

// In units of one multiplication of a large dense kernel; narrow panels gather and scatter most of what they multiply.
double time_of(const std::vector<PanelShape>& panels) {
  double sum = 0;
  for (const PanelShape& p : panels) sum += 200 + panel_products(p.columns, p.below) * (p.columns < 8 ? 6 : p.columns < 32 ? 3 : 1);
  return sum;
}

std::vector<PanelShape> dense_panels(Index dimension, Index leading) {
  std::vector<PanelShape> panels;
  if (leading > 0) panels.push_back({0, leading, dimension - leading});
  if (dimension > leading) panels.push_back({leading, dimension - leading, 0});
  return panels;
}

template <typename T>
std::vector<T> renamed(const std::vector<T>& values, const std::vector<Index>& order) {
  std::vector<T> result;
  result.reserve(values.size());
  for (const Index i : order) result.push_back(values[static_cast<std::size_t>(i)]);
  return result;
}

}  // namespace

std::vector<Index> inverted(const std::vector<Index>& permutation) {
  std::vector<Index> result(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) result[static_cast<std::size_t>(permutation[i])] = static_cast<Index>(i);
  return result;
}

Adjacency adjacency(const GaussianPattern& pattern, const std::vector<Index>& name) {
  Adjacency graph{std::vector<std::size_t>(pattern.dimension + 1, 0), {}};
  for (const auto& [i, j] : pattern.pairs) {
    if (i == j) continue;
    ++graph.start[static_cast<std::size_t>(name[static_cast<std::size_t>(i)]) + 1];
    ++graph.start[static_cast<std::size_t>(name[static_cast<std::size_t>(j)]) + 1];
  }
  std::partial_sum(graph.start.begin(), graph.start.end(), graph.start.begin());
  graph.neighbours.resize(graph.start.back());
  std::vector<std::size_t> next(graph.start.begin(), graph.start.end() - 1);
  for (const auto& [i, j] : pattern.pairs) {
    if (i == j) continue;
    const Index a = name[static_cast<std::size_t>(i)], b = name[static_cast<std::size_t>(j)];
    graph.neighbours[next[static_cast<std::size_t>(a)]++] = b;
    graph.neighbours[next[static_cast<std::size_t>(b)]++] = a;
  }
  return graph;
}

EliminationOrder elimination_order(const GaussianPattern& pattern) {
  const auto n = static_cast<Index>(pattern.dimension);
  EliminationOrder result;
  result.leading = n - static_cast<Index>(std::count(pattern.point.begin(), pattern.point.end(), true));
  const double most = static_cast<double>(n) * (n + 1.0) / 2;
  result.dense = static_cast<double>(pattern.pairs.size()) > 0.5 * most;
  result.coordinate = fill_reducing(pattern, result.dense);
  result.panels = dense_panels(n, result.leading);
  if (result.dense) return result;
  const Adjacency graph = adjacency(pattern, inverted(result.coordinate));
  const std::vector<Index> parent = elimination_tree(graph, n);
  const std::vector<Index> count = column_counts(graph, parent, postorder(parent, {}, 0));
  const std::vector<Index> order = postorder(parent, count, result.leading), place = inverted(order);
  std::vector<Index> parent_place = renamed(parent, order);
  for (Index& p : parent_place)
    if (p != none) p = place[static_cast<std::size_t>(p)];
  std::vector<PanelShape> sparse = supernodes(parent_place, renamed(count, order), result.leading);
  result.dense = time_of(sparse) >= time_of(result.panels);
  if (result.dense) return result;
  result.panels = std::move(sparse);
  result.coordinate = renamed(result.coordinate, order);
  return result;
}

double products(const std::vector<PanelShape>& panels) {
  double sum = 0;
  for (const PanelShape& p : panels) sum += panel_products(p.columns, p.below);
  return sum;
}

}  // namespace jensen::family
