// Files that a command reads and writes beside its results.
#pragma once

#include <string>
#include <string_view>

#include "diagnostics/diagnostic.hpp"

namespace jensen::cli {

// errno of the first call that failed; 0 where all of it was written and the file system has accepted it.
int write_file(const std::string& path, std::string_view text);

Diagnostic cannot_write(const std::string& path, int error);

}  // namespace jensen::cli
