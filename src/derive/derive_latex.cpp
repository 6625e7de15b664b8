// The derivation as LaTeX: a fragment of align* environments that any article can include.
#include <fmt/format.h>

#include "derive/derive.hpp"
#include "derive/notation.hpp"
#include "derive/updates.hpp"

namespace jensen::derive {

namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '_' || c == '&' || c == '%' || c == '#') out += '\\';
    out += c == '^' ? std::string("\\^{}") : std::string(1, c);
  }
  return out;
}

std::string block_latex(const Derivation& derivation, BlockId id, const Notation& notation) {
  const Block& block = derivation.blocks[id];
  std::string out = fmt::format("\\paragraph{{${}$}} {}: {}.\n", notation.q(block),
                                block.point ? "point block" : escaped(to_text(block.kind)) + " block", escaped(block.reason));
  if (block.kind == BlockKind::unsupported) return out;
  out += "\\begin{align*}\n";
  for (const Message& message : messages(derivation, id)) {
    std::string statistic;
    for (const Atom& atom : message.statistic) statistic += (statistic.empty() ? "" : " ") + notation.atom(atom);
    out += fmt::format("  \\eta_{{{}}} &= ", statistic);
    bool first = true;
    for (const Message::Part& part : message.parts) {
      out += (first ? "" : " ") + notation.product(part.coefficient, part.data, part.atoms, part.sums, part.weight, true, first);
      first = false;
    }
    out += " \\\\\n";
  }
  if (!block.point) {
    const auto family = printed_family(block);
    for (const auto& formula : family->formulas()) {
      out += fmt::format("  \\text{{{}}} &= {} \\\\\n", escaped(formula.parameter), formula.latex);
    }
  }
  return out + "\\end{align*}\n";
}

}  // namespace

std::string to_latex(const model::ModelGraph& graph, const Derivation& derivation, const PrintOptions& options) {
  const Notation notation(graph, derivation, Style::latex);
  std::string out;
  const VariableId variable = graph.find(options.variable);
  if (variable.valid()) {
    const BlockId block = derivation.block_of[static_cast<std::size_t>(variable.value)];
    return block.valid() ? block_latex(derivation, block, notation) : out;
  }
  std::string q;
  for (const Block& block : derivation.blocks) {
    if (!block.point) q += (q.empty() ? "" : " \\; ") + notation.q_product(block);
  }
  if (!q.empty()) out += "\\[ q = " + q + " \\]\n";
  out += "\\begin{align*}\n  \\log p &= ";
  bool first = true;
  for (const Term& term : derivation.log_joint.terms) {
    out += first ? "" : " \\\\\n  &\\quad ";
    out += notation.term(term, false, first);
    first = false;
  }
  out += "\n\\end{align*}\n";
  for (std::size_t b = 0; b < derivation.blocks.size(); ++b) out += block_latex(derivation, BlockId(b), notation);
  out += "\\[ \\mathcal{L} = \\mathbb{E}_q[\\log p]";
  for (const Block& block : derivation.blocks) {
    if (!block.point) out += " + \\mathbb{H}[" + notation.q_product(block) + "]";
  }
  return out + " \\]\n";
}

}  // namespace jensen::derive
