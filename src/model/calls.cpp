// Distribution calls: which definition is meant, what its parameters are bound to, and the type of its variate.
#include <fmt/format.h>

#include "diagnostics/suggest.hpp"
#include "model/builder.hpp"
#include "print.hpp"

namespace jensen::model {

namespace {

// Spellings of other systems, from the comments of the stdlib: `# Also called dnorm, gaussian.`
std::string foreign_spelling(const std::string& name) {
  constexpr std::string_view mark = "Also called ";
  for (const StdlibEntry& entry : stdlib_entries()) {
    const std::size_t begin = entry.text.find(mark);
    if (begin == std::string::npos) continue;
    std::string_view rest = std::string_view(entry.text).substr(begin + mark.size());
    rest = rest.substr(0, rest.find('.'));
    while (!rest.empty()) {
      const std::size_t comma = rest.find(", ");
      if (rest.substr(0, comma) == name) return entry.name;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 2);
    }
  }
  return {};
}

std::string signature(const grammar::DistributionStatement& statement) {
  std::string out = statement.name.name + "(";
  for (std::size_t i = 0; i < statement.parameters.size(); ++i) out += (i == 0 ? "" : ", ") + statement.parameters[i].name.name;
  return out + ")";
}

bool accepts(const grammar::DistributionStatement& statement, const grammar::CallExpr& call) {
  if (call.arguments.size() != statement.parameters.size()) return false;
  std::size_t position = 0;
  std::set<std::string> given;
  for (const grammar::Argument& argument : call.arguments) {
    const std::string& name = argument.name.empty() ? statement.parameters[position++].name.name : argument.name;
    const bool known = std::ranges::any_of(statement.parameters, [&](const grammar::Parameter& p) { return p.name.name == name; });
    if (!known || !given.insert(name).second) return false;
  }
  return true;
}

bool is_any(const grammar::DistributionStatement& statement) { return statement.support_type && statement.support_type->name == "any"; }

}  // namespace

std::vector<std::string> Builder::distribution_names() const {
  std::set<std::string> names;
  for (const Distribution& distribution : graph_.distributions) names.insert(distribution.name);
  return {names.begin(), names.end()};
}

DistributionId Builder::choose(const grammar::CallExpr& call, SourceSpan span) {
  std::vector<DistributionId> candidates;
  bool user = false;
  for (std::size_t i = 0; i < graph_.distributions.size(); ++i) {
    const Distribution& distribution = graph_.distributions[DistributionId(i)];
    if (distribution.name != call.function) continue;
    if (distribution.module == "user" && !user) {  // a definition of the model's own hides the stdlib's
      user = true;
      candidates.clear();
    }
    if (!user || distribution.module == "user") candidates.push_back(DistributionId(i));
  }
  if (candidates.empty()) {
    const std::string foreign = foreign_spelling(call.function);
    const std::string hint = foreign.empty() ? did_you_mean(call.function, distribution_names()) : fmt::format("; it is called `{}` here", foreign);
    fail("unknown-distribution", fmt::format("there is no distribution `{}`{}", call.function, hint), call.function_span);
  }
  for (const DistributionId id : candidates) {
    if (accepts(graph_.distributions[id].statement, call)) return id;
  }
  std::vector<std::string> parameters;
  std::string forms;
  for (const DistributionId id : candidates) {
    const auto& statement = graph_.distributions[id].statement;
    for (const grammar::Parameter& p : statement.parameters) parameters.push_back(p.name.name);
    forms += (forms.empty() ? "" : ", ") + signature(statement);
  }
  const Note help{Note::Kind::help, fmt::format("write {}", forms)};
  for (const grammar::Argument& argument : call.arguments) {
    if (!argument.name.empty() && std::ranges::find(parameters, argument.name) == parameters.end()) {
      fail("unknown-argument", fmt::format("`{}` has no argument `{}`{}", call.function, argument.name, did_you_mean(argument.name, parameters)),
           argument.span, {}, {help});
    }
  }
  fail("wrong-arguments",
       fmt::format("`{}` is not called with {} argument{} like these", call.function, call.arguments.size(), call.arguments.size() == 1 ? "" : "s"),
       span, {}, {help});
}

void Builder::bind_parameter(const grammar::Parameter& parameter, const ExprType& argument, SourceSpan span, const std::string& owner, Scope& inner) {
  inner.values[parameter.name.name] = argument;
  if (argument.unknown) return;
  if (!parameter.type) {
    if (!argument.scalar()) {
      fail("shape-mismatch", fmt::format("`{}` of `{}` is a number, but this is {}", parameter.name.name, owner, shape_text(argument.dims)), span);
    }
    return;
  }
  const grammar::TypeExpr& type = *parameter.type;
  std::vector<const grammar::Expr*> declared;
  for (const grammar::Expr& extent : type.extents) declared.push_back(&extent);
  const bool square = type.name == "covariance" || type.name == "precision" || type.name == "correlation" || type.name == "lower_triangular";
  if (type.name != "category" && type.name != "interval") {
    for (const grammar::Expr& extent : type.arguments) declared.push_back(&extent);
    if (square && !type.arguments.empty()) declared.push_back(&type.arguments[0]);
  }
  if (declared.size() != argument.dims.size()) {
    const char* wanted = declared.empty() ? "a number" : declared.size() == 1 ? "a vector" : "a matrix";
    fail("shape-mismatch", fmt::format("`{}` of `{}` is {}, but this is {}", parameter.name.name, owner, wanted, shape_text(argument.dims)), span);
  }
  for (std::size_t i = 0; i < declared.size(); ++i) {
    const auto* name = std::get_if<grammar::NameExpr>(&declared[i]->kind);
    if (name != nullptr && !inner.sizes.contains(name->name)) {
      inner.sizes[name->name] = argument.dims[i];
    } else {
      require_equal(size_of(*declared[i], inner), argument.dims[i], span, fmt::format("`{}` of `{}`", parameter.name.name, owner));
    }
  }
}

Type Builder::support_of(const grammar::DistributionStatement& statement, BoundCall& call, const Scope& inner) {
  Type support;
  const auto argument_for = [&](const grammar::Expr& expr) -> const grammar::Expr& {
    if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
      for (std::size_t i = 0; i < statement.parameters.size(); ++i) {
        if (statement.parameters[i].name.name == name->name) return *call.arguments[i];
      }
    }
    return expr;
  };
  if (statement.support_range) {
    support.support.kind = SupportKind::bounded_count;
    const auto& range = std::get<grammar::RangeExpr>(statement.support_range->kind);
    if (const auto high = try_size(argument_for(*range.high), Scope{})) support.levels = *high + Size(1);
    return support;
  }
  if (!statement.support_type) return support;
  const grammar::TypeExpr& type = *statement.support_type;
  if (type.name == "interval" && type.arguments.size() == 2) {
    support.support.kind = SupportKind::interval;
    call.open_bound = set_interval(support.support, argument_for(type.arguments[0]), argument_for(type.arguments[1]));
    return support;
  }
  if (is_any(statement)) return support;
  support = type_of(type, inner);
  std::vector<Size> dims = extents_of(type, inner);
  dims.insert(dims.end(), support.dims.begin(), support.dims.end());
  support.dims = std::move(dims);
  return support;
}

BoundCall Builder::bind_call(const grammar::CallExpr& call, SourceSpan span, const Scope& scope) {
  BoundCall bound;
  bound.distribution = choose(call, span);
  const grammar::DistributionStatement& statement = graph_.distributions[bound.distribution].statement;
  bound.arguments.resize(statement.parameters.size());
  bound.types.resize(statement.parameters.size());
  Scope inner;
  inner.closed = true;
  std::size_t position = 0;
  for (const grammar::Argument& argument : call.arguments) {
    std::size_t at = position;
    if (argument.name.empty()) {
      ++position;
    } else {
      at = static_cast<std::size_t>(
          std::ranges::find_if(statement.parameters, [&](const grammar::Parameter& p) { return p.name.name == argument.name; }) -
          statement.parameters.begin());
    }
    bound.arguments[at] = &*argument.value;
    bound.types[at] = infer(*argument.value, scope);
    bind_parameter(statement.parameters[at], bound.types[at], argument.span, call.function, inner);
  }
  bound.support = support_of(statement, bound, inner);
  bound.sizes = inner.sizes;
  return bound;
}

// A distribution `on any` draws what the statement says after `on`, or what the variable is declared or known as; real numbers where nothing says it.
void Builder::settle_support(BoundCall& call, const Factor& factor, const Scope& scope) {
  const grammar::DistributionStatement& statement = graph_.distributions[call.distribution].statement;
  if (!is_any(statement)) {
    if (!factor.on) return;
    fail("fixed-support", fmt::format("`{}` says itself what it draws: {}", factor.call.function, to_text(call.support.support.kind)),
         factor.on->span, {}, {Note{Note::Kind::help, "leave out `on` and the type; only a distribution `on any` takes them"}});
  }
  if (factor.on) {
    call.support = type_of(*factor.on, scope);
    const std::vector<Size> extents = extents_of(*factor.on, scope);
    call.support.dims.insert(call.support.dims.begin(), extents.begin(), extents.end());
    return;
  }
  if (!typed_.contains(factor.variable)) return;
  const Variable& variable = graph_.variables[factor.variable];
  call.support = variable.type;
  const std::size_t indexed = std::min(factor.indices.size(), variable.dims.size());
  call.support.dims.assign(variable.dims.begin() + static_cast<std::ptrdiff_t>(indexed), variable.dims.end());
}

BoundCall Builder::bind_draw(const Factor& factor, const Scope& scope) {
  BoundCall call = bind_call(factor.call, factor.distribution_span, scope);
  settle_support(call, factor, scope);
  return call;
}

// Where the support moves with a variable, its density is 0 outside, which no term says.
void Builder::check_open_bound(const BoundCall& call, const Factor& factor) {
  if (call.open_bound == nullptr) return;
  const std::string name = grammar::to_text(*call.open_bound);
  Level level = Level::constant;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (call.arguments[i] == call.open_bound || std::ranges::find(call.arguments, call.open_bound) == call.arguments.end()) {
      level = std::max(level, call.types[i].level);
    }
  }
  graph_.unsupported.push_back(
      {level == Level::latent ? fmt::format("`{}` with the bound `{}`, which is inferred: its support moves with it,", factor.call.function, name)
                              : fmt::format("`{}` with the bound `{}`, which is data and no constant,", factor.call.function, name),
       call.open_bound->span});
}

// The density itself, with the argument types of this call: mistakes in a user's own distribution show here.
void Builder::check_body(const BoundCall& call, SourceSpan span) {
  const Distribution& distribution = graph_.distributions[call.distribution];
  const grammar::DistributionStatement& statement = distribution.statement;
  if (!statement.log_density) {
    if (statement.body->empty()) {
      fail("empty-distribution", fmt::format("the distribution `{}` has neither a `logpdf` nor a construction", distribution.name),
           statement.name.span);
    }
    return;
  }
  Scope inner;
  inner.closed = true;
  inner.sizes = call.sizes;
  for (std::size_t i = 0; i < statement.parameters.size(); ++i) inner.values[statement.parameters[i].name.name] = call.types[i];
  ExprType variate;
  variate.level = Level::latent;
  variate.dims = call.support.dims;
  variate.levels = call.support.levels;
  variate.category = call.support.support.kind == SupportKind::category;
  variate.integer = variate.category || call.support.support.kind == SupportKind::boolean || call.support.support.kind == SupportKind::count ||
                    call.support.support.kind == SupportKind::bounded_count || call.support.support.kind == SupportKind::integer;
  inner.values[statement.log_density->variate.name] = variate;
  const ExprType density = infer(statement.log_density->value, inner);
  if (!density.unknown && !density.scalar()) {
    fail("shape-mismatch", fmt::format("the log density of `{}` is {}, not a number", distribution.name, shape_text(density.dims)),
         statement.log_density->value.span, {}, {Note{Note::Kind::note, "called here", span}});
  }
}

}  // namespace jensen::model
