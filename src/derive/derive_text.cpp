// The derivation as a reader would write it: log joint, factorisation, blocks with their reasons and updates, the bound.
#include <fmt/format.h>

#include <algorithm>

#include "derive/derive.hpp"
#include "derive/differentiate.hpp"
#include "derive/notation.hpp"
#include "derive/updates.hpp"

namespace jensen::derive {

namespace {

std::string place(const model::ModelGraph& graph, const Term& term, const PrintOptions& options) {
  if (options.sources == nullptr) return {};
  std::vector<int> lines;
  for (const FactorId f : term.factors) {
    const SourceSpan span = graph.factors[f].span;
    lines.push_back((*options.sources)[span.source].position(span.begin).line);
  }
  std::ranges::sort(lines);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return fmt::format("line {}", fmt::join(lines, ", "));
}

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void print_terms(std::string& out, const model::ModelGraph& graph, const Derivation& derivation, const PrintOptions& options,
                 const Notation& notation) {
  const auto& terms = derivation.log_joint.terms;
  out += fmt::format("log p = sum of {} term{}\n", terms.size(), terms.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < terms.size(); ++i) {
    std::string text = fmt::format("  {:>3}  {}", i + 1, notation.term(terms[TermId(i)], false, true));
    const std::string where = place(graph, terms[TermId(i)], options);
    if (!where.empty()) text += std::string(std::max<std::size_t>(2, 72 - std::min<std::size_t>(70, width_of(text))), ' ') + where;
    out += text + "\n";
  }
  for (const Residual& residual : derivation.log_joint.residuals) out += fmt::format("  residual  {}: {}\n", residual.text, residual.reason);
}

std::string factorisation(const Derivation& derivation, const Notation& notation) {
  std::string out;
  std::string points;
  for (const Block& block : derivation.blocks) {
    if (block.point) {
      points += (points.empty() ? "" : ", ") + notation.q(block);
    } else {
      out += (out.empty() ? "" : " · ") + notation.q_product(block);
    }
  }
  std::string text = out.empty() ? "" : "q = " + out + "\n";
  if (!points.empty()) text += "points: " + points + "\n";
  return text;
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string kind_text(const Block& block) {
  if (block.kind == BlockKind::unsupported) return "no update yet";
  if (block.kind == BlockKind::discrete) return fmt::format("discrete block, {}", block.family.name());
  if (block.kind == BlockKind::network) return "discrete block, exact sums by elimination";
  if (block.kind == BlockKind::scalar && !block.point) return "scalar block, one number by quadrature";
  if (block.kind == BlockKind::joint) return fmt::format("joint block, {}, closed form", block.family.name());
  if (block.kind == BlockKind::newton) return "point block, searched for by Newton's method";
  const char* kind = block.kind == BlockKind::gaussian ? "Gaussian block" : "family block";
  if (block.point) return fmt::format("point block, mode of {}", block.family.name());
  return fmt::format("{}, {}, closed form", kind, block.family.name());
}

std::string statistic_text(const Message& message, const Notation& notation) {
  std::string out;
  for (const Atom& atom : message.statistic) out += (out.empty() ? "" : " ") + notation.atom(atom);
  return out;
}

void print_messages(std::string& out, const Derivation& derivation, BlockId id, const Notation& notation) {
  const std::vector<Message> list = messages(derivation, id);
  std::size_t width = 0;
  for (const Message& message : list) width = std::max(width, width_of(statistic_text(message, notation)));
  for (const Message& message : list) {
    const std::string left = statistic_text(message, notation);
    out += fmt::format("    η[{}]{} = ", left, std::string(width - width_of(left), ' '));
    bool first = true;
    for (const Message::Part& part : message.parts) {
      out += (first ? "" : " ") + notation.product(part.coefficient, part.data, part.atoms, part.sums, part.weight, true, first);
      first = false;
    }
    out += "\n";
  }
}

// The slopes of what a searched block maximises.
void print_gradient(std::string& out, const model::ModelGraph& graph, const Derivation& derivation, BlockId id) {
  Derivation scratch = derivation;
  const std::vector<Partial> gradient = gradient_of(graph, scratch, id);
  const Notation notation(graph, scratch, Style::text);
  constexpr std::size_t longest = 400;  // beyond that a formula says nothing
  for (const Partial& partial : gradient) {
    std::string sum;
    for (const Message::Part& part : partial.parts) {
      sum += (sum.empty() ? "" : " ") + notation.product(part.coefficient, part.data, part.atoms, part.sums, part.weight, true, sum.empty());
    }
    if (sum.size() <= longest) out += fmt::format("    ∂f/∂{} = {}\n", notation.atom(partial.element), sum);
  }
}

// What lies inside a gate speaks for it by its entropy.
void print_gated(std::string& out, const Derivation& derivation, BlockId id, const Notation& notation) {
  for (const Block& inside : derivation.blocks) {
    for (const Gate& gate : inside.gates) {
      if (derivation.block_of[static_cast<std::size_t>(gate.variable.value)] != id) continue;
      const std::string open = notation.gates(inside);
      out += fmt::format("    η[[{}]] also holds H[{}]\n", open.substr(2, open.find(')') - 2), notation.q(inside));
    }
  }
}

void print_block(std::string& out, const model::ModelGraph& graph, const Derivation& derivation, BlockId id, const PrintOptions& options,
                 const Notation& notation) {
  const Block& block = derivation.blocks[id];
  out += fmt::format("\n{}  {}\n", notation.q(block), kind_text(block));
  out += fmt::format("    because {}\n", block.reason);
  const bool broken = block.kind == BlockKind::unsupported || block.kind == BlockKind::scalar || block.kind == BlockKind::newton;
  if (broken) {
    if (block.offender) {
      out += fmt::format("    broken by term {}: {}", block.offender->value + 1,
                         notation.term(derivation.log_joint.terms[*block.offender], false, true));
      const std::string where = place(graph, derivation.log_joint.terms[*block.offender], options);
      out += where.empty() ? "\n" : fmt::format("  ({})\n", where);
    } else if (options.sources != nullptr && block.offender_span.valid()) {
      out += fmt::format("    in line {}\n", (*options.sources)[block.offender_span.source].position(block.offender_span.begin).line);
    }
  }
  if (block.kind == BlockKind::unsupported) return;
  for (std::size_t b = 0; b < block.batch.size(); ++b) {
    out +=
        fmt::format("    {} each {} in 1..{}\n", block.point ? "one value for" : "one q for", notation.batch_name(block, b), block.batch[b].text());
  }
  print_messages(out, derivation, id, notation);
  print_gated(out, derivation, id, notation);
  const auto family = printed_family(block);
  if (block.kind == BlockKind::newton) {
    out += "    value = argmax f,  f = Σ η t\n";
    print_gradient(out, graph, derivation, id);
    return;
  }
  if (block.point) {
    out += "    value = argmax Σ η t\n";
    return;
  }
  for (const auto& formula : family->formulas()) out += fmt::format("    {} = {}\n", formula.parameter, formula.text);
  if (!block.gates.empty())
    out += fmt::format("    conditional on its gate: E[...] above is given {}, its entropy counts with that probability\n",
                       trimmed(notation.gates(block)));
  if (block.weight) out += fmt::format("    every q stands for {} copies\n", notation.data(*block.weight));
}

void print_bound(std::string& out, const Derivation& derivation, const Notation& notation) {
  out += "\nELBO = E[log p]";
  for (const Block& block : derivation.blocks) {
    if (block.point) continue;
    std::string names;
    for (std::size_t b = 0; b < block.batch.size(); ++b) names += (names.empty() ? "" : ",") + notation.batch_name(block, b);
    out += fmt::format(" + {}{}H[{}]", names.empty() ? "" : "Σ_" + names + " ", notation.gates(block), notation.q(block));
  }
  out += "\n";
  for (const Block& block : derivation.blocks) {
    if (block.point || block.kind == BlockKind::unsupported) continue;
    const auto family = printed_family(block);
    out += fmt::format("    H[{}] = A(η) - η · E[t],  A = {}\n", notation.q(block), family->log_partition_text());
  }
  out += derivation.exact ? "q is exact given the rest: the gap is 0, and L is the log likelihood (with the log priors of params added)\n"
                          : "after its own update a block adds exactly A(η) to the bound\n";
}

}  // namespace

std::string to_text(const model::ModelGraph& graph, const Derivation& derivation, const PrintOptions& options) {
  const Notation notation(graph, derivation, Style::text);
  std::string out;
  const VariableId variable = graph.find(options.variable);
  if (variable.valid()) {
    const BlockId block = derivation.block_of[static_cast<std::size_t>(variable.value)];
    if (block.valid()) print_block(out, graph, derivation, block, options, notation);
    return out.empty() ? out : out.substr(1);
  }
  out += factorisation(derivation, notation) + "\n";
  print_terms(out, graph, derivation, options, notation);
  for (std::size_t b = 0; b < derivation.blocks.size(); ++b) print_block(out, graph, derivation, BlockId(b), options, notation);
  print_bound(out, derivation, notation);
  const bool unmatched =
      std::ranges::any_of(derivation.blocks, [](const Block& block) { return block.kind == BlockKind::unsupported && block.offender; });
  if (unmatched) out += fmt::format("families: {}\n", fmt::join(family::describe_families(), "; "));
  return out;
}

}  // namespace jensen::derive
