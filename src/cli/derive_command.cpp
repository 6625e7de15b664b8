// jensen derive
#include "cli/options.hpp"

namespace jensen::cli {

namespace {

pipeline::DerivationFormat format_of(const std::string& name) {
  if (name == "latex") return pipeline::DerivationFormat::latex;
  return name == "json" ? pipeline::DerivationFormat::json : pipeline::DerivationFormat::text;
}

}  // namespace

ExitStatus run_derive(const Arguments& words) {
  Console console;
  pipeline::ModelOptions model;
  std::string variable;
  std::string format = "text";
  std::string method = "auto";
  CLI::App app;
  describe(app, "derive",
           "Show how a model is fitted: the factorisation of q, each block's kind and why, its update as a formula, the terms of the ELBO.",
           {{"jensen derive mixture.model", "everything"},
            {"jensen derive mixture.model mu", "the block of mu alone"},
            {"jensen derive mixture.model --format latex > mixture.tex", "formulas for a paper"}});
  add_model_options(app, model);
  app.add_option("VARIABLE", variable, "Show this variable's block alone")->type_name("");
  add_choice(app, "--format", format, {"text", "latex", "json"}, "Form of the output (default text)");
  add_method_option(app, method);
  add_console_options(app, console);
  if (const auto status = read_arguments(app, words, console)) return *status;
  if (const Diagnostics wrong = apply_method(method, model); !wrong.empty()) return failed(console, wrong);
  Sources sources;
  const Result<std::string> text = pipeline::print_derivation(format_of(format), variable, model, sources);
  return text ? console.result(*text) : failed(console, text.diagnostics(), sources);
}

}  // namespace jensen::cli
