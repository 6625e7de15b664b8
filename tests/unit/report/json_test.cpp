#include <limits>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "report/report.hpp"

using jensen::run::Fit;
using jensen::run::FittedVariable;
using nlohmann::ordered_json;

namespace {

using Cells = std::vector<std::vector<std::size_t>>;

Fit mixture_fit() {
  Fit fit;
  fit.model = "mixture";
  fit.method = "auto";
  fit.converged = true;
  fit.iterations = 3;
  fit.seed = 18446744073709551615ULL;
  fit.elbo = -1187.20753682;
  fit.elbo_trace = {-1300, -1200.5, -1187.20753682};
  fit.seconds = 0.25;
  fit.blocks = {{{"mu"}, "gaussian", "mvnormal", {2, 6}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {1, 0, 0, 1, 2, 0, 0, 2}}};
  fit.variables = {{"mu", "latent", "mvnormal", {2, 2}, {1, 2, 3, 4}, {.1, .2, .3, .4}, {}, {}, false},
                   {"sd", "param", "", {}, {}, {}, {2.5}, {}, false},
                   {"z", "latent", "categorical", {1, 3}, {.2, .3, .5}, {}, {}, {"a", "b", "c"}, true}};
  return fit;
}

std::vector<std::string> keys(const ordered_json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

}  // namespace

TEST_CASE("the JSON of a fit has the keys of the contract, in order, and leaves out what is absent") {
  const ordered_json json = ordered_json::parse(jensen::report::to_json(mixture_fit()));
  CHECK(keys(json) == std::vector<std::string>{"model", "method", "converged", "iterations", "seed", "elbo", "elbo_trace", "discarded_restarts",
                                               "seconds", "blocks", "variables"});
  CHECK(json["seed"].get<std::uint64_t>() == 18446744073709551615ULL);
  CHECK(json["elbo"].get<double>() == -1187.20753682);
  CHECK(keys(json["variables"]) == std::vector<std::string>{"mu", "sd", "z"});
}

TEST_CASE("where q is exact the JSON has the log likelihood and the log prior of params") {
  Fit fit = mixture_fit();
  fit.log_likelihood = -1130.26396;
  fit.log_prior = -2.5;
  const ordered_json json = ordered_json::parse(jensen::report::to_json(fit));
  CHECK(json["log_likelihood"].get<double>() == -1130.26396);
  CHECK(json["log_prior"].get<double>() == -2.5);
}

TEST_CASE("variables are nested arrays; a param has a value in place of mean and sd") {
  const ordered_json variables = ordered_json::parse(jensen::report::to_json(mixture_fit()))["variables"];
  CHECK(variables["mu"].dump() == R"({"role":"latent","family":"mvnormal","shape":[2,2],"mean":[[1,2],[3,4]],"sd":[[0.1,0.2],[0.3,0.4]]})");
  CHECK(variables["sd"].dump() == R"({"role":"param","shape":[],"value":2.5})");
  CHECK(variables["z"].dump() == R"({"role":"latent","family":"categorical","shape":[1,3],"levels":["a","b","c"],"mean":[[0.2,0.3,0.5]]})");
}

TEST_CASE("a Gaussian block's covariance has one matrix per batch element") {
  const ordered_json block = ordered_json::parse(jensen::report::to_json(mixture_fit()))["blocks"][0];
  CHECK(keys(block) == std::vector<std::string>{"variables", "kind", "family", "natural", "cov"});
  CHECK(block["cov"].dump() == "[[[1,0],[0,1]],[[2,0],[0,2]]]");
}

TEST_CASE("an array without a single number that exists is left out; an infinite entry among others is named") {
  Fit fit = mixture_fit();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  fit.variables[0].mean = {nan, nan, nan, nan};
  fit.variables[0].sd = {1, 2, std::numeric_limits<double>::infinity(), 4};
  const ordered_json variables = ordered_json::parse(jensen::report::to_json(fit))["variables"];
  CHECK_FALSE(variables["mu"].contains("mean"));
  CHECK(variables["mu"]["sd"].dump() == R"([[1,2],["Infinity",4]])");
}

TEST_CASE("timings are an additional key, on demand") {
  const ordered_json json = ordered_json::parse(jensen::report::to_json(mixture_fit(), {.timings = true}));
  CHECK(keys(json["timings"]) == std::vector<std::string>{"read", "derive", "plan", "first_pass", "iterations"});
}

TEST_CASE("missing cells of a column are listed with their places") {
  Fit fit = mixture_fit();
  FittedVariable ozone{"ozone", "latent", "normal", {2}, {40.5, 12}, {9, 8}, {}, {}, true};
  ozone.cells = Cells{{5}, {25}};
  FittedVariable sort{"sort", "latent", "categorical", {1, 2}, {.25, .75}, {}, {}, {"a", "b"}, true};
  sort.cells = Cells{{3, 1}};
  fit.variables = {ozone, sort};
  const ordered_json variables = ordered_json::parse(jensen::report::to_json(fit))["variables"];
  CHECK(variables["ozone"].dump() == R"({"role":"latent","family":"normal","shape":[2],"cells":[[5],[25]],"mean":[40.5,12],"sd":[9,8]})");
  CHECK(variables["sort"].dump() ==
        R"({"role":"latent","family":"categorical","shape":[1,2],"cells":[[3,1]],"levels":["a","b"],"mean":[[0.25,0.75]]})");
}
