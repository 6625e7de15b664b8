#include "report/read_fit.hpp"

#include <limits>
#include <nlohmann/json.hpp>

namespace jensen::report {

namespace {

using Json = nlohmann::json;

Diagnostic no_fit(const std::string& what) {
  return {.code = "not-a-fit", .message = "this is not the JSON of a fit: " + what, .notes = {{Note::Kind::help, "`jensen fit --json` writes it"}}};
}

// Numbers that are not finite are written as words.
void flatten(const Json& json, std::vector<double>& out) {
  if (json.is_array()) {
    for (const Json& item : json) flatten(item, out);
  } else if (json.is_string()) {
    const auto word = json.get<std::string>();
    const double infinite = std::numeric_limits<double>::infinity();
    out.push_back(word == "Infinity" ? infinite : word == "-Infinity" ? -infinite : std::numeric_limits<double>::quiet_NaN());
  } else {
    out.push_back(json.get<double>());
  }
}

run::FittedBlock block_of(const Json& json) {
  run::FittedBlock block;
  block.variables = json.at("variables").get<std::vector<std::string>>();
  block.kind = json.value("kind", "");
  if (json.contains("natural")) flatten(json.at("natural"), block.natural);
  if (json.contains("value")) flatten(json.at("value"), block.natural);
  if (json.contains("pattern")) block.pattern = json.at("pattern").get<std::vector<std::vector<std::int32_t>>>();
  return block;
}

run::FitSource source_of(const Json& json) {
  return {.path = json.at("path").get<std::string>(),
          .text = json.at("text").get<std::string>(),
          .sets = json.at("sets").get<std::vector<std::string>>(),
          .sizes = json.at("sizes").get<std::map<std::string, std::int64_t>>(),
          .levels = json.at("levels").get<std::map<std::string, std::vector<std::string>>>()};
}

}  // namespace

Result<run::Fit> read_fit(const std::string& json) {
  const Json root = Json::parse(json, nullptr, false);
  if (root.is_discarded() || !root.is_object()) return no_fit("the text does not parse as a JSON object");
  if (!root.contains("blocks") || !root.contains("source")) return no_fit("it has no `blocks`, or no `source` with the model's text");
  try {
    run::Fit fit;
    fit.model = root.value("model", "");
    fit.method = root.value("method", "auto");
    for (const Json& block : root.at("blocks")) fit.blocks.push_back(block_of(block));
    fit.source = source_of(root.at("source"));
    return fit;
  } catch (const Json::exception& error) {
    return no_fit(error.what());
  }
}

}  // namespace jensen::report
