#include "generate/wide.hpp"

#include "generate/parts.hpp"

namespace jensen::tests {
namespace {

// Each adds latents, and at least one column that depends on them. Names are those of the part's own variables.

void mixture_of_mixtures(Parts& p) {
  const std::string a = p.fresh("a"), b = p.fresh("b"), w = p.fresh("w"), q = p.fresh("q"), m = p.fresh("m"),
                    y = p.reals("y", p.chance(0.2) ? 0.15 : 0);
  p.state(fmt::format("{} ~ dirichlet([1.5, 2])", w));
  p.state(fmt::format("for k in 1..2 {{ {}[k] ~ dirichlet(ones(3)) }}", q));
  p.state(fmt::format("for k in 1..2 {{ for l in 1..3 {{ {}[k, l] ~ normal(k + l - 3, 2) }} }}", m));
  p.in_rows(fmt::format("{}[n] ~ categorical({})", a, w));
  p.in_rows(fmt::format("{}[n] ~ categorical({}[{}[n]])", b, q, a));
  std::string scale = "0.9";
  if (p.chance(0.5)) {
    const std::string t = p.fresh("t");
    p.state(fmt::format("for k in 1..2 {{ {}[k] ~ gamma(2, 1) }}", t));
    scale = fmt::format("precision = {}[{}[n]]", t, a);
  }
  p.in_rows(fmt::format("{}[n] ~ normal({}[{}[n], {}[n]], {})", y, m, a, b, scale));
}

void noisy_or(Parts& p) {
  const std::string a = p.fresh("a"), b = p.fresh("b"), pa = p.fresh("pa"), y = p.bools("y", p.chance(0.3) ? 0.15 : 0);
  p.state(fmt::format("{} ~ beta(2, 3)", pa));
  p.in_rows(fmt::format("{}[n] ~ bernoulli({})", a, pa));
  p.in_rows(fmt::format("{}[n] ~ bernoulli(0.4)", b));
  if (p.chance(0.5)) {
    p.in_rows(fmt::format("{}[n] ~ bernoulli({}[n] {} {}[n] ? 0.85 : 0.1)", y, a, p.one_of({"or", "and"}), b));
  } else {
    const std::string r = p.fresh("r");
    p.state(fmt::format("for k in 1..2 {{ for l in 1..2 {{ {}[k, l] ~ beta(k, l) }} }}", r));
    p.in_rows(fmt::format("{}[n] ~ bernoulli({}[{}[n] + 1, {}[n] + 1])", y, r, a, b));
  }
  if (p.chance(0.4)) p.in_rows(fmt::format("{}[n] ~ normal({}[n] + 2 * {}[n], 0.8)", p.reals("x"), a, b));
}

// A chain of causes outside the plates, and what they do to the rows.
void bayesian_network(Parts& p) {
  const std::string a = p.fresh("a"), b = p.fresh("b"), c = p.fresh("c"), either = p.fresh("e");
  p.state(fmt::format("{} ~ bernoulli(0.3)", a));
  p.state(fmt::format("{} ~ bernoulli({} ? 0.7 : 0.2)", b, a));
  p.state(fmt::format("{} ~ bernoulli({} ? 0.6 : 0.25)", c, a));
  p.state(fmt::format("{} = {} {} {}", either, b, p.one_of({"or", "and"}), c));
  if (p.chance(0.5)) p.in_rows(fmt::format("{}[n] ~ bernoulli({} ? 0.8 : 0.3)", p.bools("y"), either));
  const std::string m = p.fresh("m");
  p.state(fmt::format("for k in 1..2 {{ {}[k] ~ normal(0, 3) }}", m));
  p.in_rows(fmt::format("{}[n] ~ normal({} ? {}[1] : {}[2], 1.2)", p.reals("x"), p.chance(0.5) ? either : "not " + c, m, m));
}

void model_selection(Parts& p) {
  const std::string z = p.fresh("z"), a = p.fresh("a"), b = p.fresh("b"), y = p.reals("y");
  p.state(fmt::format("{} ~ bernoulli({})", z, p.one_of({"0.5", "0.2"})));
  if (p.chance(0.5)) {
    p.state(
        fmt::format("if {} {{ {} ~ normal(0, 3)  for n in 1..N {{ {}[n] ~ normal({}, 1) }} }} else {{ for n in 1..N {{ {}[n] ~ normal(0, 1) }} }}", z,
                    a, y, a, y));
    return;
  }
  p.state(fmt::format(
      "if {} {{ {} ~ gamma(2, 1)  for n in 1..N {{ {}[n] ~ normal(0, precision = {}) }} }} else {{ {} ~ normal(1, 2)  {}_t ~ gamma(2, 2)  "
      "for n in 1..N {{ {}[n] ~ normal({}, precision = {}_t) }} }}",
      z, a, y, a, b, b, y, b, b));
}

void spike_and_slab(Parts& p) {
  const std::string s = p.fresh("s"), b = p.fresh("b"), pi = p.fresh("pi"), x = p.vectors("x", 2), y = p.reals("y");
  const bool learned = p.chance(0.5);
  if (learned) p.state(fmt::format("{} ~ beta(1, 2)", pi));
  p.state(fmt::format("for j in 1..2 {{ {}[j] ~ bernoulli({})  {}[j] ~ normal(0, {}[j] ? 2 : 0.1) }}", s, learned ? pi : "0.4", b, s));
  std::string scale = "1";
  if (p.chance(0.5)) {
    scale = "precision = " + p.fresh("t");
    p.state(p.fresh("t") + " ~ gamma(2, 1)");
  }
  p.in_rows(fmt::format("{}[n] ~ normal(sum(j in 1..2) {}[n, j] * {}[j], {})", y, x, b, scale));
}

// A latent that exists where its gate is open.
void gated_rows(Parts& p) {
  const std::string z = p.fresh("z"), d = p.fresh("d"), y = p.reals("y"), w = p.fresh("w");
  p.state(fmt::format("{} ~ beta(2, 2)", w));
  p.in_rows(fmt::format("{}[n] ~ bernoulli({})", z, w));
  p.in_rows(fmt::format("if {}[n] {{ {}[n] ~ normal(0, 4)  {}[n] ~ normal({}[n], 1) }} else {{ {}[n] ~ normal(0, 0.8) }}", z, d, y, d, y));
}

void normal_gamma(Parts& p) {
  const std::string t = p.fresh("t"), m = p.fresh("m"), y = p.reals("y", p.chance(0.2) ? 0.15 : 0), scale = p.one_of({"0.3 *", "2 *"});
  if (p.chance(0.4)) {
    const std::string z = p.fresh("z");
    p.state(fmt::format("for k in 1..2 {{ {}[k] ~ gamma(2, 1)  {}[k] ~ normal(k, precision = {} {}[k]) }}", t, m, scale, t));
    p.in_rows(fmt::format("{}[n] ~ categorical([0.4, 0.6])", z));
    p.in_rows(fmt::format("{}[n] ~ normal({}[{}[n]], precision = {}[{}[n]])", y, m, z, t, z));
  } else if (p.chance(0.5)) {
    const std::string b = p.fresh("b");
    p.state(fmt::format("{} ~ gamma(2, 1)  {} ~ normal(1, precision = {} {})  {} ~ normal(0, precision = {})", t, m, scale, t, b, t));
    p.in_rows(fmt::format("{}[n] ~ normal({} + {} * {}[n], precision = {})", y, m, b, p.covariate(), t));
  } else {
    p.state(fmt::format("{} ~ inverse_gamma(3, 2)  {} ~ normal(0, variance = 2 * {})", t, m, t));
    p.in_rows(fmt::format("{}[n] ~ normal({}, variance = {})", y, m, t));
  }
}

void normal_wishart(Parts& p) {
  const std::string P = p.fresh("P"), m = p.fresh("m"), x = p.vectors("x", 2, p.chance(0.3) ? 0.2 : 0);
  const bool joint = p.chance(0.7);
  if (p.chance(0.3)) {
    p.state(fmt::format("{} ~ inverse_wishart(5, [[2, 0.3], [0.3, 1]])", P));
    p.state(fmt::format("{} ~ mvnormal(zeros(2), covariance = {})", m, joint ? "2 * " + P : std::string("eye(2)")));
    p.in_rows(fmt::format("{}[n] ~ mvnormal({}, covariance = {})", x, m, P));
  } else if (p.chance(0.5)) {
    p.state(fmt::format("{} ~ wishart(df = 4, scale = 0.3 * eye(2))", P));
    p.state(fmt::format("{} ~ mvnormal([1, 0], precision = {})", m, joint ? "0.5 * " + P : std::string("eye(2)")));
    p.in_rows(fmt::format("{}[n] ~ mvnormal({}, precision = {})", x, m, P));
  } else {
    const std::string z = p.fresh("z");
    p.state(fmt::format("for k in 1..2 {{ {}[k] ~ wishart(df = 4, scale = 0.3 * eye(2))  {}[k] ~ mvnormal([k, 0], precision = {}) }}", P, m,
                        joint ? fmt::format("0.5 * {}[k]", P) : std::string("0.2 * eye(2)")));
    p.in_rows(fmt::format("{}[n] ~ categorical([0.3, 0.7])", z));
    p.in_rows(fmt::format("{}[n] ~ mvnormal({}[{}[n]], precision = {}[{}[n]])", x, m, z, P, z));
  }
}

void odd_scales(Parts& p) {
  const std::string s = p.fresh("s"), y = p.reals("y");
  if (p.chance(0.4)) {
    p.state(fmt::format("for j in 1..G {{ {}[j] ~ {} }}", s, p.scale_prior()));
    p.in_rows(fmt::format("{}[n] ~ normal(1, {}[{}[n]])", y, s, p.groups()));
    return;
  }
  const std::string m = p.fresh("m");
  p.state(fmt::format("{} ~ {}  {} ~ normal(0, 3)", s, p.scale_prior(), m));
  p.in_rows(fmt::format("{}[n] ~ normal({}, {}{})", y, m, p.one_of({"", "variance = ", "precision = "}), s));
}

void shapes(Parts& p) {
  const std::string a = p.fresh("a"), b = p.fresh("b"), y = p.positives("y");
  const bool param = p.chance(0.3);
  if (param) p.declare(fmt::format("param {}: positive", a));
  p.state(fmt::format("{} ~ {}  {} ~ gamma(2, 1)", a, p.one_of({"gamma(2, 1)", "exponential(0.5)", "lognormal(0, 1)"}), b));
  if (p.chance(0.5)) {
    p.in_rows(fmt::format("{}[n] ~ gamma({}, {})", y, a, b));
  } else {
    const std::string r = p.fresh("r"), c = p.counts("c", 6);
    p.in_rows(fmt::format("{}[n] ~ gamma({}, {})", r, a, b));
    p.in_rows(fmt::format("{}[n] ~ poisson({}[n])", c, r));
  }
}

void concentrations(Parts& p) {
  const std::string a = p.fresh("a"), w = p.fresh("w"), extent = fmt::format("L{}", p.fresh("")), y = p.categories("y", extent, 3);
  if (p.chance(0.25)) p.declare(fmt::format("param {}: positive", a));
  p.state(fmt::format("{} ~ {}", a, p.one_of({"gamma(2, 1)", "lognormal(0, 1)", "exponential(1)"})));
  p.state(fmt::format("for j in 1..G {{ {}[j] ~ dirichlet({} * ones({})) }}", w, a, extent));
  p.in_rows(fmt::format("{}[n] ~ categorical({}[{}[n]])", y, w, p.groups()));
}

void cut_normals(Parts& p) {
  const std::string m = p.fresh("m"), y = p.reals("y");
  const std::string prior = p.one_of({"truncated_normal(0, 2, -1, 3)", "half_normal(2)", "uniform(-1, 2)", "exponential(0.5)"});
  if (p.chance(0.5)) {
    p.state(fmt::format("for j in 1..G {{ {}[j] ~ {} }}", m, prior));
    p.in_rows(fmt::format("{}[n] ~ normal({}[{}[n]], 1.3)", y, m, p.groups()));
  } else {
    const std::string t = p.fresh("t");
    p.state(fmt::format("{} ~ {}  {} ~ gamma(2, 1)", m, prior, t));
    p.in_rows(fmt::format("{}[n] ~ normal(2 * {} - 1, precision = {})", y, m, t));
  }
}

void directions_on_a_circle(Parts& p) {
  const std::string m = p.fresh("m"), y = p.angles("y");
  if (p.chance(0.5)) {
    p.state(fmt::format("{} ~ von_mises(0.5, 1.5)", m));
    p.in_rows(fmt::format("{}[n] ~ von_mises({}, 2)", y, m));
    return;
  }
  const std::string z = p.fresh("z"), w = p.fresh("w");
  p.state(fmt::format("{} ~ dirichlet([2, 2])", w));
  p.state(fmt::format("for k in 1..2 {{ {}[k] ~ von_mises(k - 1, 1) }}", m));
  p.in_rows(fmt::format("{}[n] ~ categorical({})", z, w));
  p.in_rows(fmt::format("{}[n] ~ von_mises({}[{}[n]], {})", y, m, z, p.one_of({"1.5", "3"})));
}

// Params and random effects together.
void mixed_effects(Parts& p) {
  const std::string a = p.fresh("a"), b = p.fresh("b"), e = p.fresh("e"), s = p.fresh("s"), t = p.fresh("t"),
                    y = p.reals("y", p.chance(0.3) ? 0.15 : 0);
  p.declare(fmt::format("param {}: real", a));
  if (p.chance(0.5)) p.state(fmt::format("{} ~ normal(0, 5)", a));
  std::string predictor = fmt::format("{} + {}[{}[n]]", a, e, p.groups());
  if (p.chance(0.5)) {
    p.declare(fmt::format("param {}: real", b));
    predictor += fmt::format(" + {} * {}[n]", b, p.covariate());
  }
  if (p.chance(0.4)) {
    p.declare(fmt::format("param {}: positive", t));
    p.state(fmt::format("{} ~ gamma(3, 1)", t));
  } else {
    p.state(fmt::format("{} ~ gamma(2, 1)", t));
  }
  const bool slope = p.chance(0.4);
  p.state(fmt::format("for j in 1..G {{ {}[j] ~ normal(0, precision = {}){} }}", e, t, slope ? fmt::format("  {}_u[j] ~ normal(0, 0.7)", e) : ""));
  if (slope) predictor += fmt::format(" + {}_u[{}[n]] * {}[n]", e, p.groups(), p.covariate());
  if (p.chance(0.5)) {
    p.state(fmt::format("{} ~ gamma(2, 1)", s));
    p.in_rows(fmt::format("{}[n] ~ normal({}, precision = {})", y, predictor, s));
  } else {
    p.in_rows(fmt::format("{}[n] ~ normal({}, 1)", y, predictor));
  }
}

void crossed_effects(Parts& p) {
  const std::string h = p.categories("h", fmt::format("H{}", p.fresh("")), 2), a = p.fresh("a"), b = p.fresh("b"), m = p.fresh("m"), s = p.fresh("s");
  const std::string y = p.reals("y", p.chance(0.3) ? 0.15 : 0), extent = fmt::format("H{}", p.fresh(""));
  p.state(fmt::format("{} ~ normal(0, 5)  {} ~ {}", m, s, p.scale_prior()));
  p.state(fmt::format("for j in 1..G {{ {}[j] ~ normal({}, {}) }}", a, p.chance(0.5) ? m : "0", s));
  const std::string group = p.groups();
  p.state(fmt::format("for j in 1..{} {{ {}[j] ~ normal(0, 1.5) }}", extent, b));
  p.in_rows(fmt::format("{}[n] ~ normal({} + {}[{}[n]] + {}[{}[n]], precision = {})", y, m, a, group, b, h, p.fresh("t")));
  p.state(fmt::format("{} ~ gamma(2, 1)", p.fresh("t")));
}

void factor_model(Parts& p) {
  const std::string W = p.fresh("W"), h = p.fresh("h"), m = p.fresh("m"), t = p.fresh("t"), x = p.vectors("x", 3, p.chance(0.4) ? 0.2 : 0);
  const std::size_t q = 1 + p.below(2);
  const bool loadings = p.chance(0.3);
  if (loadings) p.declare(fmt::format("param {}: real[3, {}]", W, q));
  if (p.chance(0.3) && !loadings) {
    p.state(fmt::format("for k in 1..{} {{ {}_a[k] ~ gamma(1, 1)  for d in 1..3 {{ {}[d, k] ~ normal(0, precision = {}_a[k]) }} }}", q, W, W, W));
  } else {
    p.state(fmt::format("for d in 1..3 {{ for k in 1..{} {{ {}[d, k] ~ normal(0, 2) }} }}", q, W));
  }
  p.state(fmt::format("for d in 1..3 {{ {}[d] ~ normal(0, 5)  {}[d] ~ gamma(2, 1) }}", m, t));
  p.in_rows(fmt::format("for k in 1..{} {{ {}[n, k] ~ normal(0, 1) }}", q, h));
  p.in_rows(fmt::format("for d in 1..3 {{ {}[n, d] ~ normal({}[d] + sum(k in 1..{}) {}[d, k] * {}[n, k], precision = {}[d]) }}", x, m, q, W, h, t));
}

void missing_vectors(Parts& p) {
  const std::string x = p.vectors("x", 2, 0.25), m = p.fresh("m"), P = p.fresh("P");
  const std::string d = fmt::format("{}", p.chance(0.5) ? 1 : 2);
  p.state(fmt::format("{} ~ mvnormal(zeros({}), precision = 0.2 * eye({}))", m, d, d));
  const std::string y = p.vectors("w", d == "1" ? 1 : 2, 0.25);
  p.state(fmt::format("{} ~ wishart(df = 4, scale = 0.3 * eye({}))", P, d));
  p.in_rows(fmt::format("{}[n] ~ mvnormal({}, precision = {})", y, m, P));
  p.in_rows(fmt::format("for d in 1..2 {{ {}[n, d] ~ normal(d, 2) }}", x));
}

void missing_predictors(Parts& p) {
  const std::string x = p.reals("x", 0.25), y = p.reals("y", 0.15), a = p.fresh("a"), b = p.fresh("b"), m = p.fresh("m"), t = p.fresh("t");
  p.state(fmt::format("{} ~ normal(0, 3)  {} ~ normal(0, 2)  {} ~ normal(0, 3)  {} ~ gamma(2, 1)", a, b, m, t));
  p.in_rows(fmt::format("{}[n] ~ normal({}, 1.5)", x, m));
  p.in_rows(fmt::format("{}[n] ~ normal({} + {} * {}[n], precision = {})", y, a, b, x, t));
}

void missing_levels(Parts& p) {
  const std::string extent = fmt::format("L{}", p.fresh("")), c = p.categories("c", extent, 3, 0.25), w = p.fresh("w"), m = p.fresh("m");
  p.state(fmt::format("{} ~ dirichlet(ones({}))", w, extent));
  p.state(fmt::format("for k in 1..{} {{ {}[k] ~ normal(0, 3) }}", extent, m));
  p.in_rows(fmt::format("{}[n] ~ categorical({})", c, w));
  p.in_rows(fmt::format("{}[n] ~ normal({}[{}[n]], 1)", p.reals("y", p.chance(0.3) ? 0.15 : 0), m, c));
  if (p.chance(0.3)) {
    const std::string r = p.fresh("r"), b = p.bools("b", 0.2);
    p.state(fmt::format("for k in 1..{} {{ {}[k] ~ beta(1, 2) }}", extent, r));
    p.in_rows(fmt::format("{}[n] ~ bernoulli({}[{}[n]])", b, r, c));
  }
}

void nested_plates(Parts& p) {
  const std::string a = p.fresh("a"), b = p.fresh("b"), t = p.fresh("t"), x = p.vectors("x", 3), g = p.groups();
  p.state(fmt::format("for j in 1..G {{ {}[j] ~ normal(0, 4)  for d in 1..3 {{ {}[j, d] ~ normal({}[j], precision = {}) }} }}", a, b, a, t));
  p.state(fmt::format("{} ~ gamma(2, 1)", t));
  if (p.chance(0.4)) {
    const std::string z = p.fresh("z");
    p.in_rows(fmt::format("for d in 1..3 {{ {}[n, d] ~ bernoulli(0.3)  {}[n, d] ~ normal({}[n, d] ? 0 : {}[{}[n], d], 1) }}", z, x, z, b, g));
  } else {
    p.in_rows(fmt::format("for d in 1..3 {{ {}[n, d] ~ normal({}[{}[n], d], 1) }}", x, b, g));
  }
}

void conditions_on_data(Parts& p) {
  const std::string c = p.bools("c"), y = p.reals("y"), a = p.fresh("a"), b = p.fresh("b"), t = p.fresh("t");
  p.state(fmt::format("{} ~ normal(0, 3)  {} ~ gamma(2, 1)", a, t));
  if (p.chance(0.5)) {
    p.in_rows(fmt::format("if {}[n] {{ {}[n] ~ normal({}, 2)  {}[n] ~ normal({}[n], precision = {}) }} else {{ {}[n] ~ normal(0, 2) }}", c, b, a, y,
                          b, t, y));
  } else if (p.chance(0.5)) {
    p.in_rows(fmt::format(
        "if {}[n] {{ {}[n] ~ categorical([0.3, 0.7])  {}[n] ~ normal({}[n] == 1 ? {} : 0, 1) }} else {{ {}[n] ~ normal({}, precision = {}) }}", c, b,
        y, b, a, y, a, t));
  } else {
    p.in_rows(fmt::format("if {}[n] {{ {}[n] ~ normal({}, precision = {}) }}", c, y, a, t));
  }
}

void robust(Parts& p) {
  const std::string m = p.fresh("m"), s = p.fresh("s"), y = p.reals("y");
  p.state(fmt::format("{} ~ normal(0, 5)  {} ~ {}", m, s, p.scale_prior()));
  if (p.chance(0.5)) {
    p.in_rows(
        fmt::format("{}[n] ~ {}, {})", y, fmt::format(fmt::runtime(p.one_of({"student_t(4, {}", "laplace({}"})), m), p.chance(0.6) ? s : "1.2"));
  } else {
    p.in_rows(fmt::format("{}[n] ~ {}, 1)", y,
                          fmt::format(fmt::runtime(p.one_of({"student_t(3, {} + {}[n] * {}", "laplace({} + {}[n] * {}"})), m, p.covariate(), s)));
  }
}

void overdispersed(Parts& p) {
  const std::string a = p.fresh("a"), y = p.counts("y", 7);
  p.state(fmt::format("{} ~ {}", a, p.one_of({"gamma(2, 1)", "half_normal(2)", "weibull(2, 2)", "lognormal(0, 1)"})));
  switch (p.below(3)) {
    case 0:
      return p.in_rows(fmt::format("{}[n] ~ negative_binomial(mean = {}, shape = 1.5)", y, a));
    case 1:
      return p.in_rows(fmt::format("{}[n] ~ negative_binomial(shape = {}, rate = 0.7)", y, a));
    default:
      return p.in_rows(fmt::format("{}[n] ~ beta_binomial(9, {}, 2)", y, a));
  }
}

// Annotators who confuse levels each in their own way.
void annotators(Parts& p) {
  const std::string z = p.fresh("z"), w = p.fresh("w"), c = p.fresh("c");
  p.declare(fmt::format("const K{} = 2", w));
  p.state(fmt::format("{} ~ dirichlet(ones(2))", w));
  p.in_rows(fmt::format("{}[n] ~ categorical({})", z, w));
  for (int a = 1; a <= 2; ++a) {
    const std::string extent = fmt::format("L{}_{}", w, a), y = p.categories(fmt::format("y{}_", a), extent, 2, p.chance(0.4) ? 0.2 : 0);
    p.state(fmt::format("for k in 1..2 {{ {}_{}[k] ~ dirichlet(ones({}) + k) }}", c, a, extent));
    p.in_rows(fmt::format("{}[n] ~ categorical({}_{}[{}[n]])", y, c, a, z));
  }
}

void random_walk(Parts& p) {
  const std::string x = p.fresh("x"), t = p.fresh("t"), y = p.reals("y", p.chance(0.3) ? 0.2 : 0);
  p.state(fmt::format("{}[1] ~ normal(0, 3)  for i in 2..N {{ {}[i] ~ normal({}{}[i - 1], precision = {}) }}", x, x, p.one_of({"", "0.8 * "}), x, t));
  p.state(fmt::format("{} ~ gamma(2, 1)", t));
  p.in_rows(fmt::format("{}[n] ~ normal({}[n], 1)", y, x));
}

void matrix_rates(Parts& p) {
  const std::string a = p.fresh("a"), b = p.fresh("b"), y = p.counts("y", 6);
  p.state(fmt::format("for j in 1..G {{ {}[j] ~ gamma(2, {}) }}", a, b));
  p.state(fmt::format("{} ~ gamma(1, 1)", b));
  if (p.chance(0.5)) {
    p.in_rows(fmt::format("{}_e[n] ~ gamma(3, 3)", a));
    p.in_rows(fmt::format("{}[n] ~ poisson({}[{}[n]] * {}_e[n])", y, a, p.groups(), a));
  } else {
    p.in_rows(fmt::format("{}[n] ~ poisson(2 * {}[{}[n]])", y, a, p.groups()));
  }
}

struct Part {
  const char* name;
  void (*add)(Parts&);
  bool whole_plate = false;  // has statements over the rows of its own, without the weight
};

const std::vector<Part>& parts() {
  static const std::vector<Part> all = {{"mixture_of_mixtures", mixture_of_mixtures},
                                        {"noisy_or", noisy_or},
                                        {"bayesian_network", bayesian_network},
                                        {"model_selection", model_selection, true},
                                        {"spike_and_slab", spike_and_slab},
                                        {"gated_rows", gated_rows},
                                        {"normal_gamma", normal_gamma},
                                        {"normal_wishart", normal_wishart},
                                        {"odd_scales", odd_scales},
                                        {"shapes", shapes},
                                        {"concentrations", concentrations},
                                        {"cut_normals", cut_normals},
                                        {"circle", directions_on_a_circle},
                                        {"mixed_effects", mixed_effects},
                                        {"crossed_effects", crossed_effects},
                                        {"factor_model", factor_model},
                                        {"missing_vectors", missing_vectors},
                                        {"missing_predictors", missing_predictors},
                                        {"missing_levels", missing_levels},
                                        {"nested_plates", nested_plates},
                                        {"conditions_on_data", conditions_on_data},
                                        {"robust", robust},
                                        {"overdispersed", overdispersed},
                                        {"annotators", annotators},
                                        {"random_walk", random_walk, true},
                                        {"rates", matrix_rates}};
  return all;
}

}  // namespace

std::vector<std::string> part_names() {
  std::vector<std::string> out;
  for (const Part& part : parts()) out.emplace_back(part.name);
  return out;
}

GeneratedModel generate_wide(std::uint64_t seed, const GenerateOptions& options, const std::string& only) {
  Parts state(seed, options);
  const std::size_t count = only.empty() ? 1 + state.below(3) : 1;
  bool weighted = options.weights;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t chosen = state.below(parts().size());
    for (std::size_t k = 0; k < parts().size(); ++k) {
      if (only.empty() ? k != chosen : parts()[k].name != only) continue;
      parts()[k].add(state);
      weighted = weighted && !parts()[k].whole_plate;
    }
    state.next_part();
  }
  if (weighted && state.chance(0.12)) state.add_weight();
  return state.take();
}

}  // namespace jensen::tests
