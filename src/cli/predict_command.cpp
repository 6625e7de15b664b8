// jensen predict
#include <cstdint>
#include <limits>

#include "cli/files.hpp"
#include "cli/options.hpp"
#include "report/report.hpp"

namespace jensen::cli {

namespace {

constexpr std::size_t most_fit_bytes = std::size_t{1} << 30;

struct PredictArguments {
  Console console;
  pipeline::PredictOptions options;
  std::string fit;
  std::vector<std::string> data;
  std::string json, out, draws_out;
};

void add_predict_options(CLI::App& app, PredictArguments& arguments) {
  describe(app, "predict",
           "Quantities of a fitted posterior: the `predict` statements of its model and deterministic functions of its latent variables, with mean, "
           "standard deviation and the 5 % and 95 % quantiles.",
           {{"jensen predict fit.json", "what needs no new data"},
            {"jensen predict fit.json new.csv --out predictions.csv", "new data for the predictions, results as CSV"},
            {"jensen predict fit.json new.csv --draws 10000 --draws-out draws.csv", "every draw, one per row"}});
  app.add_option("FIT.json", arguments.fit, "What `jensen fit --json` wrote")->required()->type_name("");
  app.add_option("NEWDATA", arguments.data, "Data files for the predictions: .csv, .csv.gz, .npy, or - for the standard input")->type_name("");
  app.add_option("--draws", arguments.options.draws, "Draws from the posterior (default 1000)")->check(whole_number(1, 100000000))->type_name("N");
  app.add_option("--seed", arguments.options.seed, "Seed of the draws (default 1)")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->type_name("N");
  app.add_option("--json", arguments.json, "Write the results as JSON to this file; - is the standard output, without the table")->type_name("OUT");
  app.add_option("--out", arguments.out, "Write mean, sd and quantiles of every element as CSV")->type_name("OUT.csv");
  app.add_option("--draws-out", arguments.draws_out, "Write the draws as CSV, one per row")->type_name("OUT.csv");
  add_console_options(app, arguments.console);
}

ExitStatus write_results(const PredictArguments& arguments, const report::Prediction& prediction, const simulate::Predicted& quantities) {
  ExitStatus status = ExitStatus::ok;
  const auto keep = [&](ExitStatus next) { status = status == ExitStatus::ok ? next : status; };
  const auto write = [&](const std::string& path, const std::string& text) {
    if (path.empty()) return;
    if (path == "-") return keep(arguments.console.result(text));
    if (const int error = write_file(path, text); error != 0) keep(failed(arguments.console, {cannot_write(path, error)}));
  };
  write(arguments.json, arguments.json.empty() ? std::string() : report::to_json(prediction));
  write(arguments.out, arguments.out.empty() ? std::string() : report::to_csv(prediction));
  write(arguments.draws_out, arguments.draws_out.empty() ? std::string() : report::draws_csv(prediction, quantities.draws));
  const bool taken = arguments.json == "-" || arguments.out == "-" || arguments.draws_out == "-";
  if (!taken) keep(arguments.console.result(report::summary(prediction)));
  return status;
}

Diagnostic nothing_to_predict() {
  return {.code = "nothing-to-predict",
          .message = "no prediction can be computed",
          .notes = {{Note::Kind::help, "a model says what to predict by `predict` statements; data that they need come from NEWDATA"}}};
}

}  // namespace

ExitStatus run_predict(const Arguments& words) {
  PredictArguments arguments;
  CLI::App app;
  add_predict_options(app, arguments);
  if (const auto status = read_arguments(app, words, arguments.console)) return *status;
  Result<std::string> text = pipeline::read_text_file(arguments.fit, most_fit_bytes);
  if (!text) return failed(arguments.console, text.diagnostics());
  arguments.options.fit_json = std::move(*text);
  arguments.options.keep_draws = !arguments.draws_out.empty();
  Sources sources;
  const Result<pipeline::Prediction> predicted = pipeline::predict(arguments.options, arguments.data, sources);
  if (!predicted) return failed(arguments.console, predicted.diagnostics(), sources);
  arguments.console.report(predicted->quantities.left_out, sources);
  if (predicted->quantities.variables.empty()) return failed(arguments.console, {nothing_to_predict()});
  const report::Prediction prediction{predicted->model, arguments.options.draws, arguments.options.seed, predicted->quantities.variables};
  return write_results(arguments, prediction, predicted->quantities);
}

}  // namespace jensen::cli
