# Writes OUTPUT, a C++ file with the text of each of FILES as bytes: any text is safe that way, and no literal is too long for a compiler.
set(texts "")
set(entries "")
set(number 0)
foreach(file IN LISTS FILES)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(................................................................)" "\\1\n  " hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  get_filename_component(name ${file} NAME_WE)
  string(APPEND texts "constexpr char text_${number}[] = {\n  ${bytes}'\\0'};\n")
  string(APPEND entries "    StdlibModule{\"${name}\", std::string_view(text_${number}, sizeof(text_${number}) - 1)},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUTPUT}
"// Generated from stdlib/*.model.
#include \"model/stdlib_text.hpp\"

#include <array>

namespace jensen::model {
namespace {

${texts}
}  // namespace

std::span<const StdlibModule> stdlib_modules() {
  static constexpr std::array<StdlibModule, ${number}> modules = {
${entries}  };
  return modules;
}

}  // namespace jensen::model
")
