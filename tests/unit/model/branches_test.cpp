#include "catch.hpp"
#include "model/graph_print.hpp"
#include "model/guards.hpp"
#include "print.hpp"
#include "support/model_text.hpp"

using namespace jensen;
using jensen::test::resolve;
using jensen::test::resolve_errors;

namespace {

std::string first_code(const std::string& text) {
  const Diagnostics errors = resolve_errors(text);
  return errors.empty() ? "" : errors[0].code;
}

const std::string latents =
    "data y: real[N]  data c: bool[N]\nz ~ bernoulli(0.5)\nw ~ bernoulli(0.5)\nk ~ categorical(ones(3) / 3)\nm ~ normal(0, 1)\n";

// What encloses the latent variable `a`, as text.
std::string branch_of_a(const std::string& statements) {
  const auto m = resolve(latents + statements);
  const auto& a = m.graph.variables[m.graph.find("a")];
  return model::guards_text(m.graph, a.conditions, a.gates);
}

}  // namespace

TEST_CASE("branches on latent variables become gates", "[branches]") {
  CHECK(branch_of_a("if z { a ~ normal(0, 1) }\n") == "z == 1");
  CHECK(branch_of_a("if not z { a ~ normal(0, 1) }\n") == "z == 0");
  CHECK(branch_of_a("if z == true { a ~ normal(0, 1) }\n") == "z == 1");
  CHECK(branch_of_a("if 0 == z { a ~ normal(0, 1) }\n") == "z == 0");
  CHECK(branch_of_a("if z != 0 { a ~ normal(0, 1) }\n") == "z == 1");
  CHECK(branch_of_a("if z { b ~ normal(0, 1) } else { a ~ normal(0, 1) }\n") == "z == 0");
  CHECK(branch_of_a("const two = 2\nif k == two { a ~ normal(0, 1) }\n") == "k == 2");
  CHECK(branch_of_a("if k == 2 { b ~ normal(0, 1) } else { a ~ normal(0, 1) }\n") == "k != 2");
  CHECK(branch_of_a("if k == 2 { b ~ normal(0, 1) } else if w { a ~ normal(0, 1) }\n") == "k != 2 and w == 1");
  CHECK(branch_of_a("if z { if not w { a ~ normal(0, 1) } }\n") == "z == 1 and w == 0");
  CHECK(branch_of_a("if z or w { } else { a ~ normal(0, 1) }\n") == "z == 0 and w == 0");
  CHECK(branch_of_a("for i in 1..3 { if k == i { a[i] ~ normal(0, 1) } }\n") == "k == i");
}

TEST_CASE("conditions on data stay conditions beside gates", "[branches]") {
  const auto m = resolve(latents + "for n in 1..N { u[n] ~ bernoulli(0.5)  if u[n] and c[n] and w { a[n] ~ normal(0, 1) } }\n");
  const auto& a = m.graph.variables[m.graph.find("a")];
  REQUIRE(a.gates.size() == 2);
  REQUIRE(a.conditions.size() == 1);
  CHECK(a.gates[0].variable == m.graph.find("u"));
  CHECK(grammar::to_text(a.gates[0].indices.at(0)) == "n");
  CHECK(grammar::to_text(a.conditions[0]) == "c[n]");
  const auto& factor = m.graph.factors[a.factors[0]];
  CHECK(factor.gates.size() == 2);
  CHECK(factor.conditions.size() == 1);
}

TEST_CASE("latents under conditions on data are absent elsewhere", "[branches]") {
  CHECK(branch_of_a("for n in 1..N { if c[n] { a[n] ~ normal(0, 1)  y[n] ~ normal(a[n], 1) } }\n") == "c[n]");
  CHECK(branch_of_a("for n in 1..N { if c[n] { a[n] ~ normal(0, 1) } }\nfor i in 1..N { if c[i] { y[i] ~ normal(a[i], 1) } }\n") == "c[n]");
  CHECK(first_code(latents + "for n in 1..N { if c[n] { a[n] ~ normal(0, 1) } }\nfor n in 1..N { y[n] ~ normal(a[n], 1) }\n") == "outside-branch");
  CHECK(first_code(latents + "for n in 1..N { if c[n] { a[n] ~ normal(0, 1) } else { y[n] ~ normal(a[n], 1) } }\n") == "outside-branch");
  CHECK(first_code(latents + "for n in 1..N { if c[n] { a[n] ~ normal(0, 1)  y[n] ~ normal(sum(a), 1) } }\n") == "outside-branch");
  CHECK(first_code(latents + "for n in 1..N { if c[n] { a[n] ~ normal(0, 1)  y[n] ~ normal(sum(n in 1..N) a[n], 1) } }\n") == "outside-branch");
}

TEST_CASE("constructions inside branches keep their local quantities there", "[branches]") {
  const auto m = resolve(latents + "for n in 1..N { if c[n] { y[n] ~ student_t(4, m, 1) } else { y[n] ~ student_t(9, m, 2) } }\n");
  const auto text = [&](const std::string& name) {
    const auto& v = m.graph.variables[m.graph.find(name)];
    return model::guards_text(m.graph, v.conditions, v.gates);
  };
  CHECK(text("y.u") == "c[n]");
  CHECK(text("y.u.2") == "not c[n]");
}

TEST_CASE("both branches of a gate may give data a distribution", "[branches]") {
  const std::string plate = "for n in 1..N { y[n] ~ normal(m, 1) }";
  CHECK(first_code(latents + "if z { " + plate + " } else { " + plate + " }\n").empty());
  CHECK(first_code(latents + "if k == 1 { " + plate + " } if k == 2 { " + plate + " }\n").empty());
  CHECK(first_code(latents + "if z { " + plate + " } if w { " + plate + " }\n") == "element-twice");
  CHECK(first_code(latents + "if z { " + plate + " }  " + plate + "\n") == "element-twice");
}

TEST_CASE("what a branch gives is used in that branch", "[branches]") {
  const std::string a = "if z { a ~ normal(0, 1) }\n";
  CHECK(first_code(latents + a + "if z { b ~ normal(a, 1) }\n").empty());
  CHECK(first_code(latents + a + "if w and z { b ~ normal(a, 1) }\n").empty());
  CHECK(first_code(latents + a + "s = 2 * a\nif z { b ~ normal(s, 1) }\n").empty());
  CHECK(first_code(latents + a + "b ~ normal(a, 1)\n") == "outside-branch");
  CHECK(first_code(latents + a + "s = 2 * a\nb ~ normal(s, 1)\n") == "outside-branch");
  CHECK(first_code(latents + a + "if not z { b ~ normal(a, 1) }\n") == "outside-branch");
  CHECK(first_code(latents + "if z { a ~ bernoulli(0.5) }\nif a { b ~ normal(0, 1) }\n") == "outside-branch");
  const Diagnostics errors = resolve_errors(latents + a + "b ~ normal(a, 1)\n");
  REQUIRE(errors.size() == 1);
  REQUIRE(errors[0].notes.size() == 1);
  CHECK(errors[0].notes[0].span.end > errors[0].notes[0].span.begin);
}

TEST_CASE("a latent belongs to one branch", "[branches]") {
  CHECK(first_code(latents + "if z { a ~ normal(0, 1) } else { a ~ normal(1, 1) }\n") == "element-twice");
  CHECK(first_code(latents + "a[1] ~ normal(0, 1)\nif z { a[2] ~ normal(0, 1) }\n") == "branch-mismatch");
  CHECK(first_code(latents + "if z { a[1] ~ normal(0, 1)  a[2] ~ normal(0, 1) }\n").empty());
}

TEST_CASE("conditions that are no gates have their code", "[branches]") {
  const auto code = [](const std::string& condition) { return first_code(latents + "if " + condition + " { a ~ normal(0, 1) }\n"); };
  CHECK(code("z or w") == "gate-condition");
  CHECK(code("z == w") == "gate-condition");
  CHECK(code("m > 0") == "gate-condition");
  CHECK(code("m == 0") == "gate-condition");
  CHECK(code("k > 1") == "gate-condition");
  CHECK(code("k") == "gate-condition");
  CHECK(code("not (z and w)") == "gate-condition");
  CHECK(code("(z ? w : 1)") == "gate-condition");
  CHECK(code("k == 4") == "index-out-of-range");
  CHECK(code("z == 2") == "index-out-of-range");
  CHECK(code("y") == "shape-mismatch");
  CHECK(first_code("if z { z ~ bernoulli(0.5) }\n") == "cycle");
  CHECK(first_code("param s: positive\nif s == 1 { a ~ normal(0, 1) }\n") == "gate-condition");
}

TEST_CASE("levels of one category are joined by `or`", "[branches]") {
  const auto code = [](const std::string& condition) { return first_code(latents + "if " + condition + " { a ~ normal(0, 1) }\n"); };
  CHECK(code("k == 1 or k == 3").empty());
  CHECK(code("not (k != 1 and k != 3)").empty());
  CHECK(code("k == 1 or z") == "gate-condition");
  CHECK(code("k != 1 or k != 2") == "gate-condition");
  CHECK(code("k == 1 and k == 2") == "branch-never-holds");
  CHECK(code("k != 1 and k == 1") == "branch-never-holds");
  CHECK(code("(k == 1 or k == 2) and k == 3") == "branch-never-holds");
  CHECK(code("k != 1 and k != 2 and (k == 1 or k == 2)") == "branch-never-holds");
  CHECK(code("(k == 1 or k == 2) and k != 1").empty());
}

TEST_CASE("gates that leave no common value exclude each other", "[branches]") {
  const auto gate = [](double level, bool equal) {
    return model::Gate{VariableId(0), {}, {{grammar::NumberExpr{level, std::to_string(level)}, {}}}, equal, {}};
  };
  CHECK(model::exclude_each_other(gate(1, true), gate(2, true)));
  CHECK(model::exclude_each_other(gate(1, true), gate(1, false)));
  CHECK_FALSE(model::exclude_each_other(gate(1, true), gate(1, true)));
  CHECK_FALSE(model::exclude_each_other(gate(1, true), gate(2, false)));
  CHECK_FALSE(model::exclude_each_other(gate(1, false), gate(2, false)));
}
