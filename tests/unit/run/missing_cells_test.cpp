#include "run/missing_cells.hpp"

#include "catch.hpp"

using namespace jensen;
using Cells = std::vector<std::vector<std::size_t>>;
using Numbers = std::vector<double>;

namespace {

run::FittedVariable fitted(std::vector<std::size_t> shape, Numbers mean, Numbers sd) {
  run::FittedVariable variable;
  variable.shape = std::move(shape);
  variable.mean = std::move(mean);
  variable.sd = std::move(sd);
  return variable;
}

}  // namespace

TEST_CASE("of a column the missing cells remain, in order", "[run][missing]") {
  auto v = fitted({4}, {1, 2, 3, 4}, {.1, .2, .3, .4});
  run::keep_missing_cells({{4}, {0, 5, 5, 0}, {}, {1, 0, 0, 1}}, v);
  REQUIRE(v.cells);
  CHECK(*v.cells == Cells{{1}, {4}});
  CHECK(v.shape == std::vector<std::size_t>{2});
  CHECK(v.mean == Numbers{1, 4});
  CHECK(v.sd == Numbers{.1, .4});
}

TEST_CASE("cells of several columns are listed row by row, though arrays are stored by columns", "[run][missing]") {
  auto v = fitted({3, 2}, {11, 12, 21, 22, 31, 32}, {});
  run::keep_missing_cells({{3, 2}, Numbers(6), {}, {0, 0, 1, 1, 0, 1}}, v);
  REQUIRE(v.cells);
  CHECK(*v.cells == Cells{{1, 2}, {3, 1}, {3, 2}});
  CHECK(v.mean == Numbers{12, 31, 32});
  CHECK(v.sd.empty());
}

TEST_CASE("a discrete cell keeps the probabilities of its levels and their names", "[run][missing]") {
  auto v = fitted({3, 2}, {.1, .9, .2, .8, .3, .7}, {});
  run::keep_missing_cells({{3}, {2, 1, 1}, {"no", "yes"}, {0, 1, 0}}, v);
  REQUIRE(v.cells);
  CHECK(*v.cells == Cells{{2}});
  CHECK(v.shape == std::vector<std::size_t>{1, 2});
  CHECK(v.mean == Numbers{.2, .8});
  CHECK(v.levels == std::vector<std::string>{"no", "yes"});
}
