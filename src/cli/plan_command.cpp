// jensen plan
#include "cli/options.hpp"

namespace jensen::cli {

ExitStatus run_plan(const Arguments& words) {
  Console console;
  pipeline::ModelOptions model;
  std::vector<std::string> files;
  std::string format = "text", method = "auto";
  CLI::App app;
  describe(app, "plan", "Show what a fit would compute: blocks, passes over the data, contractions and their cost, with every size known.",
           {{"jensen plan mixture.model faithful.csv", "as text"}, {"jensen plan mixture.model faithful.csv --format json", "for programs"}});
  add_model_options(app, model);
  add_data_argument(app, files);
  add_method_option(app, method);
  add_choice(app, "--format", format, {"text", "json"}, "text (default) or JSON");
  add_console_options(app, console);
  if (const auto status = read_arguments(app, words, console)) return *status;
  if (const Diagnostics missing = apply_method(method, model); !missing.empty()) return failed(console, missing);
  Sources sources;
  const auto chosen = format == "json" ? pipeline::PlanFormat::json : pipeline::PlanFormat::text;
  const Result<std::string> text = pipeline::print_plan(chosen, model, files, sources);
  return text ? console.result(*text) : failed(console, text.diagnostics(), sources);
}

}  // namespace jensen::cli
