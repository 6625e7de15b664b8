#include "diagnostics/suggest.hpp"

#include "catch.hpp"

using jensen::did_you_mean;
using jensen::edit_distance;
using jensen::suggest;
using Names = std::vector<std::string>;

TEST_CASE("edit distance counts insertions, deletions, changes and swaps of neighbours", "[diagnostics]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("normal", "normal") == 0);
  CHECK(edit_distance("norml", "normal") == 1);
  CHECK(edit_distance("nromal", "normal") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ca", "abc") == 3);  // restricted: no edit inside a swap
}

TEST_CASE("suggestions are the nearest first, at most three, none that is far", "[diagnostics]") {
  const Names names = {"normal", "gamma", "mvnormal", "beta", "Beta2", "sigma"};
  CHECK(suggest("norml", names) == Names{"normal"});
  CHECK(suggest("NORMAL", names) == Names{"normal", "mvnormal"});
  CHECK(suggest("gama", names) == Names{"gamma"});
  CHECK(suggest("sigam", names) == Names{"sigma"});
  CHECK(suggest("x", names).empty());
  CHECK(suggest("weibull", names).empty());
  CHECK(suggest("abcd", Names{"abcx", "abxx", "abce", "abcf", "abcg"}) == Names{"abcx", "abce", "abcf"});
  CHECK(suggest("normal", Names{"normal", "normals"}) == Names{"normals"});
}

TEST_CASE("did you mean reads as a sentence", "[diagnostics]") {
  CHECK(did_you_mean("zzz", Names{"a"}).empty());
  CHECK(did_you_mean("mu", Names{"nu"}) == "; did you mean `nu`?");
  CHECK(did_you_mean("abcd", Names{"abcx", "abcy"}) == "; did you mean `abcx` or `abcy`?");
  CHECK(did_you_mean("abcd", Names{"abcx", "abcy", "abcz"}) == "; did you mean `abcx`, `abcy` or `abcz`?");
}
