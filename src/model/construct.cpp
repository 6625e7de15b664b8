// Distributions by construction: every use of one is replaced by its body, whose local quantities become variables of the model. They are named after
// the use, `y.u` for the `u` of a distribution of `y`, which no name of a model can be.
#include <fmt/format.h>

#include "model/body.hpp"
#include "model/builder.hpp"
#include "print.hpp"

namespace jensen::model {

using grammar::Expr;

namespace {

constexpr std::size_t most_statements = 100'000;

Expr number(std::int64_t value) { return {grammar::NumberExpr{static_cast<double>(value), std::to_string(value)}, {}}; }

Expr binary(grammar::BinaryOp op, Expr left, Expr right) { return {grammar::BinaryExpr{op, std::move(left), std::move(right)}, {}}; }

// Whether the ranges, each the elements of one statement, make up an array without gaps and overlaps.
bool joins_up(const std::vector<std::vector<Range>>& covered) {
  for (std::size_t a = 0; a < covered.size(); ++a) {
    if (covered[a].size() != covered[0].size()) return false;
    for (std::size_t b = 0; b < a; ++b) {
      if (covered[a] == covered[b]) return false;
    }
  }
  for (std::size_t slot = 0; slot < covered[0].size(); ++slot) {
    std::vector<Range> ranges;
    for (const auto& ranges_of_one : covered) ranges.push_back(ranges_of_one[slot]);
    std::ranges::sort(ranges, [](const Range& a, const Range& b) {
      const auto difference = (a.low - b.low).constant();
      return difference.has_value() && *difference < 0;
    });
    for (std::size_t i = 1; i < ranges.size(); ++i) {
      if (!(ranges[i] == ranges[i - 1] || ranges[i].low == ranges[i - 1].high + Size(1))) return false;
    }
  }
  return true;
}

}  // namespace

// The extent as an expression of the model.
Expr Builder::expression_of(const Size& size) const {
  if (graph_.constants.contains(size.text())) return {grammar::NameExpr{size.text()}, {}};
  std::optional<Expr> out;
  const auto constant = (size -
                         [&] {
                           Size symbols;
                           for (const auto& [name, times] : size.symbols()) symbols = symbols + *Size::product(Size(times), Size::symbol(name));
                           return symbols;
                         }())
                            .constant();
  for (const auto& [name, times] : size.symbols()) {
    Expr symbol{grammar::NameExpr{name}, {}};
    Expr term = times == 1 ? symbol : binary(grammar::BinaryOp::multiply, number(times), symbol);
    out = out ? binary(grammar::BinaryOp::add, *out, term) : term;
  }
  if (!out) return number(*constant);
  if (*constant == 0) return *out;
  return binary(*constant > 0 ? grammar::BinaryOp::add : grammar::BinaryOp::subtract, *out, number(std::abs(*constant)));
}

// The left-hand indices less the offset at which the elements start: local quantities of `z[t] ~ ...` for t in 3..T have the indices t - 2.
std::vector<Expr> Builder::from_one(const Factor& factor, const std::vector<Size>& starts) {
  const Scope scope = plate_scope(factor.plates);
  const auto covered = covered_by(factor.indices, factor.plates, graph_.variables[factor.variable].name, factor.span);
  std::vector<Expr> out;
  for (std::size_t slot = 0; slot < covered.size(); ++slot) {
    const Expr& index = factor.indices[slot];
    if (starts[slot] == Size(1)) {
      out.push_back(index);
      continue;
    }
    std::set<std::string> names;
    collect_names(index, names);
    const auto plate = std::ranges::find_if(names, [&](const std::string& name) { return scope.indices.contains(name); });
    if (plate == names.end()) {
      out.push_back(expression_of(covered[slot].low - starts[slot] + Size(1)));
      continue;
    }
    const Size offset = covered[slot].low - scope.indices.at(*plate).low - starts[slot] + Size(1);
    const Expr base{grammar::NameExpr{*plate}, index.span};
    const auto known = offset.constant();
    if (known && *known == 0) {
      out.push_back(base);
    } else if (known && *known < 0) {
      out.push_back(binary(grammar::BinaryOp::subtract, base, number(-*known)));
    } else {
      out.push_back(binary(grammar::BinaryOp::add, base, expression_of(offset)));
    }
  }
  return out;
}

// Statements that give pieces of one array by one distribution share their local quantities, where their elements make up one array.
std::vector<std::vector<FactorId>> Builder::constructions() {
  std::vector<std::vector<FactorId>> groups;
  std::map<std::string, std::size_t> group_of;
  for (std::size_t f = 0; f < graph_.factors.size(); ++f) {
    const FactorId id(f);
    const Factor& factor = graph_.factors[id];
    if (refused_.contains(id)) continue;
    guarded([&] {
      refused_.insert(id);
      const DistributionId distribution = choose(factor.call, factor.distribution_span);
      refused_.erase(id);
      if (graph_.distributions[distribution].statement.log_density) return;
      std::string key = fmt::format("{} {}", factor.variable.value, distribution.value);
      for (const Expr& condition : factor.conditions) key += " if " + grammar::to_text(condition);
      const auto [at, added] = group_of.emplace(key, groups.size());
      if (added) groups.emplace_back();
      groups[at->second].push_back(id);
    });
  }
  return groups;
}

// Puts the bodies in place of the uses; a body may itself use such distributions, so as long as there are any.
void Builder::expand_constructions() {
  for (;;) {
    bool any = false;
    for (const std::vector<FactorId>& group : constructions()) {
      any = true;
      guarded([&] {
        refused_.insert(group.begin(), group.end());
        std::vector<BoundCall> calls;
        for (const FactorId id : group) calls.push_back(with_origin(id, [&] { return check_draw(id); }));
        std::vector<std::vector<Range>> covered;
        for (const FactorId id : group) {
          const Factor& factor = graph_.factors[id];
          covered.push_back(covered_by(factor.indices, factor.plates, graph_.variables[factor.variable].name, factor.span));
        }
        if (joins_up(covered)) {
          construct(group, calls, covered);
        } else {
          for (std::size_t i = 0; i < group.size(); ++i) construct({group[i]}, {calls[i]}, {covered[i]});
        }
        for (const FactorId id : group) refused_.erase(id);
      });
    }
    if (!any) return;
  }
}

void Builder::construct(const std::vector<FactorId>& group, const std::vector<BoundCall>& calls, const std::vector<std::vector<Range>>& covered) {
  std::vector<Size> starts;
  for (std::size_t slot = 0; slot < covered[0].size(); ++slot) {
    Size low = covered[0][slot].low;
    for (const auto& ranges : covered) {
      if (const auto difference = (ranges[slot].low - low).constant(); difference && *difference < 0) low = ranges[slot].low;
    }
    starts.push_back(low);
  }
  const grammar::DistributionStatement statement = graph_.distributions[calls[0].distribution].statement;
  const std::string base = graph_.variables[graph_.factors[group[0]].variable].name;
  const std::string variate = statement.variate ? statement.variate->name : "x";
  const auto given = given_names(*statement.body);
  std::string suffix;
  const auto used = [&](const grammar::Identifier& local) { return by_name_.contains(base + "." + local.name + suffix); };
  for (int i = 2; std::ranges::any_of(given, used); ++i) suffix = "." + std::to_string(i);
  for (std::size_t i = 0; i < group.size(); ++i) {
    const Factor factor = graph_.factors[group[i]];
    BodyNames names = body_names(statement, calls[i], factor);
    names.variate = variate;
    grammar::Target own{{base, factor.span}, factor.indices, factor.span};
    for (const grammar::Identifier& local : given) {
      if (names.values.contains(local.name)) {
        fail("declared-twice", fmt::format("`{}` is a parameter of `{}` and given again in its body", local.name, statement.name.name), local.span);
      }
      grammar::Target target{{base + "." + local.name + suffix, factor.span}, from_one(factor, starts), factor.span};
      names.targets.emplace(local.name, local.name == variate ? own : target);
    }
    place_body(group[i], calls[i], instantiated(statement, names, factor.span), variate);
  }
}

BodyNames Builder::body_names(const grammar::DistributionStatement& statement, const BoundCall& call, const Factor& factor) const {
  BodyNames names;
  for (std::size_t i = 0; i < statement.parameters.size(); ++i) names.values.emplace(statement.parameters[i].name.name, *call.arguments[i]);
  for (const auto& [name, size] : call.sizes) names.values.emplace(name, expression_of(size));
  for (const char* word : {"pi", "true", "false"}) {
    if (by_name_.contains(word) || graph_.constants.contains(word)) names.hidden.insert(word);
  }
  for (const PlateId plate : factor.plates) names.taken.insert(graph_.plates[plate].index);
  return names;
}

// The header of a construction names the support of what its body draws.
void Builder::check_said(FactorId id, const Type& drawn) const {
  const auto origin = origins_.find(id);
  if (origin == origins_.end() || !origin->second.support || origin->second.support->support.kind == drawn.support.kind) return;
  fail("type-mismatch",
       fmt::format("`{}` is said to be {}, but its construction draws {}", graph_.distributions[origin->second.chain.back()].name,
                   to_text(origin->second.support->support.kind), to_text(drawn.support.kind)),
       graph_.factors[id].distribution_span);
}

// The statement that gives the variate takes the place of the use itself.
void Builder::place_body(FactorId use, const BoundCall& call, const grammar::Statements& body, const std::string& variate) {
  const Distribution& distribution = graph_.distributions[call.distribution];
  if (body.empty()) {
    fail("empty-distribution", fmt::format("the distribution `{}` has neither a `logpdf` nor a construction", distribution.name),
         distribution.statement.name.span);
  }
  Origin origin = origins_[use];
  if (std::ranges::find(origin.chain, call.distribution) != origin.chain.end()) {
    fail("cycle", fmt::format("the distribution `{}` is constructed from itself", distribution.name), distribution.statement.name.span);
  }
  check_said(use, call.support);
  origin.support.reset();
  if (origin.chain.empty()) origin.span = graph_.factors[use].distribution_span;
  origin.chain.push_back(call.distribution);
  const std::size_t factors_before = graph_.factors.size();
  const std::size_t variables_before = graph_.variables.size();
  const PlateId plate = graph_.factors[use].plates.empty() ? PlateId{} : graph_.factors[use].plates.back();
  std::vector<Expr> conditions = graph_.factors[use].conditions;
  replaced_ = use;
  for (const grammar::Statement& statement : body) collect_statement(statement, plate, conditions);
  if (replaced_.valid()) {
    replaced_ = {};
    fail("construction-without-variate", fmt::format("the construction of `{}` has no statement `{} ~ ...`", distribution.name, variate),
         distribution.statement.name.span, {}, {Note{Note::Kind::help, "the variate has the name that the header gives, `x` by default"}});
  }
  if (graph_.factors.size() > most_statements) {
    fail("construction-too-large", fmt::format("`{}` leads to more than {} statements", distribution.name, most_statements), origin.span);
  }
  origins_[use] = origin;
  origins_[use].support = call.support;
  for (std::size_t f = factors_before; f < graph_.factors.size(); ++f) origins_[FactorId(f)] = origin;
  for (std::size_t v = variables_before; v < graph_.variables.size(); ++v) graph_.variables[VariableId(v)].auxiliary = true;
}

}  // namespace jensen::model
