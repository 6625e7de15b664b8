// Where a command writes: results to the standard output, everything else to the standard error.
#pragma once

#include <string_view>

#include "base/source.hpp"
#include "diagnostics/diagnostic.hpp"

namespace jensen::cli {

enum class Colour { automatic, always, never };

class Console {
 public:
  // Progress bars and, by default, colours only where the standard error is a terminal that shows them.
  [[nodiscard]] bool interactive() const;
  [[nodiscard]] bool colour() const;

  // Errors always; warnings and notes unless quiet.
  void report(const Diagnostics& diagnostics, const Sources& sources = {}) const;
  void message(std::string_view text) const;

  // `cannot_write` where the standard output does not take all of it (said on the standard error, unless the reader has gone).
  [[nodiscard]] ExitStatus result(std::string_view text) const;

  Colour colour_choice = Colour::automatic;
  bool quiet = false;
};

// That of the first error; ok where there is none.
ExitStatus status_of(const Diagnostics& diagnostics);

// Reports the diagnostics and gives their status.
ExitStatus failed(const Console& console, const Diagnostics& diagnostics, const Sources& sources = {});

Diagnostic usage_error(std::string message);
Diagnostic not_supported_yet(std::string what);

}  // namespace jensen::cli
