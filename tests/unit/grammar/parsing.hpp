// What most grammar tests need: the outline of a text, the form of one expression, the diagnostics of a wrong text.
#pragma once

#include <string>

#include "base/source.hpp"
#include "diagnostics/diagnostic.hpp"
#include "parse.hpp"
#include "print.hpp"

namespace jensen::tests {

inline Diagnostics errors_of(const std::string& text, const grammar::ParseLimits& limits = {}) {
  const Result<grammar::Program> program = grammar::parse(Source("test.model", text), SourceId(0), limits);
  return program ? Diagnostics{} : program.diagnostics();
}

inline std::string outline_of(const std::string& text) {
  const Result<grammar::Program> program = grammar::parse(Source("test.model", text), SourceId(0));
  return program ? grammar::to_outline(*program) : "error: " + program.diagnostics().front().message;
}

// The expression in prefix form, as the outline shows it.
inline std::string form_of(const std::string& expression) {
  const std::string outline = outline_of("x = " + expression);
  const std::string before = "= x\n  value ";
  return outline.substr(0, before.size()) == before ? outline.substr(before.size(), outline.size() - before.size() - 1) : outline;
}

// "line:column code" of each diagnostic, in order.
inline std::vector<std::string> places_of(const std::string& text, const grammar::ParseLimits& limits = {}) {
  const Source source("test.model", text);
  std::vector<std::string> places;
  for (const Diagnostic& diagnostic : errors_of(text, limits)) {
    const LineColumn at = source.position(diagnostic.span.begin);
    places.push_back(std::to_string(at.line) + ":" + std::to_string(at.column) + " " + diagnostic.code);
  }
  return places;
}

}  // namespace jensen::tests
