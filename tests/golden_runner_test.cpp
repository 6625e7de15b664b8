// Golden files: tests/golden/FOLDER/NAME.model (with NAME.csv beside it where it needs data) and, per stage, NAME.STAGE.txt.
// To add one, create an empty NAME.STAGE.txt and run scripts/bless; a first line `#! --set K=3` of the model holds arguments for the stage.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "diagnostics/render.hpp"
#include "pipeline.hpp"
#include "support/unified_diff.hpp"

namespace {

namespace fs = std::filesystem;
using namespace jensen;

struct GoldenCase {
  fs::path model;
  std::optional<fs::path> data;
  std::vector<std::string> arguments;
};

struct GoldenStage {
  std::string_view name;
  std::function<std::string(const GoldenCase&)> print;
};

std::string read_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

pipeline::ModelOptions model_options(const GoldenCase& golden) {
  pipeline::ModelOptions options;
  options.path = golden.model.string();
  for (std::size_t i = 0; i + 1 < golden.arguments.size(); ++i) {
    const std::string& value = golden.arguments[i + 1];
    if (golden.arguments[i] == "--set") options.sets.push_back(value);
    if (golden.arguments[i] == "--method")
      options.method = value == "em" ? model::Method::em : value == "vb" ? model::Method::vb : model::Method::automatic;
  }
  return options;
}

std::vector<std::string> data_files(const GoldenCase& golden) {
  return golden.data ? std::vector{golden.data->string()} : std::vector<std::string>();
}

// Files are named without their folder, so that the prints do not depend on where the tree lies.
std::string without_folder(std::string text, const GoldenCase& golden) {
  const std::string folder = golden.model.parent_path().string() + "/";
  for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) text.erase(at, folder.size());
  return text;
}

// A stage's print, or the messages that stand in its way.
template <class Print>
std::string printed(const GoldenCase& golden, Print print) {
  Sources sources;
  const Result<std::string> text = print(model_options(golden), sources);
  return without_folder(text ? *text : render_text(text.diagnostics(), sources, false), golden);
}

template <pipeline::Stage stage>
std::string print_stage(const GoldenCase& golden) {
  return printed(golden, [&](const auto& options, Sources& sources) { return pipeline::print_after(stage, options, data_files(golden), sources); });
}

template <pipeline::GraphFormat format>
std::string print_graph(const GoldenCase& golden) {
  return printed(golden, [](const auto& options, Sources& sources) { return pipeline::print_graph(format, options, sources); });
}

template <pipeline::DerivationFormat format>
std::string print_derivation(const GoldenCase& golden) {
  return printed(golden, [](const auto& options, Sources& sources) { return pipeline::print_derivation(format, "", options, sources); });
}

// What `fit` says of a model that it refuses, in whichever stage.
std::string print_errors(const GoldenCase& golden) {
  Sources sources;
  const Result<run::Fit> fit = pipeline::fit(model_options(golden), data_files(golden), {}, sources);
  return fit ? std::string("no error\n") : without_folder(render_text(fit.diagnostics(), sources, false), golden);
}

const std::vector<GoldenStage>& stages() {
  static const std::vector<GoldenStage> table = {
      {"outline", print_stage<pipeline::Stage::ast>},
      {"graph", print_stage<pipeline::Stage::graph>},
      {"dot", print_graph<pipeline::GraphFormat::dot>},
      {"mermaid", print_graph<pipeline::GraphFormat::mermaid>},
      {"log_joint", print_stage<pipeline::Stage::log_joint>},
      {"derive", print_derivation<pipeline::DerivationFormat::text>},
      {"latex", print_derivation<pipeline::DerivationFormat::latex>},
      {"json", print_derivation<pipeline::DerivationFormat::json>},
      {"plan", print_stage<pipeline::Stage::plan>},
      {"errors", print_errors},
  };
  return table;
}

GoldenCase golden_case(const fs::path& model) {
  GoldenCase golden{model, {}, {}};
  fs::path data = model;
  if (fs::exists(data.replace_extension(".csv"))) golden.data = data;
  std::ifstream stream(model);
  std::string first_line;
  std::getline(stream, first_line);
  if (first_line.rfind("#!", 0) != 0) return golden;
  std::istringstream words(first_line.substr(2));
  golden.arguments.assign(std::istream_iterator<std::string>(words), {});
  return golden;
}

fs::path expected_path(const fs::path& model, const GoldenStage& stage) {
  return model.parent_path() / (model.stem().string() + "." + std::string(stage.name) + ".txt");
}

std::vector<fs::path> files_of(const fs::path& root) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

const fs::path& golden_root() {
  static const fs::path root = fs::path(JENSEN_SOURCE_DIR) / "tests" / "golden";
  return root;
}

// Whether `scripts/bless` runs the tests: expected files are written instead of compared.
bool blessing() { return std::getenv("JENSEN_BLESS") != nullptr; }

void compare_or_bless(const fs::path& expected, const std::string& actual) {
  if (blessing()) {
    std::ofstream(expected, std::ios::binary) << actual;
    return;
  }
  const std::string name = fs::relative(expected, JENSEN_SOURCE_DIR).string();
  const std::string diff = tests::unified_diff(read_text(expected), actual, name, "printed now");
  if (!diff.empty()) FAIL_CHECK(diff << "If the new text is right: scripts/bless");
}

void check_model(const fs::path& model) {
  const GoldenCase golden = golden_case(model);
  int found = 0;
  for (const GoldenStage& stage : stages()) {
    const fs::path expected = expected_path(model, stage);
    if (!fs::exists(expected)) continue;
    ++found;
    compare_or_bless(expected, stage.print(golden));
  }
  INFO(model.string() << " has no expected file: create an empty NAME.STAGE.txt and run scripts/bless");
  CHECK(found > 0);
}

bool is_expected_file_of_a_model(const fs::path& file) {
  return std::any_of(stages().begin(), stages().end(), [&](const GoldenStage& stage) {
    const std::string name = file.filename().string();
    const std::string ending = "." + std::string(stage.name) + ".txt";
    if (name.size() <= ending.size() || name.compare(name.size() - ending.size(), ending.size(), ending) != 0) return false;
    return fs::exists(file.parent_path() / (name.substr(0, name.size() - ending.size()) + ".model"));
  });
}

}  // namespace

TEST_CASE("golden files are what the stages print", "[golden]") {
  for (const fs::path& file : files_of(golden_root()))
    if (file.extension() == ".model") check_model(file);
}

TEST_CASE("every expected golden file has its model and its stage", "[golden]") {
  for (const fs::path& file : files_of(golden_root())) {
    if (file.extension() != ".txt") continue;
    INFO(file.string() << " belongs to no model, or its stage is unknown");
    CHECK(is_expected_file_of_a_model(file));
  }
}
