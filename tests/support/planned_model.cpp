#include "support/planned_model.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "data/table.hpp"
#include "derive/derive.hpp"
#include "model/bind_data.hpp"
#include "model/missing.hpp"
#include "parse.hpp"
#include "pipeline.hpp"
#include "plan/link.hpp"
#include "report/report.hpp"
#include "run/run.hpp"

namespace jensen::tests {

namespace {

Result<model::ModelGraph> resolve_text(const ModelText& text, Sources& sources) {
  const SourceId id = sources.add(Source("model", text.model));
  const Result<grammar::Program> program = grammar::parse(sources[id], id);
  if (!program) return program.diagnostics();
  return model::build_graph(*program, sources, {.name = "model", .sets = text.sets, .method = text.method});
}

}  // namespace

Result<Planned> plan_text(const ModelText& text) {
  auto sources = std::make_unique<Sources>();
  Result<model::ModelGraph> graph = resolve_text(text, *sources);
  if (!graph) return graph.diagnostics();
  std::vector<data::Table> tables;
  if (!text.csv.empty()) {
    Result<data::Table> table = data::read_csv_text(text.csv, "data.csv");
    if (!table) return table.diagnostics();
    tables.push_back(std::move(*table));
  }
  Result<model::BoundData> bound = model::bind_data(*graph, std::move(tables));
  if (!bound) return bound.diagnostics();
  model::add_missing(*graph, *bound);
  Result<pipeline::DerivedModel> derived = pipeline::derive(std::move(*graph));
  if (!derived) return derived.diagnostics();
  if (Diagnostics missing = pipeline::blocks_without_update(*derived); !missing.empty()) return missing;
  auto data = std::make_unique<model::BoundData>(std::move(*bound));
  Result<plan::Plan> plan =
      text.by_row ? plan::make_plan_by_row(derived->graph, derived->derivation, *data) : plan::make_plan(derived->graph, derived->derivation, *data);
  if (!plan) return plan.diagnostics();
  return Planned{std::move(sources), std::move(derived->graph), std::move(derived->derivation), std::move(data), std::move(*plan)};
}

Result<run::Fit> fit_text(const ModelText& text, const run::FitOptions& options) {
  const Result<Planned> planned = plan_text(text);
  if (!planned) return planned.diagnostics();
  return run::fit(planned->graph, planned->derivation, planned->plan, *planned->data, options);
}

std::string derive_text(const ModelText& text) {
  Sources sources;
  Result<model::ModelGraph> graph = resolve_text(text, sources);
  if (!graph) return messages(graph.diagnostics());
  const Result<pipeline::DerivedModel> derived = pipeline::derive(std::move(*graph));
  return derived ? derive::to_text(derived->graph, derived->derivation, {}) : messages(derived.diagnostics());
}

Result<run::Fit> fit_example(const std::string& model, const run::FitOptions& options, const std::vector<std::string>& data_files) {
  Sources sources;
  pipeline::ModelOptions what;
  what.path = std::string(JENSEN_SOURCE_DIR "/examples/") + model;
  return pipeline::fit(what, data_files, options, sources);
}

std::string messages(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics) text += fmt::format("{}: {}\n", d.code, d.message);
  return text;
}

const run::FittedVariable& variable(const run::Fit& fit, const std::string& name) {
  for (const run::FittedVariable& v : fit.variables) {
    if (v.name == name) return v;
  }
  throw std::out_of_range("the fit has no variable " + name);
}

std::string figures(run::Fit fit) {
  fit.model.clear();
  fit.seconds = 0;
  fit.timings = {};
  return report::to_json(fit);
}

}  // namespace jensen::tests
