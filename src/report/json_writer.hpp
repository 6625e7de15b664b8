// JSON text built front to back: keys in the order given, doubles in the shortest form that reads back to the same value.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jensen::report {

// JSON has no number for a quantity that is not finite; it is written as the string "NaN", "Infinity" or "-Infinity", which Python's float() and
// JavaScript's Number() read back. An array whose entries are all NaN is left to the caller to omit (`all_nan`).
class JsonWriter {
 public:
  void begin_object(bool one_line = false) { open('{', one_line); }
  void end_object() { close('}'); }
  void begin_array(bool one_line = true) { open('[', one_line); }
  void end_array() { close(']'); }
  void key(std::string_view name);

  void value(double number);
  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool flag);
  template <std::integral T>
  requires(!std::same_as<T, bool>) void value(T number) { raw(std::to_string(number)); }

  void list(std::span<const double> numbers);
  void list(std::span<const std::string> texts);
  // Row-major numbers as arrays nested by `shape`; an empty shape is one number.
  void nested(std::span<const double> numbers, std::span<const std::size_t> shape);

  template <class T>
  void member(std::string_view name, const T& item) {
    key(name);
    value(item);
  }

  // The text, ending in a newline.
  [[nodiscard]] std::string take();

 private:
  struct Level {
    bool one_line = false;
    bool empty = true;
  };
  void open(char bracket, bool one_line);
  void close(char bracket);
  void separate();
  void break_line();
  void raw(std::string_view text);
  void string(std::string_view text);

  std::string text_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

bool all_nan(std::span<const double> numbers);

}  // namespace jensen::report
