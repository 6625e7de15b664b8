#include "plan/link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>

#include "plan/messages.hpp"
#include "plan/resolve.hpp"

namespace jensen::plan {
namespace {

using Kind = family::FamilyKind::Kind;

void put_by_row(const model::Size& extent, derive::Block& block) {
  block.by_row = true;
  block.batch.push_back(extent);
  for (std::size_t c = 0; c < block.components.size(); ++c) {
    derive::Component& component = block.components[c];
    component.batch_slots.push_back(block.chain->slots[c]);
    std::erase(component.inner_slots, block.chain->slots[c]);
  }
  if (block.kind == derive::BlockKind::network) {
    block.kind = derive::BlockKind::discrete;
    block.family.kind = Kind::categorical;
    block.levels = block.components[0].levels;
    block.first_level = block.components[0].first_level;
  } else {
    block.family.multivariate = block.components.size() > 1 || !block.components[0].inner_slots.empty();
  }
}

}  // namespace

derive::Derivation by_row(const model::ModelGraph& graph, const derive::Derivation& derivation, const std::set<int>& except) {
  derive::Derivation out = derivation;
  for (std::size_t b = 0; b < out.blocks.size(); ++b) {
    derive::Block& block = out.blocks[BlockId(b)];
    if (!block.chain || except.contains(static_cast<int>(b))) continue;
    put_by_row(graph.variables[block.components[0].variable].dims[block.chain->slots[0]], block);
  }
  return out;
}

namespace {

// Cells of a strided array over some of a term's indices, and of a new dense one in which index `i` has other rows before and after them.
struct Widened {
  std::vector<std::int64_t> extents, from, to;
  std::int64_t first = 0, cells = 1;  // in the new array
  Affine at;
};

Widened widen(const ResolvedTerm& term, const Affine& at, std::size_t i, std::int64_t start, std::int64_t rows) {
  Widened out{{}, {}, {}, 0, 1, {0, std::vector<std::int64_t>(term.indices.size(), 0)}};
  for (std::size_t j = 0; j < term.indices.size(); ++j) {
    if (at.strides[j] == 0) continue;
    out.extents.push_back(term.extents[j]);
    out.from.push_back(at.strides[j]);
  }
  for (std::size_t j = term.indices.size(); j-- > 0;) {
    if (at.strides[j] == 0) continue;
    out.to.insert(out.to.begin(), out.cells);
    out.at.strides[j] = out.cells;
    out.cells *= j == i ? rows : term.extents[j];
  }
  out.first = start * out.at.strides[i];
  return out;
}

class Aligner {
 public:
  Aligner(Plan& plan, ResolvedTerm& term) : plan_(plan), term_(term) {}

  void run_over(StatisticUse& use, std::size_t b) {
    const std::int64_t rows = plan_.blocks[static_cast<std::size_t>(use.block)].batch[b], start = use.starts[b];
    const bool fixed = use.batch[b] < 0;
    const std::size_t i = fixed ? add_index(1) : static_cast<std::size_t>(use.batch[b]);
    use.batch[b] = static_cast<int>(i);
    use.starts[b] = 0;
    const std::int64_t have = term_.extents[i];
    if (start == 0 && have == rows && !fixed) return;
    for (DataFactor& data : term_.data) data = widen_data(data, i, start, rows);
    if (term_.weight) term_.weight = widen_data(*term_.weight, i, start, rows);
    for (LookupFactor& lookup : term_.lookups) widen_lookup(lookup, i, start, rows);
    term_.extents[i] = rows;
    add_mask(i, start, have, rows);
  }

  // Data at the row that a lookup names become data of the row itself.
  void take_from(std::size_t index, const LookupFactor& named) {
    const auto data_at = [&](DataFactor& data) {
      if (data.at.strides[index] == 0) return;
      const ConstantArray source = plan_.arrays[static_cast<std::size_t>(data.array)];
      auto values = std::make_shared<std::vector<double>>();
      data.at = taken(
          data.at, index, named, 0.0, [&](std::int64_t at) { return source.values[at]; }, *values);
      data.array = static_cast<int>(plan_.arrays.size());
      plan_.arrays.push_back({values->data(), values, source.text});
    };
    for (DataFactor& data : term_.data) data_at(data);
    if (term_.weight) data_at(*term_.weight);
    for (LookupFactor& lookup : term_.lookups) {
      if (lookup.at.strides[index] == 0) continue;
      const LookupArray source = plan_.lookups[static_cast<std::size_t>(lookup.lookup)];
      LookupArray array{{}, source.extent, source.text};
      const auto position = [&](std::int64_t at) { return source.positions[static_cast<std::size_t>(at)]; };
      lookup.at = taken(lookup.at, index, named, std::int32_t{-1}, position, array.positions);
      lookup.lookup = static_cast<int>(plan_.lookups.size());
      plan_.lookups.push_back(std::move(array));
    }
  }

  std::size_t add_index(std::int64_t extent) {
    term_.indices.emplace_back();
    term_.extents.push_back(extent);
    const auto longer = [](Affine& at) { at.strides.push_back(0); };
    for (DataFactor& data : term_.data) longer(data.at);
    if (term_.weight) longer(term_.weight->at);
    for (LookupFactor& lookup : term_.lookups) longer(lookup.at);
    for (StatisticUse& use : term_.statistics) {
      longer(use.at);
      for (ElementUse& element : use.elements) {
        longer(element.position);
        longer(element.level);
      }
    }
    return term_.indices.size() - 1;
  }

 private:
  // Dense over the indices of either; where the lookup names no row, `none`.
  template <class T, class Source>
  Affine taken(const Affine& at, std::size_t index, const LookupFactor& named, T none, const Source& source, std::vector<T>& values) const {
    Affine out{0, std::vector<std::int64_t>(term_.indices.size(), 0)};
    std::vector<std::int64_t> extents, from, names;
    for (std::size_t j = 0; j < term_.indices.size(); ++j) {
      if (j == index || (at.strides[j] == 0 && named.at.strides[j] == 0)) continue;
      extents.push_back(term_.extents[j]);
      from.push_back(at.strides[j]);
      names.push_back(named.at.strides[j]);
    }
    std::int64_t cells = 1;
    for (std::size_t j = term_.indices.size(); j-- > 0;) {
      if (j == index || (at.strides[j] == 0 && named.at.strides[j] == 0)) continue;
      out.strides[j] = cells;
      cells *= term_.extents[j];
    }
    for_each_cell(extents, {from, names}, {at.base, named.at.base}, [&](const std::vector<std::int64_t>& cell) {
      const std::int32_t row = plan_.lookups[static_cast<std::size_t>(named.lookup)].positions[static_cast<std::size_t>(cell[1])];
      values.push_back(row < 0 ? none : source(cell[0] + row * at.strides[index]));
    });
    return out;
  }

  DataFactor widen_data(const DataFactor& data, std::size_t i, std::int64_t start, std::int64_t rows) {
    if (data.at.strides[i] == 0) return data;
    const Widened w = widen(term_, data.at, i, start, rows);
    auto values = std::make_shared<std::vector<double>>(static_cast<std::size_t>(w.cells), 0.0);
    const ConstantArray source = plan_.arrays[static_cast<std::size_t>(data.array)];
    for_each_cell(w.extents, {w.from, w.to}, {data.at.base, w.first},
                  [&](const std::vector<std::int64_t>& at) { (*values)[static_cast<std::size_t>(at[1])] = source.values[at[0]]; });
    plan_.arrays.push_back({values->data(), values, source.text});
    return {static_cast<int>(plan_.arrays.size()) - 1, w.at};
  }

  void widen_lookup(LookupFactor& lookup, std::size_t i, std::int64_t start, std::int64_t rows) {
    if (lookup.at.strides[i] == 0) return;
    const Widened w = widen(term_, lookup.at, i, start, rows);
    const LookupArray source = plan_.lookups[static_cast<std::size_t>(lookup.lookup)];
    LookupArray array{std::vector<std::int32_t>(static_cast<std::size_t>(w.cells), -1), source.extent, source.text};
    for_each_cell(w.extents, {w.from, w.to}, {lookup.at.base, w.first}, [&](const std::vector<std::int64_t>& at) {
      array.positions[static_cast<std::size_t>(at[1])] = source.positions[static_cast<std::size_t>(at[0])];
    });
    lookup.lookup = static_cast<int>(plan_.lookups.size());
    lookup.at = w.at;
    plan_.lookups.push_back(std::move(array));
  }

  // [row is one of the term's].
  void add_mask(std::size_t i, std::int64_t start, std::int64_t have, std::int64_t rows) {
    LookupArray mask{std::vector<std::int32_t>(static_cast<std::size_t>(rows), -1), 1, {}};
    mask.text = have == 1 ? fmt::format("row {}", start + 1) : fmt::format("rows {}..{}", start + 1, start + have);
    std::fill_n(mask.positions.begin() + start, have, 0);
    const auto same = std::find_if(plan_.lookups.begin(), plan_.lookups.end(),
                                   [&](const LookupArray& l) { return l.text == mask.text && l.positions == mask.positions; });
    const std::size_t target = add_index(1);
    LookupFactor factor{{}, static_cast<int>(same - plan_.lookups.begin()), {0, std::vector<std::int64_t>(term_.indices.size(), 0)}, target};
    factor.at.strides[i] = 1;
    if (same == plan_.lookups.end()) plan_.lookups.push_back(std::move(mask));
    term_.lookups.push_back(std::move(factor));
  }

  Plan& plan_;
  ResolvedTerm& term_;
};

// By row along the chain, the lookup's positions.
std::vector<std::int32_t> positions_by_row(const Plan& plan, const LookupFactor& lookup, const StatisticUse& use) {
  const PlannedBlock& block = plan.blocks[static_cast<std::size_t>(use.block)];
  std::vector<std::int64_t> strides;
  for (const int i : use.batch) strides.push_back(lookup.at.strides[static_cast<std::size_t>(i)]);
  std::vector<std::int32_t> out;
  for_each_cell(block.batch, {strides}, {lookup.at.base}, [&](const std::vector<std::int64_t>& at) {
    out.push_back(plan.lookups[static_cast<std::size_t>(lookup.lookup)].positions[static_cast<std::size_t>(at[0])]);
  });
  return out;
}

bool along_rows(const ResolvedTerm& term, const StatisticUse& mine) {
  for (const StatisticUse& use : term.statistics) {
    if (&use == &mine) continue;
    for (const int i : mine.batch) {
      if (i < 0) continue;
      const auto at = static_cast<std::size_t>(i);
      const bool element = std::any_of(use.elements.begin(), use.elements.end(),
                                       [&](const ElementUse& e) { return e.position.strides[at] != 0 || e.level.strides[at] != 0; });
      const bool row = std::find(use.batch.begin(), use.batch.end(), i) != use.batch.end();
      if (use.at.strides[at] != 0 || element || row) return true;
    }
  }
  return false;
}

}  // namespace

void align_rows(Plan& plan, ResolvedTerm& term, std::map<int, std::vector<std::int32_t>>& parents) {
  for (std::size_t u = 0; u < term.statistics.size(); ++u) {
    if (term.statistics[u].starts.empty()) continue;
    if (along_rows(term, term.statistics[u])) throw NotByRow{term.statistics[u].block};
    Aligner aligner(plan, term);
    for (std::size_t b = 0; b < term.statistics[u].batch.size(); ++b) aligner.run_over(term.statistics[u], b);
    const StatisticUse& use = term.statistics[u];
    if (!use.hung_on) continue;
    const auto named = std::find_if(term.lookups.begin(), term.lookups.end(), [&](const LookupFactor& l) { return l.target == *use.hung_on; });
    if (named == term.lookups.end()) throw NotByRow{use.block};
    aligner.take_from(*use.hung_on, LookupFactor(*named));
    std::vector<std::int32_t> found = positions_by_row(plan, *named, use);
    auto& known = parents[use.block];
    known.resize(found.size(), -1);
    for (std::size_t r = 0; r < found.size(); ++r) known[r] = std::max(known[r], found[r]);
    term.lookups.erase(named);
    term.extents[*use.hung_on] = 1;
  }
}

namespace {

// What the natural parameter of a row's link depends on: the columns and lookups of its pass.
std::vector<std::int64_t> key_of(const Plan& plan, const Pass& pass, const std::vector<std::int64_t>& counters) {
  std::vector<std::int64_t> key;
  const auto address = [&](const Affine& at) { return std::inner_product(counters.begin(), counters.end(), at.strides.begin(), at.base); };
  for (const RowLookup& lookup : pass.lookups) {
    key.push_back(plan.lookups[static_cast<std::size_t>(lookup.lookup)].positions[static_cast<std::size_t>(address(lookup.at))]);
  }
  for (const Column& column : pass.columns) {
    key.push_back(std::bit_cast<std::int64_t>(plan.arrays[static_cast<std::size_t>(column.array)].values[address(column.at)]));
  }
  return key;
}

// Whether a feature of the pass is not zero there.
bool is_link(const Pass& pass, const std::vector<std::int64_t>& key) {
  return std::any_of(pass.groups.begin(), pass.groups.end(), [&](const FeatureGroup& group) {
    if (std::any_of(group.lookups.begin(), group.lookups.end(), [&](int l) { return key[static_cast<std::size_t>(l)] < 0; })) return false;
    return std::any_of(group.features.begin(), group.features.end(), [&](const std::vector<int>& columns) {
      return std::all_of(columns.begin(), columns.end(),
                         [&](int c) { return std::bit_cast<double>(key[pass.lookups.size() + static_cast<std::size_t>(c)]) != 0; });
    });
  });
}

// The pass over rows with the given keys in place of its own.
void reduce(Plan& plan, Pass& pass, const std::vector<std::vector<std::int64_t>>& keys) {
  const auto rows = static_cast<std::int64_t>(keys.size());
  for (std::size_t l = 0; l < pass.lookups.size(); ++l) {
    LookupArray array{{},
                      plan.lookups[static_cast<std::size_t>(pass.lookups[l].lookup)].extent,
                      plan.lookups[static_cast<std::size_t>(pass.lookups[l].lookup)].text};
    for (const auto& key : keys) array.positions.push_back(static_cast<std::int32_t>(key[l]));
    pass.lookups[l] = {static_cast<int>(plan.lookups.size()), {0, {1}}};
    plan.lookups.push_back(std::move(array));
  }
  for (std::size_t c = 0; c < pass.columns.size(); ++c) {
    auto values = std::make_shared<std::vector<double>>();
    for (const auto& key : keys) values->push_back(std::bit_cast<double>(key[pass.lookups.size() + c]));
    const std::string text = plan.arrays[static_cast<std::size_t>(pass.columns[c].array)].text;
    pass.columns[c] = {static_cast<int>(plan.arrays.size()), {0, {1}}};
    plan.arrays.push_back({values->data(), values, text});
  }
  pass.extents = {rows};
  pass.rows = rows;
}

// Positions in which a row comes after the one that it hangs on; a Failure names a row on a cycle.
std::vector<std::int32_t> order_of(const std::vector<std::int32_t>& hung_on) {
  const std::size_t n = hung_on.size();
  std::vector<std::int32_t> order;
  std::vector<std::uint8_t> state(n, 0);  // 1: on the way, 2: placed
  std::vector<std::int32_t> path;
  for (std::size_t r = 0; r < n; ++r) {
    for (auto at = static_cast<std::int32_t>(r); at >= 0 && state[static_cast<std::size_t>(at)] != 2; at = hung_on[static_cast<std::size_t>(at)]) {
      if (state[static_cast<std::size_t>(at)] == 1) throw Failure(cycle_of_rows(at + 1));
      state[static_cast<std::size_t>(at)] = 1;
      path.push_back(at);
    }
    for (; !path.empty(); path.pop_back()) {
      state[static_cast<std::size_t>(path.back())] = 2;
      order.push_back(path.back());
    }
  }
  return order;
}

}  // namespace

Link make_link(Plan& plan, int links, std::int64_t shift, const std::vector<std::int32_t>* parents) {
  Pass& pass = plan.passes[static_cast<std::size_t>(links)];
  const std::int64_t length = pass.extents.back();
  std::vector<std::int32_t> hung_on(static_cast<std::size_t>(pass.rows), -1), kind(hung_on.size(), -1);
  std::map<std::vector<std::int64_t>, std::int32_t> numbers;
  std::vector<std::vector<std::int64_t>> keys;
  std::vector<std::int64_t> counters(pass.extents.size(), 0), last;
  std::int32_t last_kind = -1;
  for (std::int64_t row = 0; row < pass.rows; ++row) {
    std::int64_t rest = row;
    for (std::size_t d = counters.size(); d-- > 0; rest /= pass.extents[d]) counters[d] = rest % pass.extents[d];
    std::vector<std::int64_t> key = key_of(plan, pass, counters);
    if (key != last || row == 0) {
      last_kind = -1;
      if (is_link(pass, key)) {
        const auto [found, is_new] = numbers.emplace(key, static_cast<std::int32_t>(keys.size()));
        if (is_new) keys.push_back(key);
        last_kind = found->second;
      }
      last = std::move(key);
    }
    if (last_kind < 0) continue;
    const std::int64_t t = counters.back();
    const std::int64_t to = parents != nullptr ? (*parents)[static_cast<std::size_t>(row)] : t - shift;
    if (to < 0 || to >= length) continue;
    hung_on[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(row - t + to);
    kind[static_cast<std::size_t>(row)] = last_kind;
  }
  reduce(plan, pass, keys);
  Link out{links, {}, {}, {}};
  const bool sorted = parents == nullptr || [&] {
    for (std::size_t r = 0; r < hung_on.size(); ++r) {
      if (hung_on[r] >= static_cast<std::int32_t>(r)) return false;
    }
    return true;
  }();
  if (sorted) {
    out.previous = std::move(hung_on);
    out.kind = std::move(kind);
    return out;
  }
  out.order = order_of(hung_on);
  std::vector<std::int32_t> position(out.order.size());
  for (std::size_t p = 0; p < out.order.size(); ++p) position[static_cast<std::size_t>(out.order[p])] = static_cast<std::int32_t>(p);
  for (const std::int32_t row : out.order) {
    const std::int32_t to = hung_on[static_cast<std::size_t>(row)];
    out.previous.push_back(to < 0 ? -1 : position[static_cast<std::size_t>(to)]);
    out.kind.push_back(kind[static_cast<std::size_t>(row)]);
  }
  return out;
}

Result<Plan> make_plan_by_row(const model::ModelGraph& graph, derive::Derivation& derivation, const model::BoundData& data) {
  std::set<int> except;
  while (true) {
    derive::Derivation rows = by_row(graph, derivation, except);
    try {
      Result<Plan> plan = make_plan(graph, rows, data);
      if (plan) derivation = std::move(rows);
      return plan;
    } catch (const NotByRow& failure) {
      except.insert(failure.block);
    }
  }
}

}  // namespace jensen::plan
