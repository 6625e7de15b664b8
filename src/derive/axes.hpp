// Kinds of indices. Two indices are of one kind when they run along the same array axis anywhere in the log joint: the k of mu[k, i], of P[k, i, j]
// and of [z = k]. Indices of one kind share names.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "derive/normal_form.hpp"

namespace jensen::derive {

using AxisId = std::size_t;

class Axes {
 public:
  Axes(const model::ModelGraph& graph, const Context& context, const std::vector<FactorTerms>& factors);

  [[nodiscard]] AxisId axis_of(IndexId index) { return find(node(index)); }
  // The ordinal-th canonical index of a kind with this range.
  IndexId canonical(AxisId axis, std::size_t ordinal, const Range& range);

 private:
  using Slot = std::pair<VariableId, std::size_t>;
  std::size_t node(IndexId index);
  std::size_t node(const Slot& slot);
  std::size_t find(std::size_t n);
  void unite(std::size_t a, std::size_t b) { parent_[find(a)] = find(b); }
  void visit(const IndexUse& use, const Slot& slot);
  void visit(const DataExprs& exprs, DataExprId id);
  std::string fresh_name(AxisId axis, std::size_t ordinal, const Range& range);

  LogJoint& joint_;
  std::vector<std::size_t> parent_;
  std::map<IndexId, std::size_t> index_nodes_;
  std::map<Slot, std::size_t> slot_nodes_;
  std::map<AxisId, std::string> names_;  // from plates
  std::map<std::tuple<AxisId, std::size_t, Range>, IndexId> canonical_;
  std::map<std::pair<AxisId, std::size_t>, std::string> given_;
  std::set<std::string> taken_;
};

}  // namespace jensen::derive
