#include "support/unified_diff.hpp"

#include "catch.hpp"

using jensen::tests::unified_diff;

TEST_CASE("equal texts have no diff") { CHECK(unified_diff("a\nb\n", "a\nb\n", "e", "a").empty()); }

TEST_CASE("a changed line is shown with its neighbours and its number") {
  CHECK(unified_diff("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\n4\nfive\n6\n7\n", "e", "a") == "--- e\n+++ a\n@@ -2 +2 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n");
}

TEST_CASE("a text against an empty one is all additions") { CHECK(unified_diff("", "x\n", "e", "a") == "--- e\n+++ a\n@@ -1 +1 @@\n+x\n"); }

TEST_CASE("a missing last end of line is said") {
  CHECK_THAT(unified_diff("x\n", "x", "e", "a"), Catch::Matchers::ContainsSubstring("last end of line differs"));
}
