#include "diagnostics/display.hpp"

#include "catch.hpp"

using jensen::printable;

TEST_CASE("text that is UTF-8 is shown as it is, other bytes by their value", "[diagnostics]") {
  CHECK(printable("abc \xC3\xA9 \xE2\x88\x92 \xF0\x9F\x98\x80") == "abc \xC3\xA9 \xE2\x88\x92 \xF0\x9F\x98\x80");
  CHECK(printable("a\xFF"
                  "b") == "a\\xFFb");
  CHECK(printable("\xC3") == "\\xC3");
  CHECK(printable("\xC0\x80") == "\\xC0\\x80");           // overlong
  CHECK(printable("\xED\xA0\x80") == "\\xED\\xA0\\x80");  // a surrogate
  CHECK(printable("\xF4\x90\x80\x80") == "\\xF4\\x90\\x80\\x80");
  CHECK(printable(std::string("\0\x1B[31m\t", 7)) == "\\x00\\x1B[31m\t");
  CHECK(printable("\u202Eabc") ==
        "\\xE2\\x80\\xAE"
        "abc");  // would reverse the line
}
