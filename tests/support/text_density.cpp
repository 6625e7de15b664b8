#include "support/text_density.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "base/overload.hpp"
#include "model/stdlib_text.hpp"
#include "parse.hpp"

namespace jensen::tests {

namespace {

using grammar::CallExpr;
using grammar::DistributionStatement;
using grammar::Statements;
using On = TextDensity::On;
using Position = std::vector<int>;

grammar::Program parsed(const std::string& text) {
  auto program = grammar::parse(Source("text", text), SourceId(0));
  if (!program) throw std::runtime_error(program.diagnostics().front().message);
  return std::move(*program);
}

// A scalar, or a vector of its elements 1, 2, ...
Value assembled(const std::map<Position, Value>& elements) {
  if (elements.begin()->first.empty()) return elements.begin()->second;
  Value out{{}, {}, true};
  for (const auto& [position, value] : elements) {
    if (position != Position{static_cast<int>(out.items.size()) + 1}) throw std::runtime_error("the density of a text knows vectors alone");
    out.items.push_back(value);
  }
  return out;
}

class Walk {
 public:
  Walk(const std::string& text, const Columns& columns) : columns_(columns) {
    for (const model::StdlibModule& module : model::stdlib_modules()) programs_.push_back(parsed(std::string(module.text)));
    programs_.push_back(parsed(text));
    for (const grammar::Program& program : programs_) declare(program.statements);
    outermost_ = {{}, [this](const std::string& name) { return global(name); }, &functions_};
    walk(programs_.back().statements, {outermost_});
  }

  TextDensity run() {
    for (const Drawn& drawn : drawn_) add(drawn);
    return std::move(out_);
  }

 private:
  // Of a statement: the indices around it, its weight, and what latent conditions must be.
  struct Place {
    Scope scope;
    double weight = 1;
    std::vector<std::pair<Number, bool>> gate = {};
  };
  struct Drawn {
    const grammar::TildeStatement* statement;
    Place place;
    Position position;
  };

  void declare(const Statements& statements) {
    for (const grammar::Statement& statement : statements) {
      if (const auto* d = std::get_if<DistributionStatement>(&statement.kind)) distributions_.push_back(d);
      if (const auto* f = std::get_if<grammar::FunctionStatement>(&statement.kind)) functions_.push_back(f);
      if (const auto* c = std::get_if<grammar::ConstStatement>(&statement.kind)) constants_[c->name.name] = &c->value;
      if (const auto* d = std::get_if<grammar::DataStatement>(&statement.kind)) declare(*d);
    }
  }

  // Extents that are names come from the data.
  void declare(const grammar::DataStatement& data) {
    for (const grammar::Identifier& name : data.names) {
      const std::vector<double>& column = columns_.at(name.name);
      if (const auto* extent = std::get_if<grammar::NameExpr>(&data.type.extents.at(0).kind)) {
        sizes_[extent->name] = static_cast<double>(column.size());
      }
      if (data.type.name != "category") continue;
      if (const auto* levels = std::get_if<grammar::NameExpr>(&data.type.arguments.at(0).kind)) {
        sizes_[levels->name] = *std::max_element(column.begin(), column.end());
      }
    }
  }

  // First every latent element and definition is found, then the densities are added, so that order does not matter.
  void walk(const Statements& statements, const Place& place) {
    for (const grammar::Statement& statement : statements) {
      if (const auto* loop = std::get_if<grammar::ForStatement>(&statement.kind)) walk(*loop, place);
      if (const auto* choice = std::get_if<grammar::IfStatement>(&statement.kind)) walk(*choice, place);
      if (const auto* drawn = std::get_if<grammar::TildeStatement>(&statement.kind)) walk(*drawn, place);
      if (const auto* equal = std::get_if<grammar::AssignStatement>(&statement.kind)) {
        definitions_[equal->target.name.name].push_back({position(equal->target, place.scope), &equal->value, place.scope});
      }
    }
  }

  void walk(const grammar::ForStatement& loop, const Place& place) {
    const auto& range = std::get<grammar::RangeExpr>(loop.range.kind);
    Place inside = place;
    for (double i = evaluate_known(*range.low, place.scope); i <= evaluate_known(*range.high, place.scope); ++i) {
      inside.scope.names[loop.index.name] = {known(i)};
      inside.weight = place.weight * (loop.weight ? evaluate_known(*loop.weight, inside.scope) : 1);
      walk(*loop.body, inside);
    }
  }

  void walk(const grammar::IfStatement& choice, const Place& place) {
    const Number condition = evaluate(choice.condition, place.scope).number;
    if (condition.known) return walk(*condition.known != 0 ? *choice.then_body : *choice.else_body, place);
    for (const bool branch : {true, false}) {
      Place inside = place;
      inside.gate.push_back({condition, branch});
      walk(branch ? *choice.then_body : *choice.else_body, inside);
    }
  }

  void walk(const grammar::TildeStatement& drawn, const Place& place) {
    const std::string& name = drawn.target.name.name;
    const Position at = position(drawn.target, place.scope);
    drawn_.push_back({&drawn, place, at});
    const auto column = columns_.find(name);
    if (column != columns_.end() && !std::isnan(column->second.at(static_cast<std::size_t>(at.at(0) - 1)))) return;
    ++statements_of_[{name, at}];
    if (!slots_[name].contains(at)) slots_[name][at] = new_latent(fmt::format("{}{}", name, at));
  }

  static Position position(const grammar::Target& target, const Scope& scope) {
    Position out;
    for (const grammar::Expr& index : target.indices) out.push_back(static_cast<int>(evaluate_known(index, scope)));
    return out;
  }

  std::size_t new_latent(const std::string& name) {
    out_.latents.push_back({name});
    return out_.latents.size() - 1;
  }

  Value global(const std::string& name) {
    if (const auto found = constants_.find(name); found != constants_.end()) return evaluate(*found->second, outermost_);
    if (const auto found = sizes_.find(name); found != sizes_.end()) return {known(found->second)};
    std::map<Position, Value> elements;
    if (const auto found = columns_.find(name); found != columns_.end()) {
      for (std::size_t n = 0; n < found->second.size(); ++n) elements[{static_cast<int>(n) + 1}] = {known(found->second[n])};
    }
    for (const Definition& d : definitions_[name]) elements[d.position] = evaluate(*d.value, d.scope);
    for (const auto& [at, slot] : slots_[name]) elements[at] = {latent(slot)};
    if (elements.empty()) throw std::runtime_error("nothing is called " + name);
    return assembled(elements);
  }

  // A latent that is drawn in one branch alone is drawn everywhere: where nothing depends on it, it integrates to 1.
  void add(const Drawn& drawn) {
    const auto slots = slots_[drawn.statement->target.name.name];
    Place place = drawn.place;
    if (const auto slot = slots.find(drawn.position); slot != slots.end()) {
      if (statements_of_[{drawn.statement->target.name.name, drawn.position}] == 1) place.gate.clear();
      return add(drawn.statement->distribution, place, latent(slot->second), slot->second);
    }
    Value value = global(drawn.statement->target.name.name);
    for (const int i : drawn.position) value = Value(value.items.at(static_cast<std::size_t>(i - 1)));
    add(drawn.statement->distribution, place, value.number, {});
  }

  void add(const CallExpr& call, const Place& place, const Number& variate, std::optional<std::size_t> slot) {
    const DistributionStatement& distribution = chosen(call);
    Scope inside = arguments(distribution, call, place.scope);
    if (slot) set_support(out_.latents[*slot], distribution, inside);
    if (!distribution.log_density) return add_body(distribution, {inside, place.weight, place.gate}, variate);
    inside.names[distribution.log_density->variate.name] = {variate};
    Number density = evaluate(distribution.log_density->value, inside).number;
    out_.terms.push_back({{}, [density, weight = place.weight, gate = place.gate](const double* v) {
                            for (const auto& [condition, branch] : gate) {
                              if ((condition(v) != 0) != branch) return 0.0;
                            }
                            return weight * density(v);
                          }});
  }

  // By construction: what the body draws besides its variate are latents of its own.
  void add_body(const DistributionStatement& distribution, Place place, const Number& variate) {
    const std::string name = distribution.variate ? distribution.variate->name : "x";
    std::vector<const grammar::TildeStatement*> statements;
    for (const grammar::Statement& statement : *distribution.body) statements.push_back(&std::get<grammar::TildeStatement>(statement.kind));
    std::map<std::string, std::size_t> own;
    for (const grammar::TildeStatement* drawn : statements) {
      const std::string& target = drawn->target.name.name;
      if (target != name) own[target] = new_latent(distribution.name.name + "." + target);
      place.scope.names[target] = {target == name ? variate : latent(own.at(target))};
    }
    for (const grammar::TildeStatement* drawn : statements) {
      const auto slot = own.find(drawn->target.name.name);
      if (slot == own.end()) {
        add(drawn->distribution, place, variate, {});
      } else {
        add(drawn->distribution, place, latent(slot->second), slot->second);
      }
    }
  }

  // The first definition whose parameters have the names that the call gives.
  [[nodiscard]] const DistributionStatement& chosen(const CallExpr& call) const {
    for (auto d = distributions_.begin(); d != distributions_.end(); ++d) {
      if ((*d)->name.name != call.function || (*d)->parameters.size() != call.arguments.size()) continue;
      const auto has = [&](const grammar::Argument& a) {
        return a.name.empty() || std::any_of((*d)->parameters.begin(), (*d)->parameters.end(), [&](const auto& p) { return p.name.name == a.name; });
      };
      if (std::all_of(call.arguments.begin(), call.arguments.end(), has)) return **d;
    }
    throw std::runtime_error("no distribution " + call.function);
  }

  // The types of parameters bind sizes: `p: simplex(K)`.
  Scope arguments(const DistributionStatement& distribution, const CallExpr& call, const Scope& scope) {
    Scope inside{{}, {}, &functions_};
    std::size_t next = 0;
    for (const grammar::Argument& argument : call.arguments) {
      const std::string& name = argument.name.empty() ? distribution.parameters[next++].name.name : argument.name;
      inside.names[name] = evaluate(*argument.value, scope);
    }
    for (const grammar::Parameter& parameter : distribution.parameters) {
      if (!parameter.type || parameter.type->arguments.size() != 1) continue;
      const auto* size = std::get_if<grammar::NameExpr>(&parameter.type->arguments[0].kind);
      if (size != nullptr) inside.names[size->name] = {known(static_cast<double>(inside.names.at(parameter.name.name).items.size()))};
    }
    return inside;
  }

  static void set_support(TextDensity::Latent& latent, const DistributionStatement& distribution, const Scope& scope) {
    if (distribution.support_range) {
      const auto& range = std::get<grammar::RangeExpr>(distribution.support_range->kind);
      latent = {latent.name, On::levels, evaluate_known(*range.low, scope), evaluate_known(*range.high, scope)};
      return;
    }
    const grammar::TypeExpr& type = distribution.support_type.value();
    const auto argument = [&](std::size_t i) { return evaluate_known(type.arguments.at(i), scope); };
    if (type.name == "real") {
      latent.on = On::real;
    } else if (type.name == "positive") {
      latent.on = On::positive;
    } else if (type.name == "unit") {
      latent = {latent.name, On::interval, 0, 1};
    } else if (type.name == "interval") {
      latent = {latent.name, On::interval, argument(0), argument(1)};
    } else if (type.name == "angle") {
      latent = {latent.name, On::circle, -std::numbers::pi, std::numbers::pi};
    } else if (type.name == "bool") {
      latent = {latent.name, On::levels, 0, 1};
    } else if (type.name == "category") {
      latent = {latent.name, On::levels, 1, argument(0)};
    } else {
      throw std::runtime_error("the density of a text does not know latents on " + type.name);
    }
  }

  struct Definition {
    Position position;
    const grammar::Expr* value;
    Scope scope;
  };

  const Columns& columns_;
  std::vector<grammar::Program> programs_;  // the stdlib's, then the model's
  std::vector<const DistributionStatement*> distributions_;
  std::vector<const grammar::FunctionStatement*> functions_;
  std::map<std::string, const grammar::Expr*> constants_;
  std::map<std::string, double> sizes_;
  std::map<std::string, std::vector<Definition>> definitions_;
  std::map<std::string, std::map<Position, std::size_t>> slots_;
  std::map<std::pair<std::string, Position>, int> statements_of_;
  std::vector<Drawn> drawn_;
  Scope outermost_;
  TextDensity out_;
};

}  // namespace

double TextDensity::operator()(const double* values) const {
  double sum = 0;
  for (const Number& term : terms) sum += term(values);
  return sum;
}

TextDensity text_density(const std::string& text, const Columns& columns) { return Walk(text, columns).run(); }

}  // namespace jensen::tests
