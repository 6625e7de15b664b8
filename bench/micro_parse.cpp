// Text to syntax tree: the mixture of the README, and a text of many statements.
#include <benchmark/benchmark.h>

#include <string>

#include "parse.hpp"

namespace {

using namespace jensen;

const std::string mixture = R"(const K = 2
data x: vector(2)[N] = columns(eruptions, waiting)
w ~ dirichlet(ones(K))
for k in 1..K {
  mu[k] ~ mvnormal(zeros(2), precision = 0.001 * eye(2))
  P[k] ~ wishart(df = 3, scale = eye(2))
}
for n in 1..N {
  z[n] ~ categorical(w)
  x[n] ~ mvnormal(mu[z[n]], precision = P[z[n]])
}
)";

void parse_text(benchmark::State& state, const std::string& text) {
  const Source source("bench.model", text);
  for (auto _ : state) benchmark::DoNotOptimize(grammar::parse(source, SourceId{0}));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

void parse_mixture(benchmark::State& state) { parse_text(state, mixture); }

void parse_statements(benchmark::State& state) {
  std::string text;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    text += "a" + std::to_string(i) + " ~ normal(mu[z[" + std::to_string(i + 1) + "]] * 2 + 1, sd = 0.5)\n";
  }
  parse_text(state, text);
}

BENCHMARK(parse_mixture);
BENCHMARK(parse_statements)->Arg(100)->Arg(10'000);

}  // namespace
