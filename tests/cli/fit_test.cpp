// `jensen fit`: its files, its output and its options.
#include <zlib.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/files.hpp"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using jensen::tests::Files;
using jensen::tests::Outcome;
using jensen::tests::run_jensen;
using nlohmann::ordered_json;

namespace {

ordered_json fit_json(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "fit");
  arguments.insert(arguments.end(), {"--json", "-", "--quiet"});
  const Outcome outcome = run_jensen(arguments);
  INFO(outcome.err);
  REQUIRE((outcome.status == 0 || outcome.status == 2));
  return ordered_json::parse(outcome.out);
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace

TEST_CASE("fit prints the table to the standard output and nothing to a piped standard error") {
  const Files files;
  const Outcome outcome = run_jensen({"fit", files.coin, files.coins});
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, ContainsSubstring("variable  shape   family  mean"));
  CHECK_THAT(outcome.out, ContainsSubstring("0.666667"));
  CHECK_THAT(outcome.out, ContainsSubstring("the log evidence: q is exact"));
}

TEST_CASE("fit --json has the contract's keys and figures") {
  const Files files;
  const ordered_json json = fit_json({files.coin, files.coins});
  for (const std::string key : {"model", "method", "converged", "iterations", "seed", "elbo", "elbo_trace", "log_likelihood", "discarded_restarts",
                                "seconds", "blocks", "variables"}) {
    CAPTURE(key);
    CHECK(json.contains(key));
  }
  CHECK(json["model"] == "coin");
  CHECK(json["method"] == "auto");
  CHECK_THAT(json["elbo"].get<double>(), WithinAbs(std::log(3.0 * 2 * 1 / (5 * 4 * 3 * 2)), 1e-12));  // B(4, 2) / B(1, 1) = 1/20
  const ordered_json& p = json["variables"]["p"];
  CHECK(p["role"] == "latent");
  CHECK(p["family"] == "beta");
  CHECK(p["shape"].empty());
  CHECK_THAT(p["mean"].get<double>(), WithinAbs(4.0 / 6, 1e-12));
  CHECK_THAT(p["sd"].get<double>(), WithinAbs(std::sqrt(4.0 * 2 / (36 * 7)), 1e-12));
  CHECK(json.dump().find("null") == std::string::npos);
}

TEST_CASE("params have values, and rows appear on demand only") {
  const Files files;
  const ordered_json without = fit_json({files.mixture, files.points});
  CHECK_FALSE(without["variables"].contains("z"));
  CHECK(without["variables"]["mu"]["role"] == "param");
  CHECK(without["variables"]["mu"]["value"].size() == 2);
  CHECK_FALSE(without["variables"]["mu"].contains("mean"));
  CHECK(without.contains("log_likelihood"));

  const ordered_json z = fit_json({files.mixture, files.points, "--rows", "z"})["variables"]["z"];
  REQUIRE(z["mean"].size() == 12);
  CHECK_THAT(z["mean"][0][0].get<double>() + z["mean"][0][1].get<double>(), WithinAbs(1, 1e-12));
  CHECK_FALSE(z.contains("sd"));
  CHECK(run_jensen({"fit", files.mixture, files.points, "--rows", "zz"}).status == 64);
}

TEST_CASE("--json to a file leaves the table on the standard output; to the standard output moves it to the standard error") {
  const Files files;
  const std::string target = files.folder.path("fit.json");
  const Outcome to_file = run_jensen({"fit", files.coin, files.coins, "--json", target});
  CHECK_THAT(to_file.out, ContainsSubstring("ELBO"));
  CHECK(ordered_json::parse(jensen::tests::read_text(target))["converged"] == true);
  const Outcome to_output = run_jensen({"fit", files.coin, files.coins, "--json", "-"});
  CHECK(ordered_json::parse(to_output.out)["converged"] == true);
  CHECK_THAT(to_output.err, ContainsSubstring("ELBO"));
  CHECK(run_jensen({"fit", files.coin, files.coins, "--json", "-", "--quiet"}).err.empty());
}

TEST_CASE("data may be gzipped, on the standard input, or named by the model") {
  const Files files;
  const double expected = fit_json({files.coin, files.coins})["elbo"];
  CHECK(fit_json({files.coin, files.folder.file("coin.csv.gz", gzip(jensen::tests::coin_csv))})["elbo"] == expected);

  const Outcome piped = run_jensen({"fit", files.coin, "-", "--json", "-", "--quiet"}, {.input = jensen::tests::coin_csv});
  CHECK(ordered_json::parse(piped.out)["elbo"] == expected);

  const std::string named = files.folder.file("named.model", "data y: bool[N] from \"coin.csv\"" + jensen::tests::coin_model.substr(15));
  CHECK(fit_json({named})["elbo"] == expected);
  CHECK(fit_json({named, files.folder.file("other.csv", "y\n1\n")})["elbo"] != expected);
}

TEST_CASE("--set overrides a constant of the model") {
  const Files files;
  CHECK(fit_json({files.mixture, files.points, "--set", "K=1"})["variables"]["mu"]["value"].size() == 1);
  CHECK(run_jensen({"fit", files.mixture, files.points, "--set", "KK=3"}).status == 64);
}

TEST_CASE("the seed fixes the result, whatever the number of threads") {
  const Files files;
  const auto elbo = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{files.mixture, files.points};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return fit_json(arguments)["elbo_trace"];
  };
  const ordered_json first = elbo({"--seed", "3"});
  CHECK(first == elbo({"--seed", "3", "--threads", "2"}));
  CHECK(first == elbo({"--seed", "3", "--threads", "0"}));
  CHECK(fit_json({files.mixture, files.points, "--seed", "18446744073709551615"})["seed"] == 18446744073709551615ULL);
}

TEST_CASE("--init takes the JSON of a fit: it goes on where that fit ended") {
  const Files files;
  const std::string start = files.folder.path("fit.json");
  const Outcome first = run_jensen({"fit", files.mixture, files.points, "--json", start});
  REQUIRE(first.status == 0);
  const ordered_json before = ordered_json::parse(jensen::tests::read_text(start));
  const ordered_json after = fit_json({files.mixture, files.points, "--init", start});
  CHECK(after["iterations"].get<int>() < 10);
  CHECK_THAT(after["elbo"].get<double>(), WithinAbs(before["elbo"].get<double>(), 1e-5));
  CHECK(run_jensen({"fit", files.mixture, files.points, "--init", files.folder.file("bad.json", "{")}).status == 65);
}

TEST_CASE("--timings are on the standard error and in the JSON") {
  const Files files;
  const Outcome outcome = run_jensen({"fit", files.coin, files.coins, "--timings", "--json", "-", "--quiet"});
  for (const std::string stage : {"read", "derive", "plan", "first pass", "iterations"}) CHECK_THAT(outcome.err, ContainsSubstring(stage));
  CHECK(ordered_json::parse(outcome.out)["timings"].contains("first_pass"));
}

TEST_CASE("--print-after prints one stage's product and stops") {
  const Files files;
  for (const std::string stage : {"ast", "graph", "log-joint", "plan"}) {
    const Outcome outcome = run_jensen({"fit", files.coin, files.coins, "--print-after", stage});
    CAPTURE(stage, outcome.err);
    CHECK(outcome.status == 0);
    CHECK_FALSE(outcome.out.empty());
    CHECK(outcome.out.find("ELBO  ") == std::string::npos);
  }
}
