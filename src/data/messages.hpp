// The wording of what can be wrong with a data file. Every function returns a diagnostic without a span: data has no place in the model text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "diagnostics/diagnostic.hpp"

namespace jensen::data {

// Files
Diagnostic cannot_open(const std::string& source, const std::string& reason);
Diagnostic read_failed(const std::string& source, const std::string& reason);
Diagnostic out_of_memory(const std::string& source);
Diagnostic gzip_truncated(const std::string& source);
Diagnostic gzip_corrupt(const std::string& source, const std::string& reason);
Diagnostic gzip_expands_too_far(const std::string& source, std::uint64_t expanded, std::uint64_t compressed);

// CSV
Diagnostic empty_file(const std::string& source);
Diagnostic not_text(const std::string& source, std::string_view first_bytes);
Diagnostic duplicate_column(const std::string& source, const std::string& name, std::size_t first, std::size_t second);
Diagnostic ragged_row(const std::string& source, std::size_t row, std::size_t line, std::size_t expected, std::size_t found);
Diagnostic unclosed_quote(const std::string& source, std::size_t line);
Diagnostic text_after_quote(const std::string& source, std::size_t line, std::size_t cell);
Diagnostic row_too_long(const std::string& source, std::size_t line, std::size_t limit);

// .npy
Diagnostic npy_header(const std::string& source, const std::string& reason);
Diagnostic npy_type(const std::string& source, const std::string& type);
Diagnostic npy_rank(const std::string& source, std::size_t rank);
Diagnostic npy_size(const std::string& source, std::uint64_t expected, std::uint64_t found);

}  // namespace jensen::data
