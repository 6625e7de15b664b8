#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "model/graph_print.hpp"
#include "support/model_text.hpp"

using namespace jensen;
using jensen::test::resolve;
using jensen::test::resolve_errors;

namespace {

std::string factors_of(const std::string& text) {
  const std::string graph = model::to_text(resolve(text).graph);
  std::string out;
  for (std::size_t at = 0; at < graph.size();) {
    const std::size_t end = graph.find('\n', at);
    const std::string line = graph.substr(at, end - at);
    if (line.rfind("factor", 0) == 0) out += line.substr(9) + "\n";
    at = end + 1;
  }
  return out;
}

std::string first_code(const std::string& text) {
  const Diagnostics errors = resolve_errors(text);
  return errors.empty() ? "" : errors[0].code;
}

}  // namespace

TEST_CASE("a use of a construction becomes its body", "[construct]") {
  CHECK(factors_of("data y: real[N]\nm ~ normal(0, 1)\nfor n in 1..N { y[n] ~ student_t(4, m, 2) }\n") ==
        "m ~ normal(0, 1)\n"
        "y[n] ~ normal(m, precision = y.u[n] / 2^2)  for n in 1..N\n"
        "y.u[n] ~ gamma(4 / 2, 4 / 2)  for n in 1..N\n");
}

TEST_CASE("local quantities are latent arrays over the plates of the use", "[construct]") {
  const auto m = resolve("data y: real[N, 3]\nfor n in 1..N { for j in 1..3 { y[n, j] ~ laplace(0, 1) } }\nb ~ student_t(3, 0, 1)\n");
  const auto& v = m.graph.variables[m.graph.find("y.v")];
  CHECK(v.role == model::Role::latent);
  CHECK(v.auxiliary);
  REQUIRE(v.dims.size() == 2);
  CHECK(v.dims[0].text() == "N");
  CHECK(v.dims[1] == model::Size(3));
  CHECK(v.data_sized);
  CHECK(m.graph.variables[m.graph.find("b.u")].dims.empty());
}

TEST_CASE("arguments by name and position take the places of the parameters", "[construct]") {
  CHECK(factors_of("x ~ student_t(scale = 3, df = 5, mean = 1)\n") == factors_of("x ~ student_t(5, 1, 3)\n"));
}

TEST_CASE("pieces of an array share their local quantities", "[construct]") {
  CHECK(factors_of("data y: real[T]\nz[1] ~ student_t(4, 0, 9)\nfor t in 2..T { z[t] ~ student_t(4, z[t - 1], 1) }\n") ==
        "z[1] ~ normal(0, precision = z.u[1] / 9^2)\n"
        "z[t] ~ normal(z[t - 1], precision = z.u[t] / 1^2)  for t in 2..T\n"
        "z.u[1] ~ gamma(4 / 2, 4 / 2)\n"
        "z.u[t] ~ gamma(4 / 2, 4 / 2)  for t in 2..T\n");
}

TEST_CASE("local quantities of a piece are counted from one", "[construct]") {
  const std::string text = "data y: real[T]\nz[1] ~ normal(0, 9)\nfor t in 2..T { z[t] ~ student_t(4, z[t - 1], 1) }\n";
  CHECK(factors_of(text) ==
        "z[1] ~ normal(0, 9)\n"
        "z[t] ~ normal(z[t - 1], precision = z.u[t - 1] / 1^2)  for t in 2..T\n"
        "z.u[t - 1] ~ gamma(4 / 2, 4 / 2)  for t in 2..T\n");
  const auto m = resolve(text);
  CHECK(m.graph.variables[m.graph.find("z.u")].dims[0].text() == "T - 1");
}

TEST_CASE("pieces of different distributions have local quantities of their own", "[construct]") {
  const auto m = resolve(
      "z[1] ~ student_t(4, 0, 9)\nz[2] ~ negative_normal(1)\ndistribution negative_normal(m) on real { u ~ normal(m, 1) x ~ normal(-u, 1) }\n");
  CHECK(m.graph.find("z.u").valid());
  CHECK(m.graph.find("z.u.2").valid());
}

TEST_CASE("a construction may use constructions", "[construct]") {
  CHECK(factors_of("distribution wide(m) on real { t ~ student_t(3, m, 1)  x ~ student_t(5, t, 2) }\ny ~ wide(7)\n") ==
        "y ~ normal(y.t, precision = y.u / 2^2)\n"
        "y.t ~ normal(7, precision = y.t.u / 1^2)\n"
        "y.u ~ gamma(5 / 2, 5 / 2)\n"
        "y.t.u ~ gamma(3 / 2, 3 / 2)\n");
}

TEST_CASE("the supports of a construction within a construction are checked", "[construct]") {
  CHECK(first_code("distribution d(m) on positive { x ~ student_t(3, m, 1) }\ny ~ d(7)\n") == "type-mismatch");
  CHECK(first_code("distribution d(m) on count { x ~ negative_binomial(m, 1) }\ny ~ d(7)\n").empty());
}

TEST_CASE("plates, sums and sizes of a body are those of the use", "[construct]") {
  CHECK(factors_of("distribution spread(a: vector(D)) on vector(D) {\n"
                   "  s = sum(k in 1..D) a[k]^2\n"
                   "  for k in 1..D { u[k] ~ gamma(s, 1)  x[k] ~ normal(a[k], precision = u[k]) }\n"
                   "}\n"
                   "for k in 1..3 { b[k] ~ normal(0, 1) }\n"
                   "for n in 1..4 { for k in 1..1 { y[n, k] ~ spread(k * b[1..2]) } }\n") ==
        "b[k] ~ normal(0, 1)  for k in 1..3\n"
        "y[n, k, k2] ~ normal((k * b[1..2])[k2], precision = y.u[n, k, k2])  for n in 1..4, k in 1..1, k2 in 1..2\n"
        "y.u[n, k, k2] ~ gamma(y.s[n, k], 1)  for n in 1..4, k in 1..1, k2 in 1..2\n");
  const auto m = resolve("distribution d(a: vector(D)) on real { s = sum(k in 1..D) a[k]  x ~ normal(s, 1) }\nk ~ normal(0, 1)\ny ~ d([k, 2 * k])\n");
  CHECK(model::to_text(m.graph).find("define   y.s = sum(k2 in 1..2) [k, 2 * k][k2]") != std::string::npos);
}

TEST_CASE("names of the language keep their meaning in a body", "[construct]") {
  const std::string body = "distribution d(m) on real { u ~ normal(pi, 1)  x ~ normal(u + m, 1) }\n";
  CHECK(factors_of("pi ~ normal(0, 1)\ny ~ d(pi)\n" + body).find("y.u ~ normal(3.14159") != std::string::npos);
  CHECK(factors_of("y ~ d(2)\n" + body).find("y.u ~ normal(pi, 1)") != std::string::npos);
}

TEST_CASE("the local quantities of a construction stay latent under em", "[construct]") {
  const auto m = resolve("data y: real[N]\nm ~ normal(0, 1)\nb ~ student_t(3, m, 1)\nfor n in 1..N { y[n] ~ normal(b, 1) }\n", {}, model::Method::em);
  CHECK(m.graph.variables[m.graph.find("b")].role == model::Role::param);
  CHECK(m.graph.variables[m.graph.find("b.u")].role == model::Role::latent);
}

TEST_CASE("mistakes in a use of a construction point at the use", "[construct]") {
  const std::string text = "x ~ student_t(4, 0)\n";
  const Diagnostics errors = resolve_errors(text);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].code == "wrong-arguments");
  CHECK(text.substr(errors[0].span.begin, errors[0].span.end - errors[0].span.begin) == "student_t(4, 0)");
  CHECK(first_code("x ~ student_t(4, 0, sd = 1)\n") == "unknown-argument");
  CHECK(first_code("x ~ student_t(4, zeros(2), 1)\n") == "shape-mismatch");
  CHECK(first_code("x ~ student_t(4, q, 1)\n") == "unknown-name");
  CHECK(first_code("data y: category(2)[N]\nfor n in 1..N { y[n] ~ negative_binomial(2, 1) }\n") == "type-mismatch");
}

TEST_CASE("mistakes in the body of a construction have their codes", "[construct]") {
  const auto code = [](const std::string& body, const std::string& support = "real") {
    return first_code("m ~ normal(0, 1)\ny ~ d(2)\ndistribution d(a) on " + support + " { " + body + " }\n");
  };
  CHECK(code("u ~ normal(a, 1)  x ~ normal(u, 1)").empty());
  CHECK(code("u ~ normal(m, 1)  x ~ normal(u, 1)") == "unknown-name");
  CHECK(code("u ~ norml(a, 1)  x ~ normal(u, 1)") == "unknown-distribution");
  CHECK(code("u ~ normal(a, 1)") == "construction-without-variate");
  CHECK(code("u ~ normal(a, 1)  x = u") == "construction-without-variate");
  CHECK(code("a ~ normal(0, 1)  x ~ normal(a, 1)") == "declared-twice");
  CHECK(code("u ~ normal(v, 1)  v ~ normal(u, 1)  x ~ normal(u, 1)") == "cycle");
  CHECK(code("x ~ d(a)") == "cycle");
  CHECK(code("data z: real  x ~ normal(a, 1)") == "misplaced-statement");
  CHECK(code("u ~ gamma(a, 1)  x ~ normal(0, u)", "positive") == "type-mismatch");
  CHECK(code("u ~ normal(zeros(2), 1)  x ~ normal(u, 1)") == "shape-mismatch");
  CHECK(code("for k in 1..2 { x[k] ~ normal(a, 1) }") == "too-many-indices");
}

TEST_CASE("constructions that call each other are a cycle", "[construct]") {
  CHECK(first_code("distribution a(m) on real { x ~ b(m) }\ndistribution b(m) on real { x ~ a(m) }\ny ~ a(1)\n") == "cycle");
}

TEST_CASE("a fit integrates over the local quantities", "[construct]") {
  // Mean field by hand: q(u_n) = gamma(2.5, 2 + E[(y_n - m)^2] / 2), q(m) normal with precision 0.01 + sum of E[u_n]; iterated to its fixed point.
  const auto fit = test::fit("data y: real[N] = [0.3, -0.8, 0.1, 7.9, -0.2]\nm ~ normal(0, 10)\nfor n in 1..N { y[n] ~ student_t(4, m, 1) }\n");
  double mean = 1;
  double variance = 1;
  for (int i = 0; i < 500; ++i) {
    double precision = 0.01;
    double weighted = 0;
    for (const double y : {0.3, -0.8, 0.1, 7.9, -0.2}) {
      const double u = 2.5 / (2 + 0.5 * ((y - mean) * (y - mean) + variance));
      precision += u;
      weighted += u * y;
    }
    mean = weighted / precision;
    variance = 1 / precision;
  }
  const auto m = std::ranges::find_if(fit.variables, [](const auto& v) { return v.name == "m"; });
  REQUIRE(m != fit.variables.end());
  CHECK_THAT(m->mean.at(0), Catch::Matchers::WithinAbs(mean, 1e-5));
  CHECK_THAT(m->sd.at(0), Catch::Matchers::WithinAbs(std::sqrt(variance), 1e-5));
}
