#include "plan/plan.hpp"
#include "plan/split.hpp"

namespace jensen::plan {

ContractionSpec spec_of(const Plan& plan, const ReducedTerm& term) {
  ContractionSpec spec{term.coefficient, term.extents, {}, {0, std::vector<std::int64_t>(term.extents.size(), 0)}};
  for (const Operand& operand : term.operands) {
    const Table table = operand.table < 0 ? nullptr : plan.tables[static_cast<std::size_t>(operand.table)];
    spec.inputs.push_back({static_cast<int>(plan.input_of(operand.kind, operand.id)), operand.at, table});
  }
  return spec;
}

// ∂E[term] / ∂operand: the term without it, summed into its place.
ContractionSpec derivative_spec(const Plan& plan, const ReducedTerm& term, std::size_t operand) {
  ContractionSpec spec = spec_of(plan, term);
  spec.output = term.operands[operand].at;
  spec.output_table = spec.inputs[operand].table;
  spec.inputs.erase(spec.inputs.begin() + static_cast<std::ptrdiff_t>(operand));
  return spec;
}

namespace {

Contraction derivative(const Plan& plan, const ReducedTerm& term, std::size_t operand) { return Contraction(derivative_spec(plan, term, operand)); }

void compile(Plan& plan) {
  plan.messages.resize(plan.blocks.size());
  plan.moment_messages.resize(plan.moments.size());
  for (std::size_t t = 0; t < plan.terms.size(); ++t) {
    const ReducedTerm& term = plan.terms[t];
    for (std::size_t o = 0; o < term.operands.size(); ++o) {
      const Operand& operand = term.operands[o];
      const auto id = static_cast<std::size_t>(operand.id);
      if (operand.kind == OperandKind::statistic) {
        plan.messages[id].push_back({t, derivative(plan, term, o)});
      } else if (operand.kind == OperandKind::moment && plan.passes[static_cast<std::size_t>(plan.moments[id].pass)].block) {
        plan.moment_messages[id].push_back({t, derivative(plan, term, o)});
      }
    }
    if (!term.swept) plan.energies.push_back({t, Contraction(spec_of(plan, term))});
  }
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) plan.shared_precisions.push_back(find_shared_precision(plan, static_cast<int>(b)));
}

// A value found in a term is shown at the statement that the term comes from.
Diagnostic placed(Diagnostic diagnostic, const model::ModelGraph& graph, const derive::Term& term) {
  if (!diagnostic.span.valid() && !term.factors.empty()) diagnostic.span = graph.factors[term.factors.front()].span;
  return diagnostic;
}

void plan_terms(const model::ModelGraph& graph, const derive::Derivation& derivation, const model::BoundData& data, Plan& plan) {
  Resolver resolver(graph, derivation, data, plan);
  resolver.resolve_blocks();
  std::vector<ResolvedTerm> terms;
  for (std::size_t t = 0; t < derivation.log_joint.terms.size(); ++t) {
    try {
      terms.push_back(resolver.resolve(TermId(t)));
    } catch (const Failure& failure) {
      throw Failure(placed(failure.diagnostic(), graph, derivation.log_joint.terms[TermId(t)]));
    }
  }
  std::map<int, std::vector<std::int32_t>> parents;
  std::map<std::vector<std::int64_t>, int> gathered;
  for (ResolvedTerm& term : terms) gather_rows(plan, term, gathered);
  for (ResolvedTerm& term : terms) align_rows(plan, term, parents);
  choose_swept(graph, derivation, terms, plan);
  for (const ResolvedTerm& term : terms) {
    for (const StatisticUse& use : term.statistics) {
      PlannedBlock& block = plan.blocks[static_cast<std::size_t>(use.block)];
      const auto& weight = derivation.blocks[block.id].weight;
      if (weight && term.weight_id == weight) resolver.resolve_weight(block, term, use);
    }
  }
  Splitter splitter(resolver, plan);
  for (ResolvedTerm& term : terms) splitter.split(std::move(term));
  splitter.finish();
  for (std::size_t p = 0; p < plan.passes.size(); ++p) {
    Pass& pass = plan.passes[p];
    if (!pass.of_links) continue;
    const auto found = parents.find(*pass.block);
    const std::int64_t shift = derivation.blocks[plan.blocks[static_cast<std::size_t>(*pass.block)].id].chain->shift;
    try {
      Link link = make_link(plan, static_cast<int>(p), shift, found == parents.end() ? nullptr : &found->second);
      for (Pass& own : plan.passes) {
        if (own.block == pass.block && !own.of_links) own.link = std::move(link);
      }
    } catch (const Failure& failure) {
      Diagnostic placed = failure.diagnostic();
      placed.span = graph.variables[plan.blocks[static_cast<std::size_t>(*pass.block)].components[0].variable].span;
      throw Failure(std::move(placed));
    }
  }
  for (ReducedTerm& term : plan.terms) term.factors = derivation.log_joint.terms[term.term].factors;
}

}  // namespace

Result<Plan> make_plan(const model::ModelGraph& graph, const derive::Derivation& derivation, const model::BoundData& data) {
  Plan plan;
  try {
    plan_terms(graph, derivation, data, plan);
    compile(plan);
  } catch (const Failure& failure) {
    return failure.diagnostic();
  }
  return plan;
}

}  // namespace jensen::plan
