// Diagnostics as people and programs read them.
#pragma once

#include <string>

#include "base/source.hpp"
#include "diagnostics/diagnostic.hpp"

namespace jensen {

// `file:line:col: error: message [code]`, the line, carets under the span, label, notes, help.
std::string render_text(const Diagnostics& diagnostics, const Sources& sources, bool colour);

// A JSON array of {file, line, column, endLine, endColumn, severity, code, message, notes}.
std::string render_json(const Diagnostics& diagnostics, const Sources& sources);

}  // namespace jensen
