// Observations that a column of data assigns to rows: [row_i = t] · x_i · statistic(t) summed over i is A[t] · statistic(t), A[t] = Σ_i [row_i = t] x_i,
// so that the term runs over rows like those written by row.
#include <algorithm>

#include "plan/resolve.hpp"

namespace jensen::plan {
namespace {

constexpr std::int64_t most_cells = std::int64_t{1} << 24;  // of A

bool touches(const Affine& at, const std::vector<bool>& indices) {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] && at.strides[i] != 0) return true;
  }
  return false;
}

bool touches(const StatisticUse& use, const std::vector<bool>& indices) {
  const bool element = std::any_of(use.elements.begin(), use.elements.end(),
                                   [&](const ElementUse& e) { return touches(e.position, indices) || touches(e.level, indices); });
  const bool batch = std::any_of(use.batch.begin(), use.batch.end(), [&](int b) { return b >= 0 && indices[static_cast<std::size_t>(b)]; });
  return element || batch || touches(use.at, indices);
}

// The parts of a term that depend on the gathered indices, and the array that takes their place.
struct Gathering {
  std::vector<bool> gathered;  // by index
  std::vector<LookupFactor> lookups;
  std::vector<DataFactor> data;
  std::vector<std::size_t> kept;  // indices of A: the lookups' targets, then others of the data
  Affine at;                      // A's own
  std::int64_t cells = 1;
};

std::optional<Gathering> gathering_of(const ResolvedTerm& term, const LookupFactor& lookup) {
  Gathering out;
  const std::size_t n = term.indices.size();
  for (std::size_t i = 0; i < n; ++i) out.gathered.push_back(lookup.at.strides[i] != 0);
  if (std::none_of(out.gathered.begin(), out.gathered.end(), [](bool g) { return g; })) return std::nullopt;
  if (std::any_of(term.statistics.begin(), term.statistics.end(), [&](const StatisticUse& use) { return touches(use, out.gathered); }))
    return std::nullopt;
  std::vector<bool> kept(n, false);
  const auto keep_of = [&](const Affine& at) {
    for (std::size_t i = 0; i < n; ++i) kept[i] = kept[i] || (at.strides[i] != 0 && !out.gathered[i]);
  };
  for (const LookupFactor& l : term.lookups) {
    if (out.gathered[l.target]) return std::nullopt;
    if (!touches(l.at, out.gathered)) continue;
    keep_of(l.at);
    kept[l.target] = true;
    out.lookups.push_back(l);
  }
  for (const LookupFactor& l : out.lookups) {
    if (touches(l.at, kept)) return std::nullopt;
  }
  for (const DataFactor& d : term.data) {
    if (!touches(d.at, out.gathered)) continue;
    keep_of(d.at);
    out.data.push_back(d);
  }
  if (term.weight && touches(term.weight->at, out.gathered)) {
    keep_of(term.weight->at);
    out.data.push_back(*term.weight);
  }
  out.at.strides.assign(n, 0);
  for (std::size_t i = n; i-- > 0;) {
    if (!kept[i]) continue;
    out.at.strides[i] = out.cells;
    out.cells *= term.extents[i];
    const bool target = std::any_of(out.lookups.begin(), out.lookups.end(), [&](const LookupFactor& l) { return l.target == i; });
    if (!target) out.kept.push_back(i);
    if (out.cells > most_cells) return std::nullopt;
  }
  return out;
}

// Cell by cell of the gathered indices, then of those that the data have besides.
std::vector<double> sums(const Plan& plan, const ResolvedTerm& term, const Gathering& g) {
  std::vector<double> out(static_cast<std::size_t>(g.cells), 0.0);
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < g.gathered.size(); ++i) {
    if (g.gathered[i]) indices.push_back(i);
  }
  indices.insert(indices.end(), g.kept.begin(), g.kept.end());
  std::vector<std::int64_t> extents, starts, own;
  std::vector<std::vector<std::int64_t>> strides;
  const auto add = [&](const Affine& at) {
    starts.push_back(at.base);
    strides.emplace_back();
    for (const std::size_t i : indices) strides.back().push_back(at.strides[i]);
  };
  for (const std::size_t i : indices) extents.push_back(term.extents[i]);
  std::vector<const std::int32_t*> positions;
  std::vector<std::int64_t> places;
  for (const LookupFactor& l : g.lookups) {
    add(l.at);
    positions.push_back(plan.lookups[static_cast<std::size_t>(l.lookup)].positions.data());
    places.push_back(g.at.strides[l.target]);
  }
  std::vector<const double*> values;
  for (const DataFactor& d : g.data) {
    add(d.at);
    values.push_back(plan.arrays[static_cast<std::size_t>(d.array)].values);
  }
  add(g.at);
  for_each_cell(extents, strides, starts, [&](const std::vector<std::int64_t>& at) {
    std::int64_t to = at.back();
    for (std::size_t l = 0; l < positions.size(); ++l) {
      const std::int32_t position = positions[l][at[l]];
      if (position < 0) return;
      to += places[l] * position;
    }
    double product = 1;
    for (std::size_t d = 0; d < values.size(); ++d) product *= values[d][at[positions.size() + d]];
    out[static_cast<std::size_t>(to)] += product;
  });
  return out;
}

// What sums of the same data over the same lookups have in common.
std::vector<std::int64_t> key_of(const ResolvedTerm& term, const Gathering& g) {
  std::vector<std::int64_t> key(term.extents);
  key.push_back(static_cast<std::int64_t>(g.lookups.size()));
  const auto add = [&](int id, const Affine& at) {
    key.push_back(id);
    key.push_back(at.base);
    key.insert(key.end(), at.strides.begin(), at.strides.end());
  };
  for (const LookupFactor& l : g.lookups) {
    add(l.lookup, l.at);
    key.push_back(static_cast<std::int64_t>(l.target));
  }
  for (const DataFactor& d : g.data) add(d.array, d.at);
  return key;
}

void replace(Plan& plan, ResolvedTerm& term, const Gathering& g, std::map<std::vector<std::int64_t>, int>& known) {
  const auto [found, is_new] = known.emplace(key_of(term, g), static_cast<int>(plan.arrays.size()));
  if (is_new) {
    auto values = std::make_shared<std::vector<double>>(sums(plan, term, g));
    std::string text = "sums by " + plan.lookups[static_cast<std::size_t>(g.lookups.front().lookup)].text;
    for (const DataFactor& d : g.data) text += (&d == g.data.data() ? " of " : " · ") + plan.arrays[static_cast<std::size_t>(d.array)].text;
    plan.arrays.push_back({values->data(), values, std::move(text)});
  }
  std::erase_if(term.lookups, [&](const LookupFactor& l) { return touches(l.at, g.gathered); });
  std::erase_if(term.data, [&](const DataFactor& d) { return touches(d.at, g.gathered); });
  if (term.weight && touches(term.weight->at, g.gathered)) {
    term.weight.reset();
    term.weight_id.reset();
  }
  term.data.push_back({found->second, g.at});
  for (std::size_t i = 0; i < g.gathered.size(); ++i) {
    if (g.gathered[i]) term.extents[i] = 1;
  }
}

}  // namespace

void gather_rows(Plan& plan, ResolvedTerm& term, std::map<std::vector<std::int64_t>, int>& known) {
  for (const StatisticUse& use : term.statistics) {
    if (use.starts.empty()) continue;
    const auto picks = [&](const LookupFactor& l) {
      return std::find(use.batch.begin(), use.batch.end(), static_cast<int>(l.target)) != use.batch.end();
    };
    for (auto lookup = std::find_if(term.lookups.begin(), term.lookups.end(), picks); lookup != term.lookups.end();) {
      const std::optional<Gathering> found = gathering_of(term, *lookup);
      if (!found) break;
      replace(plan, term, *found, known);
      lookup = std::find_if(term.lookups.begin(), term.lookups.end(), picks);
    }
  }
}

}  // namespace jensen::plan
