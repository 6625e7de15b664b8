#include "pipeline.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "data/table.hpp"
#include "derive/derive.hpp"
#include "derive/notation.hpp"
#include "diagnostics/suggest.hpp"
#include "model/bind_data.hpp"
#include "model/graph_print.hpp"
#include "model/missing.hpp"
#include "parse.hpp"
#include "plan/plan.hpp"
#include "print.hpp"
#include "run/run.hpp"

namespace jensen::pipeline {

namespace {

namespace fs = std::filesystem;

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  // Since the last lap.
  double lap() {
    const Clock::time_point now = Clock::now();
    return std::chrono::duration<double>(now - std::exchange(lap_, now)).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
  Clock::time_point lap_ = start_;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Diagnostic file_error(const std::string& path, int error) {
  const std::string message = fmt::format("cannot read `{}`: {}", path, std::generic_category().message(error));
  if (error == ENOENT || error == ENOTDIR) return {.code = "no-such-file", .message = message, .status = ExitStatus::no_input};
  return {.code = "unreadable-file", .message = message, .status = ExitStatus::no_input};
}

std::string beside(const std::string& model_path, const std::string& file) { return (fs::path(model_path).parent_path() / file).string(); }

model::BuildOptions build_options(const ModelOptions& options) {
  model::BuildOptions build{.name = fs::path(options.path).stem().string(), .sets = options.sets, .method = options.method};
  build.read_file = [&options](const std::string& file) -> std::optional<std::string> {
    Result<std::string> text = read_text_file(beside(options.path, file), options.max_bytes);
    return text ? std::optional(std::move(*text)) : std::nullopt;
  };
  return build;
}

std::vector<std::string> files_of_model(const model::ModelGraph& graph, const std::string& model_path) {
  std::vector<std::string> files;
  for (const model::Variable& variable : graph.variables) {
    if (!variable.binding || !variable.binding->file) continue;
    const std::string file = beside(model_path, *variable.binding->file);
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  return files;
}

// The variables that a block updates.
std::vector<std::string> updated_variables(const DerivedModel& model) {
  std::vector<std::string> names;
  for (const derive::Block& block : model.derivation.blocks) {
    for (const derive::Component& component : block.components) names.push_back(model.graph.variables[component.variable].name);
  }
  return names;
}

bool is_updated(const DerivedModel& model, const std::string& variable) {
  const std::vector<std::string> names = updated_variables(model);
  return std::find(names.begin(), names.end(), variable) != names.end();
}

Diagnostic no_block(const DerivedModel& model, const std::string& variable) {
  return {.code = "no-such-block",
          .message = fmt::format("`{}` is no latent variable or param of the model{}", variable, did_you_mean(variable, updated_variables(model))),
          .status = ExitStatus::usage};
}

// Missing cells of which no term speaks: their q would be anything, and the terms of their column would take the placeholder for a value.
bool is_in_no_term(const DerivedModel& model, const derive::Block& block, VariableId id) {
  if (!model.graph.variables[id].missing_of.valid() || block.kind == derive::BlockKind::unsupported) return false;
  return std::none_of(block.terms.begin(), block.terms.end(), [&](TermId term) {
    const auto& atoms = model.derivation.log_joint.terms[term].atoms;
    return std::any_of(atoms.begin(), atoms.end(), [&](const derive::Atom& atom) { return atom.variable == id; });
  });
}

Diagnostic not_inferred(const model::ModelGraph& graph, VariableId id) {
  return {.code = "no-update-yet",
          .message = fmt::format("no update is known yet for the missing cells of `{}`: no term of the log joint holds them", graph.shown_name(id)),
          .span = graph.variables[id].span,
          .status = ExitStatus::unsupported};
}

std::string log_joint_text(const DerivedModel& model) {
  const derive::Notation notation(model.graph, model.derivation, derive::Style::text);
  std::string text;
  for (const derive::Term& term : model.derivation.log_joint.terms) text += notation.term(term, false, text.empty()) + '\n';
  for (const derive::Residual& residual : model.derivation.log_joint.residuals)
    text += fmt::format("residual {}: {}\n", residual.text, residual.reason);
  return text;
}

const char* name_of(model::Method method) {
  switch (method) {
    case model::Method::automatic:
      return "auto";
    case model::Method::em:
      return "em";
    case model::Method::vb:
      return "vb";
  }
  return "";
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (!file) return file_error(path, errno);
  std::string text;
  std::array<char, 65536> buffer{};
  errno = 0;
  for (std::size_t count = 1; count > 0 && text.size() <= max_bytes;) {
    count = std::fread(buffer.data(), 1, buffer.size(), file.get());
    text.append(buffer.data(), count);
  }
  if (std::ferror(file.get()) != 0) return file_error(path, errno);
  if (text.size() > max_bytes) {
    return Diagnostic{.code = "file-too-large", .message = fmt::format("`{}` is larger than the limit of {} bytes", path, max_bytes)};
  }
  return text;
}

Result<grammar::Program> parse(const ModelOptions& options, Sources& sources) {
  Result<std::string> text = read_text_file(options.path, options.max_bytes);
  if (!text) return text.diagnostics();
  const SourceId id = sources.add(Source(options.path, std::move(*text)));
  return grammar::parse(sources[id], id, {.bytes = options.max_bytes});
}

Result<model::ModelGraph> resolve(const ModelOptions& options, Sources& sources) {
  const Result<grammar::Program> program = parse(options, sources);
  if (!program) return program.diagnostics();
  return model::build_graph(*program, sources, build_options(options));
}

Result<DerivedModel> derive(model::ModelGraph graph) {
  Result<derive::Derivation> derivation = derive::derive(graph);
  if (!derivation) return derivation.diagnostics();
  return DerivedModel{std::move(graph), std::move(*derivation)};
}

Result<DerivedModel> derive(const ModelOptions& options, Sources& sources) {
  Result<model::ModelGraph> graph = resolve(options, sources);
  if (!graph) return graph.diagnostics();
  return derive(std::move(*graph));
}

Result<model::BoundData> read_data(model::ModelGraph& graph, const std::string& model_path, const std::vector<std::string>& files) {
  std::vector<data::Table> tables;
  for (const std::string& file : files.empty() ? files_of_model(graph, model_path) : files) {
    Result<data::Table> table = data::read_table(file);
    if (!table) return table.diagnostics();
    tables.push_back(std::move(*table));
  }
  Result<model::BoundData> data = model::bind_data(graph, std::move(tables));
  if (data) model::add_missing(graph, *data);
  return data;
}

Diagnostics blocks_without_update(const DerivedModel& model) {
  Diagnostics found = derive::unsupported(model.graph, model.derivation);
  for (const derive::Block& block : model.derivation.blocks) {
    for (const derive::Component& component : block.components) {
      if (is_in_no_term(model, block, component.variable)) found.push_back(not_inferred(model.graph, component.variable));
    }
  }
  return found;
}

namespace {

// What is wrong with a model is found before its data are read. Missing cells are latents, which only a second derivation knows of.
Result<model::BoundData> read_data_of(DerivedModel& model, const std::string& path, const std::vector<std::string>& files) {
  const std::size_t variables = model.graph.variables.size();
  Result<model::BoundData> data = read_data(model.graph, path, files);
  if (!data || model.graph.variables.size() == variables) return data;
  Result<DerivedModel> with_missing = derive(std::move(model.graph));
  if (!with_missing) return with_missing.diagnostics();
  model = std::move(*with_missing);
  if (Diagnostics missing = blocks_without_update(model); !missing.empty()) return missing;
  return data;
}

}  // namespace

Result<run::Fit> fit(const ModelOptions& options, const std::vector<std::string>& data_files, const run::FitOptions& fit_options, Sources& sources) {
  Stopwatch watch;
  Result<DerivedModel> model = derive(options, sources);
  if (!model) return model.diagnostics();
  if (Diagnostics missing = blocks_without_update(*model); !missing.empty()) return missing;
  const double derive_seconds = watch.lap();

  const Result<model::BoundData> data = read_data_of(*model, options.path, data_files);
  if (!data) return data.diagnostics();
  const double read_seconds = watch.lap();

  const Result<plan::Plan> plan = plan::make_plan(model->graph, model->derivation, *data);
  if (!plan) return plan.diagnostics();
  const double plan_seconds = watch.lap();

  Result<run::Fit> fit = run::fit(model->graph, model->derivation, *plan, *data, fit_options);
  if (!fit) return fit;
  fit->model = model->graph.name;
  fit->method = name_of(options.method);
  fit->timings.derive = derive_seconds;
  fit->timings.read = read_seconds;
  fit->timings.plan = plan_seconds;
  fit->seconds = watch.seconds();
  return fit;
}

Result<std::string> print_graph(GraphFormat format, const ModelOptions& options, Sources& sources) {
  const Result<model::ModelGraph> graph = resolve(options, sources);
  if (!graph) return graph.diagnostics();
  switch (format) {
    case GraphFormat::text:
      return model::to_text(*graph);
    case GraphFormat::dot:
      return model::to_dot(*graph);
    case GraphFormat::mermaid:
      return model::to_mermaid(*graph);
    case GraphFormat::json:
      return model::to_json(*graph);
  }
  return std::string();
}

Result<std::string> print_derivation(DerivationFormat format, const std::string& variable, const ModelOptions& options, Sources& sources) {
  const Result<DerivedModel> model = derive(options, sources);
  if (!model) return model.diagnostics();
  if (!variable.empty() && !is_updated(*model, variable)) return no_block(*model, variable);
  const derive::PrintOptions print{.variable = variable, .sources = &sources};
  switch (format) {
    case DerivationFormat::text:
      return derive::to_text(model->graph, model->derivation, print);
    case DerivationFormat::latex:
      return derive::to_latex(model->graph, model->derivation, print);
    case DerivationFormat::json:
      return derive::to_json(model->graph, model->derivation, print);
  }
  return std::string();
}

Result<std::string> print_after(Stage stage, const ModelOptions& options, const std::vector<std::string>& data_files, Sources& sources) {
  if (stage == Stage::ast) {
    const Result<grammar::Program> program = parse(options, sources);
    return program ? Result<std::string>(grammar::to_outline(*program)) : program.diagnostics();
  }
  if (stage == Stage::graph) return print_graph(GraphFormat::text, options, sources);
  Result<DerivedModel> model = derive(options, sources);
  if (!model) return model.diagnostics();
  if (stage == Stage::log_joint) return log_joint_text(*model);
  const Result<model::BoundData> data = read_data_of(*model, options.path, data_files);
  if (!data) return data.diagnostics();
  const Result<plan::Plan> plan = plan::make_plan(model->graph, model->derivation, *data);
  return plan ? Result<std::string>(plan::to_text(*plan)) : plan.diagnostics();
}

}  // namespace jensen::pipeline
