// The documentation is true: its models are read, derived and fitted, its sessions are run, its links and paths exist.
//
//   ```model       a whole model: must resolve and derive with an update for every variable. Fitted where its data are literals, or named in an
//                  HTML comment before the block: <!-- fit: examples/faithful/faithful.csv --> (files relative to the project).
//                  After <!-- not supported yet --> it must resolve, and must not be fittable.
//   ```model-part  statements: must parse.
//   ```console     after <!-- run -->: what the program prints for each line `$ jensen ...`, run in the project's folder. Numbers may differ in
//                  their last digits; times and numbers of iterations are not compared. scripts/bless writes what is printed now.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "data/table.hpp"
#include "derive/derive.hpp"
#include "diagnostics/render.hpp"
#include "family/family.hpp"
#include "model/bind_data.hpp"
#include "model/build.hpp"
#include "model/builtins.hpp"
#include "parse.hpp"
#include "plan/plan.hpp"
#include "run/run.hpp"
#include "support/program.hpp"

namespace {

namespace fs = std::filesystem;
using namespace jensen;

struct Snippet {
  std::string place;  // docs/language.md:12
  std::string language;
  std::string mark;  // the text of the comment before it
  std::vector<std::string> lines;

  [[nodiscard]] std::string text() const {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
  }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

fs::path project() { return JENSEN_SOURCE_DIR; }

std::vector<fs::path> pages() {
  std::vector<fs::path> out{project() / "README.md", project() / "CHANGELOG.md"};
  for (const fs::directory_entry& entry : fs::directory_iterator(project() / "docs")) {
    if (entry.path().extension() == ".md") out.push_back(entry.path());
  }
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(project() / "examples")) {
    if (entry.path().extension() == ".md") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<Snippet> snippets_of(const fs::path& page) {
  std::vector<Snippet> out;
  std::string mark;
  bool inside = false;
  int number = 0;
  for (const std::string& line : lines_of(tests::read_text(page.string()))) {
    ++number;
    const bool fence = line.rfind("```", 0) == 0;
    if (fence && !inside) out.push_back({fs::relative(page, project()).string() + ":" + std::to_string(number), line.substr(3), mark, {}});
    if (!fence && inside) out.back().lines.push_back(line);
    if (fence) inside = !inside;
    if (inside || line.empty()) continue;
    const bool comment = line.rfind("<!-- ", 0) == 0 && line.size() > 9;
    mark = comment ? line.substr(5, line.size() - 9) : "";
  }
  return out;
}

std::vector<Snippet> snippets(const std::string& language) {
  std::vector<Snippet> out;
  for (const fs::path& page : pages()) {
    for (Snippet& snippet : snippets_of(page)) {
      if (snippet.language == language) out.push_back(std::move(snippet));
    }
  }
  return out;
}

template <class T>
bool succeeded(const Result<T>& result, const Sources& sources) {
  if (result.ok()) return true;
  FAIL_CHECK(render_text(result.diagnostics(), sources, false));
  return false;
}

std::vector<std::string> data_files(const Snippet& snippet) {
  std::vector<std::string> files;
  if (snippet.mark.rfind("fit: ", 0) != 0) return files;
  std::istringstream words(snippet.mark.substr(5));
  for (std::string word; words >> word;) files.push_back((project() / word).string());
  return files;
}

bool has_all_data(const model::ModelGraph& graph) {
  return std::all_of(graph.variables.begin(), graph.variables.end(),
                     [](const model::Variable& variable) { return !variable.binding || variable.binding->kind == model::Binding::Kind::literal; });
}

void check_fit(const model::ModelGraph& graph, const derive::Derivation& derivation, const std::vector<std::string>& files, const Sources& sources) {
  std::vector<data::Table> tables;
  for (const std::string& file : files) {
    Result<data::Table> table = data::read_table(file);
    if (!succeeded(table, sources)) return;
    tables.push_back(std::move(*table));
  }
  const Result<model::BoundData> bound = model::bind_data(graph, std::move(tables));
  if (!succeeded(bound, sources)) return;
  const Result<plan::Plan> plan = plan::make_plan(graph, derivation, *bound);
  if (!succeeded(plan, sources)) return;
  run::FitOptions options;
  options.restarts = 3;
  const Result<run::Fit> fit = run::fit(graph, derivation, *plan, *bound, options);
  if (!succeeded(fit, sources)) return;
  CHECK(fit->converged);
  CHECK(std::isfinite(fit->elbo));
}

void check_model(const Snippet& snippet) {
  Sources sources;
  const SourceId id = sources.add(Source(snippet.place, snippet.text()));
  const Result<grammar::Program> program = grammar::parse(sources[id], id);
  if (!succeeded(program, sources)) return;
  const Result<model::ModelGraph> graph = model::build_graph(*program, sources, {.name = "docs", .sets = {}});
  if (!succeeded(graph, sources)) return;
  const Result<derive::Derivation> derivation = derive::derive(*graph);
  const Diagnostics trouble = derivation ? derive::unsupported(*graph, *derivation) : derivation.diagnostics();
  if (snippet.mark == "not supported yet") {
    CHECK(!trouble.empty());
    CHECK(std::all_of(trouble.begin(), trouble.end(), [](const Diagnostic& d) { return d.status == ExitStatus::unsupported; }));
    return;
  }
  if (!trouble.empty()) {
    FAIL_CHECK(render_text(trouble, sources, false));
    return;
  }
  const std::vector<std::string> files = data_files(snippet);
  if (!files.empty() || has_all_data(*graph)) check_fit(*graph, *derivation, files, sources);
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

// Numbers with the text between them: equal to 1 part in 1000, so that neither the machine nor the last iteration matters.
bool same_line(const std::string& expected, const std::string& actual) {
  static const std::regex number(R"(-?\d+\.\d+(e[-+]?\d+)?|-?\d+e[-+]?\d+)");
  for (const char* varies : {"time  ", "rise to come"}) {
    if (expected.find(varies) != std::string::npos && actual.find(varies) != std::string::npos) return true;
  }
  const auto words = [](const std::string& line) { return words_of(std::regex_replace(line, number, "#")); };
  if (words(expected) != words(actual)) return false;
  std::sregex_iterator a(expected.begin(), expected.end(), number), b(actual.begin(), actual.end(), number);
  for (; a != std::sregex_iterator() && b != std::sregex_iterator(); ++a, ++b) {
    const double x = std::strtod(a->str().c_str(), nullptr), y = std::strtod(b->str().c_str(), nullptr);
    const bool tiny = std::abs(x) < 1e-5 && std::abs(y) < 1e-5;  // what is still to come
    if (!tiny && std::abs(x - y) > 1e-3 * std::max(std::abs(x), std::abs(y))) return false;
  }
  return true;
}

std::vector<std::string> without_blank_ends(std::vector<std::string> lines) {
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

// Both streams, with the project's folder left out of names.
std::vector<std::string> printed_by(const std::string& command) {
  std::vector<std::string> words = words_of(command);
  const auto in_place = [](std::string& word) {
    if (fs::exists(project() / word)) word = (project() / word).string();
  };
  std::for_each(words.begin() + 1, words.end(), in_place);
  const tests::Outcome outcome = tests::run_jensen({words.begin() + 1, words.end()});
  return without_blank_ends(lines_of(std::regex_replace(outcome.out + outcome.err, std::regex(project().string() + "/"), "")));
}

void check_command(const std::string& command, const std::vector<std::string>& expected) {
  const std::vector<std::string> want = without_blank_ends(expected), have = printed_by(command);
  for (std::size_t i = 0; i < std::max(want.size(), have.size()); ++i) {
    const std::string wanted = i < want.size() ? want[i] : "", found = i < have.size() ? have[i] : "";
    INFO("$ " << command << "\nthe page says   " << wanted << "\nit prints now   " << found << "\nIf that is right: scripts/bless");
    REQUIRE(same_line(wanted, found));
  }
}

void check_session(const Snippet& snippet) {
  std::optional<std::string> command;
  std::vector<std::string> expected;
  const auto finish = [&] {
    if (command) check_command(*command, expected);
    expected.clear();
  };
  for (const std::string& line : snippet.lines) {
    if (line.rfind("$ ", 0) != 0) {
      expected.push_back(line);
      continue;
    }
    finish();
    command = line.substr(2);
  }
  finish();
}

// The page with the output of its sessions as it is now.
void rewrite_sessions(const fs::path& page) {
  std::string out, mark;
  bool inside = false, running = false;
  for (const std::string& line : lines_of(tests::read_text(page.string()))) {
    const bool fence = line.rfind("```", 0) == 0;
    if (fence) inside = !inside;
    if (fence) running = inside && line == "```console" && mark == "<!-- run -->";
    const bool command = running && line.rfind("$ ", 0) == 0;
    if (!running || fence || command) out += line + "\n";
    if (!inside && !line.empty()) mark = line;
    if (!command) continue;
    for (const std::string& printed : printed_by(line.substr(2))) out += printed + "\n";
    out += "\n";
  }
  std::ofstream(page, std::ios::binary) << std::regex_replace(out, std::regex("\n\n```\n"), "\n```\n");
}

// Targets of `[text](target)` and paths in backticks that begin with a folder of the project; capitals stand for any name.
std::vector<std::string> paths_in(const std::string& line, const fs::path& folder) {
  static const std::regex link(R"(\]\(([^)#\s]+)(#[^)]*)?\))");
  static const std::regex path(R"(`((src|grammar|stdlib|tests|docs|examples|bench|scripts|cmake|include)/[^`\s]*)`)");
  std::vector<std::string> out;
  for (std::sregex_iterator it(line.begin(), line.end(), link); it != std::sregex_iterator(); ++it) {
    const std::string target = (*it)[1];
    if (target.find("://") == std::string::npos) out.push_back((folder / target).string());
  }
  for (std::sregex_iterator it(line.begin(), line.end(), path); it != std::sregex_iterator(); ++it) {
    const std::string target = (*it)[1];
    if (target.find_first_of("*{ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos) out.push_back((project() / target).string());
  }
  return out;
}

// `NAME {STATISTICS} on SUPPORT` as the beginning of a row of a Markdown table.
std::string family_row(const std::string& line) {
  const std::size_t open = line.find(" {"), close = line.find("} on ");
  const std::string row = line.substr(0, open) + " @ " + line.substr(open + 2, close - open - 2) + " @ " + line.substr(close + 5);
  return "| " + std::regex_replace(std::regex_replace(row, std::regex("\\|"), "\\|"), std::regex("@"), "|") + " |";
}

}  // namespace

TEST_CASE("every model of the documentation resolves, derives, and fits where its data are at hand", "[docs]") {
  const std::vector<Snippet> models = snippets("model");
  CHECK(models.size() > 20);
  for (const Snippet& snippet : models) {
    INFO(snippet.place);
    check_model(snippet);
  }
}

TEST_CASE("every part of a model in the documentation parses", "[docs]") {
  for (const Snippet& snippet : snippets("model-part")) {
    INFO(snippet.place);
    Sources sources;
    const SourceId id = sources.add(Source(snippet.place, snippet.text()));
    succeeded(grammar::parse(sources[id], id), sources);
  }
}

TEST_CASE("sessions in the documentation print what the program prints", "[docs][golden]") {
  if (std::getenv("JENSEN_BLESS") != nullptr) {
    for (const fs::path& page : pages()) rewrite_sessions(page);
  }
  for (const Snippet& snippet : snippets("console")) {
    INFO(snippet.place);
    if (snippet.mark == "run") check_session(snippet);
  }
}

TEST_CASE("links and paths in the documentation exist", "[docs]") {
  for (const fs::path& page : pages()) {
    int number = 0;
    for (const std::string& line : lines_of(tests::read_text(page.string()))) {
      ++number;
      for (const std::string& path : paths_in(line, page.parent_path())) {
        INFO(fs::relative(page, project()).string() << ":" << number << ": " << path << " does not exist");
        CHECK(fs::exists(path));
      }
    }
  }
}

TEST_CASE("the tables of the documentation list every distribution, function and family", "[docs]") {
  const std::string language = tests::read_text((project() / "docs/language.md").string());
  const std::string method = tests::read_text((project() / "docs/method.md").string());
  for (const model::StdlibEntry& entry : model::stdlib_entries()) {
    INFO(entry.name);
    CHECK(language.find("| `" + entry.name + "(") != std::string::npos);
  }
  for (const std::string& name : model::builtin_names()) {
    INFO(name);
    CHECK(std::regex_search(language, std::regex("\\n\\|[^\\n]*`[^`\\n]*\\b" + name + "\\b")));
  }
  for (const std::string& line : family::describe_families()) {
    const std::string row = family_row(line);
    INFO("docs/method.md should have the row " << row);
    CHECK(method.find("\n" + row) != std::string::npos);
  }
}
