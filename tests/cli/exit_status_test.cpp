// Every exit status of the command line, and where its words go.
#include "catch.hpp"
#include "cli/models.hpp"
#include "support/program.hpp"

using Catch::Matchers::ContainsSubstring;
using jensen::tests::Outcome;
using jensen::tests::run_jensen;

namespace {

void check_failure(const Outcome& outcome, int status, const std::string& message) {
  CHECK(outcome.status == status);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, ContainsSubstring(message));
}

}  // namespace

TEST_CASE("0: help and version go to the standard output") {
  const Outcome version = run_jensen({"--version"});
  CHECK(version.status == 0);
  CHECK_THAT(version.out, ContainsSubstring("jensen 0."));
  CHECK(version.err.empty());
  CHECK_THAT(run_jensen({"--help"}).out, ContainsSubstring("Commands:"));
  for (const std::string command : {"fit", "derive", "graph", "check", "stdlib"}) {
    const Outcome help = run_jensen({command, "--help"});
    CHECK(help.status == 0);
    CHECK_THAT(help.out, ContainsSubstring("Examples:"));
    CHECK(run_jensen({"help", command}).out == help.out);
  }
}

TEST_CASE("64: wrong usage names what is wrong and the nearest known name") {
  CHECK(run_jensen({}).status == 64);
  check_failure(run_jensen({"ftt", "m.model"}), 64, "unknown command `ftt`; did you mean `fit`?");
  check_failure(run_jensen({"fit", "m.model", "--seeed", "1"}), 64, "unknown option `--seeed`; did you mean `--seed`");
  check_failure(run_jensen({"fit"}), 64, "MODEL");
  check_failure(run_jensen({"fit", "m.model", "--seed", "x"}), 64, "--seed");
  check_failure(run_jensen({"fit", "m.model", "--restarts", "0"}), 64, "--restarts");
  check_failure(run_jensen({"fit", "m.model", "--tol", "-1"}), 64, "--tol");
  check_failure(run_jensen({"fit", "m.model", "--method", "me"}), 64, "`me` is not one of auto, em, vb, svi");
  check_failure(run_jensen({"fit", "m.model", "--set", "K"}), 64, "`K` is not NAME=VALUE");
  check_failure(run_jensen({"graph", "m.model", "--format", "text", "more"}), 64, "unexpected argument `more`");
  check_failure(run_jensen({"stdlib", "nosuchthing"}), 64, "no distribution `nosuchthing`");
}

TEST_CASE("66: a file that is not there or cannot be read") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model = folder.file("coin.model", jensen::tests::coin_model);
  for (const std::string command : {"fit", "derive", "graph", "check"})
    check_failure(run_jensen({command, folder.path("none.model")}), 66, "none.model");
  check_failure(run_jensen({"fit", folder.path("")}), 66, "directory");
  check_failure(run_jensen({"fit", model, folder.path("none.csv")}), 66, "none.csv");
  check_failure(run_jensen({"fit", model, "--init", folder.path("none.json")}), 66, "none.json");
}

TEST_CASE("65: a wrong model or wrong data") {
  const jensen::tests::TemporaryFolder folder;
  check_failure(run_jensen({"fit", folder.file("a.model", "p ~ beta(1,\n")}), 65, "a.model:");
  check_failure(run_jensen({"check", folder.file("b.model", "p ~ beta(q, 1)\n")}), 65, "`q`");
  const std::string model = folder.file("coin.model", jensen::tests::coin_model);
  check_failure(run_jensen({"fit", model, folder.file("z.csv", "z\n1\n")}), 65, "`y`");
  check_failure(run_jensen({"fit", model, folder.file("y.csv", "y\n1\n2\n")}), 65, "y.csv");
  check_failure(run_jensen({"fit", model, folder.file("empty.csv", "")}), 65, "empty.csv");
}

TEST_CASE("65: a model file beyond the limit is refused, and the limit can be set") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model = folder.file("long.model", jensen::tests::coin_model + std::string(1000, ' '));
  check_failure(run_jensen({"check", model, "--max-model-bytes", "1000"}), 65, "1000");
  CHECK(run_jensen({"check", model, "--max-model-bytes", "2000"}).status == 0);
  check_failure(run_jensen({"check", "/dev/zero", "--max-model-bytes", "100000"}), 65, "100000");
}

TEST_CASE("69: what is designed and not there yet says so") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model = folder.file("coin.model", jensen::tests::coin_model);
  for (const std::string command : {"evidence", "repl"}) check_failure(run_jensen({command}), 69, "not supported yet");
  check_failure(run_jensen({"fit", model, "--method", "svi"}), 69, "not supported yet");
  check_failure(run_jensen({"fit", model, "--draws", "10"}), 69, "not supported yet");

  const std::string network = folder.file("vae.model", jensen::tests::network_model);
  check_failure(run_jensen({"fit", network}), 69, "not supported yet");
  const Outcome check = run_jensen({"check", network});
  CHECK(check.status == 0);
  CHECK_THAT(check.err, ContainsSubstring("vae.model:2:"));
}

TEST_CASE("69: SVG without Graphviz") {
  const jensen::tests::TemporaryFolder folder;
  const Outcome outcome =
      run_jensen({"graph", "--format", "svg", folder.file("coin.model", jensen::tests::coin_model)}, {.environment = {"PATH=/nowhere"}});
  check_failure(outcome, 69, "Graphviz");
}

TEST_CASE("2: finished but not converged, with the results") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model = folder.file("mixture.model", jensen::tests::mixture_model);
  const Outcome outcome = run_jensen({"fit", model, folder.file("x.csv", jensen::tests::mixture_csv), "--max-iterations", "2"});
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.out, ContainsSubstring("2, not converged"));
  CHECK_THAT(outcome.err, ContainsSubstring("not converged after 2 iterations"));
}

TEST_CASE("73: a file that cannot be written loses nothing but itself") {
  const jensen::tests::TemporaryFolder folder;
  const std::string model = folder.file("coin.model", jensen::tests::coin_model);
  const std::string data = folder.file("y.csv", jensen::tests::coin_csv);
  for (const std::string& target : {std::string("/dev/full"), folder.path("no/such/folder.json")}) {
    const Outcome outcome = run_jensen({"fit", model, data, "--json", target});
    CHECK(outcome.status == 73);
    CHECK_THAT(outcome.err, ContainsSubstring(target));
    CHECK_THAT(outcome.out, ContainsSubstring("ELBO"));
  }
  CHECK(run_jensen({"fit", model, data}, {.output = "/dev/full"}).status == 73);
  CHECK(run_jensen({"derive", model}, {.output = "/dev/full"}).status == 73);
  CHECK(run_jensen({"--help"}, {.output = "/dev/full"}).status == 73);
}

TEST_CASE("a first interrupt ends the fit: with the figures reached so far, or a message where there are none") {
  const jensen::tests::TemporaryFolder folder;
  std::string data = "x\n";
  for (int i = 0; i < 20000; ++i) data += std::to_string((i * 7919 % 1000) / 100.0) + "\n";
  const std::string model = folder.file("mixture.model", jensen::tests::mixture_model);
  const Outcome outcome = run_jensen({"fit", model, folder.file("x.csv", data), "--set", "K=8", "--tol", "0", "--max-iterations", "2000000000"},
                                     {.interrupt_after_ms = 1500});
  CAPTURE(outcome.out);
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, ContainsSubstring("stopped"));
  CHECK((outcome.out.find("not converged") != std::string::npos) == (outcome.status == 2));
}
