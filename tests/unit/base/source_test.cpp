#include "base/source.hpp"

#include "catch.hpp"

using jensen::Source;

namespace {

std::pair<int, int> at(const Source& source, std::uint32_t offset) {
  const jensen::LineColumn place = source.position(offset);
  return {place.line, place.column};
}

}  // namespace

TEST_CASE("positions count lines and display cells from 1", "[base]") {
  const Source source("m",
                      "ab\n\tc\xC3\xA9"
                      "d\r\n\nlast");
  CHECK(at(source, 0) == std::pair{1, 1});
  CHECK(at(source, 2) == std::pair{1, 3});
  CHECK(at(source, 3) == std::pair{2, 1});
  CHECK(at(source, 4) == std::pair{2, 9});   // behind a tab
  CHECK(at(source, 7) == std::pair{2, 11});  // behind a letter of two bytes
  CHECK(at(source, 10) == std::pair{3, 1});
  CHECK(at(source, 11) == std::pair{4, 1});
  CHECK(at(source, 15) == std::pair{4, 5});
  CHECK(at(source, 1000) == std::pair{4, 5});
}

TEST_CASE("lines come without their ends", "[base]") {
  const Source source("m", "a\r\nb\rc\n");
  CHECK(source.line(1) == "a");
  CHECK(source.line(2) == "b");
  CHECK(source.line(3) == "c");
  CHECK(source.line(4).empty());
  CHECK(source.line(0).empty());
  CHECK(source.line(9).empty());
  CHECK(at(Source("m", ""), 0) == std::pair{1, 1});
}
