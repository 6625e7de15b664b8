// derive, graph, check and stdlib on the command line.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/files.hpp"

using Catch::Matchers::ContainsSubstring;
using jensen::tests::Files;
using jensen::tests::Outcome;
using jensen::tests::run_jensen;
using nlohmann::json;

TEST_CASE("derive prints text, LaTeX and JSON, of all or of one variable") {
  const Files files;
  CHECK_THAT(run_jensen({"derive", files.coin}).out, ContainsSubstring("beta"));
  CHECK_THAT(run_jensen({"derive", files.coin, "--format", "latex"}).out, ContainsSubstring("\\"));
  CHECK(json::accept(run_jensen({"derive", files.coin, "--format", "json"}).out));
  CHECK(run_jensen({"derive", files.mixture, "mu"}).status == 0);
  CHECK(run_jensen({"derive", files.mixture, "mu"}).out.size() < run_jensen({"derive", files.mixture}).out.size());
  const Outcome unknown = run_jensen({"derive", files.mixture, "mv"});
  CHECK(unknown.status == 64);
  CHECK_THAT(unknown.err, ContainsSubstring("did you mean `mu`"));
}

TEST_CASE("a variable or a file may bear a command's name") {
  const Files files;
  const std::string model = files.folder.file("fit", "data y: real[N]\ncheck ~ normal(0, 1)\nfor n in 1..N { y[n] ~ normal(check, 1) }\n");
  CHECK(run_jensen({"derive", model, "check"}).status == 0);
}

TEST_CASE("graph prints every format") {
  const Files files;
  CHECK_THAT(run_jensen({"graph", files.mixture}).out, ContainsSubstring("digraph"));
  CHECK_THAT(run_jensen({"graph", files.mixture, "--format", "mermaid"}).out, ContainsSubstring("flowchart") || ContainsSubstring("graph "));
  CHECK(json::accept(run_jensen({"graph", files.mixture, "--format", "json"}).out));
  CHECK_THAT(run_jensen({"graph", files.mixture, "--format", "text"}).out, ContainsSubstring("mu"));
  const Outcome svg = run_jensen({"graph", files.mixture, "--format", "svg"});
  CHECK((svg.status == 69 || svg.out.find("<svg") != std::string::npos));
}

TEST_CASE("check says what would be done") {
  const Files files;
  const Outcome without = run_jensen({"check", files.mixture});
  CHECK(without.status == 0);
  CHECK_THAT(without.out, ContainsSubstring("K = 2"));
  CHECK_THAT(without.out, ContainsSubstring("N: read off the data"));
  CHECK_THAT(without.out, ContainsSubstring("point"));
  CHECK_THAT(run_jensen({"check", files.coin, files.coins}).out, ContainsSubstring("N = 4 (from the data)"));
}

TEST_CASE("check says how many cells of a column are missing") {
  const Files files;
  const std::string holes = files.folder.file("holes.csv", "y\n1\nNA\n0\n\"\"\n1\n");
  CHECK_THAT(run_jensen({"check", files.coin, holes}).out, ContainsSubstring("y: 2 of 5 cells are missing: latent"));
  CHECK_THAT(run_jensen({"check", files.coin, files.coins}).out, !ContainsSubstring("missing"));
}

TEST_CASE("check --json gives the diagnostics and nothing else") {
  const Files files;
  CHECK(json::parse(run_jensen({"check", "--json", files.coin}).out).empty());
  const std::string wrong = files.folder.file("wrong.model", "data y: real[N]\nfor n in 1..N { y[n] ~ normal(mu, 1) }\n");
  const Outcome outcome = run_jensen({"check", "--json", wrong});
  CHECK(outcome.status == 65);
  CHECK(outcome.err.empty());
  const json diagnostics = json::parse(outcome.out);
  REQUIRE(diagnostics.size() == 1);
  CHECK(diagnostics[0]["line"] == 2);
  CHECK_THAT(diagnostics[0]["message"].get<std::string>(), ContainsSubstring("`mu`"));
}

TEST_CASE("colours appear on demand only") {
  const Files files;
  const std::string wrong = files.folder.file("wrong.model", "p ~ beta(1,\n");
  CHECK(run_jensen({"check", wrong}).err.find('\x1b') == std::string::npos);
  CHECK(run_jensen({"check", wrong, "--color", "always"}).err.find('\x1b') != std::string::npos);
}

TEST_CASE("stdlib lists the distributions and shows their text") {
  CHECK_THAT(run_jensen({"stdlib"}).out, ContainsSubstring("normal"));
  const Outcome normal = run_jensen({"stdlib", "normal"});
  CHECK(normal.status == 0);
  CHECK_THAT(normal.out, ContainsSubstring("distribution normal(") && ContainsSubstring("logpdf"));
}
