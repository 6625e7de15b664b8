#include "plan/split.hpp"

#include <algorithm>
#include <array>
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

bool uses(const StatisticUse& use, std::size_t index) {
  if (use.at.strides[index] != 0) return true;
  return std::any_of(use.elements.begin(), use.elements.end(),
                     [&](const ElementUse& e) { return e.position.strides[index] != 0 || e.level.strides[index] != 0; });
}

// The address that the elements' positions and levels, from `first` on, give.
std::int32_t address(Pattern& pattern, const std::vector<std::int64_t>& at, std::size_t first) {
  std::array<Element, 16> elements{};
  const std::size_t n = (at.size() - first) / 2;
  if (n > elements.size()) throw Failure(too_large());
  for (std::size_t e = 0; e < n; ++e) {
    elements[e] = {static_cast<std::int32_t>(at[first + 2 * e]), static_cast<std::int32_t>(at[first + 2 * e + 1])};
  }
  return pattern.address(std::span(elements).first(n));
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
    for (std::size_t i = 0; i < n; ++i) rows[i] = rows[i] && !uses(use, i);
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
    const std::vector<bool> mine = flags(term.indices.size(), factor.rows);
    const auto take = [&](auto& from, auto& to) {
      for (auto it = from.begin(); it != from.end();) {
        const bool taken = touches(it->at, mine);
        if (taken) to.push_back(*it);
        it = taken ? from.erase(it) : it + 1;
      }
    };
    take(term.data, factor.data);
    take(term.lookups, factor.lookups);
    combine_lookups(term, factor);
    if (term.weight && touches(term.weight->at, mine)) factor.weight = std::exchange(term.weight, std::nullopt);
    if (factor.data.empty() && factor.lookups.empty() && !factor.weight) continue;  // an unused index: multiplies by its extent
    moments.push_back(add_moment(term, factor));
    summed.resize(term.indices.size(), false);
    for (const std::size_t i : factor.rows) summed[i] = true;
  }
  if (term.weight) term.data.push_back(*term.weight);
  summed.resize(term.indices.size(), false);  // combined lookups have an index of their own
  for (Operand& moment : moments) moment.at.strides.resize(term.indices.size(), 0);
  add_reduced(term, std::move(moments), summed, false);
}

int Splitter::pass_of(const ResolvedTerm& term, const RowFactor& factor) {
  std::vector<std::int64_t> extents;
  for (const std::size_t i : factor.rows) extents.push_back(term.extents[i]);
  const auto create = [&](int& id, bool of_links) {
    id = static_cast<int>(plan_.passes.size());
    Pass pass;
    pass.extents = extents;
    pass.rows = 1;
    for (const std::int64_t e : extents) pass.rows *= e;
    pass.groups.emplace_back();
    if (factor.swept != nullptr) {
      pass.block = factor.swept->block;
      pass.of_links = of_links;
    }
    plan_.passes.push_back(std::move(pass));
    column_ids_.emplace_back();
    feature_ids_.emplace_back(1);
  };
  if (factor.swept != nullptr) {
    for (const bool of_links : {false, true}) {  // the pass of a block by row is there for its links
      if (of_links && !factor.swept->of_link) continue;
      const auto [found, is_new] = swept_passes_.emplace(std::pair(factor.swept->block, of_links), 0);
      if (is_new) create(found->second, of_links);
    }
    return swept_passes_.at(std::pair(factor.swept->block, factor.swept->of_link));
  }
  std::pair<int, std::vector<std::int64_t>> weight{-1, {}};
  if (factor.weight) weight = {factor.weight->array, row_strides(factor.weight->at, factor.rows)};
  const auto [found, is_new] = data_passes_.emplace(std::make_pair(extents, weight), 0);
  if (is_new) create(found->second, false);
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
    bool used = factor.swept != nullptr && uses(*factor.swept, i);
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
  const std::size_t statistic_at = strides.size(), lookup_at = statistic_at + 1, elements_at = lookup_at + 1;
  Pattern* pattern = factor.swept != nullptr ? resolver_.pattern(factor.swept->block) : nullptr;
  const auto add = [&](const Affine& at) {
    strides.push_back(inner_strides(at));
    starts.push_back(at.base);
  };
  const Affine none{0, std::vector<std::int64_t>(term.indices.size(), 0)};
  add(factor.swept != nullptr && pattern == nullptr ? factor.swept->at : none);
  add(none);
  if (pattern != nullptr) {
    for (const ElementUse& element : factor.swept->elements) {
      add(element.position);
      add(element.level);
    }
  }
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
    const std::int32_t statistic = pattern != nullptr ? address(*pattern, at, elements_at) : static_cast<std::int32_t>(at[statistic_at]);
    cells.push_back({static_cast<std::int32_t>(g), static_cast<std::int32_t>(at[lookup_at]), found->second, statistic});
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
  for (const StatisticUse& use : term.statistics) out.operands.push_back(statistic_operand(term, use));
  plan_.terms.push_back(std::move(out));
}

namespace {

// One lookup whose positions number the tuples of positions that occur in the rows.
constexpr std::int64_t smallest_combined = 65536;

}  // namespace

// Two lookups with many positions each meet in few of the pairs: one lookup over those that occur takes their place.
void Splitter::combine_lookups(ResolvedTerm& term, RowFactor& factor) {
  std::int64_t tuples = 1, rows = 1;
  for (const LookupFactor& lookup : factor.lookups) tuples = std::min(tuples * term.extents[lookup.target], std::int64_t{1} << 40);
  for (const std::size_t i : factor.rows) rows *= term.extents[i];
  if (factor.lookups.size() < 2 || tuples < smallest_combined || tuples < 2 * rows || term.combined) return;
  std::vector<std::int64_t> extents;
  std::vector<std::vector<std::int64_t>> strides;
  std::vector<std::int64_t> starts;
  for (const std::size_t i : factor.rows) extents.push_back(term.extents[i]);
  for (const LookupFactor& lookup : factor.lookups) {
    strides.push_back(row_strides(lookup.at, factor.rows));
    starts.push_back(lookup.at.base);
  }
  std::map<std::vector<std::int32_t>, std::int32_t> numbers;
  LookupArray array{{}, 0, {}};
  std::vector<std::int32_t> tuple(factor.lookups.size());
  for_each_cell(extents, strides, starts, [&](const std::vector<std::int64_t>& at) {
    for (std::size_t l = 0; l < tuple.size(); ++l) {
      tuple[l] = plan_.lookups[static_cast<std::size_t>(factor.lookups[l].lookup)].positions[static_cast<std::size_t>(at[l])];
    }
    const bool none = std::any_of(tuple.begin(), tuple.end(), [](std::int32_t p) { return p < 0; });
    array.positions.push_back(none ? -1 : numbers.emplace(tuple, static_cast<std::int32_t>(numbers.size())).first->second);
  });
  Combined combined{term.indices.size(), {}, {}};
  for (const LookupFactor& lookup : factor.lookups) {
    combined.targets.push_back(lookup.target);
    combined.values.emplace_back(numbers.size());
    array.text += (array.text.empty() ? "" : ", ") + plan_.lookups[static_cast<std::size_t>(lookup.lookup)].text;
  }
  for (const auto& [positions, c] : numbers) {
    for (std::size_t t = 0; t < positions.size(); ++t) combined.values[t][static_cast<std::size_t>(c)] = positions[t];
  }
  array.extent = static_cast<std::int64_t>(numbers.size());
  const auto found = combined_ids_.find({array.positions, combined.targets.size()});
  const int id = found != combined_ids_.end() ? found->second : static_cast<int>(plan_.lookups.size());
  term.indices.emplace_back();
  term.extents.push_back(array.extent);
  for (const std::size_t target : combined.targets) term.extents[target] = 1;
  const auto widen = [&](Affine& at) { at.strides.resize(term.indices.size(), 0); };
  for (DataFactor& data : factor.data) widen(data.at);
  for (DataFactor& data : term.data) widen(data.at);
  if (term.weight) widen(term.weight->at);
  for (LookupFactor& lookup : term.lookups) widen(lookup.at);
  for (StatisticUse& use : term.statistics) {
    widen(use.at);
    for (ElementUse& element : use.elements) {
      widen(element.position);
      widen(element.level);
    }
  }
  Affine by_row{0, std::vector<std::int64_t>(term.indices.size(), 0)};
  std::int64_t stride = 1;
  for (std::size_t r = factor.rows.size(); r-- > 0; stride *= extents[r]) by_row.strides[factor.rows[r]] = stride;
  factor.lookups = {{factor.lookups[0].one_hot, id, by_row, combined.index}};
  if (found == combined_ids_.end()) {
    combined_ids_[{array.positions, combined.targets.size()}] = id;
    plan_.lookups.push_back(std::move(array));
  }
  term.combined = std::move(combined);
  gather_arrays(term);
}

// Arrays over a target of combined lookups become arrays over the tuples.
void Splitter::gather_arrays(ResolvedTerm& term) {
  const Combined& combined = *term.combined;
  for (DataFactor& data : term.data) {
    const bool touched = std::any_of(combined.targets.begin(), combined.targets.end(), [&](std::size_t t) { return data.at.strides[t] != 0; });
    if (!touched) continue;
    const ConstantArray source = plan_.arrays[static_cast<std::size_t>(data.array)];
    std::vector<std::size_t> others;
    std::vector<std::int64_t> extents{term.extents[combined.index]};
    for (std::size_t i = 0; i < term.indices.size(); ++i) {
      if (data.at.strides[i] == 0 || std::find(combined.targets.begin(), combined.targets.end(), i) != combined.targets.end()) continue;
      others.push_back(i);
      extents.push_back(term.extents[i]);
    }
    std::vector<std::int64_t> steps = row_strides(data.at, others);
    steps.insert(steps.begin(), 0);
    std::vector<std::int64_t> tuple(extents.size(), 0);
    tuple[0] = 1;
    auto values = std::make_shared<std::vector<double>>();
    for_each_cell(extents, {steps, tuple}, {data.at.base, 0}, [&](const std::vector<std::int64_t>& at) {
      std::int64_t place = at[0];
      for (std::size_t t = 0; t < combined.targets.size(); ++t) {
        place += data.at.strides[combined.targets[t]] * combined.values[t][static_cast<std::size_t>(at[1])];
      }
      values->push_back(source.values[place]);
    });
    Affine at{0, std::vector<std::int64_t>(term.indices.size(), 0)};
    std::int64_t stride = 1;
    for (std::size_t o = others.size(); o-- > 0; stride *= extents[o + 1]) at.strides[others[o]] = stride;
    at.strides[combined.index] = stride;
    data = {static_cast<int>(plan_.arrays.size()), at};
    plan_.arrays.push_back({values->data(), values, source.text});
  }
}

// Affine where the block's layout is; else a table over the indices that the address depends on.
Operand Splitter::statistic_operand(const ResolvedTerm& term, const StatisticUse& use) {
  Pattern* pattern = resolver_.pattern(use.block);
  const auto is_target = [&](std::size_t i) {
    return term.combined && std::find(term.combined->targets.begin(), term.combined->targets.end(), i) != term.combined->targets.end();
  };
  bool picked = false;
  std::vector<std::size_t> own;
  for (std::size_t i = 0; i < term.indices.size(); ++i) {
    if (is_target(i)) {
      picked = picked || uses(use, i);
    } else if (uses(use, i) && term.extents[i] != 1) {
      own.push_back(i);
    }
  }
  if (pattern == nullptr && !picked) return {OperandKind::statistic, use.block, use.at};
  if (picked) own.insert(own.begin(), term.combined->index);
  std::vector<std::int64_t> extents;
  for (const std::size_t i : own) extents.push_back(term.extents[i]);
  std::vector<const Affine*> parts{&use.at};
  for (const ElementUse& element : use.elements) {
    parts.push_back(&element.position);
    parts.push_back(&element.level);
  }
  std::vector<std::vector<std::int64_t>> strides;
  std::vector<std::int64_t> starts;
  for (const Affine* part : parts) {
    strides.push_back(row_strides(*part, own));
    starts.push_back(part->base);
  }
  strides.emplace_back(own.size(), 0);
  if (picked) strides.back()[0] = 1;
  starts.push_back(0);
  OpenTable table{use.block, {}};
  std::vector<std::int64_t> places(parts.size());
  for_each_cell(extents, strides, starts, [&](const std::vector<std::int64_t>& at) {
    std::copy_n(at.begin(), parts.size(), places.begin());
    for (std::size_t t = 0; picked && t < term.combined->targets.size(); ++t) {
      const std::int64_t counter = term.combined->values[t][static_cast<std::size_t>(at.back())];
      for (std::size_t p = 0; p < parts.size(); ++p) places[p] += parts[p]->strides[term.combined->targets[t]] * counter;
    }
    table.entries.emplace_back(places[0], pattern != nullptr ? address(*pattern, places, 1) : 0);
  });
  Operand out{OperandKind::statistic, use.block, {0, std::vector<std::int64_t>(term.indices.size(), 0)}, static_cast<int>(open_tables_.size())};
  std::int64_t stride = 1;
  for (std::size_t o = own.size(); o-- > 0; stride *= extents[o]) out.at.strides[own[o]] = stride;
  open_tables_.push_back(std::move(table));
  return out;
}

namespace {

std::int64_t statistics_of(const Pass& pass, const PlannedBlock& block) {
  const auto side = static_cast<std::int64_t>(block.discrete ? block.family->size() : block.family->value_size());
  return pass.of_links ? side * side : static_cast<std::int64_t>(block.family->size());
}

}  // namespace

void Splitter::finish() {
  resolver_.finish();
  for (const OpenTable& open : open_tables_) {
    const bool patterned = resolver_.pattern(open.block) != nullptr;
    const std::int64_t size = patterned ? static_cast<std::int64_t>(plan_.blocks[static_cast<std::size_t>(open.block)].family->size()) : 1;
    auto table = std::make_shared<std::vector<std::int32_t>>();
    table->reserve(open.entries.size());
    for (const auto& [element, position] : open.entries) {
      const std::int64_t at = position < 0 ? -1 : element * size + position;
      if (at > std::numeric_limits<std::int32_t>::max()) throw Failure(too_large());
      table->push_back(static_cast<std::int32_t>(at));
    }
    plan_.tables.push_back(std::move(table));
  }
  for (Pass& pass : plan_.passes) {
    if (pass.block) pass.statistics = statistics_of(pass, plan_.blocks[static_cast<std::size_t>(*pass.block)]);
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
      const std::int64_t at = group.offset + (cell.l * features + cell.feature) * pass.statistics + cell.statistic;
      moment.cells.push_back(cell.statistic < 0 ? -1 : static_cast<std::int32_t>(at));
    }
  }
}

}  // namespace jensen::plan
