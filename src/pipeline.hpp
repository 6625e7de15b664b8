// The whole program as straight functions, one per product: text → syntax tree → graph → derivation → plan → fit.
//
// Each takes the files' names and adds what it reads to `sources`, so that the diagnostics of a failure can show their lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ast.hpp"
#include "derive/blocks.hpp"
#include "diagnostics/diagnostic.hpp"
#include "model/bound_data.hpp"
#include "model/build.hpp"
#include "model/graph.hpp"
#include "run/fit.hpp"
#include "simulate/predict.hpp"

namespace jensen::pipeline {

struct ModelOptions {
  std::string path;
  std::vector<std::string> sets;  // NAME=EXPRESSION
  model::Method method = model::Method::automatic;
  std::size_t max_bytes = std::size_t{16} << 20;  // of the model file
};

Result<grammar::Program> parse(const ModelOptions& options, Sources& sources);
Result<model::ModelGraph> resolve(const ModelOptions& options, Sources& sources);

struct DerivedModel {
  model::ModelGraph graph;
  derive::Derivation derivation;
};
// Fails with status 69 for statements whose inference is not there yet. A variable without an update is no failure: its block says so.
Result<DerivedModel> derive(const ModelOptions& options, Sources& sources);
Result<DerivedModel> derive(model::ModelGraph graph);

// Where `files` is empty, the files that the model's `from` clauses name are read, relative to the model's folder. Missing cells become latents of
// the graph: a derivation made before does not know of them.
Result<model::BoundData> read_data(model::ModelGraph& graph, const std::string& model_path, const std::vector<std::string>& files);

// What stands between a derivation and a fit: one diagnostic for each variable that has no update yet.
Diagnostics blocks_without_update(const DerivedModel& model);

Result<run::Fit> fit(const ModelOptions& options, const std::vector<std::string>& data_files, const run::FitOptions& fit_options, Sources& sources);

struct SimulateOptions {
  std::uint64_t seed = 1;
  int draws = 1;
  std::optional<std::string> values_json;  // text of --params: values in place of draws
};
struct Simulated {
  model::ModelGraph graph;
  std::vector<model::BoundData> draws;
};
// Data without a distribution come from the files, extents from --set or from those data.
Result<Simulated> simulate(const ModelOptions& options, const std::vector<std::string>& data_files, const SimulateOptions& simulate_options,
                           Sources& sources);

struct PredictOptions {
  std::uint64_t seed = 1;
  int draws = 1000;
  bool keep_draws = false;
  std::string fit_json;                           // the text that `fit --json` wrote
  std::size_t max_bytes = std::size_t{16} << 20;  // of a file that the model uses
};
struct Prediction {
  std::string model;
  simulate::Predicted quantities;
};
// Quantities of a posterior fitted before, with new data for the predictions that need them.
Result<Prediction> predict(const PredictOptions& options, const std::vector<std::string>& data_files, Sources& sources);

enum class GraphFormat { text, dot, mermaid, json };
Result<std::string> print_graph(GraphFormat format, const ModelOptions& options, Sources& sources);

enum class DerivationFormat { text, latex, json };
// Of one variable alone where `variable` is not empty.
Result<std::string> print_derivation(DerivationFormat format, const std::string& variable, const ModelOptions& options, Sources& sources);

enum class PlanFormat { text, json };
Result<std::string> print_plan(PlanFormat format, const ModelOptions& options, const std::vector<std::string>& data_files, Sources& sources);

// The product of one stage as text; stages before `plan` read no data.
enum class Stage { ast, graph, log_joint, plan };
Result<std::string> print_after(Stage stage, const ModelOptions& options, const std::vector<std::string>& data_files, Sources& sources);

// The text of a file of at most `max_bytes`; codes `no-such-file`, `unreadable-file` (66) and `file-too-large` (65).
Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes);

}  // namespace jensen::pipeline
