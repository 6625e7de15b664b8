// Through the faces: the quantities of a fit, and those of the same fit read back.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "catch.hpp"
#include "pipeline.hpp"
#include "report/report.hpp"
#include "support/planned_model.hpp"
#include "support/program.hpp"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using jensen::Result;
namespace pipeline = jensen::pipeline;
namespace run = jensen::run;

namespace {

struct Fitted {
  jensen::tests::TemporaryFolder folder;
  Result<run::Fit> fit;
  Fitted(const std::string& model, const std::string& csv) : fit(jensen::Diagnostic{}) {
    jensen::Sources sources;
    pipeline::ModelOptions options;
    options.path = folder.file("m.model", model);
    fit = pipeline::fit(options, {folder.file("d.csv", csv)}, {}, sources);
  }
  [[nodiscard]] Result<pipeline::Prediction> predict(const std::string& csv, int draws = 4000) const {
    jensen::Sources sources;
    std::vector<std::string> files;
    if (!csv.empty()) files.push_back(folder.file("new.csv", csv));
    pipeline::PredictOptions options;
    options.draws = draws;
    options.fit_json = jensen::report::to_json(*fit);
    return pipeline::predict(options, files, sources);
  }
};

const run::FittedVariable& named(const std::vector<run::FittedVariable>& variables, const std::string& name) {
  for (const run::FittedVariable& v : variables) {
    if (v.name == name) return v;
  }
  throw std::out_of_range(name);
}

bool has(const std::vector<run::FittedVariable>& variables, const std::string& name) {
  return std::any_of(variables.begin(), variables.end(), [&](const auto& v) { return v.name == name; });
}

const std::string coin =
    "data y: bool[N]\n"
    "p ~ beta(1, 1)\n"
    "for n in 1..N { y[n] ~ bernoulli(p) }\n"
    "complement = 1 - p\n"
    "predict again ~ bernoulli(p)\n"
    "predict odds = p / (1 - p)\n";
const std::string heads = "y\n1\n1\n0\n1\n1\n0\n1\n1\n";  // q(p) is beta(7, 3)

const std::string line =
    "data x: real[N]\ndata y: real[N]\n"
    "data x_new: real[M]\n"
    "data group: category(C)[N]\ndata group_new: category(C)[M]\n"
    "for c in 1..C { a[c] ~ normal(0, 10) }\n"
    "b ~ normal(0, 10)\n"
    "for n in 1..N { y[n] ~ normal(a[group[n]] + b * x[n], 0.1) }\n"
    "predict for m in 1..M {\n"
    "  y_new[m] ~ normal(a[group_new[m]] + b * x_new[m], 0.5)\n"
    "}\n"
    "for m in 1..M { predict line[m] = a[group_new[m]] + b * x_new[m] }\n";
const std::string points = "x,y,group\n0,1,left\n1,3,left\n2,5,left\n0,11,right\n1,13,right\n2,15,right\n";

}  // namespace

TEST_CASE("derived and predicted quantities of a fit have the posterior's moments") {
  const Fitted fitted(coin, heads);
  REQUIRE(fitted.fit);
  const auto& variables = fitted.fit->variables;
  CHECK(named(variables, "complement").role == "derived");
  CHECK_THAT(named(variables, "complement").mean[0], WithinAbs(0.3, 5 * 0.138 / std::sqrt(1000)));
  CHECK_THAT(named(variables, "complement").sd[0], WithinAbs(std::sqrt(0.7 * 0.3 / 11), 0.015));
  CHECK(named(variables, "again").role == "predict");
  REQUIRE(named(variables, "again").mean.size() == 2);
  CHECK_THAT(named(variables, "again").mean[1], WithinAbs(0.7, 5 * 0.458 / std::sqrt(1000)));
  CHECK(named(variables, "odds").mean[0] > 7.0 / 3);  // E[p / (1 - p)] = 7 / 2 > E[p] / E[1 - p]
  CHECK(named(variables, "odds").q5[0] < named(variables, "odds").q95[0]);
}

TEST_CASE("data that only predictions need may be absent, and come later") {
  const Fitted fitted(line, points);
  INFO((fitted.fit ? "" : jensen::tests::messages(fitted.fit.diagnostics())));
  REQUIRE(fitted.fit);
  CHECK(!has(fitted.fit->variables, "y_new"));
  CHECK(fitted.fit->warnings.size() == 2);
  CHECK(fitted.fit->warnings[0].code == "prediction-left-out");
  const auto predicted = fitted.predict("x_new,group_new\n10,right\n-1,left\n0,right\n");
  INFO((predicted ? "" : jensen::tests::messages(predicted.diagnostics())));
  REQUIRE(predicted);
  const auto& y = named(predicted->quantities.variables, "y_new");
  REQUIRE(y.mean.size() == 3);
  CHECK_THAT(y.mean[0], WithinAbs(31, 0.6));
  CHECK_THAT(y.mean[1], WithinAbs(-1, 0.2));
  CHECK_THAT(y.mean[2], WithinAbs(11, 0.2));
  CHECK(y.sd[2] > 0.45);
  CHECK_THAT(y.q95[2] - y.mean[2], WithinAbs(1.645 * y.sd[2], 0.1));
  CHECK(named(predicted->quantities.variables, "line").sd[2] < 0.2);
}

TEST_CASE("new data may not hold levels that the fit has not seen") {
  const Fitted fitted(line, points);
  REQUIRE(fitted.fit);
  const auto unknown = fitted.predict("x_new,group_new\n10,middle\n");
  REQUIRE(!unknown);
  CHECK(unknown.diagnostics()[0].code == "unknown-level");
}

TEST_CASE("a prediction read back is that of the fit") {
  const Fitted fitted(coin, heads);
  REQUIRE(fitted.fit);
  const auto predicted = fitted.predict("", 1000);
  REQUIRE(predicted);
  CHECK(named(predicted->quantities.variables, "odds").mean == named(fitted.fit->variables, "odds").mean);
  CHECK(named(predicted->quantities.variables, "again").mean == named(fitted.fit->variables, "again").mean);
}

TEST_CASE("functions of params alone have one value") {
  const Fitted fitted("data y: real[N]\nparam mu: real\nparam s: positive\nfor n in 1..N { y[n] ~ normal(mu, s) }\nlow = mu - 2 * s\n",
                      "y\n1\n2\n3\n6\n");
  REQUIRE(fitted.fit);
  const auto& low = named(fitted.fit->variables, "low");
  CHECK_THAT(low.mean[0], WithinAbs(3 - 2 * std::sqrt(3.5), 1e-9));
  CHECK(low.sd[0] == 0);
}

TEST_CASE("predictions are used by predictions only") {
  const auto code = [](const std::string& model) {
    const auto planned = jensen::tests::plan_text({.model = model});
    return planned ? std::string("none") : planned.diagnostics()[0].code;
  };
  CHECK(code("a ~ normal(0, 1)\npredict b ~ normal(a, 1)\npredict c = b + 1\n") == "none");
  CHECK(code("a ~ normal(0, 1)\npredict b ~ normal(a, 1)\nc ~ normal(b, 1)\n") == "prediction-used");
  CHECK(code("a ~ normal(0, 1)\npredict a ~ normal(0, 1)\n") == "declared-twice");
  CHECK(code("predict a ~ normal(0, 1)\na ~ normal(0, 1)\n") == "declared-twice");
  CHECK(code("predict a = b\npredict b = a\n") == "cycle");
  CHECK(code("predict a ~ norml(0, 1)\n") == "unknown-distribution");
  CHECK(code("a ~ normal(0, 1)\npredict for m in 1..3 { b[m] ~ normal(c[m], 1) }\n") == "unknown-name");
}

// The posteriors of the rates are gamma(2 + sum of the column, 3.1).
TEST_CASE("missing cells of a table are predicted each from its own column, and no other cell is drawn") {
  const Fitted fitted(
      "data y: count[N, J] = columns(a, b, c)\nfor j in 1..J { r[j] ~ gamma(2, 0.1) }\n"
      "for n in 1..N { for j in 1..J { y[n, j] ~ poisson(r[j]) } }\n",
      "a,b,c\n10,100,1000\nNA,110,990\n12,NA,1010\n9,95,NA\n");
  REQUIRE(fitted.fit);
  const run::FittedVariable& cells = named(fitted.fit->variables, "y");
  REQUIRE(cells.mean.size() == 3);
  CHECK_THAT(cells.mean[0], WithinAbs(33 / 3.1, 1));
  CHECK_THAT(cells.mean[1], WithinAbs(307 / 3.1, 3));
  CHECK_THAT(cells.mean[2], WithinAbs(3002 / 3.1, 6));
}
