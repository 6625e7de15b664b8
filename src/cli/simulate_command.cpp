// jensen simulate
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/files.hpp"
#include "cli/options.hpp"
#include "report/simulation.hpp"

namespace jensen::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_values_bytes = std::size_t{1} << 30;

struct SimulateArguments {
  Console console;
  pipeline::ModelOptions model;
  std::vector<std::string> data;
  pipeline::SimulateOptions options;
  std::string params;
  std::string out;
  std::string json;
};

void add_simulate_options(CLI::App& app, SimulateArguments& arguments) {
  describe(app, "simulate",
           "Draw parameters and data from a model. Data without a distribution are read; extents are set or read off those data; params without a "
           "distribution are given by --params.",
           {{"jensen simulate mixture.model --set N=100", "a table of 100 rows"},
            {"jensen simulate regression.model covariates.csv --out new.csv --json truth.json", "the covariates read; what was drawn as JSON"},
            {"jensen simulate em.model --set N=100 --params fit.json", "params without a distribution, from a fit"}});
  add_model_options(app, arguments.model);
  add_data_argument(app, arguments.data);
  app.add_option("--seed", arguments.options.seed, "Seed of the draws (default 1)")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->type_name("N");
  app.add_option("--draws", arguments.options.draws, "Data sets to draw, each with parameters of its own (default 1)")
      ->check(whole_number(1, 1000000))
      ->type_name("N");
  app.add_option("--params", arguments.params, "Values in place of draws: names and numbers as `--json` writes them, or the JSON of a fit")
      ->type_name("FILE.json");
  app.add_option("--out", arguments.out, "Write the data to this CSV, or to a folder with one CSV for each extent (default: the standard output)")
      ->type_name("OUT.csv|DIR/");
  app.add_option("--json", arguments.json, "Write what was drawn besides the data to this file")->type_name("OUT");
  add_console_options(app, arguments.console);
}

Diagnostic several_extents(const std::vector<report::SimulatedTable>& tables) {
  std::vector<std::string> extents;
  for (const report::SimulatedTable& table : tables) extents.push_back(fmt::format("{} ({} rows)", table.extent, table.rows));
  return {.code = "several-extents",
          .message = fmt::format("the data have several extents: {}", fmt::join(extents, ", ")),
          .notes = {{Note::Kind::help, "`--out DIR/` writes one CSV for each"}},
          .status = ExitStatus::usage};
}

bool is_folder(const std::string& path) { return path.ends_with('/') || fs::is_directory(path); }

ExitStatus write_folder(const SimulateArguments& arguments, const std::vector<report::SimulatedTable>& tables) {
  std::error_code error;
  fs::create_directories(arguments.out, error);
  if (error) return failed(arguments.console, {cannot_write(arguments.out, error.value())});
  for (const report::SimulatedTable& table : tables) {
    std::string name = table.extent;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == ' ' || c == '/'; }, '_');
    const std::string path = (fs::path(arguments.out) / (name + ".csv")).string();
    if (const int wrong = write_file(path, table.csv); wrong != 0) return failed(arguments.console, {cannot_write(path, wrong)});
  }
  return ExitStatus::ok;
}

// In one file stand the columns drawn and those given beside them; other tables of given data alone are left where they are.
ExitStatus write_tables(const SimulateArguments& arguments, std::vector<report::SimulatedTable> tables) {
  if (!arguments.out.empty() && is_folder(arguments.out)) return write_folder(arguments, tables);
  std::erase_if(tables, [](const report::SimulatedTable& table) { return !table.drawn; });
  if (tables.size() > 1) return failed(arguments.console, {several_extents(tables)});
  const std::string csv = tables.empty() ? std::string() : tables[0].csv;
  if (arguments.out.empty() || arguments.out == "-") return arguments.json == "-" ? ExitStatus::ok : arguments.console.result(csv);
  const int error = write_file(arguments.out, csv);
  return error == 0 ? ExitStatus::ok : failed(arguments.console, {cannot_write(arguments.out, error)});
}

ExitStatus write_values(const SimulateArguments& arguments, const pipeline::Simulated& simulated) {
  if (arguments.json.empty()) return ExitStatus::ok;
  const std::string json = report::simulated_values(simulated.graph, simulated.draws);
  if (arguments.json == "-") return arguments.console.result(json);
  const int error = write_file(arguments.json, json);
  return error == 0 ? ExitStatus::ok : failed(arguments.console, {cannot_write(arguments.json, error)});
}

}  // namespace

ExitStatus run_simulate(const Arguments& words) {
  SimulateArguments arguments;
  CLI::App app;
  add_simulate_options(app, arguments);
  if (const auto status = read_arguments(app, words, arguments.console)) return *status;
  if (!arguments.params.empty()) {
    Result<std::string> text = pipeline::read_text_file(arguments.params, most_values_bytes);
    if (!text) return failed(arguments.console, text.diagnostics());
    arguments.options.values_json = std::move(*text);
  }
  Sources sources;
  const Result<pipeline::Simulated> simulated = pipeline::simulate(arguments.model, arguments.data, arguments.options, sources);
  if (!simulated) return failed(arguments.console, simulated.diagnostics(), sources);
  const ExitStatus values = write_values(arguments, *simulated);
  const ExitStatus tables = write_tables(arguments, report::simulated_tables(simulated->graph, simulated->draws));
  return values == ExitStatus::ok ? tables : values;
}

}  // namespace jensen::cli
