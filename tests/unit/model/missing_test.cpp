#include "model/missing.hpp"

#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "data/table.hpp"
#include "support/model_text.hpp"

using namespace jensen;
using Catch::Matchers::Contains;
using model::BoundArray;
using Mask = std::vector<std::uint8_t>;

namespace {

// A model with its data; the data are bound, the latents of missing cells not yet added.
struct Bound {
  model::ModelGraph graph;
  model::BoundData data;

  [[nodiscard]] VariableId id(const std::string& name) const { return graph.find(name); }
  [[nodiscard]] const BoundArray& array(const std::string& name) const { return data.arrays.at(id(name)); }
  [[nodiscard]] const model::Variable& variable(const std::string& name) const { return graph.variables[id(name)]; }
};

Result<model::BoundData> bind_csv(const model::ModelGraph& graph, const std::string& csv) {
  auto table = data::read_csv_text(csv, "d.csv");
  if (!table) return table.diagnostics();
  std::vector<data::Table> tables;
  tables.push_back(std::move(*table));
  return model::bind_data(graph, std::move(tables));
}

Bound bound(const std::string& text, const std::string& csv) {
  auto resolved = test::resolve(text);
  auto data = bind_csv(resolved.graph, csv);
  if (!data) throw std::runtime_error(data.diagnostics().at(0).message);
  return {std::move(resolved.graph), std::move(*data)};
}

Diagnostic refusal(const std::string& text, const std::string& csv) {
  const auto data = bind_csv(test::resolve(text).graph, csv);
  return data ? Diagnostic{} : data.diagnostics().at(0);
}

const std::string column_of_normals = "data y: real[N]\nm ~ normal(0, 1)\nfor n in 1..N { y[n] ~ normal(m, 1) }\n";
const std::string two_columns = "data x: vector(2)[N] = columns(a, b)\nfor n in 1..N { x[n] ~ mvnormal(zeros(2), precision = eye(2)) }\n";

std::string air_quality() {
  std::ifstream file(JENSEN_SOURCE_DIR "/examples/missing/airquality.csv");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a missing cell of a column with a distribution is marked and holds 0", "[model][missing]") {
  const Bound b = bound(column_of_normals, "y\n1.5\nNA\n3\n\"\"\n");
  CHECK(b.array("y").values == std::vector<double>{1.5, 0, 3, 0});
  CHECK(b.array("y").missing == Mask{0, 1, 0, 1});
  CHECK(b.array("y").missing_count() == 2);
}

TEST_CASE("complete data have no mask", "[model][missing]") {
  Bound b = bound(column_of_normals, "y\n1.5\n2\n");
  CHECK(b.array("y").missing.empty());
  const std::size_t before = b.graph.variables.size();
  model::add_missing(b.graph, b.data);
  CHECK(b.graph.variables.size() == before);
  CHECK_FALSE(b.variable("y").missing.valid());
}

TEST_CASE("cells of a vector are missing each by itself", "[model][missing]") {
  const Bound b = bound(two_columns, "a,b\n1,NA\n2,5\nNA,6\n");
  CHECK(b.array("x").values == std::vector<double>{1, 2, 0, 0, 5, 6});  // column by column
  CHECK(b.array("x").missing == Mask{0, 0, 1, 1, 0, 0});
}

TEST_CASE("a missing cell of every scalar type is neither a value outside its support nor read", "[model][missing]") {
  const std::string csv = "v\n1\nNA\n1\n";
  for (const std::string type_and_draw : {"real[N] | normal(0, 1)", "positive[N] | gamma(1, 1)", "bool[N] | bernoulli(0.5)", "count[N] | poisson(3)",
                                          "int[N] | poisson(3)", "real[N] | gamma(1, 1)"}) {
    const std::size_t bar = type_and_draw.find(" | ");
    INFO(type_and_draw);
    const Bound b = bound("data v: " + type_and_draw.substr(0, bar) + "\nfor n in 1..N { v[n] ~ " + type_and_draw.substr(bar + 3) + " }\n", csv);
    CHECK(b.array("v").missing == Mask{0, 1, 0});
    CHECK(b.array("v").values == std::vector<double>{1, 0, 1});
  }
  const Bound unit = bound("data v: unit[N]\nfor n in 1..N { v[n] ~ beta(1, 1) }\n", "v\n0.5\nNA\n");
  CHECK(unit.array("v").missing == Mask{0, 1});
}

TEST_CASE("the levels of a category are those of its known cells; a missing cell holds the first", "[model][missing]") {
  for (const std::string csv : {"c\nred\nNA\nblue\n", "c\n20\nNA\n7\n"}) {
    const Bound b = bound("data c: category(K)[N]\nw ~ dirichlet(ones(K))\nfor n in 1..N { c[n] ~ categorical(w) }\n", csv);
    CHECK(b.array("c").levels.size() == 2);
    CHECK(b.data.sizes.at("K") == 2);
    CHECK(b.array("c").values == std::vector<double>{2, 1, 1});
    CHECK(b.array("c").missing == Mask{0, 1, 0});
  }
}

TEST_CASE("a column with missing cells gets a mask and a latent at the end of the graph", "[model][missing]") {
  Bound b = bound(two_columns, "a,b\n1,NA\n2,5\nNA,6\n");
  const model::ModelGraph before = b.graph;
  model::add_missing(b.graph, b.data);
  for (std::size_t i = 0; i < before.variables.size(); ++i) CHECK(b.graph.variables[VariableId(i)].name == before.variables[VariableId(i)].name);
  REQUIRE(b.graph.variables.size() == before.variables.size() + 2);
  const model::Variable& x = b.variable("x");
  const model::Variable& mask = b.graph.variables[x.missing_mask];
  const model::Variable& latent = b.graph.variables[x.missing];
  CHECK(mask.name == "x.missing");
  CHECK(mask.role == model::Role::data);
  CHECK(mask.type.support.kind == SupportKind::boolean);
  CHECK(mask.dims == x.dims);
  CHECK(b.data.arrays.at(x.missing_mask).values == std::vector<double>{0, 0, 1, 1, 0, 0});
  CHECK(b.data.arrays.at(x.missing_mask).dims == std::vector<std::size_t>{3, 2});
  CHECK(latent.name == "x.value");
  CHECK(latent.role == model::Role::latent);
  CHECK(latent.missing_of == b.id("x"));
  CHECK(latent.dims == x.dims);
  CHECK(latent.array_rank == x.array_rank);
  CHECK(latent.data_sized);
  CHECK(latent.factors == x.factors);
  CHECK(b.graph.shown_name(x.missing) == "x");
}

TEST_CASE("missing cells are added once", "[model][missing]") {
  Bound b = bound(column_of_normals, "y\n1.5\nNA\n");
  model::add_missing(b.graph, b.data);
  const std::size_t once = b.graph.variables.size();
  model::add_missing(b.graph, b.data);
  CHECK(b.graph.variables.size() == once);
}

TEST_CASE("a missing cell is of what the distribution draws", "[model][missing]") {
  Bound positive = bound("data y: real[N]\nfor n in 1..N { y[n] ~ gamma(2, 1) }\n", "y\n1.5\nNA\n");
  model::add_missing(positive.graph, positive.data);
  CHECK(positive.variable("y.value").type.support.kind == SupportKind::positive);
  Bound bounded = bound("data y: count[N]\nfor n in 1..N { y[n] ~ binomial(4, 0.5) }\n", "y\n2\nNA\n");
  model::add_missing(bounded.graph, bounded.data);
  CHECK(bounded.variable("y.value").type.support.kind == SupportKind::bounded_count);
  CHECK(bounded.variable("y.value").type.levels == model::Size(5));
}

TEST_CASE("air quality has 37 cells of ozone and 7 of solar missing", "[model][missing]") {
  const Bound b = bound(
      "data ozone, solar, wind: real[N]\n"
      "for n in 1..N { ozone[n] ~ normal(0, 1)  solar[n] ~ normal(0, 1)  wind[n] ~ normal(0, 1) }\n",
      air_quality());
  CHECK(b.data.sizes.at("N") == 153);
  CHECK(b.array("ozone").missing_count() == 37);
  CHECK(b.array("solar").missing_count() == 7);
  CHECK(b.array("wind").missing.empty());
  CHECK(b.array("ozone").missing[4] == 1);  // the fifth day
}

TEST_CASE("a missing cell that nothing can infer is named", "[model][missing]") {
  const Diagnostic covariate = refusal("data y, u: real[N]\na ~ normal(0, 1)\nfor n in 1..N { y[n] ~ normal(a * u[n], 1) }\n", "y,u\n1,1\n2,NA\n");
  CHECK(covariate.code == "missing-cell");
  CHECK_THAT(covariate.message, Contains("row 2 (line 3), column `u`") && Contains("no distribution"));

  const Diagnostic weight = refusal(
      "data y: real[N]\ndata w: count[N]\nm ~ normal(0, 1)\n"
      "for n in 1..N { w[n] ~ poisson(2) }\nfor n in 1..N weight w[n] { y[n] ~ normal(m, 1) }\n",
      "y,w\n1,1\n2,NA\n");
  CHECK(weight.code == "missing-cell");
  CHECK_THAT(weight.message, Contains("row 2 (line 3), column `w`") && Contains("`weight`"));

  const Diagnostic condition = refusal(
      "data y: real[N]\ndata c: bool[N]\nm ~ normal(0, 1)\n"
      "for n in 1..N { c[n] ~ bernoulli(0.5) }\nfor n in 1..N { if c[n] { y[n] ~ normal(m, 1) } else { y[n] ~ normal(0, 1) } }\n",
      "y,c\n1,1\n2,NA\n");
  CHECK(condition.code == "missing-cell");
  CHECK_THAT(condition.message, Contains("column `c`") && Contains("`if`"));
}

TEST_CASE("a missing element that no statement covers is named", "[model][missing]") {
  const std::string chain = "data y: real[T]\nfor t in 2..T { y[t] ~ normal(y[t - 1], 1) }\n";
  CHECK(bound(chain, "y\n1\nNA\n3\n").array("y").missing == Mask{0, 1, 0});
  const Diagnostic first = refusal(chain, "y\nNA\n2\n3\n");
  CHECK(first.code == "missing-cell");
  CHECK_THAT(first.message, Contains("row 1 (line 2)") && Contains("no `~` statement"));
  const std::string shifted = "data y: real[T]\nfor t in 1..T - 1 { y[t + 1] ~ normal(y[t], 1) }\n";
  CHECK(refusal(shifted, "y\nNA\n2\n3\n").code == "missing-cell");
  CHECK(bound(shifted, "y\n1\n2\nNA\n").array("y").missing == Mask{0, 0, 1});
  CHECK(bound("y[1] ~ normal(0, 1)\n" + chain, "y\nNA\n2\n3\n").array("y").missing == Mask{1, 0, 0});
  const Diagnostic half = refusal("data x: real[N, 2] = columns(a, b)\nfor n in 1..N { x[n, 1] ~ normal(x[n, 2], 1) }\n", "a,b\nNA,1\n2,NA\n");
  CHECK(half.code == "missing-cell");
  CHECK_THAT(half.message, Contains("row 2 (line 3), column `b`"));
}

TEST_CASE("a column of which every cell is missing is named", "[model][missing]") {
  CHECK(refusal(column_of_normals, "y\nNA\nNA\n").code == "all-missing");
  const Diagnostic one_of_two = refusal(two_columns, "a,b\n1,NA\n2,NA\n");
  CHECK(one_of_two.code == "all-missing");
  CHECK_THAT(one_of_two.message, Contains("`b`"));
  const std::string category = "data c: category(K)[N]\nw ~ dirichlet(ones(K))\nfor n in 1..N { c[n] ~ categorical(w) }\n";
  CHECK(refusal(category, "c\nNA\nNA\n").code == "all-missing");
  CHECK(refusal(column_of_normals, "y\n").code.empty());  // no rows: nothing is missing
}
