// Any bytes are a tree that prints to itself, or diagnostics whose places lie inside the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "diagnostics/render.hpp"
#include "parse.hpp"
#include "print.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_round_trip(const jensen::grammar::Program& program) {
  const std::string printed = jensen::grammar::to_text(program);
  const auto again = jensen::grammar::parse(jensen::Source("again", printed), jensen::SourceId(0));
  require(again.ok());
  require(jensen::grammar::to_outline(*again) == jensen::grammar::to_outline(program));
  require(jensen::grammar::to_text(*again) == printed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  jensen::Sources sources;
  const jensen::SourceId id = sources.add(jensen::Source("fuzz.model", std::string(reinterpret_cast<const char*>(bytes), size)));
  const auto program = jensen::grammar::parse(sources[id], id);
  if (program) {
    check_round_trip(*program);
    return 0;
  }
  require(!program.diagnostics().empty());
  const bool own_words = sources[id].text().find("boost") == std::string_view::npos;  // no template's name in a message, unless the text has it
  for (const jensen::Diagnostic& diagnostic : program.diagnostics()) {
    require(diagnostic.span.begin <= diagnostic.span.end && diagnostic.span.end <= size);
    require(!own_words || diagnostic.message.find("boost") == std::string::npos);
  }
  require(!jensen::render_text(program.diagnostics(), sources, false).empty());
  require(!jensen::render_json(program.diagnostics(), sources).empty());
  return 0;
}
