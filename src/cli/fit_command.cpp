// jensen fit
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/progress_bar.hpp"
#include "report/report.hpp"

namespace jensen::cli {

namespace {

constexpr std::size_t most_init_bytes = std::size_t{1} << 30;

struct FitArguments {
  Console console;
  pipeline::ModelOptions model;
  std::vector<std::string> data;
  run::FitOptions options;
  std::string method = "auto";
  std::string local_start = "warm";
  std::string accelerate = "on";
  std::string standard_errors = "auto";
  std::string init;
  std::string json;
  std::string print_after;
  bool timings = false;
  std::string draws;
  std::string plot;
};

void add_run_options(CLI::App& app, FitArguments& arguments) {
  run::FitOptions& options = arguments.options;
  add_method_option(app, arguments.method);
  app.add_option("--seed", options.seed, "Seed of every random start (default 1)")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->type_name("N");
  app.add_option("--restarts", options.restarts, "Runs from different starts; the best that did not collapse is kept (default 1)")
      ->check(whole_number(1, 1000000))
      ->type_name("N");
  app.add_option("--init", arguments.init, "Initial values: the JSON of a fit, or values by variable")->type_name("START.json");
  app.add_option("--tol", options.tolerance, "Stop at this relative change of the bound (default 1e-10; 0: never)")
      ->check(nonnegative_number())
      ->type_name("X");
  app.add_option("--max-iterations", options.max_iterations, "Stop after this many iterations (default 10000)")
      ->check(whole_number(0, 2000000000))
      ->type_name("N");
  add_choice(app, "--accelerate", arguments.accelerate, {"on", "off"},
             "Extrapolate from iteration to iteration where that raises the bound (default on; off with --tol 0)");
  app.add_option("--local-updates", options.local.updates,
                 "Updates of the coupled local blocks, such as a document's proportions and its words, in each sweep (default 1)")
      ->check(whole_number(1, 1000000))
      ->type_name("N");
  add_choice(app, "--local-start", arguments.local_start, {"warm", "fresh"},
             "Where these updates begin: where the last sweep ended, or at the priors (default warm)");
  app.add_option("--threads", options.threads, "Threads; the result is the same for any number (default 1; 0: all processors)")
      ->check(whole_number(0, 4096))
      ->type_name("N");
}

void add_output_options(CLI::App& app, FitArguments& arguments) {
  add_choice(app, "--standard-errors", arguments.standard_errors, {"auto", "on", "off"},
             "Standard errors of params by the observed information, where q is exact (default auto: where they cost little)");
  app.add_option("--json", arguments.json, "Write the fit as JSON to this file; - is the standard output, the table then goes to the standard error")
      ->type_name("OUT");
  app.add_option("--rows", arguments.options.rows, "Report these variables of data-sized plates too, as in --rows z,theta")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
  app.add_option("--map", arguments.options.most_probable, "Report the jointly most probable values of these latent variables, as in --map z")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
  app.add_flag("--timings", arguments.timings, "Say how long each stage took, also in the JSON");
  add_choice(app, "--print-after", arguments.print_after, {"ast", "graph", "log-joint", "plan"}, "Print the product of this stage and stop");
  app.add_option("--draws", arguments.draws, "Draws from the posterior (not supported yet)")->type_name("N");
  app.add_option("--plot", arguments.plot, "A plot of the fit (not supported yet)")->type_name("FILE");
}

void add_fit_options(CLI::App& app, FitArguments& arguments) {
  describe(app, "fit", "Fit a model to data and print the table of its variables.",
           {{"jensen fit mixture.model faithful.csv", "columns are bound by name; the derivation comes from the model"},
            {"jensen fit mixture.model faithful.csv --set K=3 --restarts 8", "another constant, the best of eight starts"},
            {"jensen fit hierarchical.model --json fit.json", "data from the file that the model names; all figures as JSON"},
            {"jensen fit mixture.model faithful.csv --rows z --json - --quiet > fit.json", "responsibilities of every row too"},
            {"jensen fit hmm.model counts.csv --map z", "the most probable path of a hidden Markov model"},
            {"jensen fit mixture.model new.csv --init fit.json", "start from an earlier fit"}});
  add_model_options(app, arguments.model);
  add_data_argument(app, arguments.data);
  add_run_options(app, arguments);
  add_output_options(app, arguments);
  add_console_options(app, arguments.console);
}

// Resolves --method and names what is asked for and not there yet.
Diagnostics apply_method_and_plans(FitArguments& arguments, const CLI::App& app) {
  Diagnostics diagnostics = apply_method(arguments.method, arguments.model);
  for (const std::string option : {"--draws", "--plot"}) {
    if (app.count(option) > 0) diagnostics.push_back(not_supported_yet(fmt::format("`{}`", option)));
  }
  return diagnostics;
}

pipeline::Stage stage_of(const std::string& name) {
  if (name == "ast") return pipeline::Stage::ast;
  if (name == "graph") return pipeline::Stage::graph;
  return name == "log-joint" ? pipeline::Stage::log_joint : pipeline::Stage::plan;
}

// The text of --init and the folder that its paths are relative to.
Diagnostics read_init(FitArguments& arguments) {
  if (arguments.init.empty()) return {};
  Result<std::string> text = pipeline::read_text_file(arguments.init, most_init_bytes);
  if (!text) return text.diagnostics();
  arguments.options.init_json = std::move(*text);
  arguments.options.init_directory = std::filesystem::path(arguments.init).parent_path().string();
  return {};
}

Diagnostics how_it_ended(const run::Fit& fit, bool interrupted) {
  if (fit.converged) return {};
  if (interrupted) {
    return {{.severity = Severity::warning,
             .code = "interrupted",
             .message = fmt::format("stopped by a signal after {} iterations: the figures are those reached so far", fit.iterations)}};
  }
  return {{.severity = Severity::warning,
           .code = "not-converged",
           .message = fmt::format("not converged after {} iterations", fit.iterations),
           .notes = {{Note::Kind::help, "`--max-iterations` allows more, `--tol` sets what is close enough"}}}};
}

// JSON first: the table is lost more easily than the file. A failed write loses nothing else.
ExitStatus write_results(const FitArguments& arguments, const run::Fit& fit) {
  const Console& console = arguments.console;
  const bool json_to_output = arguments.json == "-";
  ExitStatus status = ExitStatus::ok;
  const auto keep = [&](ExitStatus next) { status = status == ExitStatus::ok ? next : status; };
  if (!arguments.json.empty()) {
    const std::string json = report::to_json(fit, {.timings = arguments.timings});
    const int error = json_to_output ? 0 : write_file(arguments.json, json);
    if (json_to_output) keep(console.result(json));
    if (error != 0) keep(failed(console, {cannot_write(arguments.json, error)}));
  }
  if (!json_to_output) keep(console.result(report::summary(fit)));
  if (json_to_output && !console.quiet) console.message(report::summary(fit));
  if (arguments.timings) console.message(report::timings_text(fit));
  return status;
}

ExitStatus fit_and_report(FitArguments& arguments) {
  const Console& console = arguments.console;
  Sources sources;
  const std::atomic<bool>& interrupted = watch_for_interrupts();
  arguments.options.cancel = &interrupted;
  const bool show_progress = console.interactive() && !console.quiet;
  auto bar = show_progress ? std::make_unique<ProgressBar>(arguments.options.aitken_tolerance) : nullptr;
  if (bar) arguments.options.progress = [&](const run::Progress& progress) { bar->show(progress); };
  const Result<run::Fit> fit = pipeline::fit(arguments.model, arguments.data, arguments.options, sources);
  bar.reset();
  if (!fit) return failed(console, fit.diagnostics(), sources);
  console.report(fit->warnings, sources);
  const ExitStatus written = write_results(arguments, *fit);
  console.report(how_it_ended(*fit, interrupted));
  if (written != ExitStatus::ok) return written;
  return fit->converged ? ExitStatus::ok : ExitStatus::not_converged;
}

ExitStatus print_stage(const FitArguments& arguments) {
  Sources sources;
  const Result<std::string> text = pipeline::print_after(stage_of(arguments.print_after), arguments.model, arguments.data, sources);
  return text ? arguments.console.result(*text) : failed(arguments.console, text.diagnostics(), sources);
}

}  // namespace

ExitStatus run_fit(const Arguments& words) {
  FitArguments arguments;
  CLI::App app;
  add_fit_options(app, arguments);
  if (const auto status = read_arguments(app, words, arguments.console)) return *status;
  if (const Diagnostics missing = apply_method_and_plans(arguments, app); !missing.empty()) return failed(arguments.console, missing);
  arguments.options.local.fresh = arguments.local_start == "fresh";
  arguments.options.accelerate = arguments.accelerate == "on";
  arguments.options.standard_errors = arguments.standard_errors == "on"    ? run::StandardErrorChoice::on
                                      : arguments.standard_errors == "off" ? run::StandardErrorChoice::off
                                                                           : run::StandardErrorChoice::automatic;
  if (arguments.options.threads == 0) arguments.options.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (const Diagnostics unreadable = read_init(arguments); !unreadable.empty()) return failed(arguments.console, unreadable);
  return arguments.print_after.empty() ? fit_and_report(arguments) : print_stage(arguments);
}

}  // namespace jensen::cli
