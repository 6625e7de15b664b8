// jensen graph
#include "cli/graphviz.hpp"
#include "cli/options.hpp"

namespace jensen::cli {

namespace {

pipeline::GraphFormat format_of(const std::string& name) {
  if (name == "text") return pipeline::GraphFormat::text;
  if (name == "mermaid") return pipeline::GraphFormat::mermaid;
  return name == "json" ? pipeline::GraphFormat::json : pipeline::GraphFormat::dot;
}

}  // namespace

ExitStatus run_graph(const Arguments& words) {
  Console console;
  pipeline::ModelOptions model;
  std::string format = "dot";
  CLI::App app;
  describe(app, "graph", "Show the plated factor graph of a model.",
           {{"jensen graph mixture.model --format svg > mixture.svg", "a drawing, by Graphviz"},
            {"jensen graph mixture.model --format mermaid", "for a page of Markdown"},
            {"jensen graph mixture.model --format text", "plates, variables with their shapes and supports, factors"}});
  add_model_options(app, model);
  add_choice(app, "--format", format, {"dot", "svg", "mermaid", "json", "text"}, "Form of the output (default dot)");
  add_console_options(app, console);
  if (const auto status = read_arguments(app, words, console)) return *status;
  Sources sources;
  Result<std::string> text = pipeline::print_graph(format_of(format), model, sources);
  if (text && format == "svg") text = svg_of(*text);
  return text ? console.result(*text) : failed(console, text.diagnostics(), sources);
}

}  // namespace jensen::cli
