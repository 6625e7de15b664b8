#include "derive/poly.hpp"

#include <algorithm>

namespace jensen::derive {

bool is_data(const Poly& poly) {
  return std::ranges::all_of(poly, [](const RawTerm& term) { return term.is_data(); });
}

Poly constant(double value) {
  if (value == 0) return {};
  RawTerm term;
  term.coefficient = value;
  return {term};
}

Poly from_data(const DataExprs& exprs, DataExprId id) {
  if (const auto number = number_of(exprs, id)) return constant(*number);
  RawTerm term;
  term.data = {id};
  return {term};
}

Poly scaled(Poly poly, double factor) {
  if (factor == 0) return {};
  for (RawTerm& term : poly) term.coefficient *= factor;
  return poly;
}

Poly product(const Poly& a, const Poly& b) {
  Poly out;
  out.reserve(a.size() * b.size());
  for (const RawTerm& x : a) {
    for (const RawTerm& y : b) {
      RawTerm term = x;
      term.coefficient *= y.coefficient;
      term.data.insert(term.data.end(), y.data.begin(), y.data.end());
      term.atoms.insert(term.atoms.end(), y.atoms.begin(), y.atoms.end());
      term.sums.insert(term.sums.end(), y.sums.begin(), y.sums.end());
      term.residuals.insert(term.residuals.end(), y.residuals.begin(), y.residuals.end());
      out.push_back(std::move(term));
    }
  }
  return out;
}

namespace {

DataExprId term_as_data(Context& context, const RawTerm& term) {
  DataExprs& exprs = context.joint.data;
  std::optional<DataExprId> out;
  if (term.coefficient != 1 || term.data.empty()) out = make_number(exprs, term.coefficient);
  for (const DataExprId factor : term.data) out = out ? make_call(exprs, DataOp::multiply, {*out, factor}) : factor;
  for (const IndexId index : term.sums) {
    out = make_binder(context, DataOp::sum, {index}, *out);
  }
  return *out;
}

}  // namespace

DataExprId as_data(Context& context, const Poly& poly) {
  DataExprs& exprs = context.joint.data;
  if (poly.empty()) return make_number(exprs, 0);
  DataExprId out = term_as_data(context, poly[0]);
  for (std::size_t i = 1; i < poly.size(); ++i) {
    RawTerm term = poly[i];
    const bool minus = term.coefficient < 0;
    if (minus) term.coefficient = -term.coefficient;
    out = make_call(exprs, minus ? DataOp::subtract : DataOp::add, {out, term_as_data(context, term)});
  }
  return out;
}

DataExprId as_function(DataExprs& exprs, const Statistic& statistic) {
  DataNode node;
  node.op = DataOp::variate;
  const DataExprId variate = make(exprs, std::move(node));
  switch (statistic.kind) {
    case StatisticKind::power:
      return statistic.power == 1 ? variate : make_call(exprs, DataOp::power, {variate, make_number(exprs, statistic.power)});
    case StatisticKind::log:
      return make_call(exprs, DataOp::log, {variate});
    case StatisticKind::log1m:
      return make_call(exprs, DataOp::log1m, {variate});
    case StatisticKind::cosine:
      return make_call(exprs, DataOp::cos, {variate});
    case StatisticKind::sine:
      return make_call(exprs, DataOp::sin, {variate});
    case StatisticKind::function:
      return DataExprId(static_cast<std::int32_t>(statistic.id));
    case StatisticKind::expression:
    case StatisticKind::pair:
    case StatisticKind::indicator:
    case StatisticKind::log_det:
    case StatisticKind::inverse:
    case StatisticKind::scaled:
    case StatisticKind::scaled_pair:
      break;  // not of one number
  }
  return variate;
}

DataExprId as_function(Context& context, const Poly& poly) {
  Poly out = poly;
  for (RawTerm& term : out) {
    for (const Atom& atom : term.atoms) term.data.push_back(as_function(context.joint.data, atom.statistic));
    term.atoms.clear();
  }
  return as_data(context, out);
}

namespace {

Poly collapsed(Context& context, Poly poly) {
  const bool open = poly.size() > 1 || (poly.size() == 1 && !poly[0].sums.empty());
  if (!open || !is_data(poly)) return poly;
  return from_data(context.joint.data, as_data(context, poly));
}

}  // namespace

Poly sum(Context& context, const Poly& a, const Poly& b) {
  Poly out = a;
  out.insert(out.end(), b.begin(), b.end());
  return collapsed(context, std::move(out));
}

void substitute(DataExprs& exprs, RawTerm& term, const Substitution& map) {
  for (DataExprId& id : term.data) id = substitute(exprs, id, map);
  for (Atom& atom : term.atoms) {
    for (IndexUse& use : atom.indices) use = substitute(use, map);
    if (atom.statistic.id >= 0) {
      atom.statistic.id = substitute(exprs, DataExprId(static_cast<std::int32_t>(atom.statistic.id)), map).value;
    }
  }
}

bool uses(const DataExprs& exprs, const Atom& atom, IndexId index) {
  if (std::ranges::any_of(atom.indices, [&](const IndexUse& use) { return use.index == index; })) return true;
  return atom.statistic.id >= 0 && std::ranges::binary_search(exprs[DataExprId(static_cast<std::int32_t>(atom.statistic.id))].free, index);
}

bool uses(const DataExprs& exprs, const RawTerm& term, IndexId index) {
  for (const DataExprId id : term.data) {
    if (std::ranges::binary_search(exprs[id].free, index)) return true;
  }
  return std::ranges::any_of(term.atoms, [&](const Atom& atom) { return uses(exprs, atom, index); });
}

namespace {

// The index that [a = b] allows to eliminate, and what it becomes: an index summed over the same range as the other side, or over a range that
// holds the constant on the other side.
std::optional<std::pair<IndexId, IndexUse>> eliminable(const IdVector<IndexId, Index>& indices, const RawTerm& term, const IndexUse& a,
                                                       const IndexUse& b) {
  const auto summed = [&](const IndexUse& use) {
    return use.index.valid() && use.offset == Size(0) && std::ranges::find(term.sums, use.index) != term.sums.end();
  };
  const auto covers = [&](const IndexUse& gone, const IndexUse& kept) {
    const Range& range = indices[gone.index].range;
    if (kept.index.valid()) return kept.offset == Size(0) && indices[kept.index].range == range;
    const auto above = (range.high - kept.offset).constant();
    const auto below = (kept.offset - range.low).constant();
    return above && below && *above >= 0 && *below >= 0;
  };
  if (summed(b) && covers(b, a)) return std::pair(b.index, a);
  if (summed(a) && covers(a, b)) return std::pair(a.index, b);
  return std::nullopt;
}

}  // namespace

void resolve_deltas(DataExprs& exprs, const IdVector<IndexId, Index>& indices, RawTerm& term) {
  for (std::size_t i = 0; i < term.data.size();) {
    const DataNode node = exprs[term.data[i]];
    const auto found =
        node.op == DataOp::delta ? eliminable(indices, term, std::get<IndexUse>(node.indices[0]), std::get<IndexUse>(node.indices[1])) : std::nullopt;
    if (!found) {
      ++i;
      continue;
    }
    term.data.erase(term.data.begin() + static_cast<std::ptrdiff_t>(i));
    std::erase(term.sums, found->first);
    substitute(exprs, term, {{found->first, found->second}});
    i = 0;
  }
  std::vector<DataExprId> kept;
  for (const DataExprId id : term.data) {
    if (const auto number = number_of(exprs, id)) {
      term.coefficient *= *number;
    } else {
      kept.push_back(id);
    }
  }
  term.data = std::move(kept);
}

Poly summed(Context& context, Poly poly, IndexId index) {
  DataExprs& exprs = context.joint.data;
  const IdVector<IndexId, Index>& indices = context.joint.indices;
  Poly out;
  for (RawTerm& term : poly) {
    term.sums.push_back(index);
    resolve_deltas(exprs, indices, term);
    if (std::ranges::find(term.sums, index) != term.sums.end() && !uses(exprs, term, index)) {
      std::erase(term.sums, index);
      const Poly extent = from_data(exprs, make_size(exprs, indices[index].range.extent()));
      if (extent.empty()) continue;
      term.coefficient *= extent[0].coefficient;
      term.data.insert(term.data.end(), extent[0].data.begin(), extent[0].data.end());
    }
    if (term.coefficient != 0) out.push_back(std::move(term));
  }
  return collapsed(context, std::move(out));
}

}  // namespace jensen::derive
