// One update (A and ∇A) and one mode of each native family at a proper natural parameter.
#include <benchmark/benchmark.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "family/families.hpp"

namespace {

using namespace jensen::family;

// η of the distribution with the given usual parameters.
std::vector<double> natural_of(const Family& family, const std::vector<double>& usual) {
  std::vector<double> natural(family.size());
  if (!family.from_usual(usual, natural)) throw std::logic_error(family.name() + ": these are not usual parameters");
  return natural;
}

std::vector<double> identity(std::size_t side) {
  std::vector<double> matrix(side * side, 0.0);
  for (std::size_t i = 0; i < side; ++i) matrix[i * side + i] = 1;
  return matrix;
}

std::vector<double> then(std::vector<double> first, const std::vector<double>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

void update(benchmark::State& state, const Family& family, const std::vector<double>& usual) {
  const std::vector<double> natural = natural_of(family, usual);
  std::vector<double> mean(family.size());
  double log_partition = 0;
  for (auto _ : state) {
    if (family.update(natural, mean, log_partition)) state.SkipWithError("improper");
    benchmark::DoNotOptimize(log_partition);
    benchmark::ClobberMemory();
  }
}

void mode(benchmark::State& state, const Family& family, const std::vector<double>& usual) {
  const std::vector<double> natural = natural_of(family, usual);
  std::vector<double> value(family.value_size());
  for (auto _ : state) {
    if (family.mode(natural, value)) state.SkipWithError("no mode");
    benchmark::ClobberMemory();
  }
}

std::size_t size_of(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)); }

void normal_update(benchmark::State& state) { update(state, *make_normal(), {0.5, 2.0}); }
void gamma_update(benchmark::State& state) { update(state, *make_gamma_power(1), {3.0, 2.0}); }
void beta_update(benchmark::State& state) { update(state, *make_beta(), {3.0, 2.0}); }
void dirichlet_update(benchmark::State& state) { update(state, *make_dirichlet(size_of(state)), std::vector<double>(size_of(state), 1.5)); }

void categorical_update(benchmark::State& state) {
  const std::vector<double> uniform(size_of(state), 1.0 / static_cast<double>(size_of(state)));
  update(state, *make_categorical(size_of(state)), uniform);
}

void gaussian_update(benchmark::State& state) {
  update(state, *make_gaussian(size_of(state)), then(std::vector<double>(size_of(state), 0.5), identity(size_of(state))));
}

void gaussian_mode(benchmark::State& state) {
  mode(state, *make_gaussian(size_of(state)), then(std::vector<double>(size_of(state), 0.5), identity(size_of(state))));
}

void wishart_update(benchmark::State& state) {
  update(state, *make_wishart(size_of(state)), then({static_cast<double>(size_of(state)) + 4}, identity(size_of(state))));
}

BENCHMARK(normal_update);
BENCHMARK(gamma_update);
BENCHMARK(beta_update);
BENCHMARK(dirichlet_update)->Arg(3)->Arg(16)->Arg(1000);
BENCHMARK(categorical_update)->Arg(2)->Arg(16)->Arg(1000);
BENCHMARK(gaussian_update)->Arg(2)->Arg(16)->Arg(50);
BENCHMARK(gaussian_mode)->Arg(2)->Arg(16)->Arg(50);
BENCHMARK(wishart_update)->Arg(2)->Arg(16);

}  // namespace
