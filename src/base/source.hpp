// Texts that diagnostics point into: model files, stdlib modules, data files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"

namespace jensen {

// Half-open byte range [begin, end) of one source.
struct SourceSpan {
  SourceId source;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] bool valid() const { return source.valid(); }
  bool operator==(const SourceSpan&) const = default;
};

// 1-based line and column; the column counts display cells (code points; a tab advances to the next multiple of 8).
struct LineColumn {
  int line = 1;
  int column = 1;
};

class Source {
 public:
  Source(std::string name, std::string text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] LineColumn position(std::uint32_t offset) const;
  // The text of a 1-based line without its end-of-line bytes.
  [[nodiscard]] std::string_view line(int number) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::uint32_t> line_starts_;
};

using Sources = IdVector<SourceId, Source>;

}  // namespace jensen
