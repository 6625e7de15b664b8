// The stdlib's modules, parsed at each start: densities are text in the language, here as everywhere.
#include "base/source.hpp"
#include "model/builder.hpp"
#include "model/stdlib_text.hpp"
#include "parse.hpp"

namespace jensen::model {

void Builder::load_stdlib() {
  for (const StdlibModule& module : stdlib_modules()) {
    const SourceId id = sources_.add(Source("stdlib/" + std::string(module.name) + ".model", std::string(module.text)));
    const auto parsed = grammar::parse(sources_[id], id);
    if (!parsed) throw Failure(parsed.diagnostics().front());
    add_module(std::string(module.name), *parsed);
  }
}

namespace {

// The comment lines directly above `begin`.
std::size_t start_of_comment(std::string_view text, std::size_t begin) {
  std::size_t start = begin;
  while (start > 1) {
    const std::size_t line = text.rfind('\n', start - 2) == std::string_view::npos ? 0 : text.rfind('\n', start - 2) + 1;
    if (text[line] != '#') break;
    start = line;
  }
  return start;
}

}  // namespace

std::vector<StdlibEntry> stdlib_entries() {
  std::vector<StdlibEntry> entries;
  for (const StdlibModule& module : stdlib_modules()) {
    const Source source("stdlib/" + std::string(module.name) + ".model", std::string(module.text));
    const auto parsed = grammar::parse(source, SourceId(0));
    if (!parsed) continue;
    for (const grammar::Statement& statement : parsed->statements) {
      const auto* distribution = std::get_if<grammar::DistributionStatement>(&statement.kind);
      if (distribution == nullptr) continue;
      const std::size_t start = start_of_comment(source.text(), statement.span.begin);
      entries.push_back({std::string(module.name), distribution->name.name, std::string(source.text().substr(start, statement.span.end - start))});
    }
  }
  return entries;
}

}  // namespace jensen::model
