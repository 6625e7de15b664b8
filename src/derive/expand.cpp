// Substituting arguments into a density and expanding it, in index notation. What is a product of statistics becomes one; the rest is a residual.
#include "derive/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/overload.hpp"
#include "derive/expression.hpp"
#include "diagnostics/diagnostic.hpp"
#include "model/guards.hpp"
#include "model/size_expr.hpp"
#include "print.hpp"

namespace jensen::derive {

using grammar::Expr;

Tensor Expander::number(double value) const {
  return {{}, [value](const std::vector<IndexUse>&) { return constant(value); }};
}

std::optional<Size> Expander::size_of(const Expr& expr, const NamesPtr& names) const {
  return model::size_expression(expr, [&](const std::string& name) -> std::optional<Size> {
    bool closed = false;
    for (const Names* n = names.get(); n != nullptr && !closed; n = n->parent.get()) {
      if (const auto size = n->sizes.find(name); size != n->sizes.end()) return size->second;
      if (n->indices.contains(name) || n->values.contains(name)) return std::nullopt;
      closed = n->closed;
    }
    if (closed) return std::nullopt;
    if (const auto known = graph_.constant_sizes.find(name); known != graph_.constant_sizes.end()) return Size::named(known->second, name);
    if (graph_.constants.contains(name)) return size_of(graph_.constants.at(name), nullptr);
    if (std::ranges::find(graph_.size_symbols, name) != graph_.size_symbols.end()) return Size::symbol(name);
    return std::nullopt;
  });
}

Range Expander::range_of(const Expr& expr, const NamesPtr& names) const {
  const auto& range = std::get<grammar::RangeExpr>(expr.kind);
  return {*size_of(*range.low, names), *size_of(*range.high, names)};
}

Poly Expander::residual(const Expr& expr, std::string reason, const std::vector<const Poly*>& arguments, std::optional<DataOp> op) {
  Residual out;
  out.text = grammar::to_text(expr);
  out.reason = std::move(reason);
  out.factor = factor_;
  out.span = expr.span;
  const auto add = [&](VariableId id) {
    if (std::ranges::find(out.variables, id) == out.variables.end()) out.variables.push_back(id);
  };
  for (const Poly* poly : arguments) {
    for (RawTerm term : *poly) {
      attach_picks(term);
      for (const Atom& atom : term.atoms) add(atom.variable);
      for (const std::size_t r : term.residuals) {
        for (const VariableId id : residuals_[r].variables) add(id);
      }
    }
  }
  for (const Poly* poly : arguments) {
    if (const auto predictor = expression_of(graph_, context_, *poly)) out.predictors.push_back(*predictor);
  }
  if (op && out.predictors.size() == arguments.size()) out.expression = make_call(data(), *op, out.predictors);
  residuals_.push_back(std::move(out));
  RawTerm term;
  term.residuals = {residuals_.size() - 1};
  return {term};
}

// Nothing but statistics of one number may depend on latent variables; the number's own indices are free.
std::optional<Atom> Expander::only_element(const std::vector<const Poly*>& arguments) const {
  std::optional<Atom> element;
  for (const Poly* poly : arguments) {
    for (const RawTerm& term : *poly) {
      if (!term.residuals.empty()) return std::nullopt;
      for (const Atom& atom : term.atoms) {
        const bool number = graph_.variables[atom.variable].type.dims.empty() && atom.statistic.kind != StatisticKind::indicator &&
                            atom.statistic.kind != StatisticKind::expression;
        const bool bound = std::ranges::any_of(
            atom.indices, [&](const IndexUse& use) { return use.index.valid() && std::ranges::find(term.sums, use.index) != term.sums.end(); });
        if (!number || bound) return std::nullopt;
        if (element && (element->variable != atom.variable || element->indices != atom.indices)) return std::nullopt;
        element = atom;
      }
    }
  }
  return element;
}

Poly Expander::opaque(const Expr& expr, std::string reason, DataOp op, const std::vector<const Poly*>& arguments) {
  const std::optional<Atom> element = only_element(arguments);
  if (!element) {
    std::vector<DataExprId> expressions;
    for (const Poly* argument : arguments) {
      if (const auto expression = expression_of_params(*argument)) expressions.push_back(*expression);
    }
    if (expressions.size() != arguments.size()) return residual(expr, std::move(reason), arguments, op);
    return from_expression(make_call(data(), op, std::move(expressions)));
  }
  std::vector<DataExprId> functions;
  for (const Poly* argument : arguments) functions.push_back(as_function(context_, *argument));
  RawTerm term;
  term.atoms = {*element};
  term.atoms[0].statistic = Statistic::function(make_call(data(), op, std::move(functions)).value);
  return {term};
}

std::optional<DataExprId> Expander::expression_of_params(const Poly& poly) {
  for (const RawTerm& term : poly) {
    for (const Atom& atom : term.atoms) {
      const model::Variable& variable = graph_.variables[atom.variable];
      if (variable.role != model::Role::param || is_discrete(variable.type.support.kind)) return std::nullopt;
    }
  }
  std::optional<DataExprId> out = expression_of(graph_, context_, poly);
  for (auto pick = picks_.rbegin(); pick != picks_.rend() && out; ++pick) {
    if (pick->latent) continue;
    if (const auto inside = looked_up(data(), *out, pick->index, pick->lookup)) out = inside;
  }
  return out;
}

Poly Expander::from_expression(DataExprId id) {
  if (params_in(graph_, data(), id).empty()) return from_data(data(), id);
  RawTerm term;
  term.atoms = {atom_of_params(graph_, data(), id)};
  return {term};
}

bool Expander::positive(const Atom& atom) const {
  if (atom.statistic.kind != StatisticKind::power) return false;
  const Support& support = graph_.variables[atom.variable].type.support;
  return support.kind == SupportKind::positive || support.kind == SupportKind::unit || support.kind == SupportKind::simplex ||
         (support.kind == SupportKind::interval && support.low >= 0);
}

std::optional<IndexUse> Expander::plain_index(const Expr& expr, const NamesPtr& names) {
  const auto index_named = [&](const std::string& name) -> std::optional<IndexUse> {
    for (const Names* n = names.get(); n != nullptr; n = n->parent.get()) {
      if (const auto found = n->indices.find(name); found != n->indices.end()) return found->second;
      if (n->values.contains(name) || n->closed) return std::nullopt;
    }
    return std::nullopt;
  };
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
    if (const auto index = index_named(name->name)) return index;
  }
  if (const auto* binary = std::get_if<grammar::BinaryExpr>(&expr.kind);
      binary != nullptr && (binary->op == grammar::BinaryOp::add || binary->op == grammar::BinaryOp::subtract)) {
    const auto base = plain_index(*binary->left, names);
    const auto shift = size_of(*binary->right, names);
    if (base && base->index.valid() && shift) {
      return IndexUse{base->index, binary->op == grammar::BinaryOp::add ? base->offset + *shift : base->offset - *shift};
    }
  }
  if (const auto size = size_of(expr, names)) return IndexUse{{}, *size};
  return std::nullopt;
}

Tensor Expander::eval_variable(VariableId id) {
  const model::Variable& variable = graph_.variables[id];
  if (variable.role == model::Role::derived) return eval_derived(id);
  if (variable.role != model::Role::data) return eval_inferred(id);
  if (!variable.missing.valid()) return {variable.dims, [this, id](const std::vector<IndexUse>& at) { return element_of_data(id, at); }};
  return {variable.dims, [this, id](const std::vector<IndexUse>& at) { return element_with_holes(id, at); }};
}

Tensor Expander::eval_inferred(VariableId id) {
  const model::Variable& variable = graph_.variables[id];
  if (is_discrete(variable.type.support.kind)) {
    return {variable.dims, [this, id](const std::vector<IndexUse>& at) { return latent_level(id, at); }};
  }
  return {variable.dims, [id](const std::vector<IndexUse>& at) {
            RawTerm term;
            term.atoms = {Atom{id, {StatisticKind::power, 1}, at}};
            return Poly{term};
          }};
}

Poly Expander::element_of_data(VariableId id, const std::vector<IndexUse>& at) {
  DataNode node;
  node.op = DataOp::element;
  node.variable = id;
  node.indices.assign(at.begin(), at.end());
  return from_data(data(), make(data(), std::move(node)));
}

// Whether all that an index use runs over is known to lie in a range.
bool Expander::lies_in(const IndexUse& use, const Range& range) const {
  const Range own = use.index.valid() ? context_.joint.indices[use.index].range : Range{Size(0), Size(0)};
  const auto below = (own.low + use.offset - range.low).constant();
  const auto above = (range.high - own.high - use.offset).constant();
  return below && above && *below >= 0 && *above >= 0;
}

// The defining expression, its own indices replaced by those asked for.
Tensor Expander::eval_derived(VariableId id) {
  const model::Variable& variable = graph_.variables[id];
  return {
      variable.dims, [this, id](const std::vector<IndexUse>& at) {
        const model::Variable& derived = graph_.variables[id];
        for (const std::size_t d : derived.definitions) {
          const model::Definition& definition = graph_.definitions[d];
          auto inner = std::make_shared<Names>();
          bool matches = true;
          for (std::size_t slot = 0; slot < definition.indices.size(); ++slot) {
            const Expr& index = definition.indices[slot];
            const auto plate_range = [&](const std::string& name) {
              for (const PlateId p : definition.plates) {
                if (graph_.plates[p].index == name) return graph_.plates[p].range;
              }
              return Range{};
            };
            const bool pieces = derived.definitions.size() > 1;
            if (const auto* name = std::get_if<grammar::NameExpr>(&index.kind);
                name != nullptr && std::ranges::any_of(definition.plates, [&](PlateId p) { return graph_.plates[p].index == name->name; })) {
              inner->indices[name->name] = at[slot];
              matches = matches && (!pieces || lies_in(at[slot], plate_range(name->name)));
            } else if (const auto* binary = std::get_if<grammar::BinaryExpr>(&index.kind)) {
              const Size shift = *size_of(*binary->right, nullptr);
              const auto& base = std::get<grammar::NameExpr>(binary->left->kind);
              inner->indices[base.name] = {at[slot].index, binary->op == grammar::BinaryOp::add ? at[slot].offset - shift : at[slot].offset + shift};
              matches = matches && (!pieces || lies_in(inner->indices[base.name], plate_range(base.name)));
            } else {
              matches = matches && !at[slot].index.valid() && at[slot].offset == *size_of(index, nullptr);
            }
          }
          if (!matches) continue;
          const Tensor value = eval(definition.value, inner);
          return value.at({at.begin() + static_cast<std::ptrdiff_t>(derived.array_rank), at.end()});
        }
        throw Failure(Diagnostic{Severity::error,
                                 "piecewise-definition",
                                 fmt::format("`{}` is defined in pieces and used across them", derived.name),
                                 derived.span,
                                 {},
                                 {},
                                 ExitStatus::unsupported});
      }};
}

Tensor Expander::eval_name(const std::string& name, const NamesPtr& names) {
  bool closed = false;
  for (const Names* n = names.get(); n != nullptr && !closed; n = n->parent.get()) {
    if (const auto value = n->values.find(name); value != n->values.end()) return value->second;
    if (const auto index = n->indices.find(name); index != n->indices.end()) {
      const IndexUse use = index->second;
      return {{}, [this, use](const std::vector<IndexUse>&) { return from_data(data(), make_index_value(data(), use)); }};
    }
    if (const auto size = n->sizes.find(name); size != n->sizes.end()) {
      const Size value = size->second;
      return {{}, [this, value](const std::vector<IndexUse>&) { return from_data(data(), make_size(data(), value)); }};
    }
    closed = n->closed;
  }
  if (!closed) {
    if (const VariableId id = graph_.find(name); id.valid()) return eval_variable(id);
    if (const auto found = graph_.constants.find(name); found != graph_.constants.end()) return eval(found->second, nullptr);
    if (std::ranges::find(graph_.size_symbols, name) != graph_.size_symbols.end()) {
      return {{}, [this, name](const std::vector<IndexUse>&) { return from_data(data(), make_size(data(), Size::symbol(name))); }};
    }
  }
  if (name == "pi") return number(M_PI);
  return number(name == "true" ? 1 : 0);
}

Tensor Expander::eval_index(const grammar::IndexExpr& index, const NamesPtr& names) {
  const Tensor base = eval(*index.base, names);
  struct Item {
    std::optional<IndexUse> use;  // plain index
    std::optional<Poly> lookup;   // any other index
    std::optional<Range> slice;
  };
  std::vector<Item> items;
  std::vector<Size> dims;
  for (std::size_t i = 0; i < index.items.size(); ++i) {
    const Expr& item = index.items[i];
    Item out;
    if (std::holds_alternative<grammar::RangeExpr>(item.kind)) {
      out.slice = range_of(item, names);
      dims.push_back(out.slice->extent());
    } else if (out.use = plain_index(item, names); !out.use) {
      out.lookup = scalar(item, names);
    }
    items.push_back(std::move(out));
  }
  dims.insert(dims.end(), base.dims.begin() + static_cast<std::ptrdiff_t>(index.items.size()), base.dims.end());
  const auto* name = std::get_if<grammar::NameExpr>(&index.base->kind);
  bool local = false;
  for (const Names* n = names.get(); n != nullptr && name != nullptr; n = n->parent.get())
    local = local || n->values.contains(name->name) || n->closed;
  const VariableId id = name != nullptr && !local ? graph_.find(name->name) : VariableId{};
  const bool is_data_variable = id.valid() && graph_.variables[id].role == model::Role::data && !graph_.variables[id].missing.valid();
  return {dims, [this, base, items, is_data_variable, id](const std::vector<IndexUse>& at) {
            std::size_t next = 0;
            std::vector<IndexUse> uses;
            std::vector<DataIndex> data_uses;
            for (std::size_t i = 0; i < base.dims.size(); ++i) {
              if (i >= items.size()) {
                uses.push_back(at[next++]);
              } else if (items[i].slice) {
                const IndexUse inner = at[next++];
                uses.push_back({inner.index, inner.offset + items[i].slice->low - Size(1)});
              } else if (items[i].use) {
                uses.push_back(*items[i].use);
              } else if (is_data_variable) {
                const DataExprId lookup = as_data(context_, *items[i].lookup);
                const DataNode& node = data()[lookup];
                if (node.op == DataOp::index_value) {
                  uses.push_back(std::get<IndexUse>(node.indices[0]));
                } else {
                  uses.push_back({});
                  while (data_uses.size() < i) data_uses.emplace_back(uses[data_uses.size()]);
                  data_uses.push_back(DataIndexExpr{lookup});
                  continue;
                }
              } else {
                uses.push_back(pick(*items[i].lookup, base.dims[i]));
              }
              if (!data_uses.empty()) data_uses.push_back(uses.back());
            }
            if (data_uses.empty()) return base.at(uses);
            DataNode node;
            node.op = DataOp::element;
            node.variable = id;
            node.indices = data_uses;
            return from_data(data(), make(data(), std::move(node)));
          }};
}

Tensor Expander::eval_conditional(const Expr& expr, const grammar::ConditionalExpr& conditional, const NamesPtr& names) {
  const Tensor a = eval(*conditional.if_true, names);
  const Tensor b = eval(*conditional.if_false, names);
  const Expr* condition = &*conditional.condition;
  return {a.dims, [this, a, b, condition, names, &expr](const std::vector<IndexUse>& at) {
            const Poly test = scalar(*condition, names);
            const Poly yes = a.at(at);
            const Poly no = b.at(at);
            if (!is_data(test)) return opaque(expr, "a condition on a continuous latent variable", DataOp::conditional, {&test, &yes, &no});
            const DataExprId flag = as_data(context_, test);
            if (is_data(yes) && is_data(no)) {
              return from_data(data(), make_call(data(), DataOp::conditional, {flag, as_data(context_, yes), as_data(context_, no)}));
            }
            const DataExprId truth = make_call(data(), DataOp::not_equal, {flag, make_number(data(), 0)});
            return sum(context_, product(from_data(data(), truth), yes),
                       product(from_data(data(), make_call(data(), DataOp::logical_not, {truth})), no));
          }};
}

Tensor Expander::eval_sum(const grammar::SumExpr& expr, const NamesPtr& names) {
  const Range range = range_of(*expr.range, names);
  const std::string name = expr.index;
  const Expr* body = &*expr.body;
  auto probe = std::make_shared<Names>();
  probe->parent = names;
  probe->indices[name] = {fresh(name, range), 0};
  const std::vector<Size> dims = eval(*body, probe).dims;
  return {dims, [this, range, name, body, names](const std::vector<IndexUse>& at) {
            auto inner = std::make_shared<Names>();
            const IndexId index = fresh(name, range);
            inner->parent = names;
            inner->indices[name] = {index, 0};
            return summed_over(eval(*body, inner).at(at), index);
          }};
}

Tensor Expander::eval_array(const grammar::ArrayExpr& array, const NamesPtr& names) {
  std::vector<Tensor> elements;
  for (const Expr& element : array.elements) elements.push_back(eval(element, names));
  std::vector<Size> dims{Size(static_cast<std::int64_t>(elements.size()))};
  if (!elements.empty()) dims.insert(dims.end(), elements[0].dims.begin(), elements[0].dims.end());
  return {dims, [this, elements](const std::vector<IndexUse>& at) -> Poly {
            const std::vector<IndexUse> rest(at.begin() + 1, at.end());
            const auto position = at[0].index.valid() ? std::nullopt : at[0].offset.constant();
            if (position) return elements[static_cast<std::size_t>(*position - 1)].at(rest);
            std::vector<Poly> values;
            bool all_data = true;
            for (const Tensor& element : elements) {
              values.push_back(element.at(rest));
              all_data = all_data && is_data(values.back());
            }
            if (all_data) {
              DataNode node;
              node.op = DataOp::array;
              node.shape = {static_cast<std::int64_t>(elements.size())};
              node.indices = {at[0]};
              for (const Poly& value : values) node.args.push_back(as_data(context_, value));
              return from_data(data(), make(data(), std::move(node)));
            }
            Poly out;
            for (std::size_t i = 0; i < values.size(); ++i) {
              const IndexUse here{{}, Size(static_cast<std::int64_t>(i) + 1)};
              const Poly chosen = product(from_data(data(), make_delta(data(), at[0], here)), values[i]);
              out.insert(out.end(), chosen.begin(), chosen.end());
            }
            return out;
          }};
}

Tensor Expander::eval(const Expr& expr, const NamesPtr& names) {
  return std::visit(Overload{
                        [&](const grammar::NumberExpr& e) { return number(e.value); },
                        [&](const grammar::StringExpr&) { return number(0); },
                        [&](const grammar::NameExpr& e) { return eval_name(e.name, names); },
                        [&](const grammar::CallExpr& e) { return eval_call(expr, e, names); },
                        [&](const grammar::IndexExpr& e) { return eval_index(e, names); },
                        [&](const grammar::FieldExpr& e) { return eval(*e.base, names); },
                        [&](const grammar::UnaryExpr& e) {
                          const Tensor operand = eval(*e.operand, names);
                          if (e.op == grammar::UnaryOp::negate) {
                            return Tensor{operand.dims, [operand](const std::vector<IndexUse>& at) { return scaled(operand.at(at), -1); }};
                          }
                          return Tensor{operand.dims, [this, operand, &expr](const std::vector<IndexUse>& at) {
                                          const Poly value = operand.at(at);
                                          if (!is_data(value)) {
                                            return opaque(expr, "`not` of a continuous latent variable", DataOp::logical_not, {&value});
                                          }
                                          return from_data(data(), make_call(data(), DataOp::logical_not, {as_data(context_, value)}));
                                        }};
                        },
                        [&](const grammar::BinaryExpr& e) { return eval_binary(expr, e, names); },
                        [&](const grammar::ConditionalExpr& e) { return eval_conditional(expr, e, names); },
                        [&](const grammar::SumExpr& e) { return eval_sum(e, names); },
                        [&](const grammar::ArrayExpr& e) { return eval_array(e, names); },
                        [&](const grammar::RangeExpr&) { return number(0); },
                    },
                    expr.kind);
}

NamesPtr Expander::bind_sizes(const std::vector<grammar::Parameter>& parameters, std::vector<Tensor> arguments) const {
  auto inner = std::make_shared<Names>();
  inner->closed = true;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].type) {
      std::vector<const Expr*> extents;
      for (const Expr& extent : parameters[i].type->extents) extents.push_back(&extent);
      for (const Expr& extent : parameters[i].type->arguments) extents.push_back(&extent);
      for (std::size_t d = 0; d < extents.size() && d < arguments[i].dims.size(); ++d) {
        if (const auto* name = std::get_if<grammar::NameExpr>(&extents[d]->kind)) inner->sizes.emplace(name->name, arguments[i].dims[d]);
      }
    }
    inner->values[parameters[i].name.name] = std::move(arguments[i]);
  }
  return inner;
}

Poly Expander::density(const model::Factor& factor, const NamesPtr& plates) {
  const grammar::DistributionStatement& statement = graph_.distributions[factor.distribution].statement;
  std::vector<Tensor> arguments(statement.parameters.size());
  std::size_t position = 0;
  for (const grammar::Argument& argument : factor.call.arguments) {
    std::size_t at = position;
    if (argument.name.empty()) {
      ++position;
    } else {
      at = static_cast<std::size_t>(
          std::ranges::find_if(statement.parameters, [&](const grammar::Parameter& p) { return p.name.name == argument.name; }) -
          statement.parameters.begin());
    }
    arguments[at] = eval(*argument.value, plates);
  }
  auto body = std::make_shared<Names>(*bind_sizes(statement.parameters, std::move(arguments)));
  Expr target{grammar::NameExpr{graph_.variables[factor.variable].name}, factor.span};
  if (!factor.indices.empty()) target = Expr{grammar::IndexExpr{target, factor.indices}, factor.span};
  body->values[statement.log_density->variate.name] = eval(target, plates);
  return scalar(statement.log_density->value, body);
}

// The indicator of the gate's element, without a level.
Atom Expander::gated_element(const model::Gate& gate, const NamesPtr& plates) {
  Atom indicator{gate.variable, {StatisticKind::indicator, 1}, {}};
  for (std::size_t slot = 0; slot < gate.indices.size(); ++slot) {
    const auto plain = plain_index(gate.indices[slot], plates);
    indicator.indices.push_back(plain ? *plain : pick(scalar(gate.indices[slot], plates), graph_.variables[gate.variable].dims[slot]));
  }
  return indicator;
}

// Under a gate that names one level, the element is that level wherever the density uses it.
void Expander::fix_levels(const std::vector<model::Gate>& gates, const NamesPtr& plates) {
  fixed_.clear();
  for (const model::Gate& gate : gates) {
    const auto* number = std::get_if<grammar::NumberExpr>(&gate.levels[0].kind);
    if (!gate.equal || gate.levels.size() > 1 || number == nullptr) continue;
    fixed_.emplace_back(gated_element(gate, plates), Size(static_cast<std::int64_t>(number->value)));
  }
}

// Σ [z = level] over the levels that open the gate; where these are all but some, Σ_k [z = k] [k != level], the k that the density picks with.
Poly Expander::gate_indicator(const model::Gate& gate, const NamesPtr& plates) {
  const Atom element = gated_element(gate, plates);
  if (!gate.equal) {
    const DataExprId k = as_data(context_, latent_level(gate.variable, element.indices));
    Poly out = constant(1);
    for (const Expr& level : gate.levels) {
      out = product(out, from_data(data(), make_call(data(), DataOp::not_equal, {k, as_data(context_, scalar(level, plates))})));
    }
    return out;
  }
  Poly out;
  for (const Expr& level : gate.levels) {
    const auto plain = plain_index(level, plates);
    RawTerm term;
    term.atoms = {element};
    term.atoms[0].indices.push_back(plain ? *plain : pick(scalar(level, plates), graph_.variables[gate.variable].type.levels));
    out.push_back(term);
  }
  return out;
}

Poly Expander::expand(FactorId id) {
  const model::Factor& factor = graph_.factors[id];
  factor_ = id;
  picks_.clear();
  holes_.clear();
  exponents_.clear();
  weight_.reset();
  auto plates = std::make_shared<Names>();
  std::vector<IndexId> plate_indices;
  for (const PlateId plate : factor.plates) {
    plate_indices.push_back(fresh(graph_.plates[plate].index, graph_.plates[plate].range));
    context_.plates.insert(plate_indices.back());
    plates->indices[graph_.plates[plate].index] = {plate_indices.back(), 0};
  }
  const std::vector<model::Gate> gates = model::merged(factor.gates);
  fix_levels(gates, plates);
  Poly terms = density_with_holes(factor, plates);
  DataExprId all;
  for (const Expr& condition : factor.conditions) {
    const Poly test = scalar(condition, plates);
    const DataExprId truth = make_call(data(), DataOp::not_equal, {as_data(context_, test), make_number(data(), 0)});
    terms = product(terms, from_data(data(), truth));
    const auto& existing = graph_.variables[factor.variable].conditions;
    const bool outer = std::ranges::any_of(existing, [&](const Expr& e) { return grammar::to_text(e) == grammar::to_text(condition); });
    if (outer) all = all.valid() ? make_call(data(), DataOp::multiply, {all, truth}) : truth;
  }
  if (all.valid() && !factor.adds) {
    Existence& existence = context_.joint.existence[factor.variable];
    existence = {all, {}};
    for (const Expr& index : factor.indices) existence.at.push_back(*plain_index(index, plates));
  }
  for (const model::Gate& gate : gates) terms = product(terms, gate_indicator(gate, plates));
  for (const PlateId plate : factor.plates) {
    if (!graph_.plates[plate].weight) continue;
    const DataExprId weight = as_data(context_, scalar(*graph_.plates[plate].weight, plates));
    weight_ = weight_ ? make_call(data(), DataOp::multiply, {*weight_, weight}) : weight;
  }
  for (RawTerm& term : terms) {
    attach_picks(term);
    term.sums.insert(term.sums.end(), plate_indices.begin(), plate_indices.end());
  }
  return terms;
}

}  // namespace jensen::derive
