#include "cli/console.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

#include "diagnostics/render.hpp"

namespace jensen::cli {

namespace {

bool write_all(std::FILE* stream, std::string_view text) {
  errno = 0;
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
}

bool environment_has(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool dumb_terminal() {
  const char* terminal = std::getenv("TERM");
  return terminal == nullptr || std::string_view(terminal) == "dumb";
}

}  // namespace

bool Console::interactive() const { return isatty(STDERR_FILENO) != 0 && !dumb_terminal(); }

bool Console::colour() const {
  switch (colour_choice) {
    case Colour::always:
      return true;
    case Colour::never:
      return false;
    case Colour::automatic:
      return interactive() && !environment_has("NO_COLOR");
  }
  return false;
}

void Console::report(const Diagnostics& diagnostics, const Sources& sources) const {
  Diagnostics shown = diagnostics;
  if (quiet) std::erase_if(shown, [](const Diagnostic& diagnostic) { return diagnostic.severity != Severity::error; });
  if (!shown.empty()) message(render_text(shown, sources, colour()));
}

void Console::message(std::string_view text) const { write_all(stderr, text); }

ExitStatus Console::result(std::string_view text) const {
  if (write_all(stdout, text)) return ExitStatus::ok;
  const int error = errno;
  if (error == EPIPE) return ExitStatus::cannot_write;
  return failed(*this, {{.code = "cannot-write",
                         .message = "cannot write to the standard output: " + std::generic_category().message(error),
                         .status = ExitStatus::cannot_write}});
}

ExitStatus status_of(const Diagnostics& diagnostics) {
  const auto is_error = [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::error; };
  const auto first = std::find_if(diagnostics.begin(), diagnostics.end(), is_error);
  return first == diagnostics.end() ? ExitStatus::ok : first->status;
}

ExitStatus failed(const Console& console, const Diagnostics& diagnostics, const Sources& sources) {
  console.report(diagnostics, sources);
  return status_of(diagnostics);
}

Diagnostic usage_error(std::string message) { return {.code = "usage", .message = std::move(message), .status = ExitStatus::usage}; }

Diagnostic not_supported_yet(std::string what) {
  return {.code = "not-supported-yet", .message = std::move(what) + ": not supported yet", .status = ExitStatus::unsupported};
}

}  // namespace jensen::cli
