// What is wrong, as a value. Checkers create diagnostics, `render` turns them into text or JSON.
#pragma once

#include <exception>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/source.hpp"

namespace jensen {

enum class Severity { error, warning, note };

// Exit status of the command line, as Stan's own enumeration (sysexits).
enum class ExitStatus : int {
  ok = 0,
  not_converged = 2,
  usage = 64,
  bad_input = 65,    // a wrong model or wrong data
  no_input = 66,     // no such file
  unsupported = 69,  // a valid model whose inference is not there yet
  internal = 70,     // a bug in Jensen
  cannot_write = 73,
  stopped = 75,
};

struct Note {
  enum class Kind { note, help };
  Kind kind = Kind::note;
  std::string message;
  SourceSpan span = {};  // invalid: no excerpt
};

// `message` is lower case, without full stop, names in backticks; it stands alone without the excerpt.
struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;  // stable, e.g. "unknown-name"; every code is listed in docs/errors.md
  std::string message;
  SourceSpan span = {};    // invalid for messages without a place in a text (data errors name file, row, column in the message)
  std::string label = {};  // short text beside the caret
  std::vector<Note> notes = {};
  ExitStatus status = ExitStatus::bad_input;
};

using Diagnostics = std::vector<Diagnostic>;

// Thrown below a stage's surface to leave deep recursion; stage functions catch it and return diagnostics.
class Failure : public std::exception {
 public:
  explicit Failure(Diagnostic diagnostic) : diagnostic_(std::move(diagnostic)) {}
  [[nodiscard]] const Diagnostic& diagnostic() const { return diagnostic_; }
  [[nodiscard]] const char* what() const noexcept override { return diagnostic_.message.c_str(); }

 private:
  Diagnostic diagnostic_;
};

// A value, or the diagnostics that say why there is none.
template <class T>
class Result {
 public:
  Result(T value) : state_(std::move(value)) {}                                  // NOLINT(google-explicit-constructor)
  Result(Diagnostics diagnostics) : state_(std::move(diagnostics)) {}            // NOLINT(google-explicit-constructor)
  Result(Diagnostic diagnostic) : state_(Diagnostics{std::move(diagnostic)}) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }
  T& operator*() { return std::get<T>(state_); }
  const T& operator*() const { return std::get<T>(state_); }
  T* operator->() { return &std::get<T>(state_); }
  const T* operator->() const { return &std::get<T>(state_); }
  [[nodiscard]] const Diagnostics& diagnostics() const { return std::get<Diagnostics>(state_); }

 private:
  std::variant<T, Diagnostics> state_;
};

}  // namespace jensen
