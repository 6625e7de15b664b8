#include "family/junction_tree.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>

#include "family/elimination.hpp"

namespace jensen::family {
namespace {

using Variables = std::vector<std::int32_t>;

constexpr double most_cells = 1e15;  // of one clique: eight petabytes
constexpr std::size_t none = static_cast<std::size_t>(-1);

struct Group {
  Variables summed, separator;
  std::size_t parent = none;  // the step that sums the separator's first variable
};

// One clique per step of the elimination, without those that a child contains: where a step's clique is no larger than a child's separator, the
// two are the same variables, and the step's variable is summed in the child's table as well (Koller and Friedman 2009, theorem 10.2).
class Grouping {
 public:
  explicit Grouping(const Elimination& elimination) : step_of_(elimination.order.size()), groups_(step_of_.size()) {
    for (std::size_t s = 0; s < step_of_.size(); ++s) step_of_[static_cast<std::size_t>(elimination.order[s])] = s;
    owner_.resize(groups_.size());
    std::vector<std::size_t> containing(groups_.size(), none);  // per step: a child's group whose separator is the step's whole clique
    for (std::size_t s = 0; s < groups_.size(); ++s) {
      owner_[s] = containing[s] == none ? s : containing[s];
      Group& group = groups_[owner_[s]];
      group.summed.push_back(elimination.order[s]);
      group.separator = elimination.neighbours[s];
      group.parent = first_step(group.separator);
      if (group.parent != none && elimination.neighbours[group.parent].size() + 1 == group.separator.size()) containing[group.parent] = owner_[s];
    }
  }

  // Groups by the last of their variables to be summed, which puts children before parents; and the place of each step's group.
  std::vector<Group> take(std::vector<std::size_t>& place_of_step) {
    std::vector<std::size_t> last(groups_.size(), none);
    for (std::size_t s = 0; s < groups_.size(); ++s) last[owner_[s]] = s;
    std::vector<Group> result;
    std::vector<std::size_t> place(groups_.size(), none);
    for (std::size_t s = 0; s < groups_.size(); ++s) {
      if (last[owner_[s]] != s) continue;
      place[owner_[s]] = result.size();
      result.push_back(std::move(groups_[owner_[s]]));
    }
    place_of_step.resize(groups_.size());
    for (std::size_t s = 0; s < groups_.size(); ++s) place_of_step[s] = place[owner_[s]];
    return result;
  }

  // The step at which the first of the variables is summed: its clique holds them all if they share a table.
  [[nodiscard]] std::size_t first_step(const Variables& variables) const {
    std::size_t first = none;
    for (const std::int32_t v : variables) first = std::min(first, step_of_[static_cast<std::size_t>(v)]);
    return first;
  }

 private:
  std::vector<std::size_t> step_of_;
  std::vector<Group> groups_;
  std::vector<std::size_t> owner_;
};

Embedding embed(const DiscreteNetwork& network, const Variables& table, std::span<const std::int32_t> smaller) {
  Embedding result;
  for (const std::int32_t v : table) {
    const auto count = static_cast<std::size_t>(network.levels[static_cast<std::size_t>(v)]);
    if (count == 1) continue;
    std::size_t stride = 0;
    if (const auto found = std::find(smaller.begin(), smaller.end(), v); found != smaller.end()) {
      stride = 1;
      for (auto after = found + 1; after != smaller.end(); ++after)
        stride *= static_cast<std::size_t>(network.levels[static_cast<std::size_t>(*after)]);
    }
    if (!result.empty() && result.back().stride == count * stride)
      result.back() = {result.back().count * count, stride};
    else
      result.push_back({count, stride});
  }
  if (result.empty()) result.push_back({});
  return result;
}

Clique make_clique(const DiscreteNetwork& network, Group group) {
  std::sort(group.summed.begin(), group.summed.end());
  Clique clique;
  clique.summed = group.summed.size();
  clique.rows = static_cast<std::size_t>(count_cells(network, group.summed));
  clique.columns = static_cast<std::size_t>(count_cells(network, group.separator));
  clique.variables = std::move(group.summed);
  clique.variables.insert(clique.variables.end(), group.separator.begin(), group.separator.end());
  return clique;
}

void place_tables(JunctionTree& tree) {
  for (Clique& clique : tree.cliques) {
    clique.table = tree.table_cells;
    clique.message = tree.message_cells;
    tree.table_cells += clique.rows * clique.columns;
    tree.message_cells += clique.columns;
    tree.most_columns = std::max(tree.most_columns, clique.columns);
  }
}

void place_scopes(JunctionTree& tree, const DiscreteNetwork& network, const Grouping& grouping, const std::vector<std::size_t>& place_of_step) {
  std::size_t offset = 0;
  for (const Variables& scope : network.scopes) {
    const std::size_t step = grouping.first_step(scope);
    const std::size_t clique = step == none ? 0 : place_of_step[step];
    tree.scopes.push_back({clique, offset, embed(network, tree.cliques[clique].variables, scope)});
    offset += static_cast<std::size_t>(count_cells(network, scope));
  }
}

}  // namespace

JunctionTree make_junction_tree(const DiscreteNetwork& network) {
  const Elimination elimination = eliminate(network, most_cells);
  if (!elimination.complete) throw std::length_error("a table of the discrete network is larger than any memory");
  Grouping grouping(elimination);
  std::vector<std::size_t> place_of_step;
  std::vector<Group> groups = grouping.take(place_of_step);
  if (groups.empty()) groups.emplace_back();  // no variables: one configuration
  JunctionTree tree;
  std::vector<std::size_t> parents;
  for (Group& group : groups) {
    parents.push_back(group.parent);
    tree.cliques.push_back(make_clique(network, std::move(group)));
  }
  for (std::size_t c = 0; c < tree.cliques.size(); ++c) {
    if (parents[c] == none) continue;
    Clique& clique = tree.cliques[c];
    const std::size_t parent = place_of_step[parents[c]];
    clique.parent = static_cast<std::int32_t>(parent);
    clique.in_parent = embed(network, tree.cliques[parent].variables, std::span(clique.variables).subspan(clique.summed));
  }
  place_tables(tree);
  place_scopes(tree, network, grouping, place_of_step);
  return tree;
}

double elimination_cost(const DiscreteNetwork& network) {
  const Elimination elimination = eliminate(network, most_cells);
  std::vector<std::size_t> place_of_step;
  double cells = 0;
  if (!elimination.complete) {
    for (std::size_t s = 0; s < elimination.order.size(); ++s) {
      Variables clique = elimination.neighbours[s];
      clique.push_back(elimination.order[s]);
      cells = std::max(cells, count_cells(network, clique));
    }
    return cells;
  }
  for (const Group& group : Grouping(elimination).take(place_of_step)) {
    Variables clique = group.summed;
    clique.insert(clique.end(), group.separator.begin(), group.separator.end());
    cells += count_cells(network, clique);
  }
  return cells;
}

}  // namespace jensen::family
