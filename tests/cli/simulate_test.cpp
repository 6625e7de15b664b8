// plan, simulate and predict on the command line.
#include <algorithm>
#include <cmath>
#include <sstream>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/models.hpp"
#include "support/program.hpp"

using Catch::Matchers::ContainsSubstring;
using jensen::tests::Outcome;
using jensen::tests::read_text;
using jensen::tests::run_jensen;
using nlohmann::json;

namespace {

const std::string nested =
    "data y: real[G, N]\ndata u: real[G]\n"
    "for g in 1..G { u[g] ~ normal(0, 1)  for n in 1..N { y[g, n] ~ normal(u[g], 1) } }\n"
    "data w: real[K]\nfor k in 1..K { w[k] ~ normal(0, 1) }\n";

// One level near -20, the others near 20; the latents inside exist in their branch only.
const std::string branches =
    "data x: real[N]\nfor n in 1..N { z[n] ~ categorical([0.2, 0.5, 0.3])\n"
    "if z[n] == 2 { a[n] ~ normal(-20, 1)  x[n] ~ normal(a[n], 1) } else { b[n] ~ normal(20, 1)  x[n] ~ normal(b[n], 1) } }\n";

std::size_t lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

TEST_CASE("plan prints what a fit would compute, as text and JSON") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model = folder.file("m.model", jensen::tests::mixture_model), data = folder.file("x.csv", jensen::tests::mixture_csv);
  const Outcome text = run_jensen({"plan", model, data});
  CHECK(text.status == 0);
  CHECK_THAT(text.out, ContainsSubstring("swept z: 12 x categorical"));
  CHECK(text.out == run_jensen({"fit", model, data, "--print-after", "plan"}).out);
  const json plan = json::parse(run_jensen({"plan", model, data, "--format", "json"}).out);
  CHECK(plan["blocks"].size() == 4);
  CHECK(plan["blocks"][3]["role"] == "swept");
  CHECK(plan["bound"]["terms"].get<int>() > 0);
  CHECK(run_jensen({"plan", model}).status == 65);
}

TEST_CASE("simulate writes data that fit reads, and what they were drawn from") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model = folder.file("coin.model", jensen::tests::coin_model), out = folder.path("out.csv"), truth = folder.path("truth.json");
  const Outcome done = run_jensen({"simulate", model, "--set", "N=500", "--seed", "3", "--out", out, "--json", truth});
  CHECK(done.status == 0);
  CHECK(done.err.empty());
  CHECK(lines(read_text(out)) == 501);
  const double p = json::parse(read_text(truth))["p"].get<double>();
  const Outcome fit = run_jensen({"fit", model, out, "--json", "-", "--quiet"});
  CHECK(fit.status == 0);
  const double mean = json::parse(fit.out)["variables"]["p"]["mean"].get<double>();
  CHECK(std::abs(mean - p) < 0.12);
  CHECK(run_jensen({"simulate", model, "--set", "N=500", "--seed", "3"}).out == read_text(out));
  CHECK_THAT(run_jensen({"simulate", model, "--set", "N=2", "--draws", "3"}).out, ContainsSubstring("draw,y\n1,"));
}

TEST_CASE("simulate with several extents writes a folder") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model = folder.file("nested.model", nested);
  const std::vector<std::string> sizes{"--set", "G=3", "--set", "N=2", "--set", "K=5"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all{"simulate", model};
    all.insert(all.end(), sizes.begin(), sizes.end());
    all.insert(all.end(), more.begin(), more.end());
    return run_jensen(all);
  };
  const Outcome one = with({"--out", folder.path("one.csv")});
  CHECK(one.status == 64);
  CHECK_THAT(one.err, ContainsSubstring("several-extents"));
  CHECK(with({"--out", folder.path("out/")}).status == 0);
  CHECK_THAT(read_text(folder.path("out/G.csv")), ContainsSubstring("y_1,y_2,u\n"));
  CHECK(lines(read_text(folder.path("out/K.csv"))) == 6);
}

TEST_CASE("simulate says what it lacks") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model =
      folder.file("m.model", "data x: real[N]\ndata u: real[N]\ndata y: real[N]\nfor n in 1..N { y[n] ~ normal(x[n] + u[n], 1) }\n");
  const Outcome none = run_jensen({"simulate", model, "--set", "N=3"});
  CHECK(none.status == 65);
  CHECK_THAT(none.err, ContainsSubstring("`x`, `u`"));
  CHECK(run_jensen({"simulate", model, folder.file("c.csv", "x,u\n1,2\n3,4\n")}).out.substr(0, 6) == "x,u,y\n");
  CHECK(run_jensen({"simulate", model, "--draws", "0"}).status == 64);
  CHECK(run_jensen({"simulate", folder.file("n.model", jensen::tests::network_model), "--set", "N=2"}).status != 0);
}

TEST_CASE("predict reads a fit and writes table, JSON and CSV") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model =
      folder.file("coin.model", jensen::tests::coin_model + "predict odds = p / (1 - p)\npredict for m in 1..3 { z[m] ~ bernoulli(p) }\n");
  const std::string data = folder.file("coin.csv", jensen::tests::coin_csv), fit = folder.path("fit.json");
  const Outcome fitted = run_jensen({"fit", model, data, "--json", fit});
  CHECK(fitted.status == 0);
  CHECK_THAT(fitted.out, ContainsSubstring("odds") && ContainsSubstring("95 %"));
  CHECK(json::parse(read_text(fit))["variables"]["odds"]["role"] == "predict");
  const Outcome predicted = run_jensen(
      {"predict", fit, "--draws", "200", "--out", folder.path("p.csv"), "--draws-out", folder.path("d.csv"), "--json", folder.path("p.json")});
  CHECK(predicted.status == 0);
  CHECK_THAT(predicted.out, ContainsSubstring("odds"));
  CHECK_THAT(read_text(folder.path("p.csv")), ContainsSubstring("name,index,mean,sd,q5,q95\nodds,,"));
  CHECK(lines(read_text(folder.path("d.csv"))) == 201);
  CHECK_THAT(read_text(folder.path("d.csv")), ContainsSubstring("draw,odds,z_1,z_2,z_3\n1,"));
  CHECK(json::parse(read_text(folder.path("p.json")))["variables"]["z"]["shape"] == json({3, 2}));
  CHECK(run_jensen({"predict", model}).status == 65);
  CHECK(run_jensen({"predict", folder.path("none.json")}).status == 66);
}

TEST_CASE("simulate draws the branch that the gate opens") {
  const jensen::tests::TemporaryFolder folder;
  const Outcome done = run_jensen({"simulate", folder.file("branches.model", branches), "--set", "N=2000"});
  CHECK(done.status == 0);
  std::istringstream rows(done.out);
  std::string row;
  std::getline(rows, row);
  int below = 0;
  while (std::getline(rows, row)) {
    CHECK(std::abs(std::stod(row)) > 10);
    below += std::stod(row) < 0 ? 1 : 0;
  }
  CHECK(std::abs(below - 1000) < 100);  // sd 22
}
