// The derivation as JSON: the same content as the text, formulas as strings.
#include <nlohmann/json.hpp>

#include "derive/derive.hpp"
#include "derive/notation.hpp"
#include "derive/updates.hpp"

namespace jensen::derive {

namespace {

using Json = nlohmann::ordered_json;

Json block_json(const model::ModelGraph& graph, const Derivation& derivation, BlockId id, const Notation& notation) {
  const Block& block = derivation.blocks[id];
  Json out;
  for (const Component& component : block.components) out["variables"].push_back(graph.variables[component.variable].name);
  out["kind"] = to_text(block.kind);
  out["point"] = block.point;
  if (block.kind != BlockKind::unsupported) out["family"] = block.family.name();
  out["factor"] = notation.q_product(block);
  out["reason"] = block.reason;
  if (block.offender) out["broken_by_term"] = block.offender->value + 1;
  for (const Size& size : block.batch) out["batch"].push_back(size.text());
  if (block.kind == BlockKind::unsupported) return out;
  for (const Message& message : messages(derivation, id)) {
    Json update;
    std::string statistic;
    for (const Atom& atom : message.statistic) statistic += (statistic.empty() ? "" : " ") + notation.atom(atom);
    update["statistic"] = statistic;
    std::string natural;
    for (const Message::Part& part : message.parts) {
      natural +=
          (natural.empty() ? "" : " ") + notation.product(part.coefficient, part.data, part.atoms, part.sums, part.weight, true, natural.empty());
      update["terms"].push_back(part.term.value + 1);
    }
    update["natural"] = natural;
    out["updates"].push_back(update);
  }
  const auto family = printed_family(block);
  for (const auto& formula : family->formulas()) {
    if (!block.point) out["parameters"][formula.parameter] = formula.text;
  }
  return out;
}

}  // namespace

std::string to_json(const model::ModelGraph& graph, const Derivation& derivation, const PrintOptions& options) {
  const Notation notation(graph, derivation, Style::text);
  const VariableId variable = graph.find(options.variable);
  Json out;
  if (variable.valid()) {
    const BlockId block = derivation.block_of[static_cast<std::size_t>(variable.value)];
    if (block.valid()) out = block_json(graph, derivation, block, notation);
    return out.dump(2) + "\n";
  }
  out["model"] = graph.name;
  out["exact"] = derivation.exact;
  for (std::size_t t = 0; t < derivation.log_joint.terms.size(); ++t) {
    const Term& term = derivation.log_joint.terms[TermId(t)];
    Json entry;
    entry["term"] = t + 1;
    entry["formula"] = notation.term(term, false, true);
    if (options.sources != nullptr) {
      for (const FactorId f : term.factors)
        entry["lines"].push_back((*options.sources)[graph.factors[f].span.source].position(graph.factors[f].span.begin).line);
    }
    out["log_joint"].push_back(entry);
  }
  for (const Residual& residual : derivation.log_joint.residuals) {
    Json entry;
    entry["text"] = residual.text;
    entry["reason"] = residual.reason;
    for (const VariableId id : residual.variables) entry["variables"].push_back(graph.variables[id].name);
    out["residuals"].push_back(entry);
  }
  for (std::size_t b = 0; b < derivation.blocks.size(); ++b) out["blocks"].push_back(block_json(graph, derivation, BlockId(b), notation));
  return out.dump(2) + "\n";
}

}  // namespace jensen::derive
