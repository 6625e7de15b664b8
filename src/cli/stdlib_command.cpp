// jensen stdlib
#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/options.hpp"
#include "diagnostics/suggest.hpp"
#include "model/build.hpp"

namespace jensen::cli {

namespace {

using model::StdlibEntry;

std::string listing(const std::vector<StdlibEntry>& entries) {
  std::map<std::string, std::vector<std::string>> by_module;
  for (const StdlibEntry& entry : entries) {
    std::vector<std::string>& names = by_module[entry.module];
    if (std::find(names.begin(), names.end(), entry.name) == names.end()) names.push_back(entry.name);
  }
  std::string text;
  for (const auto& [module, names] : by_module) text += fmt::format("{}\n  {}\n", module, fmt::join(names, "\n  "));
  return text;
}

// The definitions of one name, or a whole module.
std::string definitions(const std::vector<StdlibEntry>& entries, const std::string& name) {
  std::string text;
  std::string module;
  for (const StdlibEntry& entry : entries) {
    if (entry.name != name && entry.module != name) continue;
    if (entry.module != module) text += fmt::format("{}# stdlib/{}.model\n", text.empty() ? "" : "\n", entry.module);
    module = entry.module;
    text += "\n" + entry.text;
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

Diagnostic unknown_name(const std::vector<StdlibEntry>& entries, const std::string& name) {
  std::vector<std::string> names;
  for (const StdlibEntry& entry : entries) names.insert(names.end(), {entry.name, entry.module});
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  Diagnostic diagnostic = usage_error(fmt::format("the standard library has no distribution `{}`{}", name, did_you_mean(name, names)));
  diagnostic.notes.push_back({Note::Kind::help, "`jensen stdlib` lists them"});
  return diagnostic;
}

}  // namespace

ExitStatus run_stdlib(const Arguments& words) {
  Console console;
  std::string name;
  CLI::App app;
  describe(app, "stdlib", "List the distributions of the standard library, or show the text of one: densities are written in the language.",
           {{"jensen stdlib", "every distribution by module"}, {"jensen stdlib normal", "its definitions, one for each way to give its arguments"}});
  app.add_option("NAME", name, "A distribution or a module")->type_name("");
  add_console_options(app, console);
  if (const auto status = read_arguments(app, words, console)) return *status;
  const std::vector<StdlibEntry> entries = model::stdlib_entries();
  if (name.empty()) return console.result(listing(entries));
  const std::string text = definitions(entries, name);
  return text.empty() ? failed(console, {unknown_name(entries, name)}) : console.result(text);
}

}  // namespace jensen::cli
