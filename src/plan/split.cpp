#include "plan/split.hpp"

#include <algorithm>
#include <limits>

#include "plan/messages.hpp"

namespace jensen::plan {
namespace {

bool touches(const Affine& at, const std::vector<bool>& indices) {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] && at.strides[i] != 0) return true;
  }
  return false;
}

std::vector<std::int64_t> row_strides(const Affine& at, const std::vector<std::size_t>& rows) {
  std::vector<std::int64_t> out;
  for (const std::size_t i : rows) out.push_back(at.strides[i]);
  return out;
}

std::vector<bool> flags(std::size_t n, const std::vector<std::size_t>& set) {
  std::vector<bool> out(n, false);
  for (const std::size_t i : set) out[i] = true;
  return out;
}

}  // namespace

void Splitter::split(ResolvedTerm term) {
  for (const StatisticUse& use : term.statistics) {
    if (plan_.blocks[static_cast<std::size_t>(use.block)].swept) {
      const StatisticUse swept = use;
      return split_swept(term, swept);
    }
  }
  split_data(term);
}

// Lookups that do not pick by a row become zeros and ones.
void Splitter::densify_lookups(ResolvedTerm& term, const std::vector<bool>& rows) {
  std::vector<LookupFactor> kept;
  for (const LookupFactor& lookup : term.lookups) {
    bool by_row = !rows[lookup.target];
    bool any = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (lookup.at.strides[i] == 0) continue;
      any = any || rows[i];
      by_row = by_row && rows[i];
    }
    if (by_row && any) {
      kept.push_back(lookup);
    } else {
      term.data.push_back(resolver_.densify(term, lookup));
    }
  }
  term.lookups = std::move(kept);
}

void Splitter::split_swept(ResolvedTerm& term, const StatisticUse& use) {
  RowFactor factor;
  for (const int index : use.batch) factor.rows.push_back(static_cast<std::size_t>(index));
  const std::vector<bool> rows = flags(term.indices.size(), factor.rows);
  densify_lookups(term, rows);
  std::vector<DataFactor> global;
  for (const DataFactor& data : term.data) (touches(data.at, rows) ? factor.data : global).push_back(data);
  factor.lookups = term.lookups;
  factor.weight = term.weight;
  factor.swept = &use;
  std::vector<Operand> moments{add_moment(term, factor)};
  term.data = std::move(global);
  term.weight.reset();
  term.statistics.erase(std::find_if(term.statistics.begin(), term.statistics.end(), [&](const StatisticUse& s) { return s.block == use.block; }));
  add_reduced(term, std::move(moments), rows, true);
}

// Indices that no statistic carries are summed over the data alone, once: factors that share such an index go into one moment.
void Splitter::split_data(ResolvedTerm& term) {
  const std::size_t n = term.indices.size();
  std::vector<bool> rows(n, true);
  for (const StatisticUse& use : term.statistics) {
    for (std::size_t i = 0; i < n; ++i) rows[i] = rows[i] && use.at.strides[i] == 0;
  }
  for (const LookupFactor& lookup : term.lookups) rows[lookup.target] = false;
  for (std::size_t i = 0; i < n; ++i) rows[i] = rows[i] && term.extents[i] != 1;
  densify_lookups(term, rows);
  std::vector<std::size_t> component(n);
  for (std::size_t i = 0; i < n; ++i) component[i] = i;
  const auto join = [&](const Affine& at) {
    std::size_t first = n;
    for (std::size_t i = 0; i < n; ++i) {
      if (!rows[i] || at.strides[i] == 0) continue;
      if (first == n) first = component[i];
      std::replace(component.begin(), component.end(), component[i], first);
    }
  };
  for (const DataFactor& data : term.data) join(data.at);
  for (const LookupFactor& lookup : term.lookups) join(lookup.at);
  if (term.weight) join(term.weight->at);

  std::vector<Operand> moments;
  std::vector<bool> summed(n, false);
  for (std::size_t c = 0; c < n; ++c) {
    if (!rows[c] || component[c] != c) continue;
    RowFactor factor;
    for (std::size_t i = 0; i < n; ++i) {
      if (rows[i] && component[i] == c) factor.rows.push_back(i);
    }
    const std::vector<bool> mine = flags(n, factor.rows);
    const auto take = [&](auto& from, auto& to) {
      for (auto it = from.begin(); it != from.end();) {
        const bool taken = touches(it->at, mine);
        if (taken) to.push_back(*it);
        it = taken ? from.erase(it) : it + 1;
      }
    };
    take(term.data, factor.data);
    take(term.lookups, factor.lookups);
    if (term.weight && touches(term.weight->at, mine)) factor.weight = std::exchange(term.weight, std::nullopt);
    if (factor.data.empty() && factor.lookups.empty() && !factor.weight) continue;  // an unused index: multiplies by its extent
    moments.push_back(add_moment(term, factor));
    for (const std::size_t i : factor.rows) summed[i] = true;
  }
  if (term.weight) term.data.push_back(*term.weight);
  add_reduced(term, std::move(moments), summed, false);
}

int Splitter::pass_of(const ResolvedTerm& term, const RowFactor& factor) {
  std::vector<std::int64_t> extents;
  for (const std::size_t i : factor.rows) extents.push_back(term.extents[i]);
  const auto create = [&](int& id) {
    id = static_cast<int>(plan_.passes.size());
    Pass pass;
    pass.extents = extents;
    pass.rows = 1;
    for (const std::int64_t e : extents) pass.rows *= e;
    pass.groups.emplace_back();
    if (factor.swept != nullptr) {
      pass.block = factor.swept->block;
      pass.statistics = static_cast<std::int64_t>(plan_.blocks[static_cast<std::size_t>(factor.swept->block)].family->size());
    }
    plan_.passes.push_back(std::move(pass));
    column_ids_.emplace_back();
    feature_ids_.emplace_back(1);
  };
  if (factor.swept != nullptr) {
    const auto [found, is_new] = swept_passes_.emplace(factor.swept->block, 0);
    if (is_new) create(found->second);
    return found->second;
  }
  std::pair<int, std::vector<std::int64_t>> weight{-1, {}};
  if (factor.weight) weight = {factor.weight->array, row_strides(factor.weight->at, factor.rows)};
  const auto [found, is_new] = data_passes_.emplace(std::make_pair(extents, weight), 0);
  if (is_new) create(found->second);
  return found->second;
}

int Splitter::column_of(Pass& pass, const ResolvedTerm&, const RowFactor& factor, const DataFactor& data, std::int64_t offset) {
  const Column column{data.array, {data.at.base + offset, row_strides(data.at, factor.rows)}};
  auto& ids = column_ids_[static_cast<std::size_t>(&pass - plan_.passes.data())];
  const auto [found, is_new] = ids.emplace(column, static_cast<int>(pass.columns.size()));
  if (is_new) pass.columns.push_back(column);
  return found->second;
}

std::size_t Splitter::group_of(Pass& pass, const ResolvedTerm& term, const RowFactor& factor) {
  if (factor.lookups.empty()) return 0;
  FeatureGroup group;
  for (const LookupFactor& lookup : factor.lookups) {
    const RowLookup row{
        lookup.lookup,
        {lookup.at.base, row_strides(lookup.at, factor.rows)},
    };
    auto at = std::find(pass.lookups.begin(), pass.lookups.end(), row);
    if (at == pass.lookups.end()) at = pass.lookups.insert(at, row);
    group.lookups.push_back(static_cast<int>(at - pass.lookups.begin()));
    group.lookup_strides.push_back(group.cells);
    group.cells *= term.extents[lookup.target];
  }
  for (std::size_t g = 1; g < pass.groups.size(); ++g) {
    if (pass.groups[g].lookups == group.lookups) return g;
  }
  pass.groups.push_back(std::move(group));
  feature_ids_[static_cast<std::size_t>(&pass - plan_.passes.data())].emplace_back();
  return pass.groups.size() - 1;
}

Operand Splitter::add_moment(const ResolvedTerm& term, const RowFactor& source) {
  RowFactor factor = source;
  std::sort(factor.lookups.begin(), factor.lookups.end(), [](const auto& a, const auto& b) { return a.lookup < b.lookup; });
  const int pass_id = pass_of(term, factor);
  Pass& pass = plan_.passes[static_cast<std::size_t>(pass_id)];
  if (factor.weight) pass.weight = column_of(pass, term, factor, *factor.weight, 0);
  const std::size_t g = group_of(pass, term, factor);
  const std::vector<bool> rows = flags(term.indices.size(), factor.rows);

  // The indices of the moment: every inner index of the factors, of the swept statistic, and the lookups' targets.
  std::vector<std::size_t> inner;
  std::vector<std::int64_t> shape;
  for (std::size_t i = 0; i < term.indices.size(); ++i) {
    bool used = factor.swept != nullptr && factor.swept->at.strides[i] != 0;
    for (const DataFactor& data : factor.data) used = used || data.at.strides[i] != 0;
    for (const LookupFactor& lookup : factor.lookups) used = used || lookup.target == i;
    if (!used || rows[i]) continue;
    inner.push_back(i);
    shape.push_back(term.extents[i]);
  }
  const auto inner_strides = [&](const Affine& at) { return row_strides(at, inner); };
  std::vector<std::vector<std::int64_t>> strides;
  std::vector<std::int64_t> starts;
  for (const DataFactor& data : factor.data) {
    strides.push_back(inner_strides(data.at));
    starts.push_back(0);
  }
  const std::size_t statistic_at = strides.size(), lookup_at = statistic_at + 1;
  strides.push_back(factor.swept != nullptr ? inner_strides(factor.swept->at) : std::vector<std::int64_t>(inner.size(), 0));
  starts.push_back(factor.swept != nullptr ? factor.swept->at.base : 0);
  strides.emplace_back(inner.size(), 0);
  starts.push_back(0);
  for (std::size_t l = 0; l < factor.lookups.size(); ++l) {
    const auto target = std::find(inner.begin(), inner.end(), factor.lookups[l].target) - inner.begin();
    strides[lookup_at][static_cast<std::size_t>(target)] += pass.groups[g].lookup_strides[l];
  }

  std::vector<Cell> cells;
  auto& ids = feature_ids_[static_cast<std::size_t>(pass_id)][g];
  for_each_cell(shape, strides, starts, [&](const std::vector<std::int64_t>& at) {
    std::vector<int> columns;
    for (std::size_t d = 0; d < factor.data.size(); ++d) columns.push_back(column_of(pass, term, factor, factor.data[d], at[d]));
    std::sort(columns.begin(), columns.end());
    FeatureGroup& group = pass.groups[g];
    const auto [found, is_new] = ids.emplace(columns, static_cast<int>(group.features.size()));
    if (is_new) group.features.push_back(columns);
    cells.push_back(
        {static_cast<std::int32_t>(g), static_cast<std::int32_t>(at[lookup_at]), found->second, static_cast<std::int32_t>(at[statistic_at])});
  });

  const auto [found, is_new] = moment_ids_.emplace(std::make_pair(pass_id, cells), static_cast<int>(plan_.moments.size()));
  if (is_new) {
    plan_.moments.push_back({pass_id, shape, {}});
    moment_cells_.push_back(cells);
  }
  Operand operand{OperandKind::moment, found->second, {0, std::vector<std::int64_t>(term.indices.size(), 0)}};
  std::int64_t stride = 1;
  for (std::size_t i = inner.size(); i-- > 0; stride *= shape[i]) operand.at.strides[inner[i]] = stride;
  return operand;
}

void Splitter::add_reduced(const ResolvedTerm& term, std::vector<Operand> moments, const std::vector<bool>& summed, bool swept) {
  ReducedTerm out{term.id, term.coefficient, term.extents, std::move(moments), swept};
  for (std::size_t i = 0; i < summed.size(); ++i) {
    if (summed[i]) out.extents[i] = 1;
  }
  for (const DataFactor& data : term.data) out.operands.push_back({OperandKind::array, data.array, data.at});
  for (const StatisticUse& use : term.statistics) out.operands.push_back({OperandKind::statistic, use.block, use.at});
  plan_.terms.push_back(std::move(out));
}

void Splitter::finish() {
  for (Pass& pass : plan_.passes) {
    pass.sums = 0;
    for (FeatureGroup& group : pass.groups) {
      group.offset = pass.sums;
      pass.sums += group.cells * static_cast<std::int64_t>(group.features.size()) * pass.statistics;
    }
    if (pass.sums > std::numeric_limits<std::int32_t>::max()) throw Failure(too_large());
  }
  for (std::size_t m = 0; m < plan_.moments.size(); ++m) {
    Moment& moment = plan_.moments[m];
    const Pass& pass = plan_.passes[static_cast<std::size_t>(moment.pass)];
    moment.cells.reserve(moment_cells_[m].size());
    for (const Cell& cell : moment_cells_[m]) {
      const FeatureGroup& group = pass.groups[static_cast<std::size_t>(cell.group)];
      const auto features = static_cast<std::int64_t>(group.features.size());
      moment.cells.push_back(static_cast<std::int32_t>(group.offset + (cell.l * features + cell.feature) * pass.statistics + cell.statistic));
    }
  }
}

}  // namespace jensen::plan
