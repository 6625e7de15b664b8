#include "run/names.hpp"

#include <fmt/format.h>

namespace jensen::run {

std::string block_name(const model::ModelGraph& graph, const plan::PlannedBlock& block) {
  std::vector<std::string> names;
  for (const plan::PlannedComponent& c : block.components) names.push_back("`" + graph.shown_name(c.variable) + "`");
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string element_name(const model::ModelGraph& graph, const plan::PlannedBlock& block, std::int64_t element) {
  const std::string& name = graph.shown_name(block.components.at(0).variable);
  if (block.batch.empty()) return name;
  std::vector<std::int64_t> at(block.batch.size());
  for (std::size_t b = block.batch.size(); b-- > 0; element /= block.batch[b]) at[b] = element % block.batch[b] + 1;
  return fmt::format("{}[{}]", name, fmt::join(at, ", "));
}

}  // namespace jensen::run
