#include "derive/derive.hpp"

#include <fmt/format.h>

#include "derive/expand.hpp"
#include "derive/find_blocks.hpp"
#include "derive/normal_form.hpp"

namespace jensen::derive {

namespace {

Diagnostic not_yet(const model::Unsupported& unsupported) {
  return {Severity::error,        "not-supported-yet", fmt::format("{} is not supported yet", unsupported.what), unsupported.span, {}, {},
          ExitStatus::unsupported};
}

}  // namespace

Result<Derivation> derive(const model::ModelGraph& graph, const std::set<VariableId>& apart) {
  Diagnostics later;
  for (const model::Unsupported& unsupported : graph.unsupported) later.push_back(not_yet(unsupported));
  if (!later.empty()) return later;
  try {
    Derivation derivation;
    Context context{derivation.log_joint};
    Expander expander(graph, context);
    std::vector<FactorTerms> factors;
    for (std::size_t i = 0; i < graph.factors.size(); ++i) {
      FactorTerms factor{FactorId(i), expander.expand(FactorId(i)), {}};
      factor.weight = expander.weight();
      std::erase_if(factor.terms, [](const RawTerm& term) { return !term.residuals.empty(); });  // kept as residuals
      factors.push_back(std::move(factor));
    }
    derivation.log_joint.residuals = expander.residuals();
    normalise(graph, context, std::move(factors));
    const std::vector<OptimisedSet> optimised = find_optimised(graph, context);
    find_blocks(graph, derivation, apart, optimised);
    return derivation;
  } catch (const Failure& failure) {
    return failure.diagnostic();
  }
}

Diagnostics unsupported(const model::ModelGraph& graph, const Derivation& derivation) {
  Diagnostics out;
  for (const model::Unsupported& statement : graph.unsupported) out.push_back(not_yet(statement));
  for (const Block& block : derivation.blocks) {
    if (block.kind != BlockKind::unsupported) continue;
    std::string names;
    for (const Component& component : block.components) names += (names.empty() ? "`" : ", `") + graph.variables[component.variable].name + "`";
    Diagnostic diagnostic{
        Severity::error,        "no-update-yet", fmt::format("no update is known yet for {}: {}", names, block.reason), block.offender_span, {}, {},
        ExitStatus::unsupported};
    if (!diagnostic.span.valid()) diagnostic.span = graph.variables[block.components[0].variable].span;
    out.push_back(std::move(diagnostic));
  }
  return out;
}

}  // namespace jensen::derive
