#include "support/simulated_model.hpp"

#include "data/table.hpp"
#include "model/bind_data.hpp"
#include "parse.hpp"
#include "simulate/simulate.hpp"

namespace jensen::tests {

std::vector<double> SimulatedText::values(const std::string& name, std::size_t draw) const {
  return simulate::row_major(draws.at(draw).arrays.at(graph.find(name)));
}

Result<SimulatedText> simulate_text(const ModelText& text, std::uint64_t seed, int draws, const std::string& values) {
  Sources sources;
  const SourceId id = sources.add(Source("model", text.model));
  const Result<grammar::Program> program = grammar::parse(sources[id], id);
  if (!program) return program.diagnostics();
  Result<model::ModelGraph> graph = model::build_graph(*program, sources, {.name = "model", .sets = text.sets, .method = text.method});
  if (!graph) return graph.diagnostics();
  std::vector<data::Table> tables;
  if (!text.csv.empty()) {
    Result<data::Table> table = data::read_csv_text(text.csv, "data.csv");
    if (!table) return table.diagnostics();
    tables.push_back(std::move(*table));
  }
  const simulate::Needs needs = simulate::needs_of(*graph);
  const Result<model::BoundData> given = model::bind_data(*graph, std::move(tables), simulate::binding_of(*graph, needs));
  if (!given) return given.diagnostics();
  simulate::Options options{.seed = seed, .draws = draws, .values = {}};
  if (!values.empty()) {
    Result<simulate::Values> read = simulate::read_values(values, *graph);
    if (!read) return read.diagnostics();
    options.values = std::move(*read);
  }
  Result<std::vector<model::BoundData>> worlds = simulate::simulate(*graph, *given, options);
  if (!worlds) return worlds.diagnostics();
  return SimulatedText{std::move(*graph), std::move(*worlds)};
}

}  // namespace jensen::tests
