// Which file a name is read from, and what is said where words are mistaken for files.
#include <string>

#include "catch.hpp"
#include "cli/models.hpp"
#include "support/program.hpp"

using namespace jensen::tests;

namespace {

const std::string two_tables =
    "data y: real[N] from \"long.csv\"\n"
    "data u: real[M] = column(y) from \"short.csv\"\n"
    "m ~ normal(0, 10)\nv ~ normal(0, 10)\n"
    "for n in 1..N { y[n] ~ normal(m, 1) }\nfor i in 1..M { u[i] ~ normal(v, 1) }\n";

}  // namespace

TEST_CASE("a name with `from` is read from that file alone", "[cli][files]") {
  const TemporaryFolder folder;
  const std::string model = folder.file("two.model", two_tables);
  (void)folder.file("long.csv", "y\n1\n2\n3\n");
  const std::string shorter = folder.file("short.csv", "y\n7\n9\n");
  const Outcome fitted = run_jensen({"fit", model});
  INFO(fitted.err);
  REQUIRE(fitted.status == 0);
  CHECK(fitted.out.find("1.99336") != std::string::npos);  // 600/301, not the mean of the other table
  CHECK(fitted.out.find("7.9602") != std::string::npos);   // 1600/201
  CHECK(run_jensen({"check", model}).out.find("N = 3") != std::string::npos);
  (void)folder.file("short.csv", "x\n7\n9\n");
  const Outcome absent = run_jensen({"fit", model});
  CHECK(absent.status == 65);
  CHECK(absent.err.find("short.csv` has no column `y`") != std::string::npos);
  (void)shorter;
}

TEST_CASE("files of the command line take the place of those of `from`", "[cli][files]") {
  const TemporaryFolder folder;
  const std::string model = folder.file("coin.model", "data y: bool[N] from \"none.csv\"\np ~ beta(1, 1)\nfor n in 1..N { y[n] ~ bernoulli(p) }\n");
  CHECK(run_jensen({"fit", model}).status == 66);
  CHECK(run_jensen({"fit", model, folder.file("coin.csv", coin_csv)}).status == 0);
  const Outcome several = run_jensen({"fit", model, folder.file("a.csv", "a\n1\n"), folder.file("b.csv", "b\n1\n")});
  CHECK(several.err.find("none of `") != std::string::npos);
  CHECK(several.err.find("b.csv` has a column `y`") != std::string::npos);
}

TEST_CASE("--rows takes names joined by commas or again, and a bare name after it is explained", "[cli][files]") {
  const TemporaryFolder folder;
  const std::string model = folder.file("m.model",
                                        "data x: real[N]\nfor n in 1..N { z[n] ~ bernoulli(0.5)  w[n] ~ bernoulli(0.5)\n"
                                        "x[n] ~ normal(z[n] ? 1 : 0, 1) }\n");
  const std::string data = folder.file("x.csv", "x\n0.4\n1.2\n");
  const std::string joined = run_jensen({"fit", model, data, "--rows", "z,w", "--json", "-"}).out;
  const std::string again = run_jensen({"fit", model, data, "--rows", "z", "--rows", "w", "--json", "-"}).out;
  CHECK(joined.find("\"w\"") != std::string::npos);
  CHECK(joined.substr(0, joined.find("\"seconds\"")) == again.substr(0, again.find("\"seconds\"")));
  const Outcome bare = run_jensen({"fit", model, data, "--rows", "z", "w"});
  CHECK(bare.status == 66);
  CHECK(bare.err.find("`w` is a variable of the model and read as a data file here") != std::string::npos);
  CHECK(bare.err.find("`--rows z,w`") != std::string::npos);
}
