#include "derive/notation.hpp"

#include "derive/data_expr.hpp"
#include "family/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/overload.hpp"

namespace jensen::derive {

namespace {

std::string joined(const std::vector<std::string>& parts, const char* separator) { return fmt::format("{}", fmt::join(parts, separator)); }

std::string decimal(double value) { return fmt::format("{:.6g}", value); }

}  // namespace

std::string Notation::name(const std::string& word) const {
  if (style_ == Style::text) return word;
  static const std::set<std::string> greek{"alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu",
                                           "nu",    "pi",   "rho",   "sigma", "tau",     "phi",   "psi",    "omega"};
  if (greek.contains(word)) return "\\" + word;
  if (word.size() == 1) return word;
  std::string escaped;
  for (const char c : word) escaped += c == '_' ? std::string("\\_") : std::string(1, c);
  return "\\mathrm{" + escaped + "}";
}

std::string Notation::coefficient(double value, bool first) const {
  const double magnitude = std::abs(value);
  std::string number;
  if (magnitude == 0.5) {
    number = style_ == Style::text ? "1/2" : "\\tfrac{1}{2}";
  } else if (magnitude != 1) {
    number = decimal(magnitude);
  }
  const std::string sign = value < 0 ? "-" : first ? "" : "+";
  if (sign.empty()) return number;
  return sign + (first ? "" : " ") + number;
}

std::string Notation::use(const IndexUse& use) const {
  if (!use.index.valid()) return use.offset.text();
  const std::string base = index(use.index);
  if (use.offset == Size(0)) return base;
  const std::string offset = use.offset.text();
  return offset[0] == '-' ? base + " - " + offset.substr(1) : base + " + " + offset;
}

std::string Notation::indexed(const std::string& base, const std::vector<std::string>& indices) const {
  if (indices.empty()) return name(base);
  if (style_ == Style::latex) return fmt::format("{}_{{{}}}", name(base), joined(indices, " "));
  return fmt::format("{}[{}]", base, joined(indices, ", "));
}

std::string Notation::call(const std::string& function, const DataNode& node, const std::set<IndexId>& elided) const {
  std::vector<std::string> args;
  for (const DataExprId arg : node.args) args.push_back(data(arg, elided, 0));
  const std::string word = style_ == Style::latex ? "\\operatorname{" + function + "}" : function;
  return word + "(" + joined(args, ", ") + ")";
}

std::string Notation::infix(const DataNode& node, const std::set<IndexId>& elided, int outer) const {
  struct Rule {
    DataOp op;
    const char* text;
    int precedence;
  };
  static constexpr Rule rules[] = {
      {DataOp::logical_or, " or ", 1}, {DataOp::logical_and, " and ", 2}, {DataOp::equal, " == ", 3}, {DataOp::not_equal, " != ", 3},
      {DataOp::less, " < ", 3},        {DataOp::less_equal, " <= ", 3},   {DataOp::add, " + ", 4},    {DataOp::subtract, " - ", 4},
      {DataOp::multiply, " * ", 5},    {DataOp::divide, " / ", 5},        {DataOp::power, "^", 7}};
  const auto rule = std::ranges::find(rules, node.op, &Rule::op);
  const bool grouped = node.op == DataOp::subtract || node.op == DataOp::divide;
  const std::string left = data(node.args[0], elided, rule->precedence + (node.op == DataOp::power ? 1 : 0));
  const std::string right = data(node.args[1], elided, rule->precedence + (grouped ? 1 : 0));
  std::string out;
  if (style_ == Style::latex && node.op == DataOp::power) {
    out = left + "^{" + data(node.args[1], elided, 0) + "}";
  } else {
    const bool latex = style_ == Style::latex;
    const std::string sign = latex && node.op == DataOp::multiply ? " \\cdot " : latex && node.op == DataOp::not_equal ? " \\neq " : rule->text;
    out = left + sign + right;
  }
  return rule->precedence < outer ? "(" + out + ")" : out;
}

// Of more than `most_shown` elements the first and the last are printed.
std::string Notation::elements(const DataNode& node, const std::set<IndexId>& elided, std::size_t most_shown) const {
  const DataExprs& exprs = derivation_.log_joint.data;
  const bool rows = is_nested_array(exprs, node);
  const std::size_t ends = rows ? 1 : 2;
  const bool shortened = node.args.size() > most_shown && node.args.size() > 2 * ends + 1;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < node.args.size(); ++i) {
    if (shortened && i >= ends && i + ends < node.args.size()) {
      if (i == ends) out.emplace_back(style_ == Style::latex ? "\\ldots" : "...");
      continue;
    }
    const DataNode& element = exprs[node.args[i]];
    const std::size_t share = std::max<std::size_t>(1, most_shown / std::min<std::size_t>(node.args.size(), 3));
    out.push_back(rows ? elements(element, elided, share) : data(node.args[i], elided, 0));
  }
  return "[" + joined(out, ", ") + "]";
}

std::string Notation::literal(const DataNode& node, const std::set<IndexId>& elided) const {
  const DataExprs& exprs = derivation_.log_joint.data;
  std::size_t count = 1;
  std::vector<std::string> indices;
  for (const DataNode* at = &node;; at = &exprs[at->args[0]]) {
    count *= at->args.size();
    const auto* index = std::get_if<IndexUse>(&at->indices[0]);
    if (index == nullptr) {
      indices.push_back(data(std::get<DataIndexExpr>(at->indices[0]).expr, elided, 0));
    } else if (!elided.contains(index->index)) {
      indices.push_back(use(*index));
    }
    if (!is_nested_array(exprs, *at)) break;
  }
  constexpr std::size_t most_shown = 9;
  const std::string text = elements(node, elided, count > most_shown ? most_shown / 2 : count);
  if (indices.empty()) return text;
  return style_ == Style::latex ? fmt::format("{}_{{{}}}", text, joined(indices, " ")) : fmt::format("{}[{}]", text, joined(indices, ", "));
}

std::string Notation::sum_sign(const std::string& indices) const {
  return style_ == Style::latex ? fmt::format("\\sum_{{{}}} ", indices) : fmt::format("Σ_{} ", indices);
}

std::string Notation::data(DataExprId id) const { return data(id, {}, 6); }

// `elided` are the bound row and column of a matrix function, which are not printed: inverse(scale)[i, j].
std::string Notation::data(DataExprId id, const std::set<IndexId>& elided, int precedence) const {
  const DataNode& node = derivation_.log_joint.data[id];
  const auto shown = [&](const std::vector<DataIndex>& indices) {
    std::vector<std::string> out;
    for (const DataIndex& index : indices) {
      std::visit(Overload{[&](const IndexUse& u) {
                            if (!elided.contains(u.index)) out.push_back(use(u));
                          },
                          [&](const DataIndexExpr& e) { out.push_back(data(e.expr, elided, 0)); }},
                 index);
    }
    return out;
  };
  const auto matrix = [&](const char* function) {
    std::set<IndexId> inner = elided;
    inner.insert(node.bound.begin(), node.bound.end());
    return fmt::format("{}({})", function, data(node.args[0], inner, 0));
  };
  switch (node.op) {
    case DataOp::number:
      return node.number < 0 && precedence > 4 ? "(" + decimal(node.number) + ")" : decimal(node.number);
    case DataOp::size:
      return node.size.symbols().size() + (node.size == Size(0) ? 0 : 1) > 1 && precedence > 4 && node.size.text().find(' ') != std::string::npos
                 ? "(" + node.size.text() + ")"
                 : node.size.text();
    case DataOp::index_value:
      return use(std::get<IndexUse>(node.indices[0]));
    case DataOp::element:
      return indexed(graph_.variables[node.variable].name, shown(node.indices));
    case DataOp::one_hot:
      return fmt::format("[{} = {}]", data(node.args[0], elided, 0), use(std::get<IndexUse>(node.indices[0])));
    case DataOp::delta: {
      const auto& a = std::get<IndexUse>(node.indices[0]);
      const auto& b = std::get<IndexUse>(node.indices[1]);
      return elided.contains(a.index) ? "eye" : fmt::format("[{} = {}]", use(a), use(b));
    }
    case DataOp::add:
    case DataOp::subtract:
    case DataOp::multiply:
    case DataOp::divide:
    case DataOp::power:
    case DataOp::equal:
    case DataOp::not_equal:
    case DataOp::less:
    case DataOp::less_equal:
    case DataOp::logical_and:
    case DataOp::logical_or:
      return infix(node, elided, precedence);
    case DataOp::negate:
      return "-" + data(node.args[0], elided, 6);
    case DataOp::exp:
      return call("exp", node, elided);
    case DataOp::log:
      return call("log", node, elided);
    case DataOp::sqrt:
      return call("sqrt", node, elided);
    case DataOp::abs:
      return call("abs", node, elided);
    case DataOp::lgamma:
      return call("lgamma", node, elided);
    case DataOp::digamma:
      return call("digamma", node, elided);
    case DataOp::log_multivariate_gamma:
      return call("log_multivariate_gamma", node, elided);
    case DataOp::logit:
      return call("logit", node, elided);
    case DataOp::expit:
      return call("expit", node, elided);
    case DataOp::softplus:
      return call("softplus", node, elided);
    case DataOp::cos:
      return call("cos", node, elided);
    case DataOp::sin:
      return call("sin", node, elided);
    case DataOp::log_bessel_i0:
      return call("log_bessel_i0", node, elided);
    case DataOp::log_normal_cdf:
      return call("log_normal_cdf", node, elided);
    case DataOp::variate:
      return variate_;
    case DataOp::log1m:
      return call("log1m", node, elided);
    case DataOp::logical_not:
      return "not " + data(node.args[0], elided, 6);
    case DataOp::conditional:
      return fmt::format("({} ? {} : {})", data(node.args[0], elided, 1), data(node.args[1], elided, 1), data(node.args[2], elided, 1));
    case DataOp::array:
      return literal(node, elided);
    case DataOp::sum:
      return "(" + sum_sign(index(node.bound[0])) + data(node.args[0], elided, 4) + ")";
    case DataOp::log_sum_exp:
      return fmt::format("log_sum_exp_{}({})", index(node.bound[0]), data(node.args[0], elided, 0));
    case DataOp::inverse: {
      const std::vector<std::string> indices = shown(node.indices);
      return matrix("inverse") + (indices.empty() ? "" : "[" + joined(indices, ", ") + "]");
    }
    case DataOp::log_det:
      return matrix("log_det");
  }
  return {};
}

std::string Notation::gates(const Block& block) const {
  std::string out;
  for (const Gate& gate : block.gates) {
    std::vector<std::string> indices;
    for (const Gate::Position& at : gate.indices) {
      const std::string offset = at.offset.text();
      const bool shifted = offset != "0" && at.batch >= 0;
      indices.push_back(at.batch < 0 ? offset : batch_name(block, static_cast<std::size_t>(at.batch)) + (shifted ? " + " + offset : ""));
    }
    std::vector<std::string> levels;
    for (const Size& level : gate.levels) levels.push_back(level.text());
    const bool latex = style_ == Style::latex;
    const bool one = levels.size() == 1;
    const char* relation = one ? (!gate.except ? "=" : latex ? "\\neq" : "≠") : latex ? (gate.except ? "\\notin" : "\\in") : gate.except ? "∉" : "∈";
    const std::string braced = latex ? "\\{" + joined(levels, ", ") + "\\}" : "{" + joined(levels, ", ") + "}";
    const std::string set = one ? levels[0] : braced;
    out += fmt::format("q({} {} {}) ", indexed(graph_.variables[gate.variable].name, indices), relation, set);
  }
  return out;
}

std::string Notation::atom(const Atom& atom) const {
  const bool latex = style_ == Style::latex;
  std::vector<std::string> indices;
  for (const IndexUse& u : atom.indices) indices.push_back(use(u));
  std::vector<std::string> outer = indices;
  const std::string& word = graph_.variables[atom.variable].name;
  if (atom.statistic.kind == StatisticKind::indicator) {
    outer.pop_back();
    return fmt::format("[{} = {}]", indexed(word, outer), indices.back());
  }
  if (atom.statistic.kind == StatisticKind::inverse) {
    outer.resize(outer.size() - 2);
    const std::string last = fmt::format("{}, {}", indices[indices.size() - 2], indices.back());
    return latex ? fmt::format("({}^{{-1}})_{{{}}}", indexed(word, outer), last) : fmt::format("inverse({})[{}]", indexed(word, outer), last);
  }
  const std::string element = indexed(word, indices);
  switch (atom.statistic.kind) {
    case StatisticKind::power:
      if (atom.statistic.power == 1) return element;
      return latex ? fmt::format("{}^{{{}}}", element, decimal(atom.statistic.power)) : fmt::format("{}^{}", element, decimal(atom.statistic.power));
    case StatisticKind::log:
      return latex ? "\\log " + element : "log " + element;
    case StatisticKind::log1m:
      return (latex ? "\\log(1 - " : "log(1 - ") + element + ")";
    case StatisticKind::log_det:
      return latex ? "\\log|" + element + "|" : "log|" + element + "|";
    case StatisticKind::cosine:
      return (latex ? "\\cos " : "cos ") + element;
    case StatisticKind::sine:
      return (latex ? "\\sin " : "sin ") + element;
    case StatisticKind::function:
      return function(atom.statistic, element);
    case StatisticKind::expression:
      return data(DataExprId(static_cast<std::int32_t>(atom.statistic.id)));
    case StatisticKind::pair:
    case StatisticKind::indicator:
    case StatisticKind::inverse:
    case StatisticKind::scaled:
    case StatisticKind::scaled_pair:
      break;
  }
  return element;
}

std::unique_ptr<const family::Family> printed_family(const Block& block) {
  using Kind = family::FamilyKind::Kind;
  family::FamilyKind kind = block.family;
  if (kind.kind == Kind::discrete_network) return family::make_discrete_network({{2, 2}, {{0}, {1}}});
  if (kind.kind == Kind::scalar || kind.kind == Kind::optimised)
    return family::make_scalar({SupportKind::real}, {{{StatisticKind::power, 1}, 1, [](double v, double* to) { *to = v; }}});
  if (kind.kind == Kind::gaussian_pattern) {
    kind.kind = Kind::gaussian;
    kind.multivariate = true;
  }
  return family::make_family(kind, {kind.kind == Kind::gaussian && !kind.multivariate ? 1U : 2U});
}

std::string Notation::function(const Statistic& statistic, const std::string& element) const {
  Notation inner = *this;
  inner.variate_ = element;
  return inner.data(DataExprId(static_cast<std::int32_t>(statistic.id)));
}

// E[...], and of indicators the probability q(z = k).
std::string Notation::expectation(std::string statistics) const {
  if (statistics.front() != '[') return fmt::format("{}{}]", style_ == Style::latex ? "\\mathbb{E}[" : "E[", statistics);
  for (std::size_t at = statistics.find("] ["); at != std::string::npos; at = statistics.find("] [")) statistics.replace(at, 3, ", ");
  return fmt::format("q({})", statistics.substr(1, statistics.size() - 2));
}

std::string Notation::product(double value, const std::vector<DataExprId>& data_factors, const std::vector<Atom>& atoms,
                              const std::vector<IndexId>& sums, const std::optional<DataExprId>& weight, bool expected, bool first) const {
  std::vector<std::string> parts;
  if (weight) parts.push_back(data(*weight));
  std::vector<std::string> factors;
  for (const DataExprId id : data_factors) factors.push_back(data(id));
  std::ranges::stable_sort(factors, {}, [](const std::string& text) { return text.starts_with('[') ? "~" + text : text; });  // one-hots last
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const bool squared = i + 1 < factors.size() && factors[i] == factors[i + 1];
    parts.push_back(squared ? factors[i++] + "^2" : factors[i]);
  }
  // Statistics of one block that meet in one term are that block's joint statistic.
  std::vector<std::pair<BlockId, std::string>> groups;
  for (const Atom& a : atoms) {
    const BlockId block = derivation_.block_of[static_cast<std::size_t>(a.variable.value)];
    const bool point = block.valid() && derivation_.blocks[block].point;
    const auto same = std::ranges::find_if(groups, [&](const auto& g) { return expected && !point && g.first == block; });
    if (same != groups.end()) {
      same->second += " " + atom(a);
    } else {
      groups.emplace_back(block, atom(a));
    }
  }
  for (const auto& [block, text] : groups) {
    const bool point = block.valid() && derivation_.blocks[block].point;
    parts.push_back(expected && !point ? expectation(text) : text);
  }
  std::vector<std::string> names;
  for (const IndexId id : sums) names.push_back(index(id));
  std::string out = coefficient(value, first);
  const bool bare = parts.empty() && (out.empty() || out == "+ " || out == "-" || out == "- ");
  if (!out.empty() && out.back() != ' ' && out != "-") out += " ";
  if (bare) out += "1";
  if (!names.empty()) out += sum_sign(joined(names, style_ == Style::latex ? " " : ","));
  out += joined(parts, style_ == Style::latex ? " \\, " : " ");
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string Notation::term(const Term& term, bool expected, bool first) const {
  return product(term.coefficient, term.data, term.atoms, term.sums, term.weight, expected, first);
}

std::string Notation::batch_name(const Block& block, std::size_t b) const {
  const Component& component = block.components[0];
  for (const TermId t : block.terms) {
    for (const Atom& a : derivation_.log_joint.terms[t].atoms) {
      if (a.variable == component.variable && a.indices[component.batch_slots[b]].index.valid())
        return index(a.indices[component.batch_slots[b]].index);
    }
  }
  for (const FactorId f : graph_.variables[component.variable].factors) {
    const model::Factor& factor = graph_.factors[f];
    if (b < factor.plates.size()) return graph_.plates[factor.plates[b]].index;
  }
  return std::string(1, static_cast<char>('i' + static_cast<char>(b)));
}

std::string Notation::q(const Block& block) const {
  std::vector<std::string> names;
  for (const Component& component : block.components) {
    std::vector<std::string> indices;
    for (std::size_t b = 0; b < component.batch_slots.size(); ++b) indices.push_back(batch_name(block, b));
    names.push_back(indexed(graph_.variables[component.variable].name, indices));
  }
  return (block.point ? "" : "q(") + joined(names, ", ") + (block.point ? "" : ")");
}

std::string Notation::q_product(const Block& block) const {
  std::vector<std::string> names;
  for (std::size_t b = 0; b < block.batch.size(); ++b) names.push_back(batch_name(block, b));
  if (names.empty()) return q(block);
  const std::string sign = style_ == Style::latex ? fmt::format("\\prod_{{{}}} ", joined(names, " ")) : fmt::format("Π_{} ", joined(names, ","));
  return sign + q(block);
}

}  // namespace jensen::derive
