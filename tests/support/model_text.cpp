#include "support/model_text.hpp"

#include <stdexcept>

#include "derive/notation.hpp"
#include "diagnostics/render.hpp"
#include "model/missing.hpp"
#include "parse.hpp"
#include "plan/plan.hpp"
#include "run/run.hpp"

namespace jensen::test {

namespace {

[[noreturn]] void raise(const Diagnostics& diagnostics, const Sources& sources) {
  throw std::runtime_error(render_text(diagnostics, sources, false));
}

Result<model::ModelGraph> try_resolve(const std::string& text, Sources& sources, const std::vector<std::string>& sets, model::Method method) {
  const SourceId id = sources.add(Source("test.model", text));
  const auto program = grammar::parse(sources[id], id);
  if (!program) return program.diagnostics();
  model::BuildOptions options;
  options.name = "test";
  options.sets = sets;
  options.method = method;
  return model::build_graph(*program, sources, options);
}

Result<run::Fit> try_fit(const std::string& text, const std::string& csv, const run::FitOptions& options, model::Method method, Sources& sources) {
  auto graph = try_resolve(text, sources, {}, method);
  if (!graph) return graph.diagnostics();
  std::vector<data::Table> tables;
  if (!csv.empty()) {
    auto table = data::read_csv_text(csv, "test.csv");
    if (!table) return table.diagnostics();
    tables.push_back(std::move(*table));
  }
  auto data = model::bind_data(*graph, std::move(tables));
  if (!data) return data.diagnostics();
  model::add_missing(*graph, *data);
  auto derivation = derive::derive(*graph);
  if (!derivation) return derivation.diagnostics();
  if (auto missing = derive::unsupported(*graph, *derivation); !missing.empty()) return missing;
  auto plan = plan::make_plan(*graph, *derivation, *data);
  if (!plan) return plan.diagnostics();
  return run::fit(*graph, *derivation, *plan, *data, options);
}

}  // namespace

Resolved resolve(const std::string& text, const std::vector<std::string>& sets, model::Method method) {
  Resolved out;
  auto graph = try_resolve(text, out.sources, sets, method);
  if (!graph) raise(graph.diagnostics(), out.sources);
  out.graph = std::move(*graph);
  return out;
}

Diagnostics resolve_errors(const std::string& text) {
  Sources sources;
  const auto graph = try_resolve(text, sources, {}, model::Method::automatic);
  return graph ? Diagnostics{} : graph.diagnostics();
}

Derived derive(const std::string& text, model::Method method) {
  Derived out{resolve(text, {}, method), {}};
  auto derivation = derive::derive(out.resolved.graph);
  if (!derivation) raise(derivation.diagnostics(), out.resolved.sources);
  out.derivation = std::move(*derivation);
  return out;
}

std::string Derived::text(const std::string& variable) const { return derive::to_text(resolved.graph, derivation, {variable, &resolved.sources}); }

std::vector<std::string> Derived::terms() const {
  const derive::Notation notation(resolved.graph, derivation, derive::Style::text);
  std::vector<std::string> out;
  for (const derive::Term& term : derivation.log_joint.terms) out.push_back(notation.term(term, false, true));
  return out;
}

const derive::Block& Derived::block(const std::string& variable) const {
  return derivation.blocks[derivation.block_of.at(static_cast<std::size_t>(resolved.graph.find(variable).value))];
}

run::Fit fit(const std::string& model, const std::string& csv, const run::FitOptions& options, model::Method method) {
  Sources sources;
  auto fitted = try_fit(model, csv, options, method, sources);
  if (!fitted) raise(fitted.diagnostics(), sources);
  return std::move(*fitted);
}

Diagnostics fit_errors(const std::string& model, const std::string& csv, const run::FitOptions& options) {
  Sources sources;
  const auto fitted = try_fit(model, csv, options, model::Method::automatic, sources);
  return fitted ? Diagnostics{} : fitted.diagnostics();
}

}  // namespace jensen::test
