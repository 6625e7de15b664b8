// The text of the standard library's modules, embedded when the project is built (cmake/embed_stdlib.cmake).
#pragma once

#include <span>
#include <string_view>

namespace jensen::model {

struct StdlibModule {
  std::string_view name;  // of the file in stdlib/, without its extension
  std::string_view text;
};

std::span<const StdlibModule> stdlib_modules();  // in the order of their names

}  // namespace jensen::model
