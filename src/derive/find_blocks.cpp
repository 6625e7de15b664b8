#include "derive/find_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "derive/gates.hpp"

namespace jensen::derive {

VariableId present_mask(const model::ModelGraph& graph, VariableId id) {
  const VariableId data = graph.variables[id].missing_of;
  return data.valid() ? graph.variables[data].missing_mask : VariableId{};
}

std::vector<TermId> terms_with(const LogJoint& joint, const std::vector<VariableId>& variables) {
  std::vector<TermId> out;
  for (std::size_t i = 0; i < joint.terms.size(); ++i) {
    const Term& term = joint.terms[TermId(i)];
    if (std::ranges::any_of(term.atoms, [&](const Atom& atom) { return std::ranges::find(variables, atom.variable) != variables.end(); })) {
      out.push_back(TermId(i));
    }
  }
  return out;
}

namespace {

using model::ModelGraph;
using model::Role;
using model::Variable;

bool inferred(const Variable& variable) { return variable.role == Role::latent || variable.role == Role::param; }

SourceSpan span_of(const ModelGraph& graph, const Term& term) { return term.factors.empty() ? SourceSpan{} : graph.factors[term.factors[0]].span; }

void set_unsupported(const ModelGraph& graph, const LogJoint& joint, Block& block, std::string reason, std::optional<TermId> offender) {
  block.kind = BlockKind::unsupported;
  block.reason = std::move(reason);
  block.offender = offender;
  if (offender) block.offender_span = span_of(graph, joint.terms[*offender]);
}

std::set<Statistic> statistics_in(const LogJoint& joint, const std::vector<TermId>& terms, VariableId id) {
  std::set<Statistic> out;
  for (const TermId term : terms) {
    for (const Atom& atom : joint.terms[term].atoms) {
      if (atom.variable == id) out.insert(atom.statistic);
    }
  }
  return out;
}

std::string list(const std::set<Statistic>& statistics, const std::string& name) {
  std::string out;
  for (const Statistic& statistic : statistics) out += (out.empty() ? "" : ", ") + to_text(statistic, name);
  return out.empty() ? "none" : out;
}

std::optional<family::FamilyKind> family_of(const Variable& variable, const std::set<Statistic>& statistics) {
  return family::find_family({variable.type.support, {statistics.begin(), statistics.end()}}, variable.role == Role::param);
}

// The term that broke conjugacy: the first one whose statistic is not among those that the variable's own distribution has, or without which
// a family would be found.
std::optional<TermId> offending_term(const ModelGraph& graph, const LogJoint& joint, const std::vector<TermId>& terms, VariableId id) {
  const Variable& variable = graph.variables[id];
  std::set<Statistic> own;
  for (const TermId t : terms) {
    const Term& term = joint.terms[t];
    if (std::ranges::none_of(term.factors, [&](FactorId f) { return graph.factors[f].variable == id; })) continue;
    for (const Atom& atom : term.atoms) {
      if (atom.variable == id) own.insert(atom.statistic);
    }
  }
  const std::optional<family::FamilyKind> prior = own.empty() ? std::nullopt : family_of(variable, own);
  const std::vector<Statistic> known = prior ? prior->statistics() : std::vector<Statistic>{};
  for (const TermId t : terms) {
    for (const Atom& atom : joint.terms[t].atoms) {
      if (atom.variable == id && prior && std::ranges::find(known, atom.statistic) == known.end()) return t;
    }
  }
  return terms.empty() ? std::nullopt : std::optional(terms.front());
}

std::optional<TermId> product_with_itself(const LogJoint& joint, const std::vector<TermId>& terms, VariableId id) {
  for (const TermId t : terms) {
    if (std::ranges::count_if(joint.terms[t].atoms, [&](const Atom& atom) { return atom.variable == id; }) > 1) return t;
  }
  return std::nullopt;
}

bool is_one_number(const Variable& variable) {
  const SupportKind kind = variable.type.support.kind;
  return variable.type.dims.empty() && kind != SupportKind::boolean && kind != SupportKind::category;
}

std::string list_functions(const std::set<Statistic>& statistics, const std::string& name) {
  std::string out;
  bool functions = false;
  for (const Statistic& statistic : statistics) {
    functions = functions || statistic.kind == StatisticKind::function;
    if (statistic.kind != StatisticKind::function) out += (out.empty() ? "" : ", ") + to_text(statistic, name);
  }
  if (functions) out += fmt::format("{}other functions of {}", out.empty() ? "" : " and ", name);
  return out.empty() ? "none" : out;
}

void set_scalar(const Variable& variable, const std::set<Statistic>& statistics, Block& block) {
  block.kind = BlockKind::scalar;
  block.family.kind = family::FamilyKind::Kind::scalar;
  block.family.listed.assign(statistics.begin(), statistics.end());
  const bool summed = is_discrete(variable.type.support.kind);
  block.reason = fmt::format("{0} appears as {1}, which no family on {2} has: {0} is one number, so its density is normalised by {3}", variable.name,
                             list_functions(statistics, variable.name), to_text(variable.type.support.kind), summed ? "summation" : "quadrature");
}

// A variable that is independent given the rest: one q per element of its array.
Block single_block(const ModelGraph& graph, const LogJoint& joint, VariableId id) {
  const Variable& variable = graph.variables[id];
  Block block;
  block.point = variable.role == Role::param;
  Component component{id, {}, {}};
  component.present = present_mask(graph, id);
  for (std::size_t slot = 0; slot < variable.dims.size(); ++slot) {
    (slot < variable.array_rank ? component.batch_slots : component.inner_slots).push_back(slot);
    if (slot < variable.array_rank) block.batch.push_back(variable.dims[slot]);
  }
  block.components = {component};
  block.terms = terms_with(joint, {id});
  const std::string& name = variable.name;
  for (const Residual& residual : joint.residuals) {
    if (std::ranges::find(residual.variables, id) == residual.variables.end()) continue;
    set_unsupported(graph, joint, block, fmt::format("`{}` is {}, which is no product of statistics", residual.text, residual.reason), std::nullopt);
    block.offender_span = residual.factor.valid() ? graph.factors[residual.factor].span : residual.span;
    return block;
  }
  const std::set<Statistic> statistics = statistics_in(joint, block.terms, id);
  if (const auto term = product_with_itself(joint, block.terms, id)) {
    set_unsupported(graph, joint, block,
                    is_discrete(variable.type.support.kind)
                        ? fmt::format("elements of {} are coupled with each other: a chain needs exact sums along it", name)
                        : fmt::format("statistics of {} multiply in one term, and no family has their product", name),
                    term);
    return block;
  }
  const auto found = family_of(variable, statistics);
  if (!found && is_one_number(variable)) {
    set_scalar(variable, statistics, block);
    block.offender = offending_term(graph, joint, block.terms, id);
    return block;
  }
  if (!found) {
    const std::string where =
        fmt::format("{} appears as {}, which no family on {} has", name, list(statistics, name), to_text(variable.type.support.kind));
    set_unsupported(graph, joint, block, where, offending_term(graph, joint, block.terms, id));
    return block;
  }
  block.family = *found;
  const bool summed = found->kind == family::FamilyKind::Kind::categorical;
  if (summed) {
    block.kind = BlockKind::discrete;
    block.levels = variable.type.levels;
    block.first_level = variable.type.support.kind == SupportKind::category ? 1 : 0;
    block.reason = fmt::format("{} takes {} levels, which are summed exactly", name, block.levels.text());
  } else {
    block.kind = BlockKind::family;
    block.reason = fmt::format("{} appears as {}: {} on {}", name, list(statistics, name), found->name(), to_text(variable.type.support.kind));
  }
  return block;
}

std::string names_of(const ModelGraph& graph, const std::vector<VariableId>& variables) {
  std::string out;
  for (const VariableId id : variables) out += (out.empty() ? "" : ", ") + graph.variables[id].name;
  return out;
}

// Params that a function holds together; each of them stays as it is.
Block optimised_block(const ModelGraph& graph, const LogJoint& joint, const OptimisedSet& set) {
  const std::vector<VariableId>& variables = set.variables;
  Block block;
  block.kind = BlockKind::newton;
  block.family.kind = family::FamilyKind::Kind::optimised;
  block.point = true;
  for (const VariableId id : variables) {
    Component component{id, {}, {}};
    for (std::size_t slot = 0; slot < graph.variables[id].dims.size(); ++slot) component.inner_slots.push_back(slot);
    block.components.push_back(component);
  }
  block.terms = terms_with(joint, variables);
  block.offender = set.offender;
  block.reason = fmt::format("a function holds {}{} together and is no sum of products of their statistics",
                             variables.size() == 1 ? "elements of " : "", names_of(graph, variables));
  for (const VariableId id : variables) {
    for (const Residual& residual : joint.residuals) {
      if (std::ranges::find(residual.variables, id) == residual.variables.end()) continue;
      set_unsupported(graph, joint, block, fmt::format("`{}` is {}, which is no product of statistics", residual.text, residual.reason),
                      std::nullopt);
      block.offender_span = residual.factor.valid() ? graph.factors[residual.factor].span : residual.span;
    }
  }
  return block;
}

Block gaussian_block(const ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& variables) {
  Block block;
  block.kind = BlockKind::gaussian;
  const auto is_param = [&](VariableId id) { return graph.variables[id].role == Role::param; };
  block.point = std::ranges::all_of(variables, is_param);
  const Coupling coupling = couple(graph, joint, variables);
  block.components = coupling.components;
  const bool mixed = !block.point && std::ranges::any_of(variables, is_param);
  for (Component& component : block.components) component.point = mixed && is_param(component.variable);
  block.batch = coupling.batch;
  block.terms = terms_with(joint, variables);
  block.family.kind = family::FamilyKind::Kind::gaussian;
  block.family.multivariate = variables.size() > 1 || !coupling.components[0].inner_slots.empty();
  block.reason = fmt::format("the log joint is {}quadratic in {}", variables.size() > 1 ? "jointly " : "", names_of(graph, variables));
  if (mixed) block.family.kind = family::FamilyKind::Kind::gaussian_pattern;
  if (mixed) block.reason += "; for its params the mode of the marginal, which maximises over q and them together";
  return block;
}

std::string chain_text(const ModelGraph& graph, const Block& block) {
  const std::string& name = graph.variables[block.components[0].variable].name;
  if (block.chain->parent) return fmt::format("; its elements form a tree: {} hangs on the element that data name", name);
  return fmt::format("; a chain: {} meets only the one {} before it, so sums go row by row", name,
                     block.chain->shift == 1 ? "just" : fmt::format("{} places", block.chain->shift));
}

// The multiplicity of the plates that a latent variable itself lies in.
void set_weight(const ModelGraph& graph, const LogJoint& joint, Block& block) {
  if (block.point || !weighted(graph, block.components[0].variable)) return;
  if (!block.terms.empty()) block.weight = joint.terms[block.terms[0]].weight;
  for (const TermId t : block.terms) {
    if (joint.terms[t].weight != block.weight) {
      set_unsupported(graph, joint, block, fmt::format("{} lies in plates of different weights", graph.variables[block.components[0].variable].name),
                      t);
      return;
    }
  }
}

void join_scales(const ModelGraph& graph, const LogJoint& joint, std::vector<Block>& blocks) {
  for (std::size_t v = 0; v < blocks.size(); ++v) {
    for (std::size_t s = 0; s < blocks.size(); ++s) {
      std::optional<Block> found = joint_block(graph, joint, blocks[v], blocks[s]);
      if (!found) continue;
      blocks[std::min(v, s)] = std::move(*found);
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(std::max(v, s)));
      v = std::min(v, s);
      break;
    }
  }
}

int update_rank(const ModelGraph& graph, const Block& block) {
  if (graph.variables[block.components[0].variable].data_sized) return 2;
  return block.kind == BlockKind::gaussian ? 0 : 1;  // locations first: a scale is then fitted around them
}

// Whether the term ties the two by the gate alone: what is inside is conditional on it, so they may meet so.
bool is_gate_of(const Derivation& derivation, const Term& term, BlockId gate, BlockId inside) {
  return std::ranges::any_of(derivation.blocks[inside].gates, [&](const Gate& g) {
    if (derivation.block_of[static_cast<std::size_t>(g.variable.value)] != gate) return false;
    const auto use = gate_use(derivation.log_joint, term, g);
    return use && use->only;
  });
}

bool exact_given_params(const Derivation& derivation) {
  for (const Block& block : derivation.blocks) {
    if (block.kind == BlockKind::unsupported) return false;
  }
  for (const Term& term : derivation.log_joint.terms) {
    BlockId seen, gate;  // what is inside a gate is conditional on it, so the two may meet
    for (const Atom& atom : term.atoms) {
      const BlockId block = derivation.block_of[static_cast<std::size_t>(atom.variable.value)];
      if (derivation.blocks[block].point || block == gate) continue;
      if (!seen.valid() || seen == block) {
        seen = block;
      } else if (is_gate_of(derivation, term, block, seen)) {
        gate = block;
      } else if (is_gate_of(derivation, term, seen, block)) {
        gate = std::exchange(seen, block);
      } else {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

std::string to_text(BlockKind kind) {
  switch (kind) {
    case BlockKind::family:
      return "family";
    case BlockKind::gaussian:
      return "gaussian";
    case BlockKind::discrete:
      return "discrete";
    case BlockKind::network:
      return "network";
    case BlockKind::scalar:
      return "scalar";
    case BlockKind::newton:
      return "newton";
    case BlockKind::joint:
      return "joint";
    case BlockKind::unsupported:
      return "unsupported";
  }
  return {};
}

void find_blocks(const ModelGraph& graph, Derivation& derivation, const std::set<VariableId>& apart, const std::vector<OptimisedSet>& optimised) {
  const LogJoint& joint = derivation.log_joint;
  std::vector<Block> blocks;
  std::set<VariableId> assigned;
  for (const OptimisedSet& set : optimised) {
    blocks.push_back(optimised_block(graph, joint, set));
    assigned.insert(set.variables.begin(), set.variables.end());
  }
  for (const auto& set : jointly_quadratic_sets(graph, joint, apart, assigned)) {
    blocks.push_back(gaussian_block(graph, joint, set));
    assigned.insert(set.begin(), set.end());
  }
  for (const auto& set : coupled_discrete_sets(graph, joint, apart)) {
    blocks.push_back(network_block(graph, joint, set));
    assigned.insert(set.begin(), set.end());
  }
  for (std::size_t i = 0; i < graph.variables.size(); ++i) {
    const VariableId id(i);
    const bool integrated = graph.variables[id].missing_of.valid() && terms_with(joint, {id}).empty();  // cells that nothing depends on
    if (inferred(graph.variables[id]) && !assigned.contains(id) && !integrated) blocks.push_back(single_block(graph, joint, id));
  }
  for (Block& block : blocks) {
    set_weight(graph, joint, block);
    if (const std::string why = set_gates(graph, joint, block); !why.empty() && block.kind != BlockKind::unsupported) {
      set_unsupported(graph, joint, block, why, std::nullopt);
    }
  }
  for (Block& block : blocks) {
    block.chain = find_chain(graph, joint, block);
    if (block.chain) block.reason += chain_text(graph, block);
  }
  join_scales(graph, joint, blocks);
  std::ranges::stable_sort(blocks, [&](const Block& a, const Block& b) {
    return std::pair(update_rank(graph, a), a.components[0].variable) < std::pair(update_rank(graph, b), b.components[0].variable);
  });
  derivation.block_of.assign(graph.variables.size(), BlockId{});
  for (Block& block : blocks) {
    const BlockId id = derivation.blocks.add(std::move(block));
    for (const Component& component : derivation.blocks[id].components) derivation.block_of[static_cast<std::size_t>(component.variable.value)] = id;
  }
  derivation.exact = exact_given_params(derivation);
}

}  // namespace jensen::derive
