// jensen check
#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/options.hpp"
#include "diagnostics/render.hpp"

namespace jensen::cli {

namespace {

using model::ModelGraph;
using model::Variable;

// What `check` found; a later part is absent where an earlier one fails.
struct Findings {
  Diagnostics diagnostics;
  std::optional<ModelGraph> graph;
  std::optional<model::BoundData> data;
  std::optional<derive::Derivation> derivation;
};

void add(Diagnostics& to, const Diagnostics& from) { to.insert(to.end(), from.begin(), from.end()); }

// What is valid but has no inference yet is a note here: the model itself is right.
void check_derivation(Findings& findings) {
  Result<pipeline::DerivedModel> derived = pipeline::derive(*findings.graph);
  Diagnostics trouble = derived ? pipeline::blocks_without_update(*derived) : derived.diagnostics();
  for (Diagnostic& diagnostic : trouble) {
    if (diagnostic.status == ExitStatus::unsupported) diagnostic.severity = Severity::note;
  }
  add(findings.diagnostics, trouble);
  if (derived) findings.derivation = std::move(derived->derivation);
}

bool wants_data(const ModelGraph& graph, const std::vector<std::string>& files) {
  const auto names_file = [](const Variable& variable) { return variable.binding && variable.binding->file; };
  return !files.empty() || std::any_of(graph.variables.begin(), graph.variables.end(), names_file);
}

Findings check(const pipeline::ModelOptions& model, const std::vector<std::string>& files, Sources& sources) {
  Findings findings;
  Result<ModelGraph> graph = pipeline::resolve(model, sources);
  if (!graph) {
    findings.diagnostics = graph.diagnostics();
    return findings;
  }
  findings.graph = std::move(*graph);
  if (wants_data(*findings.graph, files)) {
    Result<model::BoundData> data = pipeline::read_data(*findings.graph, model.path, files);
    if (data) findings.data = std::move(*data);
    if (!data) add(findings.diagnostics, data.diagnostics());
  }
  check_derivation(findings);
  return findings;
}

std::string dims_text(const Variable& variable) {
  std::vector<std::string> extents;
  for (const model::Size& extent : variable.dims) extents.push_back(extent.text());
  return extents.empty() ? "" : fmt::format("[{}]", fmt::join(extents, ", "));
}

std::string type_text(const Variable& variable) {
  std::string text = to_text(variable.type.support.kind);
  if (variable.type.support.kind == SupportKind::category) text += fmt::format("({})", variable.type.levels.text());
  return text + dims_text(variable);
}

// "columns `eruptions`, `waiting`; 272 x 2"
std::string data_text(const Variable& variable, VariableId id, const std::optional<model::BoundData>& data) {
  std::string text;
  if (variable.binding && variable.binding->kind == model::Binding::Kind::literal) text = "literal";
  if (variable.binding && !variable.binding->columns.empty()) text = fmt::format("column {}", fmt::join(variable.binding->columns, ", "));
  const auto bound = data ? data->arrays.find(id) : std::map<VariableId, model::BoundArray>::const_iterator();
  if (!data || bound == data->arrays.end()) return text;
  text +=
      fmt::format("{}{}", text.empty() ? "" : "; ", bound->second.dims.empty() ? "scalar" : fmt::format("{}", fmt::join(bound->second.dims, " x ")));
  if (!bound->second.levels.empty()) text += fmt::format("; {} levels", bound->second.levels.size());
  return text;
}

std::string variables_text(const Findings& findings) {
  const auto& variables = findings.graph->variables;
  std::string text = variables.empty() ? "" : "variables\n";
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const VariableId id = variables.id_at(i);
    const Variable& variable = variables[id];
    if (variable.missing_of.valid() || (variable.role == model::Role::data && !variable.binding)) continue;  // in missing_text
    const bool observed = variable.observed || (variable.role == model::Role::data && !variable.factors.empty());
    const std::string role = observed ? "observed" : to_text(variable.role);
    const std::string extra = variable.role == model::Role::data ? data_text(variable, id, findings.data) : "";
    text += fmt::format("  {:<9} {:<14} {}{}{}\n", role, variable.name, type_text(variable), extra.empty() ? "" : "  ", extra);
  }
  return text;
}

// "N = 272, K = 2 (--set), D: read off the data"
std::string sizes_text(const Findings& findings) {
  const ModelGraph& graph = *findings.graph;
  std::vector<std::string> parts;
  for (const auto& [name, value] : graph.constant_sizes) parts.push_back(fmt::format("{} = {}", name, value));
  for (const auto& [name, value] : graph.set_sizes) {
    if (!graph.constant_sizes.contains(name)) parts.push_back(fmt::format("{} = {}", name, value));
  }
  for (const std::string& name : graph.size_symbols) {
    const auto known = findings.data ? findings.data->sizes.find(name) : model::Sizes::const_iterator();
    const bool has_value = findings.data && known != findings.data->sizes.end();
    parts.push_back(has_value ? fmt::format("{} = {} (from the data)", name, known->second) : fmt::format("{}: read off the data", name));
  }
  return parts.empty() ? "" : fmt::format("sizes\n  {}\n", fmt::join(parts, "\n  "));
}

std::string block_kind_text(const derive::Block& block) {
  if (block.kind == derive::BlockKind::unsupported) return "none yet";
  return fmt::format("{} {}", block.point ? "point" : to_text(block.kind), block.family.name());
}

std::string blocks_text(const Findings& findings) {
  if (!findings.derivation || findings.derivation->blocks.empty()) return "";
  std::string text = "blocks\n";
  for (const derive::Block& block : findings.derivation->blocks) {
    std::vector<std::string> names;
    for (const derive::Component& component : block.components) names.push_back(findings.graph->shown_name(component.variable));
    text += fmt::format("  {:<24} {:<22} {}\n", fmt::format("{}", fmt::join(names, ", ")), block_kind_text(block), block.reason);
  }
  return text;
}

// "ozone: 37 of 153 cells are missing: latent"
std::string missing_text(const Findings& findings) {
  if (!findings.data) return "";
  std::string text;
  for (const auto& [id, array] : findings.data->arrays) {
    if (array.missing.empty()) continue;
    const std::size_t count = array.missing_count();
    text += fmt::format("  {}: {} of {} cells {} missing: latent\n", findings.graph->variables[id].name, count, array.values.size(),
                        count == 1 ? "is" : "are");
  }
  return text.empty() ? "" : "missing\n" + text;
}

std::string findings_text(const Findings& findings, const std::string& path) {
  return fmt::format("{}: a valid model\n{}{}{}{}", path, sizes_text(findings), variables_text(findings), missing_text(findings),
                     blocks_text(findings));
}

}  // namespace

ExitStatus run_check(const Arguments& words) {
  Console console;
  pipeline::ModelOptions model;
  std::vector<std::string> files;
  bool json = false;
  CLI::App app;
  describe(
      app, "check",
      "Parse and resolve a model, bind its data, and say what `fit` would do. A valid model whose inference is not there yet passes, with a note.",
      {{"jensen check mixture.model", "sizes, variables and blocks"},
       {"jensen check mixture.model faithful.csv", "the same with the data bound"},
       {"jensen check --json mixture.model", "diagnostics for an editor"}});
  add_model_options(app, model);
  add_data_argument(app, files);
  app.add_flag("--json", json, "Write the diagnostics, as a JSON array, to the standard output and nothing else");
  add_console_options(app, console);
  if (const auto status = read_arguments(app, words, console)) return *status;
  Sources sources;
  const Findings findings = check(model, files, sources);
  const ExitStatus status = status_of(findings.diagnostics);
  if (!json) console.report(findings.diagnostics, sources);
  const std::string text = json ? render_json(findings.diagnostics, sources) : status == ExitStatus::ok ? findings_text(findings, model.path) : "";
  const ExitStatus written = console.result(json && !text.ends_with('\n') ? text + "\n" : text);
  return status == ExitStatus::ok ? written : status;
}

}  // namespace jensen::cli
