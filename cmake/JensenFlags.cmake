# Flags that every target shares. -march must be the same everywhere: Eigen's alignment, and so its layout, depends on it.
add_library(jensen_flags INTERFACE)
target_compile_options(jensen_flags INTERFACE -Wall -Wextra)
if(JENSEN_WERROR)
  target_compile_options(jensen_flags INTERFACE -Werror)
endif()

# GCC 12 warns of its own headers once they are inlined: `"text" + std::string` (GCC bug 105651) and AVX-512 intrinsics (bug 105593).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(jensen_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
endif()

if(JENSEN_NATIVE)
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-march=native JENSEN_HAS_MARCH_NATIVE)
  if(JENSEN_HAS_MARCH_NATIVE)
    target_compile_options(jensen_flags INTERFACE -march=native)
  endif()
endif()

if(JENSEN_SANITIZE)
  target_compile_options(jensen_flags INTERFACE -fsanitize=${JENSEN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_definitions(jensen_flags INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(jensen_flags INTERFACE -fsanitize=${JENSEN_SANITIZE})
endif()
if(JENSEN_BUILD_FUZZ)
  target_compile_options(jensen_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# With GNU compilers ccache can only cache users of a precompiled header when this is given.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND JENSEN_PCH)
  target_compile_options(jensen_flags INTERFACE -fpch-preprocess)
endif()
