// Catch2 of version 2 (Debian 12) or 3, whichever is installed. Use the matchers WithinAbs and WithinRel: `Approx` differs between the two.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
namespace Catch::Matchers {
inline auto ContainsSubstring(const std::string& part) { return Contains(part); }
}  // namespace Catch::Matchers
#endif
