#include <nlohmann/json.hpp>

#include "simulate/messages.hpp"
#include "simulate/simulate.hpp"

namespace jensen::simulate {
namespace {

using Json = nlohmann::json;

void flatten(const std::string& name, const Json& json, std::vector<double>& out) {
  if (json.is_number()) {
    out.push_back(json.get<double>());
  } else if (json.is_boolean()) {
    out.push_back(json.get<bool>() ? 1 : 0);
  } else if (json.is_array()) {
    for (const Json& item : json) flatten(name, item, out);
  } else {
    throw Failure(wrong_values("`" + name + "` holds something else"));
  }
}

Values values_of(const Json& root, const model::ModelGraph& graph) {
  const bool of_fit = root.contains("variables") && root.contains("blocks");
  std::vector<std::string> known;
  for (const model::Variable& variable : graph.variables) {
    if (variable.role == model::Role::latent || variable.role == model::Role::param) known.push_back(variable.name);
  }
  Values values;
  for (const auto& [name, entry] : (of_fit ? root.at("variables") : root).items()) {
    if (of_fit && (!entry.contains("value") || entry.value("role", "") == "map")) continue;  // a q, or what is most probable under it
    const VariableId id = graph.find(name);
    const model::Role role = id.valid() ? graph.variables[id].role : model::Role::data;
    if (id.valid() && (role == model::Role::derived || role == model::Role::predict)) continue;  // follows from the others
    if (role == model::Role::data) throw Failure(unknown_value(name, known));
    flatten(name, entry.is_object() && entry.contains("value") ? entry.at("value") : entry, values[id]);
  }
  return values;
}

}  // namespace

Result<Values> read_values(const std::string& json, const model::ModelGraph& graph) {
  const Json root = Json::parse(json, nullptr, false);
  if (root.is_discarded() || !root.is_object()) return wrong_values("the text does not parse as one");
  try {
    return values_of(root, graph);
  } catch (const Failure& failure) {
    return failure.diagnostic();
  }
}

}  // namespace jensen::simulate
