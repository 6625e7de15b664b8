// Min-fill elimination with the number of missing edges of every variable kept up to date, so that a sparse network of n variables takes about
// n log n steps. All keys are integers: the order does not depend on rounding.
#include "family/elimination.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

namespace jensen::family {
namespace {

using Variable = std::int32_t;

// Log of the number of levels in steps of 2^-20 bits.
std::int64_t weight_of(std::int32_t levels) { return std::llround(std::ldexp(std::log2(static_cast<double>(std::max(levels, 1))), 20)); }

class Graph {
 public:
  explicit Graph(const DiscreteNetwork& network);

  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] Variable cheapest() const { return std::get<2>(*queue_.begin()); }
  std::vector<Variable> remove(Variable v);  // connects what v was connected to, which is returned

 private:
  struct Node {
    std::vector<Variable> neighbours = {};  // ascending; the removed ones stay until they are the majority
    std::int64_t degree = 0;                // neighbours that are still there
    std::int64_t missing = 0;               // pairs of them without an edge
    std::int64_t weight = 0;                // log cells of the clique that removing the variable would give
    bool removed = false;
    bool changed = false;
  };
  using Key = std::tuple<std::int64_t, std::int64_t, Variable>;

  Node& node(Variable v) { return nodes_[static_cast<std::size_t>(v)]; }
  [[nodiscard]] const Node& node(Variable v) const { return nodes_[static_cast<std::size_t>(v)]; }
  [[nodiscard]] Key key(Variable v) const { return {node(v).missing, node(v).weight, v}; }
  [[nodiscard]] bool adjacent(Variable a, Variable b) const;
  template <class Visit>
  std::int64_t visit_common(Variable a, Variable b, Visit&& visit) const;
  void count_missing();
  void link(Variable a, Variable b);
  void connect(Variable a, Variable b);
  void disconnect(Variable u, Variable from, std::int64_t size);
  void touch(Variable v);

  std::vector<Node> nodes_;
  std::vector<std::int64_t> weights_;
  std::vector<Variable> changed_;
  std::set<Key> queue_;
};

Graph::Graph(const DiscreteNetwork& network) : nodes_(network.levels.size()) {
  for (const std::int32_t levels : network.levels) weights_.push_back(weight_of(levels));
  for (std::size_t v = 0; v < nodes_.size(); ++v) nodes_[v].weight = weights_[v];
  for (const std::vector<Variable>& scope : network.scopes) {
    for (const Variable a : scope)
      for (const Variable b : scope)
        if (a != b) node(a).neighbours.push_back(b);
  }
  for (Node& node : nodes_) {
    std::sort(node.neighbours.begin(), node.neighbours.end());
    node.neighbours.erase(std::unique(node.neighbours.begin(), node.neighbours.end()), node.neighbours.end());
    node.degree = static_cast<std::int64_t>(node.neighbours.size());
    for (const Variable u : node.neighbours) node.weight += weights_[static_cast<std::size_t>(u)];
  }
  count_missing();
  for (std::size_t v = 0; v < nodes_.size(); ++v) queue_.insert(key(static_cast<Variable>(v)));
}

bool Graph::adjacent(Variable a, Variable b) const {
  if (node(a).neighbours.size() > node(b).neighbours.size()) std::swap(a, b);
  return std::binary_search(node(a).neighbours.begin(), node(a).neighbours.end(), b);
}

// The neighbours that a and b share: the shorter list looked up in the longer one, so that a hub does not pay for each of its leaves.
template <class Visit>
std::int64_t Graph::visit_common(Variable a, Variable b, Visit&& visit) const {
  if (node(a).neighbours.size() > node(b).neighbours.size()) std::swap(a, b);
  const std::vector<Variable>& long_list = node(b).neighbours;
  std::int64_t count = 0;
  for (const Variable c : node(a).neighbours) {
    if (node(c).removed || !std::binary_search(long_list.begin(), long_list.end(), c)) continue;
    visit(c);
    ++count;
  }
  return count;
}

// Each edge once, from the end with more neighbours; those of the other end are looked up by mark.
void Graph::count_missing() {
  std::vector<Variable> marked_by(nodes_.size(), -1);
  std::vector<std::int64_t> twice_linked(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto v = static_cast<Variable>(i);
    for (const Variable u : nodes_[i].neighbours) marked_by[static_cast<std::size_t>(u)] = v;
    for (const Variable u : nodes_[i].neighbours) {
      if (std::pair(node(u).degree, u) > std::pair(nodes_[i].degree, v)) continue;
      std::int64_t common = 0;
      for (const Variable w : node(u).neighbours) common += marked_by[static_cast<std::size_t>(w)] == v ? 1 : 0;
      twice_linked[i] += common;
      twice_linked[static_cast<std::size_t>(u)] += common;
    }
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i].missing = (nodes_[i].degree * (nodes_[i].degree - 1) - twice_linked[i]) / 2;
}

void Graph::touch(Variable v) {
  if (node(v).changed) return;
  node(v).changed = true;
  queue_.erase(key(v));
  changed_.push_back(v);
}

void Graph::link(Variable a, Variable b) {
  std::vector<Variable>& list = node(a).neighbours;
  list.insert(std::lower_bound(list.begin(), list.end(), b), b);
  ++node(a).degree;
  node(a).weight += weights_[static_cast<std::size_t>(b)];
}

// A new edge (a, b) closes one pair of each common neighbour, and opens for a the pairs of b with those neighbours of a that b lacks.
void Graph::connect(Variable a, Variable b) {
  touch(a);
  touch(b);
  const std::int64_t common = visit_common(a, b, [&](Variable c) {
    touch(c);
    --node(c).missing;
  });
  node(a).missing += node(a).degree - common;
  node(b).missing += node(b).degree - common;
  link(a, b);
  link(b, a);
}

// `from` goes; u and its `size` - 1 other neighbours are its former clique, so what u misses of `from` are u's neighbours outside it.
void Graph::disconnect(Variable u, Variable from, std::int64_t size) {
  touch(u);
  Node& left = node(u);
  left.missing -= left.degree - size;
  left.weight -= weights_[static_cast<std::size_t>(from)];
  --left.degree;
  if (static_cast<std::int64_t>(left.neighbours.size()) > 2 * left.degree + 8)
    std::erase_if(left.neighbours, [&](Variable w) { return node(w).removed; });
}

std::vector<Variable> Graph::remove(Variable v) {
  touch(v);
  std::vector<Variable> clique = node(v).neighbours;
  std::erase_if(clique, [&](Variable u) { return node(u).removed; });
  for (std::size_t i = 0; i < clique.size() && node(v).missing > 0; ++i) {
    for (std::size_t j = i + 1; j < clique.size(); ++j)
      if (!adjacent(clique[i], clique[j])) connect(clique[i], clique[j]);
  }
  node(v).removed = true;
  for (const Variable u : clique) disconnect(u, v, static_cast<std::int64_t>(clique.size()));
  for (const Variable u : changed_) {
    node(u).changed = false;
    if (!node(u).removed) queue_.insert(key(u));
  }
  changed_.clear();
  node(v).neighbours = {};
  return clique;
}

}  // namespace

double count_cells(const DiscreteNetwork& network, const std::vector<std::int32_t>& variables) {
  double cells = 1;
  for (const Variable v : variables) cells *= static_cast<double>(network.levels[static_cast<std::size_t>(v)]);
  return std::min(cells, std::numeric_limits<double>::max());
}

Elimination eliminate(const DiscreteNetwork& network, double most_cells) {
  Elimination result;
  Graph graph(network);
  while (!graph.empty() && result.complete) {
    const Variable v = graph.cheapest();
    std::vector<Variable> neighbours = graph.remove(v);
    const double cells = count_cells(network, neighbours) * static_cast<double>(network.levels[static_cast<std::size_t>(v)]);
    result.complete = cells <= most_cells;
    result.order.push_back(v);
    result.neighbours.push_back(std::move(neighbours));
  }
  return result;
}

}  // namespace jensen::family
