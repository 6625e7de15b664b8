#include "pipeline.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
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
#include "plan/link.hpp"
#include "plan/plan.hpp"
#include "plan/resolve.hpp"
#include "print.hpp"
#include "report/read_fit.hpp"
#include "run/missing_cells.hpp"
#include "run/run.hpp"
#include "simulate/simulate.hpp"

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

// Data files in the order in which they are read, and which of them each `from` of the model means: none where the command line names the files.
struct DataFiles {
  std::vector<std::string> paths;
  std::map<std::string, std::size_t> tables;
};

DataFiles files_of_model(const model::ModelGraph& graph, const std::string& model_path) {
  DataFiles files;
  for (const model::Variable& variable : graph.variables) {
    if (!variable.binding || !variable.binding->file) continue;
    const std::string path = beside(model_path, *variable.binding->file);
    const auto known = std::find(files.paths.begin(), files.paths.end(), path);
    files.tables[*variable.binding->file] = static_cast<std::size_t>(known - files.paths.begin());
    if (known == files.paths.end()) files.paths.push_back(path);
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

namespace {

Result<std::vector<data::Table>> read_tables(const std::vector<std::string>& files) {
  std::vector<data::Table> tables;
  for (const std::string& file : files) {
    Result<data::Table> table = data::read_table(file);
    if (!table) return table.diagnostics();
    tables.push_back(std::move(*table));
  }
  return tables;
}

// The files that the model names for the data that a simulation needs.
DataFiles files_of_covariates(const model::ModelGraph& graph, const simulate::Needs& needs, const std::string& model_path) {
  model::ModelGraph needed = graph;
  for (std::size_t i = 0; i < needed.variables.size(); ++i) {
    if (!needs.covariates.contains(VariableId(i)) && !needs.partial.contains(VariableId(i))) needed.variables[VariableId(i)].binding.reset();
  }
  return files_of_model(needed, model_path);
}

}  // namespace

Result<Simulated> simulate(const ModelOptions& options, const std::vector<std::string>& data_files, const SimulateOptions& simulate_options,
                           Sources& sources) {
  Result<model::ModelGraph> graph = resolve(options, sources);
  if (!graph) return graph.diagnostics();
  const simulate::Needs needs = simulate::needs_of(*graph);
  simulate::Options draw{.seed = simulate_options.seed, .draws = simulate_options.draws, .values = {}};
  if (simulate_options.values_json) {
    Result<simulate::Values> values = simulate::read_values(*simulate_options.values_json, *graph);
    if (!values) return values.diagnostics();
    draw.values = std::move(*values);
  }
  const DataFiles files = data_files.empty() ? files_of_covariates(*graph, needs, options.path) : DataFiles{data_files, {}};
  if (Diagnostics missing = simulate::check_covariates(*graph, needs); files.paths.empty() && !missing.empty()) return missing;
  Result<std::vector<data::Table>> tables = read_tables(files.paths);
  if (!tables) return tables.diagnostics();
  model::BindOptions binding = simulate::binding_of(*graph, needs);
  binding.tables = files.tables;
  const Result<model::BoundData> given = model::bind_data(*graph, std::move(*tables), binding);
  if (!given) return given.diagnostics();
  Result<std::vector<model::BoundData>> draws = simulate::simulate(*graph, *given, draw);
  if (!draws) return draws.diagnostics();
  return Simulated{std::move(*graph), std::move(*draws)};
}

namespace {

// `--rows a b` leaves `b` among the data files.
Diagnostics with_hint_of_variable(Diagnostics diagnostics, const model::ModelGraph& graph, const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const model::Variable& variable : graph.variables) names.push_back(variable.name);
  for (Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.code != "data-not-found") continue;
    for (const std::string& file : files) {
      if (diagnostic.message.find(fmt::format("`{}`", file)) == std::string::npos) continue;
      if (std::find(names.begin(), names.end(), file) == names.end()) continue;
      diagnostic.notes.push_back({Note::Kind::help,
                                  fmt::format("`{}` is a variable of the model and read as a data file here; several variables after one option are "
                                              "joined by commas, as in `--rows z,{}`",
                                              file, file),
                                  {}});
    }
  }
  return diagnostics;
}

}  // namespace

Result<model::BoundData> read_data(model::ModelGraph& graph, const std::string& model_path, const std::vector<std::string>& files) {
  const DataFiles chosen = files.empty() ? files_of_model(graph, model_path) : DataFiles{files, {}};
  Result<std::vector<data::Table>> tables = read_tables(chosen.paths);
  if (!tables) return with_hint_of_variable(tables.diagnostics(), graph, files);
  model::BindOptions options;
  options.optional = model::data_of_predictions(graph);
  options.tables = chosen.tables;
  Result<model::BoundData> data = model::bind_data(graph, std::move(*tables), options);
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

run::FitSource source_of(const ModelOptions& options, const model::ModelGraph& graph, const model::BoundData& data, const Sources& sources) {
  run::FitSource out{.path = options.path, .text = {}, .sets = options.sets, .sizes = data.sizes, .levels = {}};
  for (const Source& source : sources) {
    if (source.name() == options.path) out.text = source.text();
  }
  for (const auto& [id, array] : data.arrays) {
    if (!array.levels.empty()) out.levels[model::level_key(graph.variables[id])] = array.levels;
  }
  return out;
}

// Derived and predicted quantities. What cannot be computed takes nothing away from the fit.
void add_quantities(const DerivedModel& model, const plan::Plan& plan, const model::BoundData& data, const run::FitOptions& options, run::Fit& fit) {
  std::vector<run::FittedBlock> blocks = fit.blocks;
  blocks.insert(blocks.end(), fit.row_blocks.begin(), fit.row_blocks.end());
  const simulate::Posterior posterior(model.graph, model.derivation, plan.blocks, blocks);
  Result<simulate::Predicted> predicted = simulate::predict(model.graph, posterior, data, {.seed = options.seed, .draws = options.quantity_draws});
  Diagnostics notes = predicted ? std::move(predicted->left_out) : predicted.diagnostics();
  for (Diagnostic& note : notes) {
    if (note.severity == Severity::error) note.severity = Severity::warning;
    fit.warnings.push_back(std::move(note));
  }
  if (!predicted) return;
  for (run::FittedVariable& variable : predicted->variables) {
    const VariableId id = model.graph.find(variable.name);
    if (id.valid() && model.graph.variables[id].missing_of.valid()) {
      variable.name = model.graph.shown_name(id);
      run::keep_missing_cells(data.arrays.at(model.graph.variables[id].missing_of), variable);
    }
    fit.variables.push_back(std::move(variable));
  }
}

std::set<VariableId> joined_variables(const derive::Derivation& derivation) {
  std::set<VariableId> out;
  for (const derive::Block& block : derivation.blocks) {
    const bool joint = block.kind == derive::BlockKind::gaussian || block.kind == derive::BlockKind::network;
    for (const derive::Component& c : block.components) {
      if (joint && block.components.size() > 1) out.insert(c.variable);
    }
  }
  return out;
}

constexpr std::int64_t longest_stored_chain = 20000;

std::int64_t longest_chain(const DerivedModel& model, const model::BoundData& data) {
  std::int64_t out = 0;
  for (const derive::Block& block : model.derivation.blocks) {
    if (!block.chain) continue;
    const model::Size& extent = model.graph.variables[block.components[0].variable].dims[block.chain->slots[0]];
    out = std::max(out, extent.evaluate(data.sizes).value_or(0));
  }
  return out;
}

// A joint q that is too large for these data is given up: one q by variable, and a note that says so.
Result<plan::Plan> plan_of(DerivedModel& model, const model::BoundData& data, Diagnostics& notes) {
  // Predicted quantities are drawn from the joint q of a chain, which its rows' marginals are not, where it is small enough to be stored.
  const auto make = [&] {
    return model.graph.predictions.empty() || longest_chain(model, data) > longest_stored_chain
               ? plan::make_plan_by_row(model.graph, model.derivation, data)
               : plan::make_plan(model.graph, model.derivation, data);
  };
  Result<plan::Plan> plan = make();
  if (plan || plan.diagnostics().at(0).code != "block-too-large") return plan;
  const std::set<VariableId> apart = joined_variables(model.derivation);
  if (apart.empty()) return plan;
  Result<derive::Derivation> factorised = derive::derive(model.graph, apart);
  if (!factorised) return factorised.diagnostics();
  Diagnostic note = plan.diagnostics().at(0);
  note.severity = Severity::warning;
  note.message += ": q is factorised between these variables instead, and the bound is looser";
  notes.push_back(std::move(note));
  model.derivation = std::move(*factorised);
  return make();
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

  Diagnostics notes;
  const Result<plan::Plan> plan = plan_of(*model, *data, notes);
  if (!plan) return plan.diagnostics();
  const double plan_seconds = watch.lap();

  run::FitOptions with_rows = fit_options;
  with_rows.row_blocks = !model->graph.predictions.empty();
  Result<run::Fit> fit = run::fit(model->graph, model->derivation, *plan, *data, with_rows);
  if (!fit) return fit;
  fit->warnings.insert(fit->warnings.begin(), notes.begin(), notes.end());
  fit->model = model->graph.name;
  fit->method = name_of(options.method);
  fit->source = source_of(options, model->graph, *data, sources);
  add_quantities(*model, *plan, *data, fit_options, *fit);
  fit->timings.derive = derive_seconds;
  fit->timings.read = read_seconds;
  fit->timings.plan = plan_seconds;
  fit->seconds = watch.seconds();
  return fit;
}

namespace {

model::Method method_of(const std::string& name) {
  return name == "em" ? model::Method::em : name == "vb" ? model::Method::vb : model::Method::automatic;
}

Result<DerivedModel> model_of_fit(const run::Fit& fit, const PredictOptions& options, Sources& sources) {
  const ModelOptions model{.path = fit.source->path, .sets = fit.source->sets, .method = method_of(fit.method), .max_bytes = options.max_bytes};
  const SourceId id = sources.add(Source(model.path, fit.source->text));
  const Result<grammar::Program> program = grammar::parse(sources[id], id, {.bytes = options.max_bytes});
  if (!program) return program.diagnostics();
  Result<model::ModelGraph> graph = model::build_graph(*program, sources, build_options(model));
  return graph ? derive(std::move(*graph)) : graph.diagnostics();
}

// New data: whatever the files hold of the model's data, with the extents and levels of the fit where they tell nothing else.
Result<model::BoundData> new_data(const model::ModelGraph& graph, const run::FitSource& source, const std::vector<std::string>& files) {
  model::BindOptions binding;
  for (std::size_t i = 0; i < graph.variables.size(); ++i) {
    if (graph.variables[VariableId(i)].role == model::Role::data) binding.optional.insert(VariableId(i));
  }
  binding.defaults = source.sizes;
  binding.levels = source.levels;
  Result<std::vector<data::Table>> tables = read_tables(files);
  return tables ? model::bind_data(graph, std::move(*tables), binding) : tables.diagnostics();
}

std::map<int, std::vector<std::vector<std::int32_t>>> patterns_of(const DerivedModel& model, const run::Fit& fit) {
  std::map<int, std::vector<std::vector<std::int32_t>>> out;
  for (const run::FittedBlock& block : fit.blocks) {
    const VariableId id = block.variables.empty() ? VariableId{} : model.graph.find(block.variables.front());
    const BlockId of = id.valid() ? model.derivation.block_of[static_cast<std::size_t>(id.value)] : BlockId{};
    if (of.valid() && !block.pattern.empty()) out[of.value] = block.pattern;
  }
  return out;
}

}  // namespace

Result<Prediction> predict(const PredictOptions& options, const std::vector<std::string>& data_files, Sources& sources) {
  const Result<run::Fit> fit = report::read_fit(options.fit_json);
  if (!fit) return fit.diagnostics();
  const Result<DerivedModel> model = model_of_fit(*fit, options, sources);
  if (!model) return model.diagnostics();
  const Result<model::BoundData> data = new_data(model->graph, *fit->source, data_files);
  if (!data) return data.diagnostics();
  plan::Plan plan;
  try {
    plan::Resolver resolver(model->graph, model->derivation, *data, plan);
    resolver.resolve_blocks();
    resolver.use_patterns(patterns_of(*model, *fit));
  } catch (const Failure& failure) {
    return failure.diagnostic();
  }
  const simulate::Posterior posterior(model->graph, model->derivation, plan.blocks, fit->blocks);
  Result<simulate::Predicted> predicted =
      simulate::predict(model->graph, posterior, *data, {.seed = options.seed, .draws = options.draws, .keep_draws = options.keep_draws});
  if (!predicted) return predicted.diagnostics();
  return Prediction{fit->model, std::move(*predicted)};
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

Result<std::string> print_plan(PlanFormat format, const ModelOptions& options, const std::vector<std::string>& data_files, Sources& sources) {
  Result<DerivedModel> model = derive(options, sources);
  if (!model) return model.diagnostics();
  const Result<model::BoundData> data = read_data_of(*model, options.path, data_files);
  if (!data) return data.diagnostics();
  Diagnostics notes;
  const Result<plan::Plan> plan = plan_of(*model, *data, notes);
  if (!plan) return plan.diagnostics();
  return format == PlanFormat::json ? plan::to_json(*plan) : plan::to_text(*plan);
}

Result<std::string> print_after(Stage stage, const ModelOptions& options, const std::vector<std::string>& data_files, Sources& sources) {
  if (stage == Stage::ast) {
    const Result<grammar::Program> program = parse(options, sources);
    return program ? Result<std::string>(grammar::to_outline(*program)) : program.diagnostics();
  }
  if (stage == Stage::graph) return print_graph(GraphFormat::text, options, sources);
  if (stage == Stage::plan) return print_plan(PlanFormat::text, options, data_files, sources);
  const Result<DerivedModel> model = derive(options, sources);
  return model ? Result<std::string>(log_joint_text(*model)) : model.diagnostics();
}

}  // namespace jensen::pipeline
