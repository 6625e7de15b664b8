// Shapes of latent and derived variables, read off the statements that define them.
#include <fmt/format.h>

#include "model/builder.hpp"
#include "model/guards.hpp"

namespace jensen::model {

std::vector<Range> Builder::covered_by(const std::vector<grammar::Expr>& indices, const std::vector<PlateId>& plates, const std::string& name,
                                       SourceSpan span) {
  const Scope scope = plate_scope(plates);
  std::vector<Range> covered;
  std::set<std::string> used;
  for (const grammar::Expr& index : indices) {
    const auto* word = std::get_if<grammar::NameExpr>(&index.kind);
    if (word != nullptr && scope.indices.contains(word->name)) {
      used.insert(word->name);
      covered.push_back(scope.indices.at(word->name));
      continue;
    }
    const auto* binary = std::get_if<grammar::BinaryExpr>(&index.kind);
    const auto* base = binary == nullptr ? nullptr : std::get_if<grammar::NameExpr>(&binary->left->kind);
    if (base != nullptr && scope.indices.contains(base->name) &&
        (binary->op == grammar::BinaryOp::add || binary->op == grammar::BinaryOp::subtract)) {
      used.insert(base->name);
      const Range range = scope.indices.at(base->name);
      const Size shift = size_of(*binary->right, scope);
      covered.push_back(binary->op == grammar::BinaryOp::add ? Range{range.low + shift, range.high + shift}
                                                             : Range{range.low - shift, range.high - shift});
      continue;
    }
    if (const auto constant = try_size(index, scope)) {
      covered.push_back({*constant, *constant});
      continue;
    }
    fail("bad-target-index",
         fmt::format("an index of `{}` on the left must be a plate's index, such an index plus or minus a whole number, or a whole number", name),
         index.span);
  }
  for (const PlateId plate : plates) {
    if (!used.contains(graph_.plates[plate].index)) {
      fail("element-twice",
           fmt::format("`{}` gets a distribution once for each `{}`, since `{}` is not among its indices", name, graph_.plates[plate].index,
                       graph_.plates[plate].index),
           span, {},
           {Note{Note::Kind::help, fmt::format("write `{}[{}]`, or move the statement out of the plate", name, graph_.plates[plate].index)}});
    }
  }
  return covered;
}

namespace {

bool less_known(const Size& a, const Size& b) {
  const auto difference = (a - b).constant();
  return difference.has_value() && *difference < 0;
}

}  // namespace

// z[t] ~ ... under `if` and under its `else`.
bool Builder::in_two_branches(VariableId id, std::size_t a, std::size_t b) const {
  const std::vector<FactorId>& factors = graph_.variables[id].factors;
  return factors.size() > b && without_opposite(graph_.factors[factors[a]].conditions, graph_.factors[factors[b]].conditions).has_value();
}

// Several statements may cover an array in pieces along one slot: z[1] and z[t] for t in 2..T.
void Builder::set_array_extents(VariableId id, const std::vector<std::vector<Range>>& covered, const std::vector<SourceSpan>& spans) {
  const std::string name = graph_.variables[id].name;
  const std::size_t rank = covered[0].size();
  for (std::size_t s = 1; s < covered.size(); ++s) {
    if (covered[s].size() != rank) {
      fail(
          "index-count",
          fmt::format("`{}` has {} here and {} above", name, covered[s].size() == 1 ? "1 index" : fmt::format("{} indices", covered[s].size()), rank),
          spans[s], {}, {Note{Note::Kind::note, "the first statement", spans[0]}});
    }
  }
  std::vector<Size> extents;
  for (std::size_t slot = 0; slot < rank; ++slot) {
    std::vector<std::size_t> order(covered.size());
    for (std::size_t s = 0; s < order.size(); ++s) order[s] = s;
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return less_known(covered[a][slot].low, covered[b][slot].low); });
    Size high = covered[order[0]][slot].low - Size(1);
    if (!(covered[order[0]][slot].low == Size(1))) {
      const Size low = covered[order[0]][slot].low;
      if (low.is_constant() && *low.constant() < 1) {
        fail("index-out-of-range", fmt::format("indices start at 1, but a distribution is given to `{}` at {}", name, low.text()), spans[order[0]]);
      }
      fail("element-without", fmt::format("`{}` has indices from 1, but its first element with a distribution is {}", name, low.text()),
           spans[order[0]]);
    }
    for (std::size_t o = 0; o < order.size(); ++o) {
      const std::size_t s = order[o];
      const Range& range = covered[s][slot];
      if (o > 0 && range == covered[order[o - 1]][slot]) continue;  // another slot tells them apart, or a branch
      if (!(range.low == high + Size(1))) {
        const bool twice = less_known(range.low, high + Size(1));
        fail(twice ? "element-twice" : "element-without",
             fmt::format("{} of `{}` {} a distribution",
                         twice ? fmt::format("element {}", range.low.text()) : fmt::format("element {}", (high + Size(1)).text()), name,
                         twice ? "has more than one statement that gives it" : "has no statement that gives it"),
             spans[s], {}, {Note{Note::Kind::note, "the other statement", spans[order[0]]}});
      }
      high = range.high;
    }
    extents.push_back(high);
  }
  for (std::size_t a = 0; a < covered.size(); ++a) {
    for (std::size_t b = a + 1; b < covered.size(); ++b) {
      if (covered[a] == covered[b] && !in_two_branches(id, a, b)) {
        std::vector<Note> notes{Note{Note::Kind::note, "the first one", spans[a]}};
        const auto in_branch = [&](FactorId f) { return !graph_.factors[f].conditions.empty() || !graph_.factors[f].gates.empty(); };
        if (graph_.variables[id].role == Role::latent && std::ranges::all_of(graph_.variables[id].factors, in_branch)) {
          notes.push_back(Note{Note::Kind::help, "a latent variable belongs to one branch; give those of the branches different names"});
        }
        fail("element-twice", fmt::format("`{}` is given a distribution or a definition twice", name), spans[b], {}, std::move(notes));
      }
    }
  }
  graph_.variables[id].array_rank = rank;
  graph_.variables[id].dims = std::move(extents);
}

// Whether the statement leaves open what is drawn.
bool Builder::takes_any(const Factor& factor) {
  if (factor.on) return false;
  const auto& support = graph_.distributions[choose(factor.call, factor.distribution_span)].statement.support_type;
  return support && support->name == "any";
}

void Builder::type_from_factors(VariableId id) {
  std::vector<std::vector<Range>> covered;
  std::vector<SourceSpan> spans;
  for (const FactorId factor_id : graph_.variables[id].factors) {
    const Factor& factor = graph_.factors[factor_id];
    covered.push_back(covered_by(factor.indices, factor.plates, graph_.variables[id].name, factor.span));
    spans.push_back(factor.span);
  }
  set_array_extents(id, covered, spans);
  // Elements may refer to others, so the shape of a value comes from the first statement that does not.
  const auto refers_to_itself = [&](FactorId factor) {
    std::set<std::string> names;
    for (const grammar::Argument& argument : graph_.factors[factor].call.arguments) collect_names(*argument.value, names);
    return names.contains(graph_.variables[id].name);
  };
  // ... and before those whose distribution is on any support.
  std::vector<FactorId> factors = graph_.variables[id].factors;
  std::ranges::stable_partition(factors, [&](FactorId factor) { return !takes_any(graph_.factors[factor]); });
  const auto plain = std::ranges::find_if_not(factors, refers_to_itself);
  const Factor& first = graph_.factors[plain == factors.end() ? factors[0] : *plain];
  const BoundCall call = bind_draw(first, plate_scope(first.plates));
  Variable& variable = graph_.variables[id];
  variable.type = call.support;
  variable.dims.insert(variable.dims.end(), call.support.dims.begin(), call.support.dims.end());
}

void Builder::type_from_definitions(VariableId id) {
  std::vector<std::vector<Range>> covered;
  std::vector<SourceSpan> spans;
  for (const std::size_t d : graph_.variables[id].definitions) {
    const Definition& definition = graph_.definitions[d];
    covered.push_back(covered_by(definition.indices, definition.plates, graph_.variables[id].name, definition.span));
    spans.push_back(definition.span);
  }
  set_array_extents(id, covered, spans);
  const Definition& first = graph_.definitions[graph_.variables[id].definitions[0]];
  const ExprType value = infer(first.value, plate_scope(first.plates));
  Variable& variable = graph_.variables[id];
  variable.type.dims = value.dims;
  variable.type.levels = value.levels;
  if (value.integer) variable.type.support.kind = value.category ? SupportKind::category : SupportKind::integer;
  variable.dims.insert(variable.dims.end(), value.dims.begin(), value.dims.end());
}

void Builder::ensure_type(VariableId id) {
  if (typed_.contains(id)) return;
  const Variable& variable = graph_.variables[id];
  if (poisoned_.contains(id)) throw Failure(Diagnostic{});
  if (!typing_.insert(id).second) {
    fail("cycle", fmt::format("the shape of `{}` depends on itself", variable.name), variable.span);
  }
  try {
    if (const auto declared = declared_types_.find(id); declared != declared_types_.end()) {
      const Type type = type_of(*declared->second, Scope{});
      std::vector<Size> dims = extents_of(*declared->second, Scope{});
      Variable& target = graph_.variables[id];
      target.array_rank = dims.size();
      dims.insert(dims.end(), type.dims.begin(), type.dims.end());
      target.dims = std::move(dims);
      target.type = type;
    } else if (variable.role == Role::predict) {
      type_from_predictions(id);
    } else if (!variable.definitions.empty()) {
      type_from_definitions(id);
    } else {
      type_from_factors(id);
    }
  } catch (const Failure&) {
    typing_.erase(id);
    poisoned_.insert(id);
    throw;
  }
  typing_.erase(id);
  typed_.insert(id);
}

}  // namespace jensen::model
