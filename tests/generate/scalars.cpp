#include "generate/scalars.hpp"

#include <fmt/format.h>

#include "generate/parts.hpp"

namespace jensen::tests {

namespace {

std::string number_prior(Parts& p) {
  return p.one_of({"normal(0.5, 2)", "normal(0, variance = 3)", "normal(-1, precision = 0.2)", "uniform(-4, 5)", "truncated_normal(0, 2, -1, 4)",
                   "truncated_normal(1, 3, -3, 3)"});
}

std::string share_prior(Parts& p) { return p.one_of({"beta(2, 3)", "beta(1, 1)", "beta(0.9, 4)", "uniform(0, 1)", "uniform(0.2, 0.9)"}); }

std::string shape_prior(Parts& p) { return p.one_of({"gamma(2, 1)", "exponential(0.5)", "lognormal(0, 0.7)", "half_normal(2)", "uniform(0.3, 6)"}); }

// A normal's second argument, where `s` may stand as any of the three.
std::string spread(Parts& p, const std::string& s) {
  return fmt::format(fmt::runtime(p.one_of({"{}", "precision = {}", "variance = {}", "1.5 * {}", "precision = 0.7 * {}", "variance = {} / 2"})), s);
}

void one_mean(Parts& p) {
  const std::string m = p.fresh("m"), y = p.reals("y");
  p.state(fmt::format("{} ~ {}", m, number_prior(p)));
  switch (p.below(4)) {
    case 0:
      return p.in_rows(fmt::format("{}[n] ~ normal({}, 0.8)", y, m));
    case 1:
      return p.in_rows(fmt::format("{}[n] ~ normal(2 * {} - 1, precision = 0.5)", y, m));
    case 2:
      return p.in_rows(fmt::format("{}[n] ~ normal({} * {}[n] + 0.3, variance = 2)", y, m, p.covariate()));
    default:
      return p.in_rows(fmt::format("{}[n] ~ normal({}[n] == 1 ? {} : 0, 1)", y, p.groups(), m));
  }
}

void one_scale(Parts& p) {
  const std::string s = p.fresh("s");
  p.state(fmt::format("{} ~ {}", s, p.scale_prior()));
  if (p.chance(0.7)) {
    const std::string y = p.reals("y");
    p.in_rows(fmt::format("{}[n] ~ normal({}, {})", y, p.one_of({"0", "0.5", "1.5"}), spread(p, s)));
  } else {
    const std::string y = p.positives("y");
    p.in_rows(fmt::format("{}[n] ~ lognormal(0.2, {})", y, s));
  }
}

void one_rate(Parts& p) {
  const std::string r = p.fresh("r");
  p.state(fmt::format("{} ~ {}", r, p.scale_prior()));
  if (p.chance(0.4)) {
    const std::string y = p.counts("y", 7);
    p.in_rows(fmt::format("{}[n] ~ poisson({}{})", y, p.one_of({"", "3 * ", "0.5 * "}), r));
    return;
  }
  const std::string y = p.positives("y");
  p.in_rows(fmt::format("{}[n] ~ {}", y,
                        fmt::format(fmt::runtime(p.one_of({"exponential({})", "gamma(2.5, {})", "gamma(2, scale = {})", "inverse_gamma(3, {})",
                                                           "weibull(1.5, {})", "inverse_gaussian(1.2, {})", "half_normal({})"})),
                                    r)));
}

void one_shape(Parts& p) {
  const std::string a = p.fresh("a"), y = p.positives("y");
  p.state(fmt::format("{} ~ {}", a, shape_prior(p)));
  p.in_rows(fmt::format("{}[n] ~ {}", y, fmt::format(fmt::runtime(p.one_of({"gamma({}, 2)", "inverse_gamma({}, 1.5)", "gamma(1 + {}, 1)"})), a)));
}

void one_share(Parts& p) {
  const std::string q = p.fresh("q");
  p.state(fmt::format("{} ~ {}", q, share_prior(p)));
  if (p.chance(0.4)) {
    p.in_rows(fmt::format("{}[n] ~ bernoulli({})", p.bools("y"), q));
  } else {
    const std::string y = p.counts("y", 6);
    p.in_rows(fmt::format("{}[n] ~ {}", y, fmt::format(fmt::runtime(p.one_of({"binomial(9, {})", "geometric({})"})), q)));
  }
}

void one_direction(Parts& p) {
  const std::string m = p.fresh("m"), y = p.angles("y");
  p.state(fmt::format("{} ~ von_mises(0.3, {})", m, p.one_of({"0.5", "2", "6"})));
  p.in_rows(fmt::format("{}[n] ~ von_mises({}, 1.5)", y, m));
}

void own_density(Parts& p) {
  const std::string s = p.fresh("s"), y = p.reals("y"), d = p.fresh("odd");
  p.declare(fmt::format("distribution {}(a: positive) on positive {{ logpdf(x) = {} }}", d,
                        p.one_of({"log(a) - 2 * log(1 + x) - (a - 1) * log(1 + 1 / (1 + x)) - log(2) + log(2 / a)", "-a * (x + 1 / x)",
                                  "-a * x + log(1 + x^2)", "-x^a - 0.3 * log(x)"})));
  p.state(fmt::format("{} ~ {}(1.5)", s, d));
  p.in_rows(fmt::format("{}[n] ~ normal(0.4, {})", y, spread(p, s)));
}

void mean_and_scale(Parts& p) {
  const std::string m = p.fresh("m"), t = p.fresh("t"), y = p.reals("y");
  switch (p.below(3)) {
    case 0:
      p.state(fmt::format("{} ~ {}  {} ~ {}", t, p.scale_prior(), m, number_prior(p)));
      return p.in_rows(fmt::format("{}[n] ~ normal({}, {})", y, m, spread(p, t)));
    case 1:
      p.state(fmt::format("{} ~ gamma(2, 1.5)  {} ~ normal(0.5, precision = 0.4 * {})", t, m, t));
      return p.in_rows(fmt::format("{}[n] ~ normal({}, precision = {})", y, m, t));
    default:
      p.state(fmt::format("{} ~ {}  {} ~ normal(0, {})", t, p.scale_prior(), m, t));
      return p.in_rows(fmt::format("{}[n] ~ normal({}, 1)", y, m));
  }
}

void two_coefficients(Parts& p) {
  const std::string a = p.fresh("a"), b = p.fresh("b"), y = p.reals("y");
  p.state(fmt::format("{} ~ normal(0, 2)  {} ~ {}", a, b, p.chance(0.5) ? fmt::format("normal({}, 1.5)", a) : number_prior(p)));
  p.in_rows(
      fmt::format("{}[n] ~ normal({}, {})", y,
                  fmt::format(fmt::runtime(p.one_of({"{0} + {1} * {2}[n]", "{0} - {1}", "{0} * {1}", "{0} * {1} + {2}[n]"})), a, b, p.covariate()),
                  p.one_of({"0.9", "2"})));
}

void picked_means(Parts& p) {
  const std::string m = p.fresh("m"), y = p.reals("y"), z = p.fresh("z");
  p.state(fmt::format("for k in 1..2 {{ {}[k] ~ normal(0, 3) }}", m));
  if (p.chance(0.5)) {
    p.in_rows(fmt::format("{}[n] ~ categorical([0.4, 0.6])  {}[n] ~ normal({}[{}[n]], 1)", z, y, m, z));
  } else {
    p.in_rows(fmt::format("{}[n] ~ normal({}[{}[n]], 1.2)", y, m, p.categories("h", "H", 2)));
  }
}

void two_rates(Parts& p) {
  const std::string r = p.fresh("r"), b = p.fresh("b");
  if (p.chance(0.5)) {
    const std::string y = p.counts("y", 7);
    p.state(fmt::format("{} ~ {}", b, p.chance(0.5) ? "gamma(2, 1)" : p.scale_prior()));
    p.state(fmt::format("{} ~ gamma(2, {})", r, p.chance(0.5) ? b : "0.7"));
    p.in_rows(fmt::format("{}[n] ~ poisson({}{})", y, r, p.chance(0.5) ? " * " + b : ""));
  } else {
    const std::string y = p.positives("y");
    p.state(fmt::format("{} ~ {}  {} ~ {}", b, shape_prior(p), r, p.scale_prior()));
    p.in_rows(fmt::format("{}[n] ~ gamma({}, {})", y, b, r));
  }
}

void share_with_parent(Parts& p) {
  const std::string a = p.fresh("a"), q = p.fresh("q"), y = p.counts("y", 6);
  p.state(fmt::format("{} ~ {}  {} ~ beta({}, 2)", a, shape_prior(p), q, a));
  p.in_rows(fmt::format("{}[n] ~ binomial(8, {})", y, q));
}

void switched(Parts& p) {
  const std::string z = p.fresh("z"), m = p.fresh("m"), y = p.reals("y");
  p.state(fmt::format("{} ~ {}  {} ~ bernoulli(0.4)", m, number_prior(p), z));
  if (p.chance(0.5)) {
    p.in_rows(fmt::format("if {} {{ {}[n] ~ normal({}, 1) }} else {{ {}[n] ~ normal(0, 2) }}", z, y, m, y));
  } else {
    p.in_rows(fmt::format("{}[n] ~ normal({} ? {} : 1, 1)", y, z, m));
  }
}

void gated_latent(Parts& p) {
  const std::string z = p.fresh("z"), m = p.fresh("m"), y = p.reals("y");
  p.state(fmt::format("{} ~ bernoulli(0.3)", z));
  p.state(
      fmt::format("if {} {{ {} ~ normal(0.5, 2)  for n in 1..N {{ {}[n] ~ normal({}, 1) }} }} else {{ for n in 1..N {{ {}[n] ~ normal(0, 1) }} }}", z,
                  m, y, m, y));
}

void rows_of_truths(Parts& p) {
  const std::string z = p.fresh("z"), q = p.fresh("q"), y = p.reals("y");
  p.state(fmt::format("{} ~ {}", q, share_prior(p)));
  if (p.chance(0.5)) {
    p.in_rows(fmt::format("{}[n] ~ bernoulli({})  {}[n] ~ normal(2 * {}[n], 1)", z, q, y, z));
  } else {
    p.in_rows(fmt::format("{}[n] ~ bernoulli(0.3)  {}[n] ~ normal(0.5, {}[n] ? 1 : 3 * {})", z, y, z, q));
  }
}

// One row, whose distribution by construction has a latent of its own.
void auxiliary(Parts& p) {
  const std::string m = p.fresh("m");
  switch (p.below(4)) {
    case 0:
      p.state(fmt::format("{} ~ {}", m, number_prior(p)));
      return p.in_rows(fmt::format("{}[n] ~ student_t(4, {}, 1.2)", p.reals("y"), m));
    case 1:
      p.state(fmt::format("{} ~ {}", m, p.scale_prior()));
      return p.in_rows(fmt::format("{}[n] ~ laplace(0.5, {})", p.reals("y"), m));
    case 2:
      p.state(fmt::format("{} ~ gamma(2, 1)", m));
      return p.in_rows(fmt::format("{}[n] ~ negative_binomial(mean = {}, shape = 1.5)", p.counts("y", 7), m));
    default:
      p.state(fmt::format("{} ~ gamma(2, 1)", m));
      return p.in_rows(fmt::format("{}[n] ~ beta_binomial(9, {}, 2)", p.counts("y", 9), m));
  }
}

enum class Size { one, two, one_row };

struct Structure {
  void (*add)(Parts&);
  Size size = Size::one;
  bool weighted = true;  // a weight of the rows multiplies nothing but densities of data
};

constexpr Structure structures[] = {{one_mean},
                                    {one_scale},
                                    {one_rate},
                                    {one_shape},
                                    {one_share},
                                    {one_direction},
                                    {own_density},
                                    {switched},
                                    {gated_latent, Size::one, false},
                                    {rows_of_truths, Size::one, false},
                                    {mean_and_scale, Size::two},
                                    {two_coefficients, Size::two},
                                    {picked_means, Size::two, false},
                                    {two_rates, Size::two},
                                    {share_with_parent, Size::two},
                                    {auxiliary, Size::one_row, false}};

}  // namespace

// Two structures of one number each make a model of two that share rows, groups and a covariate.
GeneratedModel generate_scalars(std::uint64_t seed) {
  const Structure& first = structures[seed % std::size(structures)];
  GenerateOptions options;
  options.min_rows = first.size == Size::one_row ? 1 : 2;
  options.max_rows = first.size == Size::one_row ? 1 : 4;
  Parts state(seed, options);
  first.add(state);
  bool weighted = first.weighted;
  if (first.size == Size::one && state.chance(0.25)) {
    state.next_part();
    const Structure& second = structures[state.below(9)];
    second.add(state);
    weighted = weighted && second.weighted;
  }
  if (weighted && state.chance(0.15)) state.add_weight();
  return state.take();
}

}  // namespace jensen::tests
