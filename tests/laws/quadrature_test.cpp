// ELBO <= log evidence on random models of one or two numbers, with equality where q is exact. The evidence is computed from the model's text by
// quadrature. JENSEN_QUADRATURE_MODELS sets how many, JENSEN_QUADRATURE_FIRST the first seed.
#include <cmath>
#include <cstdlib>
#include <limits>

#include "catch.hpp"
#include "generate/scalars.hpp"
#include "support/planned_model.hpp"
#include "support/text_evidence.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

double cell(const std::string& text) {
  if (text == "NA") return std::numeric_limits<double>::quiet_NaN();
  return text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 1 : std::strtod(text.c_str(), nullptr);
}

tests::Columns columns(const tests::GeneratedModel& model) {
  tests::Columns out;
  for (const tests::Column& column : model.columns) {
    for (const std::string& text : column.cells) out[column.name].push_back(cell(text));
  }
  return out;
}

struct Tally {
  int exact = 0, below = 0, uncertain = 0;
  double widest = 0;
};

std::optional<std::string> breaks_the_bound(const tests::GeneratedModel& model, Tally& tally) {
  const Result<run::Fit> fit = tests::fit_text({model.text(), model.csv()});
  if (!fit) return "fit: " + tests::messages(fit.diagnostics());
  const tests::TextDensity density = tests::text_density(model.text(), columns(model));
  const tests::TextEvidence evidence = tests::text_evidence(density);
  // A funnel (a scale whose location collapses with it) or a ridge can defeat the outer rule, which then says so: nothing is judged by it.
  if (!(evidence.error < 1e-7)) {
    ++tally.uncertain;
    return std::nullopt;
  }
  const double gap = evidence.log - fit->elbo, size = 1 + std::abs(evidence.log);
  ++(fit->exact ? tally.exact : tally.below);
  tally.widest = std::max(tally.widest, gap);
  const std::string figures = fmt::format("elbo {:.12g}, log evidence {:.12g} (error {:.2g})", fit->elbo, evidence.log, evidence.error);
  if (!(gap > -1e-8 * size)) return "above: " + figures;
  if (fit->exact && !(gap < 1e-7 * size)) return "not exact: " + figures;
  if (!(gap < 10)) return "far below: " + figures;
  return std::nullopt;
}

}  // namespace

TEST_CASE("the density of a text is that of its statements") {
  const std::string model =
      "const c = [0.3, 0.7]  data y: real[N]  data g: bool[N]  m ~ normal(0, 2)  r ~ gamma(2, 1.5)  z ~ categorical(c)  double = 2 * m\n"
      "for n in 1..N weight w[n] { if g[n] { y[n] ~ normal(double, precision = r) } else { y[n] ~ normal(z == 1 ? 0 : m, 1) } }  data w: positive[N]";
  const tests::TextDensity density = tests::text_density(model, {{"y", {1, 2}}, {"g", {1, 0}}, {"w", {2, 0.5}}});
  REQUIRE(density.latents.size() == 3);
  const double values[] = {0.25, 3, 2}, two_pi = 2 * std::acos(-1.0);
  const double priors = -0.5 * std::log(two_pi * 4) - 0.5 * 0.0625 / 4 + 2 * std::log(1.5) + std::log(3) - 4.5 + std::log(0.7);
  const double rows = 2 * (-0.5 * std::log(two_pi / 3) - 1.5 * 0.25) + 0.5 * (-0.5 * std::log(two_pi) - 0.5 * 1.75 * 1.75);
  CHECK_THAT(density(values), WithinAbs(priors + rows, 1e-13));
}

TEST_CASE("the evidence of a text is its integral") {
  const auto evidence = [](const std::string& model, const tests::Columns& data) {
    const tests::TextEvidence found = tests::text_evidence(tests::text_density(model, data));
    CHECK(found.error < 1e-7);
    return found.log;
  };
  for (const char* prior :
       {"m ~ half_cauchy(1.5)", "m ~ beta(0.9, 4)  z ~ bernoulli(0.3)", "m ~ gamma(2, b)  b ~ inverse_gamma(3, 2)", "m ~ von_mises(0.3, 6)"}) {
    CAPTURE(prior);
    CHECK_THAT(evidence(prior, {}), WithinAbs(0, 1e-8));
  }
  const double log_normal = -0.5 * std::log(2 * std::acos(-1.0) * (4 + 9 + 1)) - 0.5 * 9.0 / 14;
  CHECK_THAT(evidence("data y: real[N]  a ~ normal(0, 2)  b ~ normal(0, 3)  for n in 1..N { y[n] ~ normal(a + b, 1) }", {{"y", {3}}}),
             WithinAbs(log_normal, 1e-9));
}

TEST_CASE("random models of one or two numbers: the bound is below the evidence by quadrature, and equal where q is exact") {
  const std::uint64_t count = setting("JENSEN_QUADRATURE_MODELS", 208), first = setting("JENSEN_QUADRATURE_FIRST", 1);
  Tally tally;
  int broken = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const tests::GeneratedModel model = tests::generate_scalars(seed);
    const auto complaint = breaks_the_bound(model, tally);
    if (!complaint) continue;
    UNSCOPED_INFO("seed " << seed << ": " << *complaint << "\n" << model.text() << model.csv());
    CHECK(++broken == 0);
  }
  UNSCOPED_INFO(tally.exact << " exact, " << tally.below << " below, at most by " << tally.widest);
  CHECK(broken == 0);
  CHECK(tally.uncertain <= static_cast<int>(count) / 20);
  CHECK((count < 100 || (tally.exact > static_cast<int>(count) / 4 && tally.below > static_cast<int>(count) / 4)));
}
